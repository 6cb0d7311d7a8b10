import type { PayoutState } from "../../schema/payouts.ts";

/** State of a proposal at a time, as `IPayoutDistributor.State` names it. */
export type PayoutStateNow = PayoutState | "ready" | "expired";

/** What time makes of a proposal. */
export interface ProposalTimes {
  readonly state: PayoutState;
  /** Of the proposal, unix seconds. */
  readonly blockTime: number;
  readonly challengeEndsAt: number | null;
}

/**
 * State at a time, equal to what the contract answers in a block of this time.
 *
 * @param lifetimeSeconds The distributor's setting; null while it is not known.
 * @param time Unix seconds.
 */
export function stateAt(
  { state, blockTime, challengeEndsAt }: ProposalTimes,
  lifetimeSeconds: number | null,
  time: number,
): PayoutStateNow {
  if (state !== "proposed" && state !== "approved") return state;
  if (lifetimeSeconds !== null && time >= blockTime + lifetimeSeconds) return "expired";
  return challengeEndsAt !== null && time >= challengeEndsAt ? "ready" : state;
}

/**
 * Days that deposits last if each epoch, which is a day, adds as much as the latest did.
 *
 * @param free Deposits that no root lays claim to.
 * @param added What the latest epoch added to the total.
 * @returns Rounded down to thousandths; null where it added nothing.
 */
export function fundingDays(free: bigint, added: bigint): number | null {
  return added <= 0n ? null : Number((free * 1_000n) / added) / 1_000;
}
