import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { readRelayerState, wholeChain } from "../../keepers/relayer/control.ts";
import type { RelayerState } from "../../keepers/relayer/control.ts";
import { byWei } from "../../keepers/relayer/words.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { formatSeconds, formatTable } from "../shared/format.ts";
import { withLedger } from "./ledger.ts";

/** After so long without a word of it, an account has no relayer. */
const silentSeconds = 30;

/** Prints a chain's relayer accounts, queue, pauses and top-ups. */
export async function relayerStatus(
  { json }: { json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  await withLedger(hre, settings, async ({ db, chainId }) => {
    const state = await readRelayerState(db.pool, chainId);
    if (json) return printJson({ chainId, ...state });
    statusLines(chainId, state).forEach(print);
  });
}

function statusLines(chainId: number, state: RelayerState): string[] {
  const { accounts, backlog, failures, pauses, topUps } = state;
  if (accounts.length === 0) return [`No relayer has worked on chain ${chainId} yet.`];
  const lines = formatTable(
    [
      { title: "ACCOUNT", align: "left" },
      { title: "BALANCE", align: "right" },
      { title: "PENDING", align: "right" },
      { title: "NEXT NONCE", align: "right" },
      { title: "STATE", align: "left" },
    ],
    accounts.map((account) => [
      account.address + (account.isTreasury ? " (treasury)" : ""),
      byWei(account.balanceWei),
      account.pending.toString(),
      account.nextNonce.toString(),
      account.seenSeconds > silentSeconds
        ? `no relayer for ${formatSeconds(account.seenSeconds)}`
        : (account.heldReason ?? "works"),
    ]),
  );
  const queue = backlog.map(
    ({ count, lane, oldestSeconds, status }) =>
      `${lane}: ${count} ${status}, the oldest for ${formatSeconds(oldestSeconds)}`,
  );
  lines.push("", ...(queue.length === 0 ? ["Nothing waits."] : queue));
  for (const { account, pausedAt, reason } of pauses) {
    const what = account === wholeChain ? "The chain" : account;
    lines.push(`${what} is paused since ${pausedAt.toISOString()}: ${reason}`);
  }
  for (const { askedTodayWei, capWei } of topUps)
    lines.push(`Top-ups today: ${byWei(askedTodayWei)} of at most ${byWei(capWei)}`);
  for (const { ageSeconds, key, reason } of failures)
    lines.push(`Failed ${formatSeconds(ageSeconds)} ago: ${key}: ${reason}`);
  return lines;
}
