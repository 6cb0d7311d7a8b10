import { z } from "zod";

import type { Database } from "../shared/database.ts";
import type { Participation } from "./decide.ts";

const TIMEOUT_MS = 2_000;

const headSchema = z.object({
  chainId: z.number(),
  ready: z.boolean(),
  block: z.number().nullable(),
});

/** What the index knows. */
export interface IndexReader {
  /**
   * The block that the index is at.
   * @throws Error that says why there is none: it does not answer, is not ready, or is of another chain.
   */
  block(signal: AbortSignal): Promise<number>;
  /** Who took part in which of these epochs. To be read after `block`: what is counted then holds at least up to it. */
  participation(epochs: readonly number[]): Promise<Map<number, Participation[]>>;
}

/**
 * Creates a reader of the index: its API says how far it is, its table in the shared database what it counted.
 * @param indexUrl base URL of its API
 */
export function createIndexReader(db: Database, indexUrl: string, chainId: number): IndexReader {
  return {
    async block(signal) {
      const response = await fetch(`${indexUrl.replace(/\/+$/, "")}/head`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      if (!response.ok) throw new Error(`the index answers HTTP ${response.status}`);
      const head = headSchema.parse(await response.json());
      if (head.chainId !== chainId) {
        throw new Error(`the index is of chain ${head.chainId}, not of ${chainId}`);
      }
      if (!head.ready || head.block === null) throw new Error("the index is not ready");
      return head.block;
    },

    async participation(epochs) {
      const { rows } = await db.pool.query<Row>(
        "SELECT account, epoch, reports, signed FROM chain.participation WHERE epoch = ANY($1::bigint[])",
        [epochs],
      );
      const parts = rows.map(({ account, epoch, reports, signed }) => ({
        epoch: Number(epoch),
        part: { account: account.toLowerCase(), reports, signed },
      }));
      return new Map(
        [...Map.groupBy(parts, ({ epoch }) => epoch)].map(([epoch, list]) => [
          epoch,
          list.map(({ part }) => part),
        ]),
      );
    },
  };
}

interface Row {
  account: string;
  epoch: string;
  reports: number;
  signed: number;
}
