import { Counter, Gauge, type Registry } from "prom-client";

/** The score keeper's own metrics. */
export interface ScoreMetrics {
  asked(): void;
  /** What epochs that may still be posted wait for, by step. */
  standing(counts: Readonly<Record<string, number>>): void;
  /** The newest epoch that is on chain. */
  posted(epoch: number): void;
  shareable(amount: bigint): void;
}

const TOKEN = 1e18;

/** Registers the score keeper's metrics. */
export function createScoreMetrics(registry: Registry): ScoreMetrics {
  const registers = [registry];
  const asked = new Counter({
    ...{ name: "dodona_score_asked_total", help: "Postings handed to the relayer", registers },
  });
  const standing = new Gauge({
    ...{ name: "dodona_score_epochs", help: "Epochs that may still be posted, by step" },
    ...{ labelNames: ["step"], registers },
  });
  const posted = new Gauge({
    ...{ name: "dodona_score_posted_epoch", help: "Newest epoch that is on chain", registers },
  });
  const shareable = new Gauge({
    ...{ name: "dodona_score_shareable", help: "Tokens that an epoch posted now shares" },
    registers,
  });
  return {
    asked: () => asked.inc(),
    standing(counts) {
      standing.reset();
      for (const [step, count] of Object.entries(counts)) standing.set({ step }, count);
    },
    posted: (epoch) => posted.set(epoch),
    shareable: (amount) => shareable.set(Number(amount) / TOKEN),
  };
}
