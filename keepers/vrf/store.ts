import { isMissingTable, type Queryable } from "../shared/database.ts";
import type { IntentStatus } from "../shared/intents.ts";
import type { Coordinate, Delivery, PendingRequest, VrfRequest } from "./model.ts";

/** Reading and writing of Ponder's `vrf_request` and the keeper's own tables. */

const PENDING_LIMIT = 2_000;

/** The index has no table of requests yet. */
export class IndexMissingError extends Error {
  override readonly name = "IndexMissingError";
}

/** A proof with the delivery that it is part of. */
export interface StoredProof {
  readonly request: VrfRequest;
  readonly alpha: Uint8Array;
  /** pi_string, 81 bytes. */
  readonly pi: Uint8Array;
  /** beta_string, 32 bytes. */
  readonly output: Uint8Array;
  readonly attempt: number;
  readonly intentKey: string;
}

interface DeliveryRow {
  attempt: number | null;
  status: IntentStatus | null;
  reason: string | null;
  transaction_hash: string | null;
  mined_block: string | null;
}

const deliveryColumns =
  "p.attempt, i.status, i.reason, i.transaction_hash, t.block_number AS mined_block";

/** From a proof p to its intent and the block of its transaction. */
const deliveryJoins = `
  LEFT JOIN dodona.intents i ON i.key = p.intent_key
  LEFT JOIN LATERAL (
    SELECT max(block_number) AS block_number FROM dodona.transactions
    WHERE intent_id = i.id AND status IN ('mined', 'final')
  ) t ON true`;

/** Columns of a request as Postgres gives them. */
export interface RequestRow {
  id: string;
  block: string;
  block_hash: string;
  block_time: string;
  key_hash: string;
  sub_id: string;
  sender: string;
  callback_gas_limit: string;
  num_words: number;
  confirmations: number;
  terms: string;
}

/**
 * Reads what the index holds for pending, with what was done about it.
 * @param schema of Ponder's views
 * @returns at most 2,000, those without a delivery first, then oldest first
 * @throws IndexMissingError before the index has its tables
 */
export async function readPending(
  db: Queryable,
  { chainId, coordinator }: Coordinate,
  keyHash: string,
  schema: string,
): Promise<PendingRequest[]> {
  const { rows } = await onIndex(
    db.query<RequestRow & DeliveryRow>(
      `SELECT ${requestColumns}, ${deliveryColumns}
       FROM "${schema}".vrf_request r
       -- One look-up by the whole key for each request: joined otherwise, a table that has just grown (statistics come
       -- a minute later) is read as a whole for each.
       LEFT JOIN LATERAL (
         SELECT attempt, intent_key FROM dodona.vrf_proofs
         WHERE chain_id = $1 AND coordinator = $2 AND request_id = r.id AND block_hash = r.block_hash LIMIT 1
       ) p ON true
       ${deliveryJoins}
       WHERE r.status = 'pending' AND r.key_hash = $3
       ORDER BY (p.attempt IS NULL) DESC, r.block, r.log_index
       LIMIT ${PENDING_LIMIT}`,
      [chainId, coordinator, keyHash],
    ),
  );
  return rows.map((row) => ({ request: toRequest(row), delivery: toDelivery(row) }));
}

/** @returns the latest delivery of a request; null when no proof is stored */
export async function readDelivery(
  db: Queryable,
  { chainId, coordinator }: Coordinate,
  { requestId, blockHash }: Pick<VrfRequest, "requestId" | "blockHash">,
): Promise<Delivery | null> {
  const { rows } = await db.query<DeliveryRow>(
    `SELECT ${deliveryColumns} FROM dodona.vrf_proofs p ${deliveryJoins}
     WHERE p.chain_id = $1 AND p.coordinator = $2 AND p.request_id = $3 AND p.block_hash = $4`,
    [chainId, coordinator, String(requestId), blockHash],
  );
  return rows[0] === undefined ? null : toDelivery(rows[0]);
}

/** What the index says of a request: its status, and in which block it is. */
export interface IndexedRequest {
  readonly status: "pending" | "fulfilled" | "refunded";
  readonly blockHash: string;
}

/** @returns the requests of these ids that the index has, by id */
export async function readIndexed(
  db: Queryable,
  requestIds: readonly bigint[],
  schema: string,
): Promise<Map<bigint, IndexedRequest>> {
  const { rows } = await onIndex(
    db.query<{ id: string; status: IndexedRequest["status"]; block_hash: string }>(
      `SELECT id, status, block_hash FROM "${schema}".vrf_request WHERE id = ANY($1::numeric[])`,
      [requestIds.map(String)],
    ),
  );
  return new Map(
    rows.map((row) => [BigInt(row.id), { status: row.status, blockHash: row.block_hash }]),
  );
}

/** @returns stored proofs of these requests, by `proofName` */
export async function readProofs(
  db: Queryable,
  { chainId, coordinator }: Coordinate,
  requests: readonly VrfRequest[],
): Promise<Map<string, { readonly attempt: number; readonly pi: Uint8Array }>> {
  const { rows } = await db.query<{
    request_id: string;
    block_hash: string;
    attempt: number;
    proof: Buffer;
  }>(
    `SELECT request_id, block_hash, attempt, proof FROM dodona.vrf_proofs
     WHERE chain_id = $1 AND coordinator = $2 AND request_id = ANY($3::numeric[])`,
    [chainId, coordinator, requests.map(({ requestId }) => String(requestId))],
  );
  return new Map(
    rows.map(({ request_id: id, block_hash: blockHash, attempt, proof }) => [
      proofName({ requestId: BigInt(id), blockHash }),
      { attempt, pi: new Uint8Array(proof) },
    ]),
  );
}

/** Names a request in a block. */
export function proofName({
  requestId,
  blockHash,
}: Pick<VrfRequest, "requestId" | "blockHash">): string {
  return `${requestId}@${blockHash}`;
}

/**
 * Stores proofs, or the next delivery of those that are stored. One proof per request and block: a delivery that another
 * process has handed over already is not stored again.
 * @returns how many were stored
 */
export async function storeProofs(
  client: Queryable,
  { chainId, coordinator }: Coordinate,
  proofs: readonly StoredProof[],
): Promise<number> {
  const column = <T>(value: (proof: StoredProof) => T): T[] => proofs.map(value);
  const { rowCount } = await client.query(
    `INSERT INTO dodona.vrf_proofs
       (chain_id, coordinator, request_id, block_hash, block, key_hash, alpha, proof, output, attempt, intent_key)
     SELECT $1, $2, * FROM unnest($3::numeric[], $4::text[], $5::bigint[], $6::text[], $7::bytea[], $8::bytea[],
       $9::bytea[], $10::integer[], $11::text[])
     ON CONFLICT (chain_id, coordinator, request_id, block_hash) DO UPDATE
       SET attempt = EXCLUDED.attempt, intent_key = EXCLUDED.intent_key, updated_at = now()
       WHERE vrf_proofs.attempt < EXCLUDED.attempt`,
    [
      chainId,
      coordinator,
      column(({ request }) => String(request.requestId)),
      column(({ request }) => request.blockHash),
      column(({ request }) => request.block),
      column(({ request }) => request.keyHash),
      column(({ alpha }) => Buffer.from(alpha)),
      column(({ pi }) => Buffer.from(pi)),
      column(({ output }) => Buffer.from(output)),
      column(({ attempt }) => attempt),
      column(({ intentKey }) => intentKey),
    ],
  );
  return rowCount ?? 0;
}

/** @returns the next number in the order of deliveries */
export async function nextDelivery(client: Queryable): Promise<bigint> {
  const { rows } = await client.query<{ number: string }>(
    "SELECT nextval('dodona.vrf_deliveries') AS number",
    [],
  );
  return BigInt(rows[0]?.number ?? 0);
}

/** Says that a process with this key is at work. */
export async function writeKeeper(
  db: Queryable,
  { chainId, coordinator }: Coordinate,
  keyHash: string,
  heldReason: string | null,
): Promise<void> {
  await db.query(
    `INSERT INTO dodona.vrf_keepers (chain_id, coordinator, key_hash, held_reason) VALUES ($1, $2, $3, $4)
     ON CONFLICT (chain_id, coordinator, key_hash)
       DO UPDATE SET held_reason = EXCLUDED.held_reason, updated_at = now()`,
    [chainId, coordinator, keyHash, heldReason],
  );
}

/** Columns of a request, aliased r. */
export const requestColumns =
  "r.id, r.block, r.block_hash, r.block_time, r.key_hash, r.sub_id, r.sender, r.callback_gas_limit, r.num_words, r.confirmations, r.terms";

/** Reads `requestColumns`. */
export function toRequest(row: RequestRow): VrfRequest {
  return {
    requestId: BigInt(row.id),
    block: Number(row.block),
    blockHash: row.block_hash,
    blockTime: Number(row.block_time),
    keyHash: row.key_hash,
    subId: BigInt(row.sub_id),
    sender: row.sender,
    callbackGasLimit: Number(row.callback_gas_limit),
    numWords: row.num_words,
    confirmations: row.confirmations,
    terms: BigInt(row.terms),
  };
}

function toDelivery(row: DeliveryRow): Delivery | null {
  if (row.attempt === null) return null;
  return {
    attempt: row.attempt,
    // An intent that is gone was pruned after its end.
    status: row.status ?? "expired",
    reason: row.status === null ? "its intent is not in the relayer's ledger" : row.reason,
    block: row.mined_block === null ? null : Number(row.mined_block),
    transactionHash: row.transaction_hash,
  };
}

/** Tells a missing index from other errors. */
export async function onIndex<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    if (isMissingTable(error)) {
      throw new IndexMissingError(`the index is not ready: ${error.message}`);
    }
    throw error;
  }
}
