import pg from "pg";

const UNDEFINED_TABLE = "42P01";
const UNDEFINED_SCHEMA = "3F000";
const QUERY_TIMEOUT_MS = 5_000;

/**
 * Reader of how far operators' own prices were from the published answers, from the signed observations that a `watch`
 * keeper collected in this database. Where none does, nothing is known.
 *
 * @param databaseUrl Postgres of the index.
 * @param chainId Chain of the feeds.
 * @param contract PriceFeeds.
 * @returns A function: mean distance in basis points by lower-case account, over the rounds of the last day.
 */
export function deviationReader(
  databaseUrl: string,
  chainId: number,
  contract: string,
): () => Promise<ReadonlyMap<string, number>> {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 1,
    query_timeout: QUERY_TIMEOUT_MS,
    connectionTimeoutMillis: QUERY_TIMEOUT_MS,
    application_name: "dodona_api_deviation",
    allowExitOnIdle: true,
  });
  // An idle connection that Postgres closes would otherwise end the process.
  pool.on("error", () => undefined);
  return async () => {
    try {
      const { rows } = await pool.query<{ account: string; deviation_bps: number }>(
        `SELECT lower(s.operators[o.operator_index + 1]) AS account,
                avg(abs(p.price - r.answer) * 10000 / r.answer)::float8 AS deviation_bps
           FROM dodona.watch_observations o
           JOIN chain.operator_set s ON s.set_id = o.set_id
           JOIN chain.round r ON r.set_id = o.set_id AND r.slot = o.slot
          CROSS JOIN LATERAL (SELECT o.prices_e8[array_position(s.feeds, r.feed)] AS price) p
          WHERE o.chain_id = $1 AND o.contract = $2 AND o.ordinal = 0 AND p.price > 0
            AND o.slot > extract(epoch FROM now()) - 86400
          GROUP BY 1`,
        [chainId, contract.toLowerCase()],
      );
      return new Map(rows.map((row) => [row.account, row.deviation_bps]));
    } catch (error) {
      const code = error instanceof pg.DatabaseError ? error.code : undefined;
      if (code === UNDEFINED_TABLE || code === UNDEFINED_SCHEMA) return new Map();
      throw error;
    }
  };
}
