import pg from "pg";
import { z } from "zod";

const rowSchema = z.object({
  operator: z.string(),
  source: z.string(),
  ageMs: z.coerce.number(),
  feeds: z.record(
    z.string(),
    z.object({
      priceE8: z.string().nullable(),
      reason: z.string(),
      venues: z.record(z.string(), z.string()),
    }),
  ),
});

/** What one operator last said of its own prices. */
export type OperatorStatus = z.infer<typeof rowSchema>;

/** Reads what the operators of this deployment say of themselves. */
export class StatusReader {
  readonly #pool: pg.Pool;
  readonly #contract: string;

  constructor(databaseUrl: string, priceFeeds: string) {
    this.#pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
    this.#pool.on("error", () => undefined);
    this.#contract = priceFeeds.toLowerCase();
  }

  /** Statuses written after `sinceMs`; empty when the table does not exist yet. */
  async read(sinceMs: number): Promise<OperatorStatus[]> {
    try {
      const result = await this.#pool.query(
        `select operator, source, feeds, extract(epoch from now() - updated_at) * 1000 as "ageMs"
           from dodona.operator_status
          where lower(contract) = $1 and updated_at > to_timestamp($2::double precision / 1000)`,
        [this.#contract, sinceMs],
      );
      return z.array(rowSchema).parse(result.rows);
    } catch (error) {
      const undefinedTable = "42P01";
      const undefinedSchema = "3F000";
      if ([undefinedTable, undefinedSchema].includes((error as { code?: string }).code ?? ""))
        return [];
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
