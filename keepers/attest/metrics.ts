import { Counter, Gauge, Histogram, type Registry } from "prom-client";

import type { Proofs } from "./prove.ts";

/** The attest keeper's own metrics. */
export interface AttestMetrics {
  /** Seconds since the slot of each feed's latest attested answer. */
  ages(ages: ReadonlyMap<string, number>): void;
  proved(proofs: Proofs): void;
  asked(): void;
  failed(part: "observations" | "proof" | "refused" | "other"): void;
  waiting(isWaiting: boolean): void;
}

const MS_PER_SECOND = 1_000;

/** Registers the attest keeper's metrics. */
export function createAttestMetrics(registry: Registry): AttestMetrics {
  const registers = [registry];
  const age = new Gauge({
    name: "dodona_attest_age_seconds",
    help: "Since the slot of a feed's latest attested answer",
    labelNames: ["feed"],
    registers,
  });
  const witness = new Histogram({
    name: "dodona_attest_witness_seconds",
    help: "Time to solve a circuit",
    buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
    registers,
  });
  const proof = new Histogram({
    name: "dodona_attest_proof_seconds",
    help: "Time of a proof, without its witness",
    buckets: [0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5],
    registers,
  });
  const memory = new Gauge({
    name: "dodona_attest_prover_memory_bytes",
    help: "Largest memory of the last prover, without its library's own process",
    registers,
  });
  const asked = new Counter({
    name: "dodona_attest_transactions_total",
    help: "Attestations that were handed to the relayer",
    registers,
  });
  const failures = new Counter({
    name: "dodona_attest_failures_total",
    help: "Reports that could not be attested, by what was missing",
    labelNames: ["part"],
    registers,
  });
  const waiting = new Gauge({
    name: "dodona_attest_waiting",
    help: "1 while a feed of this period is not attested",
    registers,
  });
  return {
    ages(ages) {
      for (const [feed, seconds] of ages) age.set({ feed }, seconds);
    },
    proved({ memoryBytes, proofs }) {
      for (const { proofMs, witnessMs } of proofs) {
        witness.observe(witnessMs / MS_PER_SECOND);
        proof.observe(proofMs / MS_PER_SECOND);
      }
      memory.set(memoryBytes);
    },
    asked: () => asked.inc(),
    failed: (part) => failures.inc({ part }),
    waiting: (isWaiting) => waiting.set(isWaiting ? 1 : 0),
  };
}
