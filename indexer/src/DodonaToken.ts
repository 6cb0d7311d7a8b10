import { ponder, type Context } from "ponder:registry";
import { delegation, tokenSupply, voter, votingPower } from "ponder:schema";

import { logId, origin } from "./origin.ts";

const ZERO = "0x0000000000000000000000000000000000000000";

ponder.on("DodonaToken:Transfer", async ({ event, context }) => {
  const { from, to, value } = event.args;
  if (from !== ZERO) await addBalance(context, from, -value);
  if (to !== ZERO) await addBalance(context, to, value);
  const minted = (from === ZERO ? value : 0n) - (to === ZERO ? value : 0n);
  if (minted !== 0n) await addSupply(context, Number(event.block.timestamp), minted);
});

ponder.on("DodonaToken:DelegateChanged", async ({ event, context }) => {
  const { delegator, fromDelegate, toDelegate } = event.args;
  await context.db
    .insert(voter)
    .values({ account: delegator, balance: 0n, delegate: toDelegate, votes: 0n })
    .onConflictDoUpdate({ delegate: toDelegate });
  await context.db.insert(delegation).values({
    id: logId(event),
    delegator,
    from: fromDelegate,
    to: toDelegate,
    logIndex: event.log.logIndex,
    ...origin(event),
  });
});

ponder.on("DodonaToken:DelegateVotesChanged", async ({ event, context }) => {
  const { delegate, newVotes } = event.args;
  const { block, blockTime, transaction } = origin(event);
  await context.db
    .insert(voter)
    .values({ account: delegate, balance: 0n, delegate: null, votes: newVotes })
    .onConflictDoUpdate({ votes: newVotes });
  // Of several changes within a second the last one stands, as in the token's own checkpoints.
  await context.db
    .insert(votingPower)
    .values({ account: delegate, since: blockTime, votes: newVotes, block, transaction })
    .onConflictDoUpdate({ votes: newVotes, block, transaction });
});

async function addBalance(context: Context, account: `0x${string}`, amount: bigint): Promise<void> {
  await context.db
    .insert(voter)
    .values({ account, balance: amount, delegate: null, votes: 0n })
    .onConflictDoUpdate(({ balance }) => ({ balance: balance + amount }));
}

async function addSupply(context: Context, since: number, amount: bigint): Promise<void> {
  const [latest] = await context.db.sql.query.tokenSupply.findMany({
    orderBy: (table, { desc }) => desc(table.since),
    limit: 1,
  });
  const supply = (latest?.supply ?? 0n) + amount;
  await context.db.insert(tokenSupply).values({ since, supply }).onConflictDoUpdate({ supply });
}
