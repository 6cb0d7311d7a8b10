import type { NewIntent } from "../../shared/intents.ts";
import { IPriceFeeds__factory } from "../../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import type { SignedReport } from "./inflight.ts";

// Upper bounds with room for an answer's first write, its history and a chain's own surcharge: a limit costs nothing.
const BASE_GAS = 250_000n;
const GAS_PER_ENTRY = 120_000n;
/** The contract takes no older report. */
const VALID_SECONDS = 60;

const contract = IPriceFeeds__factory.createInterface();

/**
 * The transaction that brings a report on chain. Its key is the same for everybody who holds the report, and a newer
 * report replaces an older one that is still waiting.
 */
export function intentOf(
  { report, bytes, signature }: SignedReport,
  target: { readonly chainId: number; readonly priceFeeds: string },
): NewIntent {
  const group = `feed:${target.chainId}:${target.priceFeeds.toLowerCase()}`;
  return {
    chainId: target.chainId,
    key: `${group}:${report.slot}:${report.setId}`,
    lane: "feeds",
    group,
    ordinal: BigInt(report.slot),
    to: target.priceFeeds,
    data: contract.encodeFunctionData("submit", [bytes, signature]),
    value: 0n,
    gasLimit: BASE_GAS + GAS_PER_ENTRY * BigInt(report.entries.length),
    expiresAtMs: (report.slot + VALID_SECONDS) * 1_000,
  };
}
