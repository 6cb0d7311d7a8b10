import { ponder } from "ponder:registry";
import {
  activeOperators,
  endpointChange,
  keyChange,
  operator,
  type OperatorSeat,
} from "ponder:schema";

import { logId, origin } from "./origin.ts";

/** By the number that the contract gives it. */
const SEATS: readonly OperatorSeat[] = ["none", "governance", "stake"];

ponder.on("Operators:OperatorRegistered", async ({ event, context }) => {
  const { account, keys, endpoint } = event.args;
  await context.db.insert(operator).values({
    account,
    keyX: keys.x,
    keyY: keys.y,
    proofX: keys.proofX,
    proofY: keys.proofY,
    endpoint,
    active: false,
    index: null,
    seat: "none",
    joinsAt: 0,
    leavesAt: 0,
    keysChangeAt: 0,
    registeredAtBlock: Number(event.block.number),
    registeredAt: Number(event.block.timestamp),
    transaction: event.transaction.hash,
  });
});

ponder.on("Operators:EndpointChanged", async ({ event, context }) => {
  const { account, endpoint } = event.args;
  await context.db.update(operator, { account }).set({ endpoint });
  await context.db
    .insert(endpointChange)
    .values({ id: logId(event), account, endpoint, ...origin(event) });
});

ponder.on("Operators:ActiveOperatorsChanged", async ({ event, context }) => {
  const { version, accounts } = event.args;
  const previous = await context.db.find(activeOperators, { version: version - 1 });
  for (const account of previous?.accounts ?? []) {
    await context.db.update(operator, { account }).set({ active: false, index: null });
  }
  for (const [index, account] of accounts.entries()) {
    await context.db.update(operator, { account }).set({ active: true, index });
  }
  await context.db
    .insert(activeOperators)
    .values({ version, accounts: [...accounts], ...origin(event) });
});

ponder.on("Operators:SeatRequested", async ({ event, context }) => {
  const { account, dueAt } = event.args;
  await context.db.update(operator, { account }).set({ joinsAt: dueAt });
});

ponder.on("Operators:SeatRequestWithdrawn", async ({ event, context }) => {
  await context.db.update(operator, { account: event.args.account }).set({ joinsAt: 0 });
});

ponder.on("Operators:SeatDenied", async ({ event, context }) => {
  await context.db.update(operator, { account: event.args.account }).set({ joinsAt: 0 });
});

ponder.on("Operators:SeatTaken", async ({ event, context }) => {
  const { account } = event.args;
  const seat = SEATS[event.args.seat];
  if (seat === undefined) throw new Error(`a seat of unknown kind ${event.args.seat}`);
  await context.db.update(operator, { account }).set({ seat, joinsAt: 0 });
});

ponder.on("Operators:SeatLeft", async ({ event, context }) => {
  await context.db
    .update(operator, { account: event.args.account })
    .set({ seat: "none", leavesAt: 0 });
});

ponder.on("Operators:LeaveAnnounced", async ({ event, context }) => {
  const { account, dueAt } = event.args;
  await context.db.update(operator, { account }).set({ leavesAt: dueAt });
});

ponder.on("Operators:OperatorDismissed", async ({ event, context }) => {
  await context.db
    .update(operator, { account: event.args.account })
    .set({ leavesAt: Number(event.block.timestamp) });
});

ponder.on("Operators:KeysAnnounced", async ({ event, context }) => {
  const { account, dueAt, keys } = event.args;
  await context.db.update(operator, { account }).set({ keysChangeAt: dueAt });
  await context.db.insert(keyChange).values({
    id: logId(event),
    account,
    kind: "announced",
    keyX: keys.x,
    keyY: keys.y,
    proofX: keys.proofX,
    proofY: keys.proofY,
    dueAt,
    ...origin(event),
  });
});

ponder.on("Operators:KeysRotated", async ({ event, context }) => {
  const { account, keys } = event.args;
  const rotated = { keyX: keys.x, keyY: keys.y, proofX: keys.proofX, proofY: keys.proofY };
  await context.db.update(operator, { account }).set({ ...rotated, keysChangeAt: 0 });
  await context.db
    .insert(keyChange)
    .values({ id: logId(event), account, kind: "rotated", ...rotated, ...origin(event) });
});
