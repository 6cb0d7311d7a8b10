import { and, asc, count, desc, eq, inArray, lt, or } from "ponder";
import { db } from "ponder:api";
import { attestation, attestedPrice, performanceRecord, trader } from "ponder:schema";

import { reputationOf } from "./reputationOfTrader.ts";
import { encodePosition, type Position } from "./vrfQuery.ts";

type AttestationRow = typeof attestation.$inferSelect;
type PriceRow = typeof attestedPrice.$inferSelect;
type RecordRow = typeof performanceRecord.$inferSelect;

const NEWEST = 5;

/**
 * One page of attested reports, newest first, with the number of all and the latest one.
 *
 * @param page How many, and before which position.
 * @returns `next` is the cursor of the following page, null at the end.
 */
export async function readAttestations({
  limit,
  before,
}: {
  readonly limit: number;
  readonly before: Position | null;
}) {
  const [rows, [total], [latest]] = await Promise.all([
    db
      .select()
      .from(attestation)
      .where(
        before === null
          ? undefined
          : or(
              lt(attestation.block, before.block),
              and(eq(attestation.block, before.block), lt(attestation.logIndex, before.logIndex)),
            ),
      )
      .orderBy(desc(attestation.block), desc(attestation.logIndex))
      .limit(limit + 1),
    db.select({ reports: count() }).from(attestation),
    db.select().from(attestation).orderBy(desc(attestation.slot)).limit(1),
  ]);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const shown = await withPrices(latest === undefined ? page : [...page, latest]);
  const newest = latest === undefined ? null : shown.at(-1)!;
  return {
    reports: total?.reports ?? 0,
    latest:
      newest === null ? null : { slot: newest.slot, feeds: newest.prices.map(({ feed }) => feed) },
    attestations: shown.slice(0, page.length),
    next: rows.length > limit && last !== undefined ? encodePosition(last) : null,
  };
}

/** Attested reports of a slot; one, unless two reports of different sets or two reports of one were proved. */
export async function readAttestationsAt(slot: number) {
  const rows = await db
    .select()
    .from(attestation)
    .where(eq(attestation.slot, slot))
    .orderBy(asc(attestation.block), asc(attestation.logIndex));
  return await withPrices(rows);
}

/** Newest attested slots, for whoever asked for one that is not attested. */
export async function newestSlots(): Promise<number[]> {
  const rows = await db
    .select({ slot: attestation.slot })
    .from(attestation)
    .orderBy(desc(attestation.slot))
    .limit(NEWEST);
  return rows.map(({ slot }) => slot);
}

/** A feed's attested answer of the latest slot, null before the first. */
export async function readLatestAttested(feed: string) {
  const [row] = await db
    .select()
    .from(attestedPrice)
    .where(eq(attestedPrice.feed, feed))
    .orderBy(desc(attestedPrice.slot))
    .limit(1);
  return row === undefined ? null : { slot: row.slot, ...presentPrice(row) };
}

/** An account's figures over all instruments, and every period; null where nothing of it was proved. */
export async function readTrader(account: `0x${string}`) {
  const [row] = await db.select().from(trader).where(eq(trader.account, account));
  if (row === undefined) return null;
  const records = await db
    .select()
    .from(performanceRecord)
    .where(eq(performanceRecord.account, account))
    .orderBy(asc(performanceRecord.instrument), asc(performanceRecord.index));
  const byInstrument = Map.groupBy(records, ({ instrument }) => instrument);
  return {
    account,
    reputation: reputationOf(row, [...byInstrument.values()]),
    instruments: row.instruments.map((instrument) => ({
      instrument,
      periods: (byInstrument.get(instrument) ?? []).map(presentRecord),
    })),
  };
}

/** Accounts with the most periods, for whoever asked for one of which nothing was proved. */
export async function knownTraders(): Promise<string[]> {
  const rows = await db
    .select({ account: trader.account })
    .from(trader)
    .orderBy(desc(trader.periods), asc(trader.account))
    .limit(NEWEST);
  return rows.map(({ account }) => account);
}

async function withPrices(rows: readonly AttestationRow[]) {
  const digests = rows.map(({ reportDigest }) => reportDigest);
  const prices =
    digests.length === 0
      ? []
      : await db
          .select()
          .from(attestedPrice)
          .where(inArray(attestedPrice.reportDigest, digests))
          .orderBy(asc(attestedPrice.feed));
  const byReport = Map.groupBy(prices, ({ reportDigest }) => reportDigest);
  return rows.map((row) => ({
    ...presentReport(row),
    prices: (byReport.get(row.reportDigest) ?? []).map((price) => ({
      feed: price.feed,
      ...presentPrice(price),
    })),
  }));
}

function presentPrice({ answer, block, blockTime, round, transaction, values }: PriceRow) {
  return { answer: answer.toString(), values, round, transaction, block, blockTime };
}

function presentReport(row: AttestationRow) {
  const { chunks, complete, gasUsed, included, includedBits, observationRoot, sender } = row;
  const { block, blockTime, reportDigest, setId, signerBits, signers, slot, transaction } = row;
  return {
    ...{ slot, setId, reportDigest, observationRoot, complete, chunks },
    ...{ signerBits, signers, includedBits, included },
    ...{ sender, gasUsed, transaction, block, blockTime },
  };
}

function presentRecord(row: RecordRow) {
  const { block, blockTime, closes, count, drawdownBps, end, index, service, start, wins } = row;
  const { endCommitment, fillsCommitment, startCommitment, transaction } = row;
  return {
    ...{ index, start, end, count, wins, closes, drawdownBps },
    ...{ capital: row.capital.toString(), profitBps: row.profitBps.toString() },
    ...{ startCommitment, endCommitment, fillsCommitment, service },
    ...{ transaction, block, blockTime },
  };
}
