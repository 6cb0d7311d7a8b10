import { applyReport, emptyFeed, FeedStatus, isDormant } from "../price/breaker.ts";
import type { FeedState } from "../price/breaker.ts";
import { createPricer } from "../price/create.ts";
import { dueReason } from "../price/due.ts";
import type { DueParams } from "../price/due.ts";
import type { FeedPrice } from "../price/observe.ts";
import { defaultPriceSettings } from "../price/settings.ts";
import type { PriceSettings } from "../price/settings.ts";
import { BAR_SECONDS } from "./bars.ts";
import type { BarSeries } from "./bars.ts";
import { ticksOf } from "./ticks.ts";

/** What a feed serves at a step. */
export type ReplayStatus = "live" | "suspended" | "dormant" | "empty";

/** One step of a replay, as it is printed. Prices are in units of the feed's quote, not in 1e-8. */
export interface ReplayLine {
  /** Unix seconds. */
  readonly ts: number;
  /** What the operators would have observed, or null. */
  readonly price: number | null;
  /** How the price was made, or why there is none. */
  readonly reason: string;
  /** "used" or why not, for every venue that trades the base. */
  readonly venues: Readonly<Record<string, string>>;
  /** What the contract serves after the step, or null while empty. */
  readonly answer: number | null;
  readonly status: ReplayStatus;
  /** Whether a new answer was published since the line before. */
  readonly published: boolean;
}

/** What to replay. */
export interface ReplaySpec {
  readonly feedId: string;
  readonly minVenues: number;
  /** First and last step, unix seconds, both inclusive. */
  readonly from: number;
  readonly to: number;
  /** Seconds between lines, ≥ 1. */
  readonly step: number;
  readonly params: DueParams;
  readonly settings?: Partial<PriceSettings>;
}

/**
 * Runs recorded bars through the operators' pipeline, the rule for when to report, and the contract's breaker. Pure.
 *
 * Between two lines that are more than a bar apart the network still works every bar, since a feed that waits to be
 * confirmed needs reports at that pace. Bars before `from` fill the windows; the feed starts empty.
 *
 * @param series Markets of the feed's base, and those that its conversions need.
 * @returns One line per step.
 */
export function* replay(series: readonly BarSeries[], spec: ReplaySpec): Generator<ReplayLine> {
  const { feedId, minVenues, params } = spec;
  const settings: PriceSettings = { ...defaultPriceSettings, ...spec.settings };
  const pricer = createPricer({ feeds: [{ feedId, minVenues }], markets: series, settings });
  const ticks = ticksOf(series);
  const warmUpMs = Math.max(settings.liquidityMs, ...Object.values(settings.staleMs));
  let next = ticks.findIndex((tick) => tick.atMs >= spec.from * 1000 - warmUpMs);
  if (next === -1) next = ticks.length;

  let state: FeedState = emptyFeed;
  const advance = (ts: number): { observed: FeedPrice; published: boolean } => {
    for (; next < ticks.length && ticks[next]!.atMs <= ts * 1000; next += 1) {
      pricer.add(ticks[next]!);
    }
    const observed = pricer.observe(ts * 1000)[0]!;
    const { priceE8 } = observed;
    if (priceE8 === null || dueReason(state, params, priceE8, ts) === null) {
      return { observed, published: false };
    }
    const outcome = applyReport(state, params, { priceE8, slot: ts, now: ts, trippedUntil: 0 });
    if (outcome.kind === "rejected") return { observed, published: false };
    state = outcome.state;
    return { observed, published: outcome.published };
  };

  for (let ts = spec.from; ts <= spec.to; ts += spec.step) {
    let published = false;
    if (ts > spec.from) {
      for (let between = ts - spec.step + BAR_SECONDS; between < ts; between += BAR_SECONDS) {
        published = advance(between).published || published;
      }
    }
    const result = advance(ts);
    published = result.published || published;
    const { priceE8, reason, venues } = result.observed;
    yield {
      ts,
      price: priceE8 === null ? null : fromE8(priceE8),
      reason,
      venues,
      answer: state.status === FeedStatus.empty ? null : fromE8(state.answer),
      status: statusOf(state, params, ts),
      published,
    };
  }
}

function statusOf(state: FeedState, params: DueParams, ts: number): ReplayStatus {
  if (state.status === FeedStatus.empty) return "empty";
  if (isDormant(state, params, ts)) return "dormant";
  return state.status === FeedStatus.live ? "live" : "suspended";
}

function fromE8(priceE8: bigint): number {
  return Number(priceE8) / 1e8;
}
