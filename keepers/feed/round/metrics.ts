import type { Registry } from "prom-client";
import { Counter, Gauge, Histogram } from "prom-client";

import type { RoundOutcome } from "./leader.ts";
import type { RefusalCode } from "./refusal.ts";

/** What an operator counts about its rounds. */
export interface RoundMetrics {
  readonly led: (outcome: RoundOutcome["kind"] | "error", seconds: number) => void;
  readonly cosigned: () => void;
  readonly refused: (code: RefusalCode) => void;
  readonly observed: (elapsedMs: number) => void;
  readonly peerFault: (operator: number) => void;
  readonly venuesLive: (count: number) => void;
  readonly pricedFeeds: (count: number) => void;
}

const SECONDS = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1];

/** Creates the metrics in a registry. */
export function createRoundMetrics(registry: Registry): RoundMetrics {
  const registers = [registry];
  const led = new Counter({
    name: "dodona_feed_rounds_led_total",
    help: "Slots led by this operator, by outcome",
    labelNames: ["outcome"],
    registers,
  });
  const duration = new Histogram({
    name: "dodona_feed_round_seconds",
    help: "From the slot's begin to the report's hand-over",
    buckets: SECONDS,
    registers,
  });
  const cosigned = new Counter({
    name: "dodona_feed_cosigned_total",
    help: "Partial signatures given to leaders",
    registers,
  });
  const refused = new Counter({
    name: "dodona_feed_refused_total",
    help: "Requests of peers refused, by reason",
    labelNames: ["reason"],
    registers,
  });
  const observed = new Histogram({
    name: "dodona_feed_observation_seconds",
    help: "Time until a peer's verified observation",
    buckets: SECONDS,
    registers,
  });
  const faults = new Counter({
    name: "dodona_feed_peer_faults_total",
    help: "Times that a peer failed in a round led here, by its index",
    labelNames: ["operator"],
    registers,
  });
  const venues = new Gauge({
    name: "dodona_feed_venue_pairs_live",
    help: "Pairs at venues that deliver",
    registers,
  });
  const priced = new Gauge({
    name: "dodona_feed_priced_feeds",
    help: "Feeds for which this operator has a price",
    registers,
  });
  return {
    led(outcome, seconds) {
      led.inc({ outcome });
      if (outcome === "reported") duration.observe(seconds);
    },
    cosigned: () => cosigned.inc(),
    refused: (reason) => refused.inc({ reason }),
    observed: (elapsedMs) => observed.observe(elapsedMs / 1_000),
    peerFault: (operator) => faults.inc({ operator }),
    venuesLive: (count) => venues.set(count),
    pricedFeeds: (count) => priced.set(count),
  };
}
