import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { readEvents } from "../../deploy/logs.ts";
import type { Acting, Governed } from "../gov/open.ts";
import { openActing, openGoverned } from "../gov/open.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatMoment, formatTable } from "../shared/format.ts";
import { accountsOf, resolveAccount } from "../shared/open.ts";
import type { Sent } from "../shared/send.ts";
import { sendCall, sentLines } from "../shared/send.ts";
import { formatTokens } from "../shared/tokens.ts";

/** What an epoch owes to an operator. */
interface Owed {
  epoch: number;
  account: string;
  amount: bigint;
  /** End of the challenge, unix seconds. */
  claimableAt: number;
}

interface Args {
  claim: boolean;
  operator: string | undefined;
  account: string | undefined;
  json: boolean;
}

/** Each takes two storage slots to be cleared and an event. */
const EPOCHS_PER_CALL = 100;

/** Shows what operators have earned and not been paid, or pays one of them. */
export async function operatorRewards(
  args: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  if (args.claim) return await claim(await openActing(hre, settings, args.account), args);
  const governed = await openGoverned(hre, settings);
  const { governance, nowSeconds } = governed;
  const contract = governance.operatorRewards;
  const [all, available, epochBudget] = await Promise.all([
    readOwed(governed),
    contract.available(),
    contract.epochBudget(),
  ]);
  const only =
    args.operator === undefined
      ? null
      : resolveAccount(args.operator, await accountsOf(governed.connection));
  const owed = all.filter(({ account }) => only === null || account === only);
  const operators = [...Map.groupBy(owed, ({ account }) => account)].map(([account, rewards]) => ({
    account,
    claimable: sum(rewards.filter(({ claimableAt }) => claimableAt <= nowSeconds)),
    challenged: sum(rewards.filter(({ claimableAt }) => claimableAt > nowSeconds)),
    rewards: rewards.map(({ amount, claimableAt, epoch }) => ({ epoch, amount, claimableAt })),
  }));
  if (args.json) return printJson({ operators, available, epochBudget });
  if (operators.length === 0) print("Nothing is owed.");
  else {
    formatTable(
      [
        { title: "ACCOUNT", align: "left" },
        { title: "CLAIMABLE", align: "right" },
        { title: "OPEN TO CHALLENGE", align: "right" },
        { title: "EPOCHS", align: "right" },
      ],
      operators.map(({ account, challenged, claimable, rewards }) => [
        account,
        formatTokens(claimable),
        formatTokens(challenged),
        String(rewards.length),
      ]),
    ).forEach(print);
  }
  note(
    `An epoch pays at most ${formatTokens(epochBudget)}; ${formatTokens(available)} are there for epochs to come.`,
  );
  if (available === 0n) note("The treasury funds them: npx hardhat gov propose --send …");
}

async function claim(acting: Acting, { json, operator }: Args): Promise<void> {
  const { account: sender, connection, governance, nowSeconds } = acting;
  const contract = governance.operatorRewards;
  const account =
    operator === undefined ? sender : resolveAccount(operator, await accountsOf(connection));
  const owed = (await readOwed(acting)).filter((one) => one.account === account);
  const due = owed.filter(({ claimableAt }) => claimableAt <= nowSeconds);
  if (due.length === 0) {
    const next = owed.map(({ claimableAt }) => claimableAt).sort((a, b) => a - b)[0];
    throw new TaskError(
      next === undefined
        ? `${account} is owed nothing.`
        : `${account} is owed ${formatTokens(sum(owed))}, the first of it from ${formatMoment(next, nowSeconds)} on.`,
    );
  }
  const transactions: Sent[] = [];
  for (let from = 0; from < due.length; from += EPOCHS_PER_CALL) {
    const epochs = due.slice(from, from + EPOCHS_PER_CALL).map(({ epoch }) => epoch);
    const { sent } = await sendCall(acting, {
      what: `OperatorRewards.claimMany(${epochs.length} ${epochs.length === 1 ? "epoch" : "epochs"}, ${account})`,
      to: await contract.getAddress(),
      simulate: async () => await contract.claimMany.staticCall(epochs, account),
      send: async () => await contract.claimMany(epochs, account),
    });
    transactions.push(sent);
  }
  const [amount, epochs] = [sum(due), due.map(({ epoch }) => epoch)];
  if (json) return printJson({ account, amount, epochs, transactions });
  print(`${formatTokens(amount)} went to ${account}.`);
  transactions.flatMap(sentLines).forEach(print);
}

/** What every posted epoch still owes, by the contract's own events and its rule: shares of the budget, rounded down. */
async function readOwed({ connection, fromBlock, governance }: Governed): Promise<Owed[]> {
  const contract = governance.operatorRewards;
  const events = await readEvents(connection.ethers.provider, contract.interface, {
    address: await contract.getAddress(),
    fromBlock,
  });
  const owed = new Map<string, Owed>();
  for (const { event } of events) {
    const { accounts, budget, claimableAt, epoch, weights, account } = event.args.toObject() as {
      [name: string]: bigint;
    } & { accounts: readonly string[]; weights: readonly bigint[]; account: string };
    if (event.name === "EpochWeightsPosted") {
      const total = weights.reduce((whole, weight) => whole + weight, 0n);
      accounts.forEach((one, index) => {
        const amount = ((budget ?? 0n) * (weights[index] ?? 0n)) / total;
        if (amount === 0n) return;
        const fields = { epoch: Number(epoch), claimableAt: Number(claimableAt) };
        owed.set(`${epoch}:${one}`, { ...fields, account: one, amount });
      });
    } else if (event.name === "RewardClaimed") owed.delete(`${epoch}:${account}`);
    else if (event.name === "EpochDropped") {
      for (const key of owed.keys()) if (key.startsWith(`${epoch}:`)) owed.delete(key);
    }
  }
  return [...owed.values()].sort((a, b) => a.epoch - b.epoch);
}

function sum(rewards: readonly { amount: bigint }[]): bigint {
  return rewards.reduce((whole, { amount }) => whole + amount, 0n);
}
