import { ponder } from "ponder:registry";
import { payoutSource, payoutTransfer } from "ponder:schema";

import { settings } from "../ponder.config.ts";

ponder.on("PayoutToken:setup", async ({ context }) => {
  const { payouts, startBlock: common } = settings.contracts;
  const startBlock = payouts?.startBlock ?? common;
  for (const token of payouts?.tokens ?? []) {
    await context.db.insert(payoutSource).values({ token, startBlock }).onConflictDoNothing();
  }
});

// Nothing but an insert: a token may have thousands of transfers in a block.
ponder.on("PayoutToken:Transfer", async ({ event, context }) => {
  const { from, to, value } = event.args;
  await context.db.insert(payoutTransfer).values({
    token: event.log.address,
    block: Number(event.block.number),
    logIndex: event.log.logIndex,
    blockTime: Number(event.block.timestamp),
    blockHash: event.block.hash,
    from,
    to,
    value,
  });
});
