import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { accountsOf, resolveAccount } from "../shared/open.ts";
import { sendCall, sentLines, withCheckpoints } from "../shared/send.ts";
import { formatTokens } from "../shared/tokens.ts";
import { openActing } from "./open.ts";

/** Gives the account's voting power to someone, or to itself: tokens vote only once they are delegated. */
export async function delegate(
  args: { to: string; from: string | undefined; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const acting = await openActing(hre, settings, args.from);
  const { account, connection, governance } = acting;
  const { token } = governance;
  const to = args.to === "self" ? account : resolveAccount(args.to, await accountsOf(connection));
  const [balance, present] = await Promise.all([
    token.balanceOf(account),
    token.delegates(account),
  ]);
  if (present === to) throw new TaskError(`${account} delegates to ${to} already.`);
  const { sent } = await sendCall(acting, {
    what: `DodonaToken.delegate(${to})`,
    to: await token.getAddress(),
    simulate: async () => await token.delegate.staticCall(to),
    send: async () =>
      await token.delegate(to, await withCheckpoints(token.delegate.estimateGas(to))),
  });
  const votes = await token.getVotes(to);
  if (args.json)
    return printJson({ account, delegate: to, balance, votesOfDelegate: votes, ...sent });
  print(
    `${account} lends its ${formatTokens(balance)} of votes to ${to === account ? "itself" : to}, who now has ${formatTokens(votes)}.`,
  );
  print("It counts in proposals whose voting starts later.");
  sentLines(sent).forEach(print);
}
