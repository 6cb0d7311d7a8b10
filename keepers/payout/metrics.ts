import { Counter, Gauge, type Registry } from "prom-client";

import type { StepState } from "./decide.ts";
import type { Funding } from "./distributor.ts";

/** Units of a token in a whole one, for people's eyes only. */
const UNIT = 1e18;

/** What the keeper tells Prometheus. */
export interface PayoutMetrics {
  /** @param activatedAt unix seconds; 0 before the first epoch */
  looked(due: number, activatedAt: number, isHeld: boolean, isWaiting: boolean): void;
  sourceLag(blocks: number): void;
  funding(funding: Funding, poolPerDay: bigint): void;
  step(step: StepState["step"]): void;
}

/** Creates the keeper's metrics. */
export function createPayoutMetrics(registry: Registry): PayoutMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `dodona_payout_${name}`, help, registers });
  const due = gauge("epochs_due", "Epochs that have ended and are not active");
  const last = gauge("last_activation_seconds", "Unix time of the last activation");
  const held = gauge("held", "1 while an epoch is held for a person");
  const waiting = gauge("waiting", "1 while something is due and waited for");
  const lag = gauge(
    "source_lag_blocks",
    "Blocks between the chain's head and the participants' scan",
  );
  const unclaimed = gauge("unclaimed", "Approved and not paid, in whole tokens of 18 decimals");
  const days = gauge("funding_days", "Days that deposits last at the program's pool");
  const steps = new Counter({
    name: "dodona_payout_steps_total",
    help: "Steps that were handed to the relayer",
    labelNames: ["step"],
    registers,
  });
  return {
    looked(dueEpochs, activatedAt, isHeld, isWaiting) {
      due.set(dueEpochs);
      last.set(activatedAt);
      held.set(isHeld ? 1 : 0);
      waiting.set(isWaiting ? 1 : 0);
    },
    sourceLag: (blocks) => lag.set(blocks),
    funding({ deposited, approved, paid }, poolPerDay) {
      unclaimed.set(Number(approved - paid) / UNIT);
      days.set(Number(((deposited - approved) * 1_000n) / poolPerDay) / 1_000);
    },
    step: (step) => steps.inc({ step }),
  };
}
