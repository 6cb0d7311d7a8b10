import { ponder } from "ponder:registry";
import { activeOperators, endpointChange, operator } from "ponder:schema";

import { logId, origin } from "./origin.ts";

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
