import type { Queryable } from "../shared/database.ts";
import { isError } from "ethers";

import { IVRFCoordinator__factory } from "../../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import type { Chain } from "../shared/rpc.ts";
import { createCoordinatorReader } from "./coordinator.ts";
import { jobId, queueNames, requestKey } from "./job.ts";
import { limitsOf } from "./limits.ts";
import type { Coordinate, Delivery, VrfRequest } from "./model.ts";
import type { Ending, JobState, RequestSnapshot } from "./status.ts";
import { readDelivery, requestColumns, toRequest, type RequestRow } from "./store.ts";

/** Where a snapshot is read from. */
export interface SnapshotDeps {
  /** The operator's database. */
  readonly db: Queryable;
  readonly chain: Chain;
  readonly coordinate: Coordinate;
  /** Highest block of the index. */
  readonly indexBlock: number;
  /** Schema of the index's views, "chain" unless configured. */
  readonly indexSchema?: string;
  /** What the keeper is configured with; 5 unless given. */
  readonly maxAttempts?: number;
}

/** Reads all that `describeRequest` needs from the operator's database and the chain. */
export async function readSnapshot(
  deps: SnapshotDeps,
  requestId: bigint,
): Promise<RequestSnapshot> {
  const { db, chain, coordinate } = deps;
  const reader = createCoordinatorReader(chain, coordinate.coordinator);
  const [head, rules, keepsHashes, found] = await Promise.all([
    reader.head(),
    reader.config(),
    reader.keepsBlockHashes(),
    readRequest(db, requestId, deps.indexSchema ?? "chain"),
  ]);
  const limits = limitsOf(rules, keepsHashes, deps.maxAttempts ?? 5);
  const empty: RequestSnapshot = {
    ...{ requestId, request: null, ending: null, head, limits },
    ...{ indexBlock: deps.indexBlock, subscription: null, job: null, delivery: null },
    ...{ relayerPosition: null, accounts: null, operator: null, deadReason: null },
  };
  if (found === null) return empty;
  const { request, ending } = found;
  const delivery = await readDelivery(db, coordinate, request);
  const [subscription, queue, accounts, operator, relayerPosition] = await Promise.all([
    readSubscription(chain, coordinate, request),
    readJob(db, coordinate, request, (delivery?.attempt ?? 0) + 1),
    readAccounts(db, coordinate.chainId),
    readOperator(db, coordinate, request.keyHash),
    readPosition(db, coordinate, request),
  ]);
  return {
    ...{ ...empty, request, ending, subscription, accounts, operator, relayerPosition },
    ...{ delivery: await explain(delivery, reader, requestId), ...queue },
  };
}

/** The ledger does not know why a batch left a request out; the coordinator's event does. */
async function explain(
  delivery: Delivery | null,
  reader: ReturnType<typeof createCoordinatorReader>,
  requestId: bigint,
): Promise<Delivery | null> {
  if (delivery?.status !== "confirmed" || delivery.transactionHash === null) return delivery;
  return { ...delivery, reason: await reader.skipReason(delivery.transactionHash, requestId) };
}

async function readRequest(
  db: Queryable,
  requestId: bigint,
  schema: string,
): Promise<{ request: VrfRequest; ending: Ending | null } | null> {
  type Row = RequestRow & {
    status: "pending" | "fulfilled" | "refunded";
    end_block: string | null;
    end_transaction: string | null;
    success: boolean | null;
    payment: string | null;
  };
  const { rows } = await db.query<Row>(
    `SELECT ${requestColumns}, r.status, r.end_block, r.end_transaction, r.success, r.payment
     FROM "${schema}".vrf_request r WHERE r.id = $1`,
    [String(requestId)],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const end = { block: Number(row.end_block ?? 0), transaction: row.end_transaction ?? "" };
  const ending: Ending | null =
    row.status === "pending"
      ? null
      : row.status === "refunded"
        ? { kind: "refunded", ...end }
        : {
            ...{ kind: "fulfilled", ...end },
            ...{ success: row.success === true, paymentWei: BigInt(row.payment ?? 0) },
          };
  return { request: toRequest(row), ending };
}

async function readSubscription(
  chain: Chain,
  { coordinator }: Coordinate,
  { subId, keyHash, callbackGasLimit, numWords }: VrfRequest,
): Promise<RequestSnapshot["subscription"]> {
  const contract = IVRFCoordinator__factory.connect(coordinator, chain.provider);
  // Reverts are answers: a subscription that was cancelled, a key that takes no requests.
  const orNull = (error: unknown): null => {
    if (isError(error, "CALL_EXCEPTION")) return null;
    throw error;
  };
  const [subscription, neededWei] = await Promise.all([
    contract.getSubscription(subId).catch(orNull),
    contract.reserveOf(keyHash, callbackGasLimit, numWords).catch(orNull),
  ]);
  return subscription === null ? null : { balanceWei: subscription.nativeBalance, neededWei };
}

async function readJob(
  db: Queryable,
  coordinate: Coordinate,
  request: VrfRequest,
  attempt: number,
): Promise<{ job: JobState | null; deadReason: string | null }> {
  const names = queueNames(coordinate, request.keyHash);
  const key = requestKey(coordinate, request);
  const exists = await db.query<{ found: boolean }>(
    "SELECT to_regclass('pgboss.job') IS NOT NULL AS found",
    [],
  );
  if (exists.rows[0]?.found !== true) return { job: null, deadReason: null };
  const [jobs, letters] = await Promise.all([
    db.query<{ state: JobState["state"]; tries: number; output: unknown; before: string }>(
      `SELECT j.state, j.retry_count + 1 AS tries, j.output,
         (SELECT count(*) FROM pgboss.job o WHERE o.name = j.name AND o.state < 'active'
            AND (o.created_on, o.id) < (j.created_on, j.id)) AS before
       FROM pgboss.job j WHERE j.name = $1 AND j.id = $2`,
      [names.work, jobId(key, attempt)],
    ),
    db.query<{ reason: string | null; output: unknown }>(
      `SELECT data->>'reason' AS reason, source_output AS output FROM pgboss.job
       WHERE name = $1 AND state < 'active' AND data->'request'->>'requestId' = $2
         AND data->'request'->>'blockHash' = $3 LIMIT 1`,
      [names.dead, String(request.requestId), request.blockHash],
    ),
  ]);
  const [job] = jobs.rows;
  const [letter] = letters.rows;
  return {
    job:
      job === undefined
        ? null
        : {
            ...{ state: job.state, position: Number(job.before), tries: job.tries },
            lastError: messageOf(job.output),
          },
    deadReason:
      letter === undefined
        ? null
        : (letter.reason ?? messageOf(letter.output) ?? "no reason was recorded"),
  };
}

async function readAccounts(db: Queryable, chainId: number): Promise<RequestSnapshot["accounts"]> {
  const { rows } = await db.query<{
    address: string;
    balance_wei: string;
    held_reason: string | null;
  }>("SELECT address, balance_wei, held_reason FROM dodona.accounts WHERE chain_id = $1", [
    chainId,
  ]);
  return rows.map((row) => ({
    ...{ address: row.address, balanceWei: BigInt(row.balance_wei), heldReason: row.held_reason },
  }));
}

async function readOperator(
  db: Queryable,
  { chainId, coordinator }: Coordinate,
  keyHash: string,
): Promise<RequestSnapshot["operator"]> {
  const { rows } = await db.query<{ silent: string; held_reason: string | null }>(
    `SELECT extract(epoch FROM now() - updated_at) AS silent, held_reason FROM dodona.vrf_keepers
     WHERE chain_id = $1 AND coordinator = $2 AND key_hash = $3`,
    [chainId, coordinator, keyHash],
  );
  const [row] = rows;
  if (row === undefined) return { silentSeconds: null, heldReason: null };
  return { silentSeconds: Number(row.silent), heldReason: row.held_reason };
}

async function readPosition(
  db: Queryable,
  { chainId, coordinator }: Coordinate,
  { requestId, blockHash }: VrfRequest,
): Promise<number | null> {
  const { rows } = await db.query<{ before: string }>(
    `SELECT (SELECT count(*) FROM dodona.intents o WHERE o.chain_id = i.chain_id AND o.status = 'queued'
         AND (o.lane = 'feeds' OR (o.lane = 'randomness' AND o.id < i.id))) AS before
     FROM dodona.vrf_proofs p JOIN dodona.intents i ON i.key = p.intent_key
     WHERE p.chain_id = $1 AND p.coordinator = $2 AND p.request_id = $3 AND p.block_hash = $4
       AND i.status = 'queued'`,
    [chainId, coordinator, String(requestId), blockHash],
  );
  return rows[0] === undefined ? null : Number(rows[0].before);
}

function messageOf(output: unknown): string | null {
  if (typeof output !== "object" || output === null) return null;
  const { message, reason, value } = output as Record<string, unknown>;
  const inner = (value as { message?: unknown } | undefined)?.message;
  const text = message ?? reason ?? inner;
  return typeof text === "string" ? text : JSON.stringify(output);
}
