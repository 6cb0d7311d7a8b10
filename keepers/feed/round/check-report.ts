import type { FeedRules, PendingReport } from "../decide.ts";
import { mayBeDue } from "../decide.ts";
import type { FeedState } from "../price/breaker.ts";
import type { Observation } from "../signing/observation.ts";
import { observationRoot } from "../signing/observation.ts";
import type { Report, ReportDomain } from "../signing/report.ts";
import { signerIndexes } from "../signing/report.ts";
import { distanceAtMost, lowerMedian, pricesOf } from "./median.ts";

/** A slot further from the own clock than this is not worked on. */
export const SLOT_TOLERANCE_SECONDS = 5;

/** Why a signer refuses a report. */
export type ReportRefusal =
  | "wrong set"
  | "wrong slot"
  | "wrong signers"
  | "wrong observations"
  | "unknown feed"
  | "wrong count"
  | "wrong median"
  | "wrong root"
  | "no own price"
  | "out of tolerance"
  | "not due";

/** A signer's own view, against which it judges a report. */
export interface CosignView {
  readonly setId: number;
  readonly since: number;
  readonly operators: number;
  readonly quorum: number;
  readonly self: number;
  readonly rules: readonly FeedRules[];
  /** As the chain has them. */
  readonly states: readonly FeedState[];
  /** Reports of the last seconds, landed or not: who has not seen one land carries its feeds along. */
  readonly recent: readonly PendingReport[];
  /** The signer's own observation of the slot. */
  readonly own: Observation;
  readonly domain: ReportDomain;
}

/**
 * Whether a signer signs a report: it must follow from the observations alone, be close to the signer's own prices of
 * the slot, and be for feeds that need one. The observations' signatures must have been checked.
 * @param slot Slot that the session is for.
 * @param nowSeconds The signer's clock, unix seconds.
 */
export function checkReport(
  report: Report,
  observations: readonly Observation[],
  view: CosignView,
  slot: number,
  nowSeconds: number,
):
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: ReportRefusal; readonly detail: string } {
  const refuse = (reason: ReportRefusal, detail: string) =>
    ({ ok: false, reason, detail }) as const;
  const { setId, operators, quorum, self, own } = view;
  if (report.setId !== setId || own.setId !== setId) {
    return refuse("wrong set", `report of set ${report.setId}, active is ${setId}`);
  }
  const isNear = Math.abs(slot - nowSeconds) <= SLOT_TOLERANCE_SECONDS;
  if (report.slot !== slot || own.slot !== slot || slot < view.since || !isNear) {
    return refuse(
      "wrong slot",
      `report of slot ${report.slot}, asked for ${slot} at ${nowSeconds}`,
    );
  }
  const signers = signerIndexes(report.signers);
  const leader = slot % operators;
  const known = signers.every((index) => index < operators);
  if (!known || signers.length !== quorum || !signers.includes(self) || !signers.includes(leader)) {
    return refuse("wrong signers", `signers ${signers.join(",")} with leader ${leader}`);
  }
  const fault = observationsFault(observations, view, slot);
  if (fault !== null) return refuse("wrong observations", fault);
  let anyDue = false;
  for (const { feedIndex, count, answerE8 } of report.entries) {
    const rules = view.rules[feedIndex];
    const state = view.states[feedIndex];
    if (rules === undefined || state === undefined) {
      return refuse("unknown feed", `feed index ${feedIndex}`);
    }
    const values = pricesOf(observations, feedIndex);
    if (count !== values.length || count < quorum) {
      return refuse("wrong count", `feed ${feedIndex}: ${count} of ${values.length} values`);
    }
    const median = lowerMedian(values);
    if (answerE8 !== median) {
      return refuse("wrong median", `feed ${feedIndex}: ${answerE8}, recomputed ${median}`);
    }
    const priced = observations.filter(({ pricesE8 }) => (pricesE8[feedIndex] ?? 0n) > 0n);
    const able = new Set(priced.map(({ operator }) => operator));
    const priceless = signers.find((signer) => !able.has(signer));
    if (priceless !== undefined) {
      return refuse("wrong signers", `signer ${priceless} has no price for feed ${feedIndex}`);
    }
    const ownPrice = own.pricesE8[feedIndex] ?? 0n;
    if (ownPrice === 0n) return refuse("no own price", `feed ${feedIndex}`);
    if (!distanceAtMost(answerE8, ownPrice, rules.cosignToleranceBps)) {
      return refuse("out of tolerance", `feed ${feedIndex}: ${answerE8}, own price ${ownPrice}`);
    }
    const isDue = mayBeDue(state, rules, ownPrice, slot);
    anyDue ||= isDue;
    if (!isDue && (slot <= state.lastReportAt || !wasReported(view.recent, feedIndex, slot))) {
      return refuse("not due", `feed ${feedIndex}: last report ${state.lastReportAt}`);
    }
  }
  if (!anyDue) return refuse("not due", "every feed of it was reported just now");
  if (observationRoot(observations, view.domain) !== report.observationRoot) {
    return refuse("wrong root", "root does not cover the observations");
  }
  return { ok: true };
}

function observationsFault(
  observations: readonly Observation[],
  { setId, operators, rules, self, own }: CosignView,
  slot: number,
): string | null {
  const seen = new Set<number>();
  for (const { operator, setId: ofSet, slot: ofSlot, pricesE8 } of observations) {
    if (operator >= operators || seen.has(operator)) return `operator ${operator} twice or unknown`;
    if (ofSet !== setId || ofSlot !== slot) return `operator ${operator}: other set or slot`;
    if (pricesE8.length !== rules.length) return `operator ${operator}: ${pricesE8.length} prices`;
    seen.add(operator);
  }
  const mine = observations.find(({ operator }) => operator === self);
  const isMine = mine?.pricesE8.every((price, feedIndex) => price === own.pricesE8[feedIndex]);
  return isMine === true ? null : "own observation is missing or changed";
}

function wasReported(recent: readonly PendingReport[], feedIndex: number, slot: number): boolean {
  return recent.some(
    (report) => report.slot < slot && report.entries.some((entry) => entry.feedIndex === feedIndex),
  );
}
