import { Counter, Gauge, type Registry } from "prom-client";

import { systemClock, type Clock } from "../shared/clock.ts";
import type { StepState } from "./decide.ts";
import type { Funding } from "./distributor.ts";

/** Units of a token in a whole one, for people's eyes only. */
const UNIT = 1e18;

/** What the keeper saw when it last looked. */
export interface Look {
  readonly due: number;
  /** Of the active epoch, unix seconds; 0 before the first. */
  readonly activatedAt: number;
  /** Time of the chain's latest block, unix seconds. */
  readonly chainTime: number;
  readonly isHeld: boolean;
  readonly isWaiting: boolean;
}

/** What the keeper tells Prometheus. */
export interface PayoutMetrics {
  looked(look: Look): void;
  sourceLag(blocks: number): void;
  funding(funding: Funding, poolPerDay: bigint): void;
  step(step: StepState["step"]): void;
}

/**
 * Creates the keeper's metrics.
 * @param clock measures how long ago it looked; ages are those of the chain's time
 */
export function createPayoutMetrics(
  registry: Registry,
  clock: Pick<Clock, "nowMs"> = systemClock,
): PayoutMetrics {
  const registers = [registry];
  let latest: (Look & { readonly lookedAtMs: number }) | null = null;
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `dodona_payout_${name}`, help, registers });
  const due = gauge("epochs_due", "Epochs that have ended and are not active");
  const last = gauge("last_activation_seconds", "Unix time of the last activation");
  new Gauge({
    name: "dodona_payout_last_activation_age_seconds",
    help: "Age of the last activation, by the chain's time; NaN before the first",
    registers,
    // It grows also while nothing can be looked at.
    collect() {
      const hasNone = latest === null || latest.activatedAt === 0;
      const sinceLook = latest === null ? 0 : (clock.nowMs() - latest.lookedAtMs) / 1_000;
      this.set(hasNone ? NaN : latest!.chainTime - latest!.activatedAt + sinceLook);
    },
  });
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
    looked(look) {
      latest = { ...look, lookedAtMs: clock.nowMs() };
      due.set(look.due);
      last.set(look.activatedAt);
      held.set(look.isHeld ? 1 : 0);
      waiting.set(look.isWaiting ? 1 : 0);
    },
    sourceLag: (blocks) => lag.set(blocks),
    funding({ deposited, approved, paid }, poolPerDay) {
      unclaimed.set(Number(approved - paid) / UNIT);
      days.set(Number(((deposited - approved) * 1_000n) / poolPerDay) / 1_000);
    },
    step: (step) => steps.inc({ step }),
  };
}
