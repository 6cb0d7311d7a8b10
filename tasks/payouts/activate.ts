import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatMoment } from "../shared/format.ts";
import { sendCall, sentLines } from "../shared/send.ts";
import { sendingPayouts } from "./open.ts";
import { activeEpoch, proposalsOf } from "./published.ts";

interface Args {
  from: string | undefined;
  json: boolean;
}

/** Makes the next epoch's proposal that is ready the active one. Anyone may; keepers do it by themselves. */
export async function activateEpoch(
  { from, json }: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  await sendingPayouts(hre, settings, { from }, async (payouts) => {
    const { address, distributor, nowSeconds } = payouts;
    const epoch = ((await activeEpoch(payouts))?.epoch ?? 0) + 1;
    const proposals = await proposalsOf(payouts, epoch);
    const ready = proposals.find(({ state }) => state === "ready");
    if (ready === undefined) {
      const waiting = proposals.findLast(({ state }) => state === "approved");
      if (waiting === undefined) {
        throw new TaskError(`Epoch ${epoch} has no approved proposal: npx hardhat payouts status`);
      }
      const { challengeEndsAt } = await distributor.proposal(waiting.id);
      const ends = formatMoment(Number(challengeEndsAt), nowSeconds);
      throw new TaskError(
        `Proposal ${waiting.id} can be activated when its challenge ends: ${ends}.`,
      );
    }
    const { sent } = await sendCall(payouts, {
      what: `PayoutDistributor.activate(${ready.id})`,
      to: address,
      simulate: async () => await distributor.activate.staticCall(ready.id),
      send: async () => await distributor.activate(ready.id),
    });
    if (json) return printJson({ epoch, proposal: ready.id, root: ready.root, ...sent });
    print(`Epoch ${epoch} is active: people are paid by root ${ready.root}.`);
    sentLines(sent).forEach(print);
  });
}
