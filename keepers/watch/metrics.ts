import { Counter, Gauge, type Registry } from "prom-client";

import type { Evidence } from "./model.ts";
import type { Vigil } from "./warnings.ts";

/** The watch keeper's own metrics. */
export interface WatchMetrics {
  collected(observations: number, reports: number): void;
  poll(outcome: "ok" | "failed" | "unsigned"): void;
  answering(operators: number, of: number): void;
  found(kind: Evidence["kind"]): void;
  settled(kind: Evidence["kind"], lost: boolean): void;
  open(count: number): void;
  vigil(vigil: Vigil): void;
  warnings(count: number): void;
}

/** Registers the watch keeper's metrics. */
export function createWatchMetrics(registry: Registry): WatchMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name: `dodona_watch_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: `dodona_watch_${name}`, help, labelNames, registers });
  const observations = counter("observations_total", "Verified observations that were new");
  const reports = counter("reports_total", "Verified reports that were new");
  const polls = counter("polls_total", "Answers of operators by outcome", "outcome");
  const answering = gauge("operators_answering", "Operators whose last answer was good");
  const watched = gauge("operators_watched", "Operators that are asked");
  const found = counter("evidence_total", "Evidence that was brought, by kind", "kind");
  const settled = counter(
    "evidence_settled_total",
    "Evidence by kind and outcome",
    "kind",
    "outcome",
  );
  const open = gauge("evidence_open", "Evidence that is not settled");
  const pause = gauge("pause_ends_seconds", "When a pause lapses, unix time; 0 without", "target");
  const trip = gauge("trip_ends_seconds", "When a trip lapses, unix time; 0 without", "feed");
  const term = gauge("guardian_term_ends_seconds", "When the guardian's term ends, unix time");
  const stake = gauge("stake_ratio", "Stake of an operator over the minimum", "account");
  const change = gauge(
    "set_change_seconds",
    "When operators or keys change, unix time; 0 if nothing waits",
  );
  const warnings = gauge("warnings", "Warnings that hold now");
  return {
    collected(newObservations, newReports) {
      observations.inc(newObservations);
      reports.inc(newReports);
    },
    poll: (outcome) => polls.inc({ outcome }),
    answering(count, of) {
      answering.set(count);
      watched.set(of);
    },
    found: (kind) => found.inc({ kind }),
    settled: (kind, lost) => settled.inc({ kind, outcome: lost ? "lost" : "slashed" }),
    open: (count) => open.set(count),
    vigil({ pauses, trips, termEnds, stakes, minimumStake, nextChangeAt }) {
      for (const { target, until } of pauses) pause.set({ target }, until);
      for (const { feed, until } of trips) trip.set({ feed }, until);
      if (termEnds !== null) term.set(termEnds);
      stake.reset();
      if (minimumStake !== null && minimumStake > 0n) {
        for (const { account, staked } of stakes) {
          stake.set({ account }, Number((staked * 10_000n) / minimumStake) / 10_000);
        }
      }
      change.set(nextChangeAt);
    },
    warnings: (count) => warnings.set(count),
  };
}
