import type { Context } from "ponder:registry";
import { participation } from "ponder:schema";

import { IOperators__factory } from "../../types/ethers-contracts/factories/interfaces/IOperators__factory.ts";

/** What an accepted report says of the operators of its set. */
export interface Report {
  readonly operators: readonly `0x${string}`[];
  readonly signers: readonly `0x${string}`[];
  /** Unix seconds. */
  readonly slot: number;
  readonly blockTime: number;
}

/** Counts a report for the epoch of its slot: for every operator of its set, and once more for those that signed it. */
export async function countReport(context: Context, report: Report): Promise<void> {
  const { blockTime, operators, signers, slot } = report;
  const seconds = await epochSeconds(context);
  const epoch = Math.floor(slot / seconds);
  const startedAt = epoch * seconds;
  const latency = blockTime - slot;
  for (const account of operators) {
    const hasSigned = signers.includes(account);
    const signed = hasSigned ? 1 : 0;
    const latencySeconds = hasSigned ? latency : 0;
    await context.db
      .insert(participation)
      .values({ account, epoch, startedAt, reports: 1, signed, latencySeconds })
      .onConflictDoUpdate((row) => ({
        reports: row.reports + 1,
        signed: row.signed + signed,
        latencySeconds: row.latencySeconds + latencySeconds,
      }));
  }
}

/** The registry fixes it when it is deployed. */
async function epochSeconds({ client, contracts }: Context): Promise<number> {
  return await client.readContract({
    abi: IOperators__factory.abi,
    address: contracts.Operators.address,
    functionName: "epochSeconds",
    cache: "immutable",
  });
}
