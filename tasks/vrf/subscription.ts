import { formatEther } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatFields } from "../shared/format.ts";
import { openToRead, openToSend } from "../shared/open.ts";
import { eventIn, sendCall, sentLines } from "../shared/send.ts";
import type { Randomness } from "./open.ts";
import { randomnessOf } from "./open.ts";
import type { SubscriptionView } from "./subscriptions.ts";
import { readSubscriptions } from "./subscriptions.ts";
import { etherOf, subscriptionIdOf } from "./values.ts";

/**
 * A subscription as the chain has it.
 *
 * @throws {TaskError} when there is none; it names those that exist.
 */
export async function subscriptionOf(
  { coordinator }: Randomness,
  id: bigint,
): Promise<SubscriptionView> {
  const all = await readSubscriptions(coordinator);
  const found = all.find((one) => one.id === id);
  if (found !== undefined) return found;
  const ids = all.map((one) => one.id).join(", ");
  throw new TaskError(`There is no subscription ${id}. Subscriptions: ${ids || "none"}.`);
}

/** Prints a subscription. */
export async function showSubscription(
  { id: given, json }: { id: string; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const id = subscriptionIdOf(given);
  const opened = await openToRead(hre, settings);
  const subscription = await subscriptionOf(await randomnessOf(hre, opened), id);
  if (json) return printJson(subscription);
  const { balance, consumers, owner, pending, requests } = subscription;
  formatFields([
    ["Subscription", id.toString()],
    ["Owner", owner],
    ["Balance", `${formatEther(balance)} free for requests`],
    ["Pending", pending.toString()],
    ["Requests", requests.toString()],
    ["Consumers", consumers.join(", ") || "none: npx hardhat vrf subscription add-consumer"],
  ]).forEach(print);
}

/** Creates a subscription of the sending account. */
export async function createSubscription(
  { from, fund, json }: { from: string | undefined; fund: string | undefined; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const value = fund === undefined ? null : etherOf(fund, "--fund");
  const opened = await openToSend(hre, settings, from ?? null);
  const { coordinate, coordinator } = await randomnessOf(hre, opened);
  const created = await sendCall(opened, {
    what: "VRFCoordinator.createSubscription()",
    to: coordinate.coordinator,
    simulate: async () => await coordinator.createSubscription.staticCall(),
    send: async () => await coordinator.createSubscription(),
  });
  const id = eventIn(coordinator.interface, created.receipt, "SubscriptionCreated")?.["subId"];
  if (typeof id !== "bigint") throw new TaskError(`${created.sent.transaction} created nothing.`);
  const transactions = [created.sent];
  if (value !== null) {
    const funded = await sendCall(opened, {
      what: `VRFCoordinator.fundSubscriptionWithNative(${formatEther(value)})`,
      to: coordinate.coordinator,
      simulate: async () => await coordinator.fundSubscriptionWithNative.staticCall(id, { value }),
      send: async () => await coordinator.fundSubscriptionWithNative(id, { value }),
    });
    transactions.push(funded.sent);
  }
  if (json) return printJson({ id, owner: opened.account, balance: value ?? 0n, transactions });
  print(`Subscription ${id} belongs to ${opened.account} and holds ${formatEther(value ?? 0n)}.`);
  print(`  Let a contract request: npx hardhat vrf subscription add-consumer ${id} CONSUMER`);
  if (value === null) print(`  Fund it: npx hardhat vrf fund ${id} --ether 1`);
  transactions.flatMap(sentLines).forEach(print);
}

/** Adds native coin to a subscription; anyone may. */
export async function fundSubscription(
  args: { id: string; ether: string | undefined; from: string | undefined; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const value = etherOf(args.ether, "--ether");
  const id = subscriptionIdOf(args.id);
  const opened = await openToSend(hre, settings, args.from ?? null);
  const randomness = await randomnessOf(hre, opened);
  const { coordinate, coordinator } = randomness;
  await subscriptionOf(randomness, id);
  const { sent } = await sendCall(opened, {
    what: `VRFCoordinator.fundSubscriptionWithNative(${formatEther(value)})`,
    to: coordinate.coordinator,
    simulate: async () => await coordinator.fundSubscriptionWithNative.staticCall(id, { value }),
    send: async () => await coordinator.fundSubscriptionWithNative(id, { value }),
  });
  const { balance } = await subscriptionOf(randomness, id);
  if (args.json) return printJson({ id, funded: value, balance, ...sent });
  print(`Subscription ${id} holds ${formatEther(balance)} now.`);
  sentLines(sent).forEach(print);
}
