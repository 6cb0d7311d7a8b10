import { ponder, type Context } from "ponder:registry";
import { vrfKey, vrfRefund, vrfRequest, vrfSkip, vrfSubscription } from "ponder:schema";

import { logId, origin } from "./origin.ts";
import { unpackTerms } from "./vrfTerms.ts";

// Balances, bonds and rewards are kept by differences: a callback may fund its own subscription or request again, and
// then its events stand before that of the fulfilment, whose accounts the contract has settled already.

ponder.on("VRFCoordinator:ProvingKeyRegistered", async ({ event, context }) => {
  const { keyHash, operator, x, y, maxGasPrice, premium, bondShare } = event.args;
  const terms = { active: true, maxGasPrice, premium, bondShare };
  await context.db
    .insert(vrfKey)
    .values({
      keyHash,
      operator,
      x,
      y,
      ...terms,
      rewards: 0n,
      bond: 0n,
      withdrawing: 0n,
      withdrawableFrom: 0,
      registeredAtBlock: Number(event.block.number),
      transaction: event.transaction.hash,
    })
    // A key that was deregistered may come back, and keeps what it has.
    .onConflictDoUpdate(terms);
});

ponder.on("VRFCoordinator:ProvingKeyTermsChanged", async ({ event, context }) => {
  const { keyHash, maxGasPrice, premium, bondShare } = event.args;
  await context.db.update(vrfKey, { keyHash }).set({ maxGasPrice, premium, bondShare });
});

ponder.on("VRFCoordinator:ProvingKeyDeregistered", async ({ event, context }) => {
  await context.db.update(vrfKey, { keyHash: event.args.keyHash }).set({ active: false });
});

ponder.on("VRFCoordinator:BondDeposited", async ({ event, context }) => {
  const { keyHash, amount } = event.args;
  await context.db.update(vrfKey, { keyHash }).set(({ bond }) => ({ bond: bond + amount }));
});

ponder.on("VRFCoordinator:BondWithdrawalAnnounced", async ({ event, context }) => {
  const { keyHash, amount, withdrawableFrom } = event.args;
  await context.db
    .update(vrfKey, { keyHash })
    .set({ withdrawing: amount, withdrawableFrom: Number(withdrawableFrom) });
});

ponder.on("VRFCoordinator:BondWithdrawn", async ({ event, context }) => {
  const { keyHash, amount } = event.args;
  await context.db
    .update(vrfKey, { keyHash })
    .set(({ bond }) => ({ bond: bond - amount, withdrawing: 0n, withdrawableFrom: 0 }));
});

ponder.on("VRFCoordinator:RewardsCollected", async ({ event, context }) => {
  const { keyHash, subId, amount } = event.args;
  await context.db
    .update(vrfKey, { keyHash })
    .set(({ rewards }) => ({ rewards: rewards + amount }));
  await context.db
    .update(vrfSubscription, { id: subId })
    .set(({ owed }) => ({ owed: owed - amount }));
});

ponder.on("VRFCoordinator:RewardsWithdrawn", async ({ event, context }) => {
  const { keyHash, amount } = event.args;
  await context.db
    .update(vrfKey, { keyHash })
    .set(({ rewards }) => ({ rewards: rewards - amount }));
});

ponder.on("VRFCoordinator:SubscriptionCreated", async ({ event, context }) => {
  const { subId, owner } = event.args;
  await context.db.insert(vrfSubscription).values({
    id: subId,
    owner,
    pendingOwner: null,
    balance: 0n,
    owed: 0n,
    consumers: [],
    pending: 0,
    requests: 0,
    cancelled: false,
    createdAtBlock: Number(event.block.number),
  });
});

ponder.on("VRFCoordinator:SubscriptionFundedWithNative", async ({ event, context }) => {
  const { subId, oldNativeBalance, newNativeBalance } = event.args;
  await addBalance(context, subId, newNativeBalance - oldNativeBalance);
});

ponder.on("VRFCoordinator:SubscriptionConsumerAdded", async ({ event, context }) => {
  const { subId, consumer } = event.args;
  await context.db
    .update(vrfSubscription, { id: subId })
    .set(({ consumers }) => ({ consumers: [...without(consumers, consumer), consumer] }));
});

ponder.on("VRFCoordinator:SubscriptionConsumerRemoved", async ({ event, context }) => {
  const { subId, consumer } = event.args;
  await context.db
    .update(vrfSubscription, { id: subId })
    .set(({ consumers }) => ({ consumers: without(consumers, consumer) }));
});

ponder.on("VRFCoordinator:SubscriptionOwnerTransferRequested", async ({ event, context }) => {
  const { subId, to } = event.args;
  const pendingOwner = BigInt(to) === 0n ? null : to;
  await context.db.update(vrfSubscription, { id: subId }).set({ pendingOwner });
});

ponder.on("VRFCoordinator:SubscriptionOwnerTransferred", async ({ event, context }) => {
  const { subId, to } = event.args;
  await context.db.update(vrfSubscription, { id: subId }).set({ owner: to, pendingOwner: null });
});

ponder.on("VRFCoordinator:SubscriptionCanceled", async ({ event, context }) => {
  await context.db
    .update(vrfSubscription, { id: event.args.subId })
    .set({ balance: 0n, consumers: [], pendingOwner: null, cancelled: true });
});

ponder.on("VRFCoordinator:RandomWordsRequested", async ({ event, context }) => {
  const { requestId, keyHash, subId, sender, preSeed, extraArgs, numWords, callbackGasLimit } =
    event.args;
  const { reserve, premium, bondShare } = unpackTerms(preSeed);
  await context.db.insert(vrfRequest).values({
    id: requestId,
    keyHash,
    subId,
    sender,
    callbackGasLimit,
    numWords,
    confirmations: event.args.minimumRequestConfirmations,
    terms: preSeed,
    reserve,
    premium,
    bondShare,
    extraArgs,
    status: "pending",
    blockHash: event.block.hash,
    logIndex: event.log.logIndex,
    ...origin(event),
  });
  await context.db.update(vrfSubscription, { id: subId }).set((row) => ({
    balance: row.balance - reserve,
    pending: row.pending + 1,
    requests: row.requests + 1,
  }));
});

ponder.on("VRFCoordinator:RandomWordsFulfilled", async ({ event, context }) => {
  const { requestId, outputSeed, payment, success } = event.args;
  const { subId, reserve } = await end(context, requestId, event, {
    status: "fulfilled",
    success,
    payment,
    outputSeed,
    gasUsed: Number(event.transactionReceipt.gasUsed),
  });
  await settle(context, subId, reserve - payment, payment);
});

ponder.on("VRFCoordinator:RequestRefunded", async ({ event, context }) => {
  const { requestId, subId, reserve, bond } = event.args;
  const { keyHash } = await end(context, requestId, event, { status: "refunded" });
  await context.db.insert(vrfRefund).values({ requestId, subId, reserve, bond, ...origin(event) });
  await settle(context, subId, reserve + bond, 0n);
  await context.db.update(vrfKey, { keyHash }).set((row) => ({ bond: row.bond - bond }));
});

ponder.on("VRFCoordinator:FulfillmentSkipped", async ({ event, context }) => {
  const { requestId, reason } = event.args;
  await context.db
    .insert(vrfSkip)
    .values({ id: logId(event), requestId, reason, ...origin(event) });
});

/** Writes down how a request ended, and returns its row. */
async function end(
  context: Context,
  id: bigint,
  event: Parameters<typeof origin>[0],
  ending: Partial<typeof vrfRequest.$inferInsert>,
) {
  const { block, blockTime, transaction } = origin(event);
  return await context.db.update(vrfRequest, { id }).set({
    ...ending,
    endBlock: block,
    endTime: blockTime,
    endTransaction: transaction,
  });
}

/** Gives back what a request had reserved and did not cost, and books what it did. */
async function settle(context: Context, id: bigint, back: bigint, cost: bigint): Promise<void> {
  await context.db.update(vrfSubscription, { id }).set(({ balance, owed, pending }) => ({
    balance: balance + back,
    owed: owed + cost,
    pending: pending - 1,
  }));
}

async function addBalance(context: Context, id: bigint, amount: bigint): Promise<void> {
  await context.db
    .update(vrfSubscription, { id })
    .set(({ balance }) => ({ balance: balance + amount }));
}

function without<Account extends string>(list: readonly Account[], account: string): Account[] {
  return list.filter((one) => one.toLowerCase() !== account.toLowerCase());
}
