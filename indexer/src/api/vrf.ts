import { and, asc, count, desc, eq, lt, or } from "ponder";
import { db } from "ponder:api";
import { vrfKey, vrfRefund, vrfRequest, vrfSubscription } from "ponder:schema";
import { encodeAbiParameters, keccak256, toHex } from "viem";

import type { VrfStatus } from "../../ponder.schema.ts";
import { encodePosition, type RequestsQuery } from "./vrfQuery.ts";

type RequestRow = typeof vrfRequest.$inferSelect;
type RefundRow = typeof vrfRefund.$inferSelect;

const NEWEST = 5;

/**
 * One page of requests, newest first.
 *
 * @param query What the request asks for.
 * @returns `next` is the cursor of the following page, null at the end.
 */
export async function readRequests({ status, subId, limit, before }: RequestsQuery) {
  const rows = await db
    .select()
    .from(vrfRequest)
    .leftJoin(vrfRefund, eq(vrfRefund.requestId, vrfRequest.id))
    .where(
      and(
        ...(status === null ? [] : [eq(vrfRequest.status, status)]),
        ...(subId === null ? [] : [eq(vrfRequest.subId, subId)]),
        ...(before === null
          ? []
          : [
              or(
                lt(vrfRequest.block, before.block),
                and(eq(vrfRequest.block, before.block), lt(vrfRequest.logIndex, before.logIndex)),
              ),
            ]),
      ),
    )
    .orderBy(desc(vrfRequest.block), desc(vrfRequest.logIndex))
    .limit(limit + 1);
  const page = rows.slice(0, limit);
  const last = page.at(-1)?.vrf_request;
  return {
    requests: page.map((row) => presentRequest(row.vrf_request, row.vrf_refund)),
    next: rows.length > limit && last !== undefined ? encodePosition(last) : null,
  };
}

/** One request, null when the index has none with this id. */
export async function readRequest(id: bigint) {
  const [row] = await db
    .select()
    .from(vrfRequest)
    .leftJoin(vrfRefund, eq(vrfRefund.requestId, vrfRequest.id))
    .where(eq(vrfRequest.id, id));
  return row === undefined ? null : presentRequest(row.vrf_request, row.vrf_refund);
}

/** Ids of the newest requests, for whoever asked for one that does not exist. */
export async function newestRequests(): Promise<string[]> {
  const rows = await db
    .select({ id: vrfRequest.id })
    .from(vrfRequest)
    .orderBy(desc(vrfRequest.block), desc(vrfRequest.logIndex))
    .limit(NEWEST);
  return rows.map(({ id }) => id.toString());
}

/** Every subscription, oldest first. */
export async function readSubscriptions() {
  const rows = await db
    .select()
    .from(vrfSubscription)
    .orderBy(asc(vrfSubscription.createdAtBlock), asc(vrfSubscription.id));
  return rows.map(({ id, balance, owed, ...row }) => ({
    id: id.toString(),
    balance: balance.toString(),
    owed: owed.toString(),
    ...row,
  }));
}

/** Every proving key, oldest first. */
export async function readKeys() {
  const rows = await db
    .select()
    .from(vrfKey)
    .orderBy(asc(vrfKey.registeredAtBlock), asc(vrfKey.keyHash));
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        typeof value === "bigint" ? value.toString() : value,
      ]),
    ),
  );
}

/** How many requests stand where. */
export async function countRequests(): Promise<Record<VrfStatus, number>> {
  const rows = await db
    .select({ status: vrfRequest.status, requests: count() })
    .from(vrfRequest)
    .groupBy(vrfRequest.status);
  const counts = { pending: 0, fulfilled: 0, refunded: 0 };
  for (const { status, requests } of rows) counts[status] = requests;
  return counts;
}

function presentRequest(row: RequestRow, refund: RefundRow | null) {
  return {
    id: row.id.toString(),
    status: row.status,
    keyHash: row.keyHash,
    subId: row.subId.toString(),
    sender: row.sender,
    callbackGasLimit: row.callbackGasLimit,
    numWords: row.numWords,
    confirmations: row.confirmations,
    reserve: row.reserve.toString(),
    premium: row.premium.toString(),
    bondShare: row.bondShare.toString(),
    extraArgs: row.extraArgs,
    transaction: row.transaction,
    block: row.block,
    blockHash: row.blockHash,
    blockTime: row.blockTime,
    fulfilment: presentFulfilment(row),
    refund:
      refund === null
        ? null
        : {
            transaction: refund.transaction,
            block: refund.block,
            blockTime: refund.blockTime,
            reserve: refund.reserve.toString(),
            bond: refund.bond.toString(),
          },
  };
}

function presentFulfilment(row: RequestRow) {
  if (row.status !== "fulfilled" || row.outputSeed === null) return null;
  return {
    transaction: row.endTransaction,
    block: row.endBlock,
    blockTime: row.endTime,
    success: row.success,
    payment: row.payment?.toString() ?? null,
    outputSeed: toHex(row.outputSeed, { size: 32 }),
    randomWords: wordsOf(row.outputSeed, row.numWords).map(String),
    gasUsed: row.gasUsed,
  };
}

/** The words that follow from a proof's output, as the coordinator derives them. */
function wordsOf(outputSeed: bigint, numWords: number): bigint[] {
  return Array.from({ length: numWords }, (_, i) =>
    BigInt(
      keccak256(
        encodeAbiParameters([{ type: "uint256" }, { type: "uint256" }], [outputSeed, BigInt(i)]),
      ),
    ),
  );
}
