/** What the parts of the keeper talk about. Addresses and hashes are lower-case hex. */

/** What an account held of a token, up to a block. */
export interface Holding {
  readonly account: string;
  /** At the snapshot block, in the token's smallest unit. */
  readonly balance: bigint;
  /** Sum over the window of balance × seconds. */
  readonly balanceSeconds: bigint;
  /** Time of the first transfer to it, unix seconds. */
  readonly firstHeldAt: number;
  /** Sender of that transfer; the zero address where it was minted. */
  readonly funder: string;
}

/** The block that an epoch is computed at. */
export interface SnapshotBlock {
  readonly number: number;
  readonly hash: string;
  /** Unix seconds. */
  readonly time: number;
}

/** Holdings and participants of an epoch. */
export interface HoldingsSnapshot {
  readonly block: SnapshotBlock;
  /** Participants with their holdings, each once; those without a balance may be missing. */
  readonly holdings: readonly Holding[];
}

/** One account's part of a published tree. */
export interface Row {
  readonly account: string;
  /** The zero address is the native coin. */
  readonly token: string;
  /** Everything ever earned, in the token's smallest unit; what the leaf says. */
  readonly cumulative: bigint;
  /** Part of it that this epoch added. */
  readonly earned: bigint;
}

/** Everything ever earned of a token. */
export interface Total {
  readonly token: string;
  readonly amount: bigint;
}

/** Why a person has to look before an epoch is proposed or approved. */
export interface Finding {
  readonly check:
    "suddenHolder" | "dustFarming" | "commonFunder" | "jump" | "nobodyEligible" | "recipientsJump";
  /** One sentence with the figures. */
  readonly reason: string;
  /** Accounts that it is about, ascending, at most 20. */
  readonly accounts: readonly string[];
}

/** An account that gets nothing. */
export interface Exclusion {
  readonly account: string;
  readonly reason: string;
}

export const ZERO_ADDRESS = `0x${"0".repeat(40)}`;

/** Orders accounts by their number, and rows by account, then token. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Order of the rows of a publication. */
export function compareRows(
  a: Pick<Row, "account" | "token">,
  b: Pick<Row, "account" | "token">,
): number {
  return compareText(a.account, b.account) || compareText(a.token, b.token);
}
