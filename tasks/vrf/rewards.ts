import { formatEther } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatTable } from "../shared/format.ts";
import { openToRead, openToSend } from "../shared/open.ts";
import type { Sent } from "../shared/send.ts";
import { sendCall, sentLines } from "../shared/send.ts";
import { readKeys } from "./keys.ts";
import { chooseKey, requireOperator } from "./operator.ts";
import type { Randomness } from "./open.ts";
import { randomnessOf } from "./open.ts";
import { readSubscriptions } from "./subscriptions.ts";
import { addressOf } from "./values.ts";

/** What a subscription owes to a key's operator, in wei. */
interface Owed {
  subId: bigint;
  keyHash: string;
  amount: bigint;
}

async function readOwed({ coordinator }: Randomness): Promise<Owed[]> {
  const subscriptions = await readSubscriptions(coordinator);
  const all = await Promise.all(
    subscriptions.map(async ({ id }) => {
      const { amount, keyHash } = await coordinator.owedBy(id);
      return { subId: id, keyHash, amount };
    }),
  );
  return all.filter(({ amount }) => amount > 0n);
}

/** Shows what each proving key has earned, or takes what one has. */
export async function rewards(
  args: {
    collect: boolean;
    key: string | undefined;
    to: string | undefined;
    from: string | undefined;
    json: boolean;
  },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  if (args.collect) return await collectRewards(args, hre, settings);
  const opened = await openToRead(hre, settings);
  const randomness = await randomnessOf(hre, opened);
  const [keys, owed] = await Promise.all([readKeys(randomness), readOwed(randomness)]);
  const views = keys.map(({ keyHash, operator, rewards: collected }) => {
    const mine = owed.filter((one) => one.keyHash === keyHash);
    const uncollected = mine.reduce((sum, { amount }) => sum + amount, 0n);
    return { keyHash, operator, collected, uncollected, total: collected + uncollected };
  });
  if (args.json) return printJson(views);
  if (views.length === 0) return print("No proving key is registered.");
  formatTable(
    [
      { title: "KEY HASH", align: "left" },
      { title: "OPERATOR", align: "left" },
      { title: "COLLECTED", align: "right" },
      { title: "OWED BY SUBSCRIPTIONS", align: "right" },
      { title: "TOTAL", align: "right" },
    ],
    views.map(({ collected, keyHash, operator, total, uncollected }) => [
      keyHash,
      operator,
      ...[collected, uncollected, total].map(formatEther),
    ]),
  ).forEach(print);
}

async function collectRewards(
  args: {
    key: string | undefined;
    to: string | undefined;
    from: string | undefined;
    json: boolean;
  },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToSend(hre, settings, args.from ?? null);
  const randomness = await randomnessOf(hre, opened);
  const { coordinate, coordinator } = randomness;
  const key = await chooseKey(randomness, args.key, opened.account);
  requireOperator(key, opened.account);
  const { keyHash } = key;
  const to = args.to === undefined ? opened.account : addressOf(args.to, "who is paid");
  const owed = (await readOwed(randomness)).filter((one) => one.keyHash === keyHash);
  if (owed.length === 0 && key.rewards === 0n)
    throw new TaskError(`Proving key ${keyHash} has earned nothing since the last withdrawal.`);
  const transactions: Sent[] = [];
  if (owed.length > 0) {
    const ids = owed.map(({ subId }) => subId);
    const collected = await sendCall(opened, {
      what: `VRFCoordinator.collect(${ids.length} ${ids.length === 1 ? "subscription" : "subscriptions"})`,
      to: coordinate.coordinator,
      simulate: async () => await coordinator.collect.staticCall(ids),
      send: async () => await coordinator.collect(ids),
    });
    transactions.push(collected.sent);
  }
  const { rewards: amount } = await coordinator.provingKey(keyHash);
  const withdrawn = await sendCall(opened, {
    what: `VRFCoordinator.withdrawRewards(${to})`,
    to: coordinate.coordinator,
    simulate: async () => await coordinator.withdrawRewards.staticCall(keyHash, to),
    send: async () => await coordinator.withdrawRewards(keyHash, to),
  });
  transactions.push(withdrawn.sent);
  if (args.json) return printJson({ keyHash, to, amount, transactions });
  print(`${formatEther(amount)} went to ${to}.`);
  transactions.flatMap(sentLines).forEach(print);
}
