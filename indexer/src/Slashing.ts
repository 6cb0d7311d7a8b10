import { ponder } from "ponder:registry";
import { offence } from "ponder:schema";

import { logId, origin } from "./origin.ts";

ponder.on("Slashing:EquivocationSlashed", async ({ event, context }) => {
  const { account, amount, reporter, setId, slot } = event.args;
  await context.db.insert(offence).values({
    id: logId(event),
    account,
    kind: "equivocation",
    slot,
    setId,
    amount,
    reporter,
    ...origin(event),
  });
});

ponder.on("Slashing:WrongMediansSlashed", async ({ event, context }) => {
  const { account, amount, reportDigest, reporter } = event.args;
  await context.db.insert(offence).values({
    id: logId(event),
    account,
    kind: "wrongMedians",
    report: reportDigest,
    amount,
    reporter,
    ...origin(event),
  });
});
