import { formatEther } from "ethers";

/** @returns wei for people: at most 6 decimals of the native coin, cut. */
export function byWei(wei: bigint): string {
  const [whole, fraction = ""] = formatEther(wei).split(".");
  const shown = fraction.slice(0, 6).replace(/0+$/, "");
  return shown === "" ? `${whole} ETH` : `${whole}.${shown} ETH`;
}
