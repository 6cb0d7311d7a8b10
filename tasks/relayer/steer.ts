import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { cancel, pause, resume, wholeChain } from "../../keepers/relayer/control.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { accountNamed, withLedger } from "./ledger.ts";

const noReason = "asked for on the command line";

/** Cancels an intent by key or id. */
export async function cancelIntent(
  args: { intent: string; reason: string | undefined; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  await withLedger(hre, settings, async ({ db }) => {
    const done = await cancel(db.pool, args.intent, args.reason ?? noReason);
    if (done === undefined) throw new TaskError(`There is no intent "${args.intent}".`);
    const { intentId, key, was } = done;
    if (was !== "queued" && was !== "sent")
      throw new TaskError(`Intent ${key} is ${was} already: there is nothing to cancel.`);
    if (args.json) return printJson({ intent: intentId.toString(), key, was });
    print(
      was === "queued"
        ? `Intent ${key} is cancelled; it was never sent.`
        : `Intent ${key} was sent; its nonce is taken from it. Should its transaction be mined first, it is confirmed.`,
    );
  });
}

/** Stops the allocation of nonces. */
export async function pauseRelayer(
  args: { account: string | undefined; reason: string | undefined; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const account = args.account === undefined ? wholeChain : accountNamed(args.account);
  await withLedger(hre, settings, async ({ db, chainId }) => {
    const reason = args.reason ?? noReason;
    await pause(db.pool, chainId, account, reason);
    if (args.json) return printJson({ chainId, account, paused: true, reason });
    print(`${nameOf(account, chainId)} is paused. End it with: npx hardhat relayer resume`);
  });
}

/** Ends a pause. */
export async function resumeRelayer(
  args: { account: string | undefined; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const account = args.account === undefined ? wholeChain : accountNamed(args.account);
  await withLedger(hre, settings, async ({ db, chainId }) => {
    const was = await resume(db.pool, chainId, account);
    if (args.json) return printJson({ chainId, account, paused: false, was });
    print(`${nameOf(account, chainId)} ${was ? "works again" : "was not paused"}.`);
  });
}

function nameOf(account: string, chainId: number): string {
  return account === wholeChain ? `Chain ${chainId}` : `Account ${account}`;
}
