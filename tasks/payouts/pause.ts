import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { guardianPause } from "../guardian/act.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatMoment } from "../shared/format.ts";
import { openToRead } from "../shared/open.ts";
import { eventIn, sendCall, sentLines } from "../shared/send.ts";
import { sendingPayouts } from "./open.ts";

interface Args {
  from: string | undefined;
  json: boolean;
}

/** Stops claims, pushes and activations for 72 hours, as whoever holds the guardian's power. */
export async function pausePayouts(
  args: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const { contracts, deployment } = await openToRead(hre, settings);
  if (contracts.payoutDistributor === null) {
    throw new TaskError(`Deployment ${deployment.deploymentId} has no PayoutDistributor.`);
  }
  note(
    "This stops claims, pushes and activations for 72 hours; proposals, approvals and disputes go on. Two pauses may begin within 30 days.",
  );
  if (contracts.governance !== null) {
    return await guardianPause({ ...args, contract: "PayoutDistributor" }, hre, settings);
  }
  await sendingPayouts(hre, settings, args, async (payouts) => {
    const { account, address, connection, distributor, nowSeconds } = payouts;
    const { selector } = distributor.interface.getFunction("pause");
    const [isAllowed] = await payouts.contracts.accessManager.canCall(account, address, selector);
    if (!isAllowed) {
      throw new TaskError(
        `${account} is not the guardian, who alone may pause. Choose its account with --from; who it is: ` +
          `npx hardhat access show --network ${connection.networkName}`,
      );
    }
    const { receipt, sent } = await sendCall(payouts, {
      what: "PayoutDistributor.pause()",
      to: address,
      simulate: async () => await distributor.pause.staticCall(),
      send: async () => await distributor.pause(),
    });
    const until = Number(eventIn(distributor.interface, receipt, "Paused")?.["until"]);
    if (args.json) return printJson({ contract: "PayoutDistributor", pausedUntil: until, ...sent });
    print(
      `Payouts are paused until ${formatMoment(until, nowSeconds)}; only the admin ends that earlier.`,
    );
    sentLines(sent).forEach(print);
  });
}
