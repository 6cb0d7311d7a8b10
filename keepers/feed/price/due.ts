import { FeedStatus, isDormant } from "./breaker.ts";
import type { BreakerParams, FeedState } from "./breaker.ts";

/** Parameters that decide when a feed wants a report. */
export interface DueParams extends BreakerParams {
  readonly deviationBps: number;
}

/** Why a report is due. */
export type Due = "first" | "heartbeat" | "deviation" | "candidate";

/**
 * Says whether a feed wants a report at a slot.
 *
 * @param state State on chain, or as it will be once reports in flight have landed.
 * @param params Parameters of the feed.
 * @param priceE8 The price that a report would carry.
 * @param slot Slot of that report, unix seconds.
 * @returns The reason, or null when nothing is due. A dormant feed never is.
 */
export function dueReason(
  state: FeedState,
  params: DueParams,
  priceE8: bigint,
  slot: number,
): Due | null {
  const silence = slot - state.lastReportAt;
  if (silence <= 0 || isDormant(state, params, slot)) return null;
  if (state.status === FeedStatus.empty) return "first";
  if (silence >= params.heartbeat) return "heartbeat";
  if (state.status === FeedStatus.suspended) {
    // Often enough that the cool-down ends with one report more than it needs, should one be lost.
    const every = Math.max(1, Math.floor(params.cooldown / (params.minReports + 1)));
    return silence >= every ? "candidate" : null;
  }
  // While tripped nothing is published, however far the price goes: a heartbeat is enough.
  if (state.status === FeedStatus.tripped) return null;
  const distance = priceE8 > state.answer ? priceE8 - state.answer : state.answer - priceE8;
  return distance * 10_000n >= BigInt(params.deviationBps) * state.answer ? "deviation" : null;
}
