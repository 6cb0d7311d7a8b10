import { setImmediate } from "node:timers/promises";

import { digestOf, type Domain } from "../shared/observation.ts";
import { decodeReport } from "../shared/report.ts";
import type { OperatorSet, ReportBundle, SignedObservation } from "./model.ts";
import { isSigned, rootOf } from "./observation.ts";
import { followsFrom, isMultisigned, reportDigest } from "./report.ts";

/** A verified observation with the digest that was signed. */
export interface JudgedObservation extends SignedObservation {
  readonly digest: bigint;
}

/** A verified report, and whether it follows from the observations under its root. */
export interface JudgedReport {
  readonly bundle: ReportBundle;
  readonly digest: string;
  readonly setId: number;
  readonly slot: number;
  readonly wrong: boolean;
}

/** What is left of an operator's answer after everything was verified. */
export interface Judged {
  readonly observations: readonly JudgedObservation[];
  readonly reports: readonly JudgedReport[];
  /** Things that nobody signed: who shows them is broken, or wants to keep others busy. */
  readonly unsigned: number;
}

/** Verifies what operators show. */
export interface Judge {
  /** Leaves out what was shown before, by whomever. */
  judge(shown: {
    readonly observations: readonly SignedObservation[];
    readonly reports: readonly ReportBundle[];
  }): Promise<Judged>;
  /** Forgets what was remembered of an answer, since it could not be stored. */
  forget(judged: Judged): void;
}

/** Operators show the last ten minutes, each what all have signed. */
const REMEMBERED = 100_000;
/** An honest operator shows nothing that is not signed. */
const MAX_UNSIGNED = 3;

/**
 * @param setOf Describes a set, null for one that never was active.
 */
export function createJudge(
  domain: Domain,
  setOf: (setId: number) => Promise<OperatorSet | null>,
): Judge {
  const seen = new Set<string>();

  function remember(name: string): void {
    seen.add(name);
    const [oldest] = seen;
    if (seen.size > REMEMBERED && oldest !== undefined) seen.delete(oldest);
  }

  async function judgeObservation(one: SignedObservation): Promise<JudgedObservation | null> {
    const set = await setOf(one.setId);
    const operator = set?.operators[one.operator];
    if (set === null || operator === undefined) return null;
    // Gives way to other work: each takes about a millisecond.
    await setImmediate();
    if (!isSigned(one, operator, set.feeds, domain)) return null;
    return { ...one, digest: digestOf(one, domain) };
  }

  async function judgeReport(bundle: ReportBundle): Promise<JudgedReport | null> {
    const report = decodeReport(bundle.report);
    if (report === null) return null;
    const set = await setOf(report.setId);
    if (set === null) return null;
    await setImmediate();
    const digest = reportDigest(bundle.report, domain);
    const { setId, slot } = report;
    // The digest contains set, slot and prices, but not how many of these there are.
    const fits = bundle.observations.every(
      (one) => one.setId === setId && one.slot === slot && one.pricesE8.length === set.feeds,
    );
    if (!fits || rootOf(bundle.observations, domain) !== report.root) return null;
    if (!isMultisigned(report, digest, bundle.signature, set)) return null;
    const wrong = !followsFrom(report, bundle.observations);
    return { bundle, digest, setId, slot, wrong };
  }

  /** Takes what is new through `check`, until too much of it was not signed. */
  async function take<T, R>(
    list: readonly T[],
    nameOf: (one: T) => string,
    check: (one: T) => Promise<R | null>,
    state: { unsigned: number; readonly noted: string[] },
  ): Promise<R[]> {
    const taken: R[] = [];
    for (const one of list) {
      if (state.unsigned >= MAX_UNSIGNED) break;
      const name = nameOf(one);
      if (seen.has(name)) continue;
      // Noted first: meanwhile another operator's answer shows the same.
      remember(name);
      state.noted.push(name);
      const good = await check(one);
      if (good !== null) {
        taken.push(good);
        continue;
      }
      seen.delete(name);
      state.unsigned++;
    }
    return taken;
  }

  return {
    async judge(shown) {
      const state = { unsigned: 0, noted: [] };
      try {
        const observations = await take(
          shown.observations,
          nameOfObservation,
          judgeObservation,
          state,
        );
        // Who was not a signer shows a report without its observations.
        const whole = shown.reports.filter((bundle) => bundle.observations.length > 0);
        const reports = await take(whole, ({ report }) => report, judgeReport, state);
        return { observations, reports, unsigned: state.unsigned };
      } catch (error) {
        // The chain could not be read: nothing of this answer was judged to its end.
        for (const name of state.noted) seen.delete(name);
        throw error;
      }
    },
    forget({ observations, reports }) {
      for (const one of observations) seen.delete(nameOfObservation(one));
      for (const { bundle } of reports) seen.delete(bundle.report);
    },
  };
}

function nameOfObservation({
  setId,
  slot,
  operator,
  pricesE8,
  signature,
}: SignedObservation): string {
  return `${setId}:${slot}:${operator}:${pricesE8.join(",")}:${signature}`;
}
