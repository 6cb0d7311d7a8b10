import { styleText } from "node:util";

import Table from "cli-table3";
import { formatEther, ZeroAddress } from "ethers";

import type { ApiPayouts, ApiProposal, KeeperStatus } from "./payouts.ts";

/** What the table shows. */
export interface PayoutView {
  readonly payouts: ApiPayouts;
  /** Of the epochs shown and of the next one. */
  readonly proposals: readonly ApiProposal[];
  readonly keepers: readonly KeeperStatus[];
  /** Names of tokens by address, lower case. */
  readonly names: ReadonlyMap<string, string>;
}

type Color = Parameters<typeof styleText>[0];

const stateColors: Readonly<Record<string, Color>> = {
  ...{ activated: "green", disputed: "red", expired: "red", void: "red" },
};

/** A token amount with 18 decimals, rounded down to two. */
export function formatAmount(value: bigint): string {
  const [whole = "0", fraction = ""] = formatEther(value).split(".");
  const cents = fraction.slice(0, 2).padEnd(2, "0");
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ",")}.${cents}`;
}

/**
 * The table of payouts: a line for each proposal of the newest epochs, one for each token, and what keepers wait for.
 * @param color False for a terminal that shows no colours.
 */
export function renderPayouts(view: PayoutView, color: boolean): string {
  const paint = (style: Color, text: string) =>
    color ? styleText(style, text, { validateStream: false }) : text;
  const head = (titles: readonly string[]) => titles.map((title) => paint("bold", title));
  const style = { head: [], border: [], compact: true };
  const { keepers, names, payouts, proposals } = view;
  const nameOf = (token: string): string =>
    token === ZeroAddress ? "native coin" : (names.get(token.toLowerCase()) ?? token);

  const epochs = new Table({
    head: head(["epoch", "state", "approvals", "pays"]),
    colAligns: ["right", "left", "right", "right"],
    style,
  });
  const added = new Map(payouts.epochs.map(({ proposal, totals }) => [proposal, totals]));
  const threshold = payouts.approvers?.threshold ?? 0;
  for (const { approvedBy, epoch, id, state } of proposals) {
    const pays = (added.get(id) ?? []).map(
      (total) => `${formatAmount(total.added)} ${nameOf(total.token)}`,
    );
    epochs.push([
      String(epoch),
      paint(stateColors[state] ?? "yellow", state),
      `${approvedBy.length} of ${threshold}`,
      pays.join(", ") || "-",
    ]);
  }
  const tokens = new Table({
    head: head(["token", "paid", "owed", "free", "days of funding"]),
    colAligns: ["left", "right", "right", "right", "right"],
    style,
  });
  for (const { free, fundingDays, owed, paid, token } of payouts.tokens) {
    const days = fundingDays === null ? "-" : fundingDays.toFixed(1);
    tokens.push([nameOf(token), ...[paid, owed, free].map(formatAmount), days]);
  }
  return [
    proposals.length === 0 ? "No epoch was proposed yet." : epochs.toString(),
    tokens.toString(),
    ...keeperLines(keepers).map((line) => paint("dim", line)),
  ].join("\n");
}

/** What keepers wait for, once for all that say the same. */
function keeperLines(keepers: readonly KeeperStatus[]): string[] {
  const waiting = keepers.filter((keeper) => keeper.waiting !== null);
  if (waiting.length === 0) return ["  Keepers: nothing is due"];
  const byReason = Map.groupBy(waiting, (keeper) => keeper.waiting);
  return [...byReason].map(
    ([reason, those]) =>
      `  ${those.map(({ name }) => name.replace("payout-", "")).join(", ")}: ${reason}`,
  );
}
