import pg from "pg";

const STALE_MS = 15_000;
const UNDEFINED_TABLE = "42P01";
const UNDEFINED_SCHEMA = "3F000";
const QUERY_TIMEOUT_MS = 2_000;

/** Where operators take their prices from. */
export type PriceSource = "live" | "replay" | "simulated";

/** What an operator says of one feed. */
export interface OperatorPrice {
  readonly priceE8: string | null;
  readonly reason: string;
  readonly venues: Readonly<Record<string, string>>;
}

/** Latest status of one operator. */
export interface OperatorStatus {
  /** Lower-case address. */
  readonly operator: string;
  readonly source: PriceSource;
  readonly updatedAtMs: number;
  readonly feeds: Readonly<Record<string, OperatorPrice>>;
}

/**
 * Reader of the table where operators write what they see. Operators of another party, or none in this database,
 * are no error: then there is nothing to tell.
 *
 * @param databaseUrl Postgres of the index.
 * @param chainId Chain of the feeds.
 * @param contract PriceFeeds.
 * @returns A function that reads all rows of this contract.
 */
export function operatorStatusReader(
  databaseUrl: string,
  chainId: number,
  contract: string,
): () => Promise<OperatorStatus[]> {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 2,
    query_timeout: QUERY_TIMEOUT_MS,
    connectionTimeoutMillis: QUERY_TIMEOUT_MS,
    application_name: "dodona_api",
    allowExitOnIdle: true,
  });
  // An idle connection that Postgres closes would otherwise end the process.
  pool.on("error", () => undefined);
  return async () => {
    try {
      const { rows } = await pool.query<{
        operator: string;
        source: PriceSource;
        updated_at_ms: string;
        feeds: Record<string, OperatorPrice>;
      }>(
        `SELECT operator, source, extract(epoch FROM updated_at) * 1000 AS updated_at_ms, feeds
           FROM dodona.operator_status WHERE chain_id = $1 AND lower(contract) = $2 ORDER BY operator`,
        [chainId, contract.toLowerCase()],
      );
      return rows.map((row) => ({
        operator: row.operator.toLowerCase(),
        source: row.source,
        updatedAtMs: Number(row.updated_at_ms),
        feeds: row.feeds,
      }));
    } catch (error) {
      const code = error instanceof pg.DatabaseError ? error.code : undefined;
      if (code === UNDEFINED_TABLE || code === UNDEFINED_SCHEMA) return [];
      throw error;
    }
  };
}

/**
 * What the operators say of one feed, in two words.
 *
 * @param feedId For example "BTC/USD".
 * @param statuses Rows of all operators.
 * @param quorum Prices that a report needs.
 * @param nowMs Wall clock.
 * @returns `source`: where prices come from, the least real one when operators differ, null when nobody says.
 * `reason`: why a quorum has no price, null when it has or when nobody says.
 */
export function summarize(
  feedId: string,
  statuses: readonly OperatorStatus[],
  quorum: number,
  nowMs: number,
): { source: PriceSource | null; reason: string | null } {
  if (statuses.length === 0) return { source: null, reason: null };
  const fresh = statuses.filter(({ updatedAtMs }) => nowMs - updatedAtMs <= STALE_MS);
  if (fresh.length === 0) {
    const ageMs = nowMs - Math.max(...statuses.map(({ updatedAtMs }) => updatedAtMs));
    return { source: null, reason: `no operator has written for ${Math.round(ageMs / 1000)} s` };
  }
  const source =
    (["simulated", "replay", "live"] as const).find((kind) =>
      fresh.some((status) => status.source === kind),
    ) ?? null;

  const views = fresh.map(({ feeds }) => feeds[feedId]);
  const priced = views.filter((view) => view !== undefined && view.priceE8 !== null).length;
  if (priced >= quorum) return { source, reason: null };

  const counts = new Map<string, number>();
  for (const view of views) {
    if (view !== undefined && view.priceE8 !== null) continue;
    const text = view === undefined || view.reason === "" ? "no price" : view.reason;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const [commonest] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const missing = `${priced} of ${quorum} operators needed have a price`;
  return { source, reason: commonest === undefined ? missing : `${commonest[0]} (${missing})` };
}
