import type { Queryable } from "../shared/database.ts";
import { withdrawIntent } from "../shared/intents.ts";
import type { CoordinatorReader } from "./coordinator.ts";
import type { Coordinate } from "./model.ts";
import { onIndex } from "./store.ts";

/** Intents that serve nobody: a reorg took all their requests from the chain. */

/** An intent under way of whose requests none is in the index. */
interface Candidate {
  readonly intentKey: string;
  /** Blocks of its requests. */
  readonly blocks: readonly { readonly block: number; readonly blockHash: string }[];
}

/** What to look at. */
export interface OrphanDeps {
  readonly db: Queryable;
  readonly coordinate: Coordinate;
  readonly keyHash: string;
  readonly reader: Pick<CoordinatorReader, "blockHashes">;
  readonly indexSchema: string;
}

/**
 * Withdraws the intents of requests that a reorg removed. Only where index and chain agree on it: the index is beyond
 * their blocks and has none of the requests, and the chain has other blocks in the place of theirs. A batch is left as it
 * is while one of its requests stands, since the coordinator leaves the others out. A request that comes back in its old
 * block gets another delivery, as after any that failed.
 * @param indexBlock highest block whose events the index holds
 * @returns keys of what was withdrawn
 */
export async function withdrawOrphans(deps: OrphanDeps, indexBlock: number): Promise<string[]> {
  const candidates = (await readCandidates(deps)).filter(({ blocks }) =>
    blocks.every(({ block }) => block <= indexBlock),
  );
  if (candidates.length === 0) return [];
  const hashes = await deps.reader.blockHashes(
    candidates.flatMap(({ blocks }) => blocks.map(({ block }) => block)),
  );
  const withdrawn: string[] = [];
  for (const { intentKey, blocks } of candidates) {
    if (!blocks.every((one) => isReplaced(one, hashes.get(one.block) ?? null))) continue;
    const numbers = [...new Set(blocks.map(({ block }) => block))].sort((a, b) => a - b).join(", ");
    const reason = `a reorganisation replaced block ${numbers}, and its requests are gone`;
    if (await withdrawIntent(deps.db, intentKey, reason)) withdrawn.push(intentKey);
  }
  return withdrawn;
}

/** A node that has no such block may only be behind. */
function isReplaced({ blockHash }: { readonly blockHash: string }, hash: string | null): boolean {
  return hash !== null && hash !== blockHash;
}

async function readCandidates(deps: OrphanDeps): Promise<Candidate[]> {
  const { db, coordinate, keyHash, indexSchema } = deps;
  const { rows } = await onIndex(
    db.query<{ intent_key: string; blocks: { block: number; blockHash: string }[] }>(
      `WITH open AS (
         SELECT key FROM dodona.intents
         WHERE chain_id = $1 AND status = 'queued' AND account IS NULL AND lane_rank = 1 AND cancel_reason IS NULL
         UNION ALL
         SELECT i.key FROM dodona.transactions t JOIN dodona.intents i ON i.id = t.intent_id
         WHERE t.chain_id = $1 AND t.status = 'pending' AND i.status = 'sent' AND i.lane = 'randomness'
           AND i.cancel_reason IS NULL
       )
       SELECT p.intent_key, json_agg(json_build_object('block', p.block, 'blockHash', p.block_hash)) AS blocks
       FROM open JOIN dodona.vrf_proofs p ON p.intent_key = open.key
       LEFT JOIN "${indexSchema}".vrf_request r ON r.id = p.request_id AND r.block_hash = p.block_hash
       WHERE p.chain_id = $1 AND p.coordinator = $2 AND p.key_hash = $3
       GROUP BY p.intent_key HAVING bool_and(r.id IS NULL)`,
      [coordinate.chainId, coordinate.coordinator, keyHash],
    ),
  );
  return rows.map((row) => ({ intentKey: row.intent_key, blocks: row.blocks }));
}
