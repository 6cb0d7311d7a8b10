import { windowOf } from "./calendar.ts";
import { judgeEligibility } from "./eligibility.ts";
import { standardLeaves } from "../shared/merkle/leaves.ts";
import type { Exclusion, Finding, HoldingsSnapshot, Row, SnapshotBlock, Total } from "./model.ts";
import { compareRows, compareText } from "./model.ts";
import { findPatterns, type History } from "./patterns.ts";
import type { Program } from "./program.ts";
import { divide } from "./rules.ts";
import { buildTree, rootOf, type Tree } from "../shared/merkle/tree.ts";

const MAX_TOTAL = 2n ** 96n - 1n;

/** Everything that an epoch is computed from. */
export interface EpochInput {
  readonly program: Program;
  /** Lower case. */
  readonly distributor: string;
  readonly epoch: number;
  readonly snapshot: HoldingsSnapshot;
  /** Rows of the epoch before, ascending; empty for the first. */
  readonly previous: readonly Row[];
  /** The VRF's words for a raffle; null otherwise, or while they are not known. */
  readonly words: readonly bigint[] | null;
}

/** An epoch, computed. */
export interface EpochResult {
  readonly epoch: number;
  readonly snapshotBlock: SnapshotBlock;
  /** Ascending by account, then token; what was earned before is carried over. */
  readonly rows: readonly Row[];
  /** Ascending by token. */
  readonly totals: readonly Total[];
  /** Paid out of the pool: all of it, or nothing where nobody is eligible. */
  readonly distributed: bigint;
  /** Accounts that get something. */
  readonly recipients: number;
  readonly out: readonly Exclusion[];
  readonly findings: readonly Finding[];
  /** null when there has never been anything to pay. */
  readonly tree: Tree | null;
  readonly root: string | null;
}

/**
 * Computes an epoch. Pure: the order of the holdings does not matter, and every machine gets the same root.
 * @throws RangeError when the program does not pay in this epoch, an account stands twice, or a total passes 2^96
 * @throws WordsMissingError for a raffle without words
 */
export function computeEpoch(input: EpochInput): EpochResult {
  const { program, distributor, epoch, snapshot, previous, words } = input;
  const window = windowOf(program, epoch);
  if (window === null) throw new RangeError(`the program does not pay in epoch ${epoch}`);
  const holdings = [...snapshot.holdings].sort((a, b) => compareText(a.account, b.account));
  holdings.forEach(({ account }, i) => {
    if (account === holdings[i - 1]?.account) throw new RangeError(`${account} stands twice`);
  });
  const { eligible, out } = judgeEligibility(program, distributor, window.end, holdings);
  const amounts = divide(program.poolPerDay, program.rule, eligible, words);
  const awards = eligible.map((holding, i) => ({ holding, amount: amounts[i]! }));
  const earned = awards
    .filter(({ amount }) => amount > 0n)
    .map(({ holding: { account }, amount }) => ({ account, amount }));
  const notDrawn = awards
    .filter(({ amount }) => amount === 0n)
    .map(({ holding: { account } }) => ({
      account,
      reason: program.rule.kind === "raffle" ? "not drawn" : "its share is below one unit",
    }));
  const rows = addUp(previous, program.token, earned);
  const tree = rows.length === 0 ? null : buildTree(standardLeaves(rows));
  return {
    epoch,
    snapshotBlock: snapshot.block,
    rows,
    totals: totalsOf(rows),
    distributed: earned.reduce((sum, { amount }) => sum + amount, 0n),
    recipients: earned.length,
    out: [...out, ...notDrawn].sort((a, b) => compareText(a.account, b.account)),
    findings: findPatterns(program, window, awards, historyOf(previous, program.token)),
    tree,
    root: tree === null ? null : rootOf(tree),
  };
}

/** Sums of the rows, ascending by token; @throws RangeError when one passes what the contract counts */
export function totalsOf(rows: readonly Row[]): Total[] {
  const totals = new Map<string, bigint>();
  for (const { token, cumulative } of rows) {
    totals.set(token, (totals.get(token) ?? 0n) + cumulative);
  }
  return [...totals]
    .map(([token, amount]) => {
      if (amount > MAX_TOTAL) throw new RangeError(`the total of ${token} passes 2^96: ${amount}`);
      return { token, amount };
    })
    .sort((a, b) => compareText(a.token, b.token));
}

/** Merges two ascending lists in one pass. */
function addUp(
  previous: readonly Row[],
  token: string,
  earned: ReadonlyArray<{ readonly account: string; readonly amount: bigint }>,
): Row[] {
  const rows: Row[] = [];
  let next = 0;
  const take = (): void => {
    const { account, amount } = earned[next++]!;
    rows.push({ account, token, cumulative: amount, earned: amount });
  };
  for (const row of previous) {
    while (next < earned.length) {
      const order = compareRows({ account: earned[next]!.account, token }, row);
      if (order >= 0) break;
      take();
    }
    const { account, cumulative } = row;
    const isSame = row.token === token && earned[next]?.account === account;
    const amount = isSame ? earned[next++]!.amount : 0n;
    rows.push({ account, token: row.token, cumulative: cumulative + amount, earned: amount });
  }
  while (next < earned.length) take();
  return rows;
}

function historyOf(previous: readonly Row[], token: string): History {
  if (previous.length === 0) return null;
  return new Map(
    previous.filter((row) => row.token === token).map(({ account, earned }) => [account, earned]),
  );
}
