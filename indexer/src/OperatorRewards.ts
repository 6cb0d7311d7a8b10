import { ponder } from "ponder:registry";
import { rewardClaim, rewardEpoch } from "ponder:schema";

import { origin } from "./origin.ts";

ponder.on("OperatorRewards:EpochWeightsPosted", async ({ event, context }) => {
  const { accounts, allocated, budget, claimableAt, epoch, weights } = event.args;
  await context.db.insert(rewardEpoch).values({
    epoch,
    budget,
    allocated,
    claimableAt,
    weights: accounts.map((account, i) => ({ account, weight: weights[i] ?? 0 })),
    dropped: false,
    paid: 0n,
    ...origin(event),
  });
});

ponder.on("OperatorRewards:EpochDropped", async ({ event, context }) => {
  await context.db.update(rewardEpoch, { epoch: event.args.epoch }).set({ dropped: true });
});

ponder.on("OperatorRewards:RewardClaimed", async ({ event, context }) => {
  const { account, amount, epoch } = event.args;
  await context.db.update(rewardEpoch, { epoch }).set(({ paid }) => ({ paid: paid + amount }));
  await context.db.insert(rewardClaim).values({ account, epoch, amount, ...origin(event) });
});
