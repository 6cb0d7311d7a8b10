import type { ContractTransactionResponse, Signer } from "ethers";
import { formatEther, ZeroAddress } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { IVRFCoordinator } from "../../types/ethers-contracts/interfaces/IVRFCoordinator.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { openToSend, type Opened } from "../shared/open.ts";
import { sendCall, sentLines } from "../shared/send.ts";
import { randomnessOf } from "./open.ts";
import { subscriptionOf } from "./subscription.ts";
import type { SubscriptionView } from "./subscriptions.ts";
import { addressOf, subscriptionIdOf } from "./values.ts";

interface Args {
  id: string;
  from: string | undefined;
  json: boolean;
}

type Sender = Opened & { signer: Signer; account: string };

/** A call on a subscription, and what it makes of it. */
interface Change {
  what: string;
  simulate: () => Promise<unknown>;
  send: () => Promise<ContractTransactionResponse>;
  /** One sentence. */
  done: string;
  /** More fields of the JSON. */
  fields: Record<string, unknown>;
}

/** Lets a contract request from a subscription. */
export async function addConsumer(
  args: Args & { consumer: string },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const consumer = addressOf(args.consumer, "a consumer");
  await change(args, hre, settings, async ({ account, connection }, coordinator, subscription) => {
    requireOwner(subscription, account);
    const { consumers, id } = subscription;
    if (consumers.includes(consumer))
      throw new TaskError(`${consumer} is a consumer of subscription ${id} already.`);
    if ((await connection.ethers.provider.getCode(consumer)) === "0x")
      throw new TaskError(`${consumer} is no contract: nothing there could take the words.`);
    return {
      what: `VRFCoordinator.addConsumer(${consumer})`,
      simulate: async () => await coordinator.addConsumer.staticCall(id, consumer),
      send: async () => await coordinator.addConsumer(id, consumer),
      done: `${consumer} may request from subscription ${id}.`,
      fields: { consumer },
    };
  });
}

/** Stops a contract from requesting from a subscription. */
export async function removeConsumer(
  args: Args & { consumer: string },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const consumer = addressOf(args.consumer, "a consumer");
  await change(args, hre, settings, ({ account }, coordinator, subscription) => {
    requireOwner(subscription, account);
    const { consumers, id } = subscription;
    if (!consumers.includes(consumer)) {
      const known = consumers.join(", ") || "none";
      throw new TaskError(`${consumer} is no consumer of subscription ${id}. Consumers: ${known}.`);
    }
    requireNothingPending(subscription);
    return {
      what: `VRFCoordinator.removeConsumer(${consumer})`,
      simulate: async () => await coordinator.removeConsumer.staticCall(id, consumer),
      send: async () => await coordinator.removeConsumer(id, consumer),
      done: `${consumer} may not request from subscription ${id} any more.`,
      fields: { consumer },
    };
  });
}

/** Ends a subscription and pays its balance out. */
export async function cancelSubscription(
  args: Args & { to: string | undefined },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  await change(args, hre, settings, ({ account }, coordinator, subscription) => {
    requireOwner(subscription, account);
    requireNothingPending(subscription);
    const to = args.to === undefined ? account : addressOf(args.to, "who is paid");
    const { balance, id } = subscription;
    return {
      what: `VRFCoordinator.cancelSubscription(${to})`,
      simulate: async () => await coordinator.cancelSubscription.staticCall(id, to),
      send: async () => await coordinator.cancelSubscription(id, to),
      done: `Subscription ${id} is over; ${formatEther(balance)} went to ${to}.`,
      fields: { to, paid: balance },
    };
  });
}

/** Offers a subscription to another account, which has to accept it. */
export async function transferSubscription(
  args: Args & { account: string },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const to = addressOf(args.account, "an account");
  await change(args, hre, settings, ({ account }, coordinator, subscription) => {
    requireOwner(subscription, account);
    const { id } = subscription;
    return {
      what: `VRFCoordinator.requestSubscriptionOwnerTransfer(${to})`,
      simulate: async () => await coordinator.requestSubscriptionOwnerTransfer.staticCall(id, to),
      send: async () => await coordinator.requestSubscriptionOwnerTransfer(id, to),
      done:
        to === ZeroAddress
          ? `The offer of subscription ${id} is withdrawn.`
          : `Subscription ${id} is offered to ${to}, who takes it with: npx hardhat vrf subscription accept ${id}`,
      fields: { offeredTo: to },
    };
  });
}

/** Takes a subscription that was offered to the sending account. */
export async function acceptSubscription(
  args: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  await change(args, hre, settings, ({ account }, coordinator, { id, owner }) => {
    if (owner === account) throw new TaskError(`Subscription ${id} belongs to ${account} already.`);
    return {
      what: "VRFCoordinator.acceptSubscriptionOwnerTransfer()",
      simulate: async () => await coordinator.acceptSubscriptionOwnerTransfer.staticCall(id),
      send: async () => await coordinator.acceptSubscriptionOwnerTransfer(id),
      done: `Subscription ${id} belongs to ${account}.`,
      fields: { owner: account },
    };
  });
}

async function change(
  { from, id: given, json }: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
  plan: (
    opened: Sender,
    coordinator: IVRFCoordinator,
    subscription: SubscriptionView,
  ) => Change | Promise<Change>,
): Promise<void> {
  const id = subscriptionIdOf(given);
  const opened = await openToSend(hre, settings, from ?? null);
  const randomness = await randomnessOf(hre, opened);
  const { coordinate, coordinator } = randomness;
  const planned = await plan(opened, coordinator, await subscriptionOf(randomness, id));
  const { done, fields, ...call } = planned;
  const { sent } = await sendCall(opened, { ...call, to: coordinate.coordinator });
  if (json) return printJson({ id, ...fields, ...sent });
  print(done);
  sentLines(sent).forEach(print);
}

function requireOwner({ id, owner }: SubscriptionView, account: string): void {
  if (owner === account) return;
  throw new TaskError(
    `Subscription ${id} belongs to ${owner}, not to ${account}. Choose the account with --from.`,
  );
}

function requireNothingPending({ id, pending }: SubscriptionView): void {
  if (pending === 0n) return;
  throw new TaskError(
    `Subscription ${id} has ${pending} ${pending === 1n ? "request" : "requests"} pending: wait until they are answered or refunded.`,
  );
}
