import { formatEther } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { revertOf } from "../../deploy/reverts.ts";
import type { IVRFCoordinator } from "../../types/ethers-contracts/interfaces/IVRFCoordinator.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { formatTable } from "../shared/format.ts";
import { openToRead } from "../shared/open.ts";
import { randomnessOf } from "./open.ts";

/** A subscription as the chain has it. */
export interface SubscriptionView {
  id: bigint;
  owner: string;
  /** Wei that no pending request reserves. */
  balance: bigint;
  pending: bigint;
  requests: bigint;
  consumers: string[];
}

/** Every subscription that was not cancelled. */
export async function readSubscriptions(coordinator: IVRFCoordinator): Promise<SubscriptionView[]> {
  const ids = await activeIds(coordinator);
  return await Promise.all(
    ids.map(async (id) => {
      const [[, balance, requests, owner, consumers], pending] = await Promise.all([
        coordinator.getSubscription(id),
        coordinator.pendingRequests(id),
      ]);
      return { id, owner, balance, pending, requests, consumers: [...consumers] };
    }),
  );
}

async function activeIds(coordinator: IVRFCoordinator): Promise<bigint[]> {
  try {
    return [...(await coordinator.getActiveSubscriptionIds(0, 0))];
  } catch (error) {
    // Without any subscription, the first index is beyond the last.
    if (revertOf(coordinator.interface, error)?.name === "IndexOutOfRange") return [];
    throw error;
  }
}

/** Prints every subscription. */
export async function listSubscriptions(
  { json }: { json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToRead(hre, settings);
  const { coordinator } = await randomnessOf(hre, opened);
  const subscriptions = await readSubscriptions(coordinator);
  if (json) return printJson(subscriptions);
  if (subscriptions.length === 0) {
    return print(
      "There is no subscription. On a local chain one is made by: npx hardhat vrf request",
    );
  }
  formatTable(
    [
      { title: "SUBSCRIPTION", align: "left" },
      { title: "OWNER", align: "left" },
      { title: "BALANCE", align: "right" },
      { title: "PENDING", align: "right" },
      { title: "REQUESTS", align: "right" },
      { title: "CONSUMERS", align: "left" },
    ],
    subscriptions.map(({ balance, consumers, id, owner, pending, requests }) => [
      id.toString(),
      owner,
      formatEther(balance),
      pending.toString(),
      requests.toString(),
      consumers.join(", "),
    ]),
  ).forEach(print);
}
