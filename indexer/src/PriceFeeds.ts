import { ponder, type Context } from "ponder:registry";
import {
  breakerEvent,
  feed,
  feedChange,
  operatorSet,
  report,
  round,
  setParams,
  type FeedParams,
  type ReportRowEntry,
} from "ponder:schema";

import { feedName } from "./feedName.ts";
import { applyEntry } from "./feedState.ts";
import { logId, origin } from "./origin.ts";
import { countReport } from "./participation.ts";
import { decodeReport, signersOf } from "./report.ts";

ponder.on("PriceFeeds:SetActivated", async ({ event, context }) => {
  const { setId, blob, since, quorum, operatorsVersion, operators } = event.args;
  const feeds = event.args.feeds.map(feedName);
  await context.db.insert(operatorSet).values({
    setId,
    blob,
    since,
    quorum,
    operatorsVersion,
    operators: [...operators],
    feeds,
    ...origin(event),
  });
  for (const id of feeds) {
    const row = await context.db.find(feed, { id });
    if (row !== null) await saveSetParams(context, setId, id, row.params);
  }
});

ponder.on("PriceFeeds:FeedCreated", async ({ event, context }) => {
  const id = feedName(event.args.feedId);
  await context.db.insert(feed).values({
    id,
    feedId: event.args.feedId,
    status: "empty",
    answer: 0n,
    average: 0n,
    round: 0,
    updatedAt: 0,
    lastReportAt: 0,
    trippedUntil: 0,
    afterTrip: false,
    setId: null,
    signers: [],
    transaction: null,
    gasUsed: null,
    gasPerFeed: null,
    params: event.args.params,
    createdAtBlock: Number(event.block.number),
  });
  await context.db.insert(feedChange).values({
    id: logId(event),
    feed: id,
    kind: "created",
    params: event.args.params,
    logIndex: event.log.logIndex,
    ...origin(event),
  });
});

ponder.on("PriceFeeds:FeedChanged", async ({ event, context }) => {
  const id = feedName(event.args.feedId);
  await context.db.update(feed, { id }).set({ params: event.args.params });
  await context.db.insert(feedChange).values({
    id: logId(event),
    feed: id,
    kind: "changed",
    params: event.args.params,
    logIndex: event.log.logIndex,
    ...origin(event),
  });
});

ponder.on("PriceFeeds:FeedSuspended", async ({ event, context }) => {
  const id = feedName(event.args.feedId);
  const { slot, answer, average } = event.args;
  await context.db
    .update(feed, { id })
    .set((row) => ({ status: "suspended", afterTrip: row.afterTrip || row.status === "tripped" }));
  await context.db.insert(breakerEvent).values({
    id: logId(event),
    feed: id,
    kind: "suspended",
    slot,
    answer,
    average,
    logIndex: event.log.logIndex,
    ...origin(event),
  });
});

ponder.on("PriceFeeds:FeedResumed", async ({ event, context }) => {
  const id = feedName(event.args.feedId);
  const { slot, answer } = event.args;
  // The answer itself follows with the report, whose set decides about the average.
  await context.db.update(feed, { id }).set({ status: "live" });
  await context.db.insert(breakerEvent).values({
    id: logId(event),
    feed: id,
    kind: "resumed",
    slot,
    answer,
    logIndex: event.log.logIndex,
    ...origin(event),
  });
});

ponder.on("PriceFeeds:FeedTripped", async ({ event, context }) => {
  const id = feedName(event.args.feedId);
  const until = Number(event.args.until);
  await context.db
    .update(feed, { id })
    .set({ status: "tripped", trippedUntil: until, afterTrip: false });
  await context.db.insert(breakerEvent).values({
    id: logId(event),
    feed: id,
    kind: "tripped",
    until,
    logIndex: event.log.logIndex,
    ...origin(event),
  });
});

ponder.on("PriceFeeds:FeedReset", async ({ event, context }) => {
  const id = feedName(event.args.feedId);
  await context.db.update(feed, { id }).set({
    status: "empty",
    answer: 0n,
    average: 0n,
    updatedAt: 0,
    trippedUntil: 0,
    afterTrip: false,
  });
  await context.db.insert(breakerEvent).values({
    id: logId(event),
    feed: id,
    kind: "reset",
    logIndex: event.log.logIndex,
    ...origin(event),
  });
});

ponder.on("PriceFeeds:ReportAccepted", async ({ event, context }) => {
  const decoded = decodeReport(event.args.report);
  const { setId, slot, signerBits, observationRoot } = decoded;
  const set = await context.db.find(operatorSet, { setId });
  if (set === null) throw new Error(`report for set ${setId}, which was never activated`);

  const signers = signersOf(signerBits, set.operators);
  const gasUsed = Number(event.transactionReceipt.gasUsed);
  const gasPerFeed = Math.floor(gasUsed / decoded.entries.length);
  const from = origin(event);
  const id = logId(event);
  const entries: ReportRowEntry[] = [];

  for (const { feedIndex, values, answerE8 } of decoded.entries) {
    const name = set.feeds[feedIndex];
    const before = name === undefined ? null : await context.db.find(feed, { id: name });
    if (name === undefined || before === null) {
      throw new Error(`set ${setId} has no feed with index ${feedIndex}`);
    }
    const ofSet = await context.db.find(setParams, { setId, feed: name });
    const { after, published } = applyEntry(before, {
      answerE8,
      slot,
      blockTime: from.blockTime,
      params: ofSet?.params ?? before.params,
    });
    const { status, answer, average, updatedAt, lastReportAt, afterTrip } = after;
    const state = { status, answer, average, updatedAt, lastReportAt, afterTrip };
    if (published) {
      const { transaction } = from;
      await context.db
        .update(feed, { id: name })
        .set({ ...state, round: after.round, setId, signers, transaction, gasUsed, gasPerFeed });
      await context.db.insert(round).values({
        feed: name,
        round: after.round,
        answer: answerE8,
        slot,
        setId,
        signerBits,
        signers,
        values,
        report: id,
        gasUsed,
        gasPerFeed,
        ...from,
      });
    } else {
      await context.db.update(feed, { id: name }).set(state);
    }
    entries.push({ feed: name, values, answer: answerE8.toString(), published });
  }

  await context.db.insert(report).values({
    id,
    setId,
    slot,
    signerBits,
    signers,
    observationRoot,
    entries,
    sender: event.transaction.from,
    gasUsed,
    gasPriceWei: event.transactionReceipt.effectiveGasPrice,
    ...from,
  });
  await countReport(context, {
    operators: set.operators,
    signers,
    slot,
    blockTime: from.blockTime,
  });
});

/** Keeps what a feed's parameters are in a set; the last word on a set wins. */
async function saveSetParams(context: Context, setId: number, id: string, params: FeedParams) {
  await context.db
    .insert(setParams)
    .values({ setId, feed: id, params })
    .onConflictDoUpdate({ params });
}
