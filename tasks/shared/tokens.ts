import { formatUnits, parseUnits } from "ethers";

import { TaskError } from "./error.ts";

const DECIMALS = 18;

/** An amount of the network's token for people: "12,500.5 DODONA". */
export function formatTokens(amount: bigint): string {
  const [whole = "0", fraction = "0"] = formatUnits(amount, DECIMALS).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${grouped}${fraction === "0" ? "" : `.${fraction}`} DODONA`;
}

/**
 * Reads an amount of whole tokens or coins, which have 18 decimals: "12500.5", "12,500.5".
 *
 * @param name Option that holds it, for errors.
 * @throws {TaskError} when it is no amount.
 */
export function parseTokens(given: string, name: string): bigint {
  const plain = given.replaceAll(",", "").trim();
  if (!/^\d{1,40}(\.\d{1,18})?$/.test(plain)) {
    throw new TaskError(`${name} "${given}" is not an amount: digits, with up to 18 decimals.`);
  }
  return parseUnits(plain, DECIMALS);
}
