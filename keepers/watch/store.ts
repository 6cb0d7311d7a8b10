import type { Database, Queryable } from "../shared/database.ts";
import { enqueueIntent, type IntentStatus, type NewIntent } from "../shared/intents.ts";
import type { Domain } from "../shared/observation.ts";
import type { Judged } from "./judge.ts";
import type { Contradiction, Stored, WrongReport } from "./model.ts";
import { toBuffer } from "./report.ts";

/** Evidence as far as it was brought. */
export interface Progress {
  readonly id: string;
  /** 0 before the first. */
  readonly attempt: number;
  readonly intent: {
    readonly status: IntentStatus;
    readonly reason: string | null;
    /** When it last changed, unix milliseconds. */
    readonly changedMs: number;
  } | null;
}

/** What the watch keeper keeps in Postgres. */
export interface WatchStore {
  /** Keeps what was verified; what is there already stays. */
  keep(judged: Judged): Promise<void>;
  /** Contradictions about slots from one on that are not settled, oldest first. */
  contradictions(fromSlot: number): Promise<Contradiction[]>;
  /** Wrong reports of slots from one on that are not settled, oldest first. */
  wrongReports(fromSlot: number): Promise<WrongReport[]>;
  /** How far each of these was brought. */
  progress(ids: readonly string[]): Promise<Map<string, Progress>>;
  /** Notes an attempt and hands its transaction to the relayer, both or neither. False if another process was first. */
  bring(evidence: Settled, attempt: number, intent: NewIntent): Promise<boolean>;
  /** Notes that nothing is left to do. */
  settle(evidence: Settled, reason: string): Promise<void>;
  /** Deletes what is about slots before this one. */
  prune(beforeSlot: number): Promise<void>;
}

type Settled = Pick<Contradiction, "slot"> & { readonly id: string };

/** Evidence that is looked at in one go; the rest follows when some of it is settled. */
const AT_ONCE = 50;

const keepFirst = `
  INSERT INTO dodona.watch_observations
    (chain_id, contract, set_id, slot, operator_index, ordinal, prices_e8, digest, signature)
  SELECT $1, $2, set_id, slot, operator_index, 0, prices_e8, digest, signature
  FROM jsonb_to_recordset($3::jsonb) AS given
    (set_id bigint, slot bigint, operator_index smallint, prices_e8 numeric[], digest numeric, signature text)
  ON CONFLICT DO NOTHING`;
const keepSecond = `
  INSERT INTO dodona.watch_observations
    (chain_id, contract, set_id, slot, operator_index, ordinal, prices_e8, digest, signature)
  SELECT $1, $2, given.set_id, given.slot, given.operator_index, 1, given.prices_e8, given.digest, given.signature
  FROM jsonb_to_recordset($3::jsonb) AS given
    (set_id bigint, slot bigint, operator_index smallint, prices_e8 numeric[], digest numeric, signature text)
  JOIN dodona.watch_observations AS first
    ON first.chain_id = $1 AND first.contract = $2 AND first.set_id = given.set_id AND first.slot = given.slot
    AND first.operator_index = given.operator_index AND first.ordinal = 0
  WHERE first.prices_e8 <> given.prices_e8
  ON CONFLICT DO NOTHING`;

/**
 * @param slashing Address of the slashing contract, lower case: evidence is brought there.
 */
export function createWatchStore(db: Database, domain: Domain, slashing: string): WatchStore {
  const place = [domain.chainId, domain.priceFeeds];

  async function keepReports(client: Queryable, { reports }: Judged): Promise<void> {
    for (const { bundle, digest, setId, slot, wrong } of reports) {
      const { s, commitment, zInverse } = bundle.signature;
      const observations = bundle.observations.map(({ operator, pricesE8 }) => ({
        operator,
        prices: pricesE8.map(String),
      }));
      await client.query(
        `INSERT INTO dodona.watch_reports
           (chain_id, contract, digest, set_id, slot, report, signature, wrong, observations)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
        [
          ...[...place, digest, setId, slot, toBuffer(bundle.report)],
          JSON.stringify({ s: String(s), commitment, zInverse: String(zInverse) }),
          ...[wrong, wrong ? JSON.stringify(observations) : null],
        ],
      );
    }
  }

  return {
    async keep(judged) {
      if (judged.observations.length === 0 && judged.reports.length === 0) return;
      const given = JSON.stringify(
        judged.observations.map(({ setId, slot, operator, pricesE8, digest, signature }) => ({
          ...{ set_id: setId, slot, operator_index: operator },
          ...{ prices_e8: pricesE8.map(String), digest: String(digest), signature },
        })),
      );
      await db.transaction(async (client) => {
        await client.query(keepFirst, [...place, given]);
        await client.query(keepSecond, [...place, given]);
        await keepReports(client, judged);
      });
    },

    async contradictions(fromSlot) {
      const { rows } = await db.pool.query<ContradictionRow>(
        // Prices as text: the driver makes floats of a list of numbers.
        `SELECT b.set_id, b.slot, b.operator_index AS operator,
           a.prices_e8::text[] AS first_prices, a.digest AS first_digest, a.signature AS first_signature,
           b.prices_e8::text[] AS second_prices, b.digest AS second_digest, b.signature AS second_signature
         FROM dodona.watch_observations AS b
         JOIN dodona.watch_observations AS a
           ON a.chain_id = b.chain_id AND a.contract = b.contract AND a.set_id = b.set_id AND a.slot = b.slot
           AND a.operator_index = b.operator_index AND a.ordinal = 0
         WHERE b.chain_id = $1 AND b.contract = $2 AND b.ordinal = 1 AND b.slot >= $3 AND NOT EXISTS (
           SELECT 1 FROM dodona.watch_evidence AS e
           WHERE e.chain_id = $1 AND e.slashing = $4 AND e.settled IS NOT NULL
             AND e.id = concat_ws(':', 'equivocation', b.set_id, b.slot, b.operator_index))
         ORDER BY b.slot, b.operator_index LIMIT ${AT_ONCE}`,
        [...place, fromSlot, slashing],
      );
      return rows.map(toContradiction);
    },

    async wrongReports(fromSlot) {
      const { rows } = await db.pool.query<ReportRow>(
        `SELECT digest, set_id, slot, report, signature, observations FROM dodona.watch_reports AS r
         WHERE chain_id = $1 AND contract = $2 AND wrong AND slot >= $3 AND NOT EXISTS (
           SELECT 1 FROM dodona.watch_evidence AS e
           WHERE e.chain_id = $1 AND e.slashing = $4 AND e.settled IS NOT NULL AND e.id = 'medians:' || r.digest)
         ORDER BY slot, digest LIMIT ${AT_ONCE}`,
        [...place, fromSlot, slashing],
      );
      return rows.map(toWrongReport);
    },

    async progress(ids) {
      const { rows } = await db.pool.query<ProgressRow>(
        `SELECT e.id, e.attempt, i.status, i.reason, i.updated_at FROM dodona.watch_evidence AS e
         LEFT JOIN dodona.intents AS i ON i.key = e.intent_key
         WHERE e.chain_id = $1 AND e.slashing = $2 AND e.id = ANY($3)`,
        [domain.chainId, slashing, ids],
      );
      return new Map(
        rows.map(({ id, attempt, status, reason, updated_at: changed }) => [
          id,
          {
            ...{ id, attempt },
            intent: status && changed ? { status, reason, changedMs: changed.getTime() } : null,
          },
        ]),
      );
    },

    bring: ({ id, slot }, attempt, intent) =>
      db.transaction(async (client) => {
        const noted = await client.query(
          `INSERT INTO dodona.watch_evidence (chain_id, slashing, id, slot, attempt, intent_key)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (chain_id, slashing, id) DO UPDATE
             SET attempt = EXCLUDED.attempt, intent_key = EXCLUDED.intent_key, updated_at = now()
             WHERE watch_evidence.attempt = EXCLUDED.attempt - 1 AND watch_evidence.settled IS NULL`,
          [domain.chainId, slashing, id, slot, attempt, intent.key],
        );
        if (noted.rowCount !== 1) return false;
        await enqueueIntent(client, intent);
        return true;
      }),

    async settle({ id, slot }, reason) {
      await db.pool.query(
        `INSERT INTO dodona.watch_evidence (chain_id, slashing, id, slot, attempt, settled)
         VALUES ($1, $2, $3, $4, 0, $5)
         ON CONFLICT (chain_id, slashing, id) DO UPDATE SET settled = EXCLUDED.settled, updated_at = now()`,
        [domain.chainId, slashing, id, slot, reason],
      );
    },

    async prune(beforeSlot) {
      for (const table of ["watch_observations", "watch_reports"]) {
        await db.pool.query(
          `DELETE FROM dodona.${table} WHERE chain_id = $1 AND contract = $2 AND slot < $3`,
          [...place, beforeSlot],
        );
      }
      await db.pool.query(
        "DELETE FROM dodona.watch_evidence WHERE chain_id = $1 AND slashing = $2 AND slot < $3",
        [domain.chainId, slashing, beforeSlot],
      );
    },
  };
}

interface ContradictionRow {
  set_id: string;
  slot: string;
  operator: number;
  first_prices: string[];
  first_digest: string;
  first_signature: string;
  second_prices: string[];
  second_digest: string;
  second_signature: string;
}

interface ReportRow {
  digest: string;
  set_id: string;
  slot: string;
  report: Buffer;
  signature: { s: string; commitment: string; zInverse: string };
  observations: { operator: number; prices: string[] }[];
}

interface ProgressRow {
  id: string;
  attempt: number;
  status: IntentStatus | null;
  reason: string | null;
  updated_at: Date | null;
}

function toContradiction(row: ContradictionRow): Contradiction {
  const side = (prices: string[], digest: string, signature: string): Stored => ({
    pricesE8: prices.map(BigInt),
    digest: BigInt(digest),
    signature,
  });
  return {
    kind: "equivocation",
    id: `equivocation:${row.set_id}:${row.slot}:${row.operator}`,
    setId: Number(row.set_id),
    slot: Number(row.slot),
    operator: row.operator,
    said: [
      side(row.first_prices, row.first_digest, row.first_signature),
      side(row.second_prices, row.second_digest, row.second_signature),
    ],
  };
}

function toWrongReport(row: ReportRow): WrongReport {
  const { s, commitment, zInverse } = row.signature;
  return {
    kind: "medians",
    id: `medians:${row.digest}`,
    setId: Number(row.set_id),
    slot: Number(row.slot),
    digest: row.digest,
    report: `0x${row.report.toString("hex")}`,
    signature: { s: BigInt(s), commitment, zInverse: BigInt(zInverse) },
    observations: row.observations.map(({ operator, prices }) => ({
      operator,
      pricesE8: prices.map(BigInt),
    })),
  };
}
