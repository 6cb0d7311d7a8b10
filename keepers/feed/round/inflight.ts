import type { PendingReport } from "../decide.ts";
import type { FeedState } from "../price/breaker.ts";
import type { Multisignature } from "../signing/multisig.ts";
import type { Report } from "../signing/report.ts";

/** A complete report: anybody could submit it. */
export interface SignedReport {
  readonly report: Report;
  readonly bytes: Uint8Array;
  readonly signature: Multisignature;
}

/** Knowledge about reports that have been signed but are perhaps not on chain yet. */
export interface InFlight {
  /**
   * Takes a report whose signature has been verified.
   * @returns false if it was known.
   */
  add(signed: SignedReport, nowMs: number): boolean;
  /** Reports that may still land, as if they had: what they carry is not reported again. */
  pending(setId: number, states: readonly FeedState[], nowMs: number): PendingReport[];
  /** All reports of the last seconds, landed or not. */
  recent(setId: number, nowMs: number): PendingReport[];
  /**
   * Reports that should have landed by now and were not handed over here: whoever holds one can submit it, so that a
   * leader that keeps a finished report to itself silences nobody.
   */
  overdue(setId: number, states: readonly FeedState[], nowMs: number): SignedReport[];
  /** Notes that the relayer has the report. */
  handedOver(signed: SignedReport): void;
}

interface Entry extends SignedReport {
  readonly addedAtMs: number;
  handedOver: boolean;
}

const RECENT_MS = 15_000;
const MAX_REPORTS = 64;

/**
 * @param timeouts.reportTimeoutMs After this a report that has not landed is forgotten and its feeds are due again.
 * @param timeouts.handoverMs After this it is overdue; below `reportTimeoutMs`.
 */
export function createInFlight(timeouts: {
  readonly reportTimeoutMs: number;
  readonly handoverMs: number;
}): InFlight {
  let entries: Entry[] = [];

  const isUnlanded = ({ report }: Entry, states: readonly FeedState[]): boolean =>
    report.entries.some(
      ({ feedIndex }) => (states[feedIndex]?.lastReportAt ?? Infinity) < report.slot,
    );
  const flying = (setId: number, states: readonly FeedState[], nowMs: number): Entry[] =>
    entries.filter(
      (entry) =>
        entry.report.setId === setId &&
        nowMs - entry.addedAtMs < timeouts.reportTimeoutMs &&
        isUnlanded(entry, states),
    );

  return {
    add(signed, nowMs) {
      const keepMs = Math.max(RECENT_MS, timeouts.reportTimeoutMs);
      entries = entries
        .filter(({ addedAtMs }) => nowMs - addedAtMs < keepMs)
        .slice(1 - MAX_REPORTS);
      const { setId, slot } = signed.report;
      if (entries.some(({ report }) => report.setId === setId && report.slot === slot)) {
        return false;
      }
      entries.push({ ...signed, addedAtMs: nowMs, handedOver: false });
      return true;
    },

    pending: (setId, states, nowMs) =>
      flying(setId, states, nowMs).map(({ report: { slot, entries } }) => ({ slot, entries })),

    recent: (setId, nowMs) =>
      entries
        .filter(({ report, addedAtMs }) => report.setId === setId && nowMs - addedAtMs < RECENT_MS)
        .map(({ report: { slot, entries } }) => ({ slot, entries })),

    overdue: (setId, states, nowMs) =>
      flying(setId, states, nowMs).filter(
        ({ handedOver, addedAtMs }) => !handedOver && nowMs - addedAtMs >= timeouts.handoverMs,
      ),

    handedOver({ report }) {
      for (const entry of entries) {
        const { setId, slot } = entry.report;
        if (setId === report.setId && slot === report.slot) entry.handedOver = true;
      }
    },
  };
}
