import { ponder, type Context } from "ponder:registry";
import { guardianEvent } from "ponder:schema";

import { feedName } from "./feedName.ts";
import { logId, origin } from "./origin.ts";

type Row = typeof guardianEvent.$inferInsert;
type LogEvent = Parameters<typeof origin>[0];

ponder.on("Guardian:TripOrdered", async ({ event, context }) => {
  const { feedId, holder } = event.args;
  await record(context, event, { kind: "tripped", holder, feed: feedName(feedId) });
});

ponder.on("Guardian:PauseOrdered", async ({ event, context }) => {
  const { target, holder, until } = event.args;
  await record(context, event, { kind: "paused", holder, target, until: Number(until) });
});

ponder.on("Guardian:ProposalVetoed", async ({ event, context }) => {
  const { proposalId, holder } = event.args;
  await record(context, event, { kind: "vetoed", holder, proposal: proposalId });
});

ponder.on("Guardian:HolderAppointed", async ({ event, context }) => {
  const { holder, termEnds } = event.args;
  await record(context, event, { kind: "appointed", holder, until: Number(termEnds) });
});

ponder.on("Guardian:HolderDismissed", async ({ event, context }) => {
  await record(context, event, { kind: "dismissed", holder: event.args.holder });
});

ponder.on("Guardian:TermRenewed", async ({ event, context }) => {
  const { holder, termEnds } = event.args;
  await record(context, event, { kind: "renewed", holder, until: Number(termEnds) });
});

async function record(
  context: Context,
  event: LogEvent,
  what: Pick<Row, "kind" | "holder" | "feed" | "target" | "proposal" | "until">,
): Promise<void> {
  await context.db
    .insert(guardianEvent)
    .values({ id: logId(event), ...what, logIndex: event.log.logIndex, ...origin(event) });
}
