import type { EpochResult } from "../../keepers/payout/compute.ts";
import type { Exclusion, Row } from "../../keepers/payout/model.ts";
import { TaskError } from "../shared/error.ts";

/** How the recipients of two epochs differ. */
export interface Changes {
  /** Accounts that the epoch before paid. */
  readonly before: number;
  readonly now: number;
  readonly arrived: number;
  readonly gone: number;
  /** Largest changes of what an account gets, in the token's smallest unit. */
  readonly largest: readonly { readonly account: string; readonly change: bigint }[];
}

const LARGEST = 5;

/** Compares what two epochs pay in a token. Pure. */
export function changesOf(previous: readonly Row[], rows: readonly Row[], token: string): Changes {
  const paidIn = (list: readonly Row[]): Map<string, bigint> =>
    new Map(
      list
        .filter((row) => row.token === token && row.earned > 0n)
        .map(({ account, earned }) => [account, earned]),
    );
  const [before, now] = [paidIn(previous), paidIn(rows)];
  const accounts = new Set([...before.keys(), ...now.keys()]);
  const size = (amount: bigint): bigint => (amount < 0n ? -amount : amount);
  const changes = [...accounts]
    .map((account) => ({
      account,
      change: (now.get(account) ?? 0n) - (before.get(account) ?? 0n),
    }))
    .filter(({ change }) => change !== 0n)
    .sort((a, b) =>
      size(a.change) > size(b.change) ? -1 : size(a.change) < size(b.change) ? 1 : 0,
    );
  return {
    ...{ before: before.size, now: now.size },
    arrived: [...now.keys()].filter((account) => !before.has(account)).length,
    gone: [...before.keys()].filter((account) => !now.has(account)).length,
    largest: changes.slice(0, LARGEST),
  };
}

/** Recipients by what the epoch pays them, the most first; 0 for all of them. Pure. */
export function topOf({ rows }: Pick<EpochResult, "rows">, count: number): Row[] {
  const paid = rows
    .filter(({ earned }) => earned > 0n)
    .sort((a, b) => (a.earned > b.earned ? -1 : a.earned < b.earned ? 1 : 0));
  return count === 0 ? paid : paid.slice(0, count);
}

/** Accounts that are out, by the reason without its figures, the most frequent first. Pure. */
export function groupReasons(
  out: readonly Exclusion[],
): { readonly reason: string; readonly count: number; readonly example: Exclusion }[] {
  const groups = new Map<string, Exclusion[]>();
  for (const entry of out) {
    // An exclusion's own words may hold figures that belong to it.
    const isNamed = entry.reason.startsWith("excluded: ");
    const reason = isNamed
      ? entry.reason
      : entry.reason.replace(/^(holds) .*, (less than)/, "$1 $2");
    groups.set(reason, [...(groups.get(reason) ?? []), entry]);
  }
  return [...groups]
    .map(([reason, list]) => ({ reason, count: list.length, example: list[0]! }))
    .sort((a, b) => b.count - a.count);
}

/** Where one account stands in an epoch. */
export interface Standing {
  readonly account: string;
  /** In the token's smallest unit. */
  readonly amount: bigint;
  readonly reason: string | null;
  readonly words: string;
}

/** Says what an epoch pays an account, or why it is out. @throws {TaskError} for what is no address */
export function standingOf(
  given: string,
  { out, rows }: Pick<EpochResult, "out" | "rows">,
): Standing {
  if (!/^0x[0-9a-fA-F]{40}$/.test(given)) throw new TaskError(`"${given}" is not an address.`);
  const account = given.toLowerCase();
  const amount = rows
    .filter((row) => row.account === account)
    .reduce((sum, { earned }) => sum + earned, 0n);
  const reason = out.find((entry) => entry.account === account)?.reason ?? null;
  const why =
    reason ?? "it is not a participant: no transfer of the participants' token went to it";
  const words = amount > 0n ? `${account} is paid.` : `${account} is out: ${why}.`;
  return { account, amount, reason: amount > 0n ? null : why, words };
}
