import { Counter, Gauge, Histogram, type Registry } from "prom-client";

import type { Decision } from "./decide.ts";
import type { Fulfilled, Spending } from "./figures.ts";
import type { Verdict } from "./judge.ts";

/** What happened to a job, for the counter. */
export type JobOutcome = Verdict["kind"];

/** The VRF keeper's own metrics. */
export interface VrfMetrics {
  waiting(waiting: Decision["waiting"]): void;
  blocked(reason: string | null): void;
  fulfilled(fulfilled: readonly Fulfilled[]): void;
  spending(spending: Spending): void;
  job(outcome: JobOutcome): void;
  proof(seconds: number): void;
  handedOver(fulfilments: number): void;
}

const WEI_PER_ETHER = 1e18;

/** Registers the VRF keeper's metrics. */
export function createVrfMetrics(registry: Registry): VrfMetrics {
  const registers = [registry];
  const pending = new Gauge({
    name: "dodona_vrf_pending",
    help: "Pending requests by what they wait for",
    labelNames: ["reason"],
    registers,
  });
  const held = new Gauge({
    name: "dodona_vrf_blocked",
    help: "1 while nothing may be decided, because the index is behind or does not answer",
    registers,
  });
  const latency = new Histogram({
    name: "dodona_vrf_fulfilment_seconds",
    help: "From a request's block to that of its fulfilment",
    buckets: [1, 2, 3, 5, 8, 12, 24, 36, 60, 120, 300, 600, 1_800],
    registers,
  });
  const callbacks = new Counter({
    name: "dodona_vrf_callbacks_total",
    help: "Fulfilments by whether the consumer's callback went through",
    labelNames: ["result"],
    registers,
  });
  const jobs = new Counter({
    name: "dodona_vrf_jobs_total",
    help: "Jobs by outcome",
    labelNames: ["outcome"],
    registers,
  });
  const proofs = new Histogram({
    name: "dodona_vrf_proof_seconds",
    help: "Time of a proof and its witnesses",
    buckets: [0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5],
    registers,
  });
  const transactions = new Histogram({
    name: "dodona_vrf_transaction_fulfilments",
    help: "Fulfilments of a transaction that was handed to the relayer",
    buckets: [1, 2, 5, 10, 20, 50],
    registers,
  });
  const cost = new Gauge({
    name: "dodona_vrf_cost_day_ether",
    help: "What transactions for randomness cost in the last 24 hours",
    registers,
  });
  const days = new Gauge({
    name: "dodona_vrf_balance_days",
    help: "Days that the relayer's accounts last at the cost of the last 24 hours; absent without cost",
    registers,
  });
  return {
    waiting(waiting) {
      for (const [reason, count] of Object.entries(waiting)) pending.set({ reason }, count);
    },
    blocked: (reason) => held.set(reason === null ? 0 : 1),
    fulfilled(fulfilled) {
      for (const { seconds, success } of fulfilled) {
        latency.observe(seconds);
        callbacks.inc({ result: success ? "ok" : "failed" });
      }
    },
    spending({ dayWei, balanceWei }) {
      cost.set(Number(dayWei) / WEI_PER_ETHER);
      if (dayWei === 0n) days.remove();
      else days.set(Number(balanceWei) / Number(dayWei));
    },
    job: (outcome) => jobs.inc({ outcome }),
    proof: (seconds) => proofs.observe(seconds),
    handedOver: (fulfilments) => transactions.observe(fulfilments),
  };
}
