import { ponder } from "ponder:registry";
import { attestation, attestedPrice, operatorSet } from "ponder:schema";

import { feedName } from "./feedName.ts";
import { origin } from "./origin.ts";
import { signersOf } from "./report.ts";

ponder.on("PriceAttestations:ReportAttested", async ({ event, context }) => {
  const { chunks, complete, included, observationRoot, reportDigest, setId, signers, slot } =
    event.args;
  const set = await context.db.find(operatorSet, { setId });
  const operators = set?.operators ?? [];
  const latest = {
    complete,
    sender: event.transaction.from,
    gasUsed: Number(event.transactionReceipt.gasUsed),
    logIndex: event.log.logIndex,
    ...origin(event),
  };
  await context.db
    .insert(attestation)
    .values({
      ...{ reportDigest, setId, slot, observationRoot, chunks },
      signerBits: signers,
      signers: signersOf(signers, operators),
      includedBits: included,
      included: signersOf(included, operators),
      ...latest,
    })
    .onConflictDoUpdate((row) => ({ ...latest, chunks: row.chunks + chunks }));
});

ponder.on("PriceAttestations:PriceAttested", async ({ event, context }) => {
  const { answer, feedId, reportDigest, round, slot, values } = event.args;
  await context.db.insert(attestedPrice).values({
    feed: feedName(feedId),
    ...{ slot, answer, values, round, reportDigest },
    ...origin(event),
  });
});
