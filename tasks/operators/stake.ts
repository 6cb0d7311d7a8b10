import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { Acting } from "../gov/open.ts";
import { openActing } from "../gov/open.ts";
import { formatMoment } from "../shared/format.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { accountsOf, resolveAccount } from "../shared/open.ts";
import type { Sent } from "../shared/send.ts";
import { sendCall, sentLines, withCheckpoints } from "../shared/send.ts";
import { formatTokens, parseTokens } from "../shared/tokens.ts";

interface Args {
  amount: string;
  account: string | undefined;
  json: boolean;
}

/** Stakes an account's tokens, for itself or for another; lets the stake contract take exactly the amount. */
export async function stakeTokens(
  { account: given, amount: text, json, operator }: Args & { operator: string | undefined },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const amount = parseTokens(text, "The amount");
  const acting = await openActing(hre, settings, given);
  const { account, connection, governance } = acting;
  const { operatorStake, token } = governance;
  const owner =
    operator === undefined ? account : resolveAccount(operator, await accountsOf(connection));
  const spender = await operatorStake.getAddress();
  const balance = await token.balanceOf(account);
  if (balance < amount) {
    throw new TaskError(
      `${account} holds ${formatTokens(balance)}, less than ${formatTokens(amount)}.`,
    );
  }
  const transactions: Sent[] = [];
  if ((await token.allowance(account, spender)) < amount) {
    const approved = await sendCall(acting, {
      what: `DodonaToken.approve(OperatorStake, ${formatTokens(amount)})`,
      to: await token.getAddress(),
      simulate: async () => await token.approve.staticCall(spender, amount),
      send: async () => await token.approve(spender, amount),
    });
    transactions.push(approved.sent);
  }
  const { sent } = await sendCall(acting, {
    what: `OperatorStake.stakeFor(${owner}, ${formatTokens(amount)})`,
    to: spender,
    simulate: async () => await operatorStake.stakeFor.staticCall(owner, amount),
    send: async () =>
      await operatorStake.stakeFor(
        owner,
        amount,
        await withCheckpoints(operatorStake.stakeFor.estimateGas(owner, amount)),
      ),
  });
  transactions.push(sent);
  await report(acting, owner, json, transactions);
}

/** Begins to unbond stake, or pays out what is unbonded. */
export async function unstakeTokens(
  { account: given, amount: text, json }: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const acting = await openActing(hre, settings, given);
  const { operatorStake } = acting.governance;
  const to = await operatorStake.getAddress();
  if (text === "withdraw") {
    const { sent } = await sendCall(acting, {
      what: "OperatorStake.withdraw()",
      to,
      simulate: async () => await operatorStake.withdraw.staticCall(),
      send: async () =>
        await operatorStake.withdraw(await withCheckpoints(operatorStake.withdraw.estimateGas())),
    });
    return await report(acting, acting.account, json, [sent]);
  }
  const amount =
    text === "all" ? await operatorStake.stakeOf(acting.account) : parseTokens(text, "The amount");
  const { sent } = await sendCall(acting, {
    what: `OperatorStake.announceUnstake(${formatTokens(amount)})`,
    to,
    simulate: async () => await operatorStake.announceUnstake.staticCall(amount),
    send: async () => await operatorStake.announceUnstake(amount),
  });
  await report(acting, acting.account, json, [sent]);
}

async function report(
  { connection, governance, nowSeconds }: Acting,
  account: string,
  json: boolean,
  transactions: readonly Sent[],
): Promise<void> {
  const { operatorStake } = governance;
  const [staked, [unbonding, releaseAt], minimum] = await Promise.all([
    operatorStake.stakeOf(account),
    operatorStake.unbondingOf(account),
    operatorStake.minimumStake(),
  ]);
  const free = unbonding === 0n ? null : Number(releaseAt);
  if (json)
    return printJson({ account, staked, unbonding, releaseAt: free, minimum, transactions });
  print(
    `${account} has ${formatTokens(staked)} staked; a seat by stake needs ${formatTokens(minimum)}.`,
  );
  if (free !== null) {
    print(
      `${formatTokens(unbonding)} unbond and are free at ${formatMoment(free, nowSeconds)}. Then:`,
    );
    print(
      `npx hardhat operators unstake withdraw --account ${account} --network ${connection.networkName}`,
    );
  }
  transactions.flatMap(sentLines).forEach(print);
}
