import type { Database } from "../shared/database.ts";
import type { FeedPrice } from "./price/observe.ts";
import type { SourceMode } from "./venues/source.ts";

/** Writes what the operator sees, for people and the API. */
export interface StatusWriter {
  /** Replaces the operator's row. */
  write(prices: readonly FeedPrice[]): Promise<void>;
}

const SOURCES = { live: "live", replay: "replay", simulator: "simulated" } as const;

/** Creates a writer of `dodona.operator_status`. */
export function createStatusWriter(
  db: Database,
  operator: {
    readonly chainId: number;
    readonly contract: string;
    readonly account: string;
    readonly mode: SourceMode;
  },
): StatusWriter {
  return {
    async write(prices) {
      const feeds = Object.fromEntries(
        prices.map(({ feedId, priceE8, reason, venues }) => [
          feedId,
          { priceE8: priceE8?.toString() ?? null, reason, venues },
        ]),
      );
      await db.pool.query(
        `INSERT INTO dodona.operator_status (chain_id, contract, operator, source, feeds)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (chain_id, contract, operator)
           DO UPDATE SET source = EXCLUDED.source, feeds = EXCLUDED.feeds, updated_at = now()`,
        [
          operator.chainId,
          operator.contract.toLowerCase(),
          operator.account.toLowerCase(),
          SOURCES[operator.mode],
          JSON.stringify(feeds),
        ],
      );
    },
  };
}
