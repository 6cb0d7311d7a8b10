import type { DueParams } from "../price/due.ts";
import { parseFeedId } from "../price/feed-id.ts";
import { defaultPriceSettings } from "../price/settings.ts";
import type { PriceSettings } from "../price/settings.ts";
import { BAR_SECONDS } from "./bars.ts";
import type { BarSeries, NamedMarket } from "./bars.ts";
import type { ReplaySpec } from "./replay.ts";

/** More lines than this are a mistake in --from, --to or --step. */
const MAX_STEPS = 10_000_000;

/** What a person asked for. */
export interface ReplayRequest {
  readonly feedId: string;
  readonly minVenues: number;
  readonly from: number | null;
  readonly to: number | null;
  readonly step: number;
  readonly params: DueParams;
  /** Rates that the person states, by currency, in the feed's quote. */
  readonly assumedRates: Readonly<Record<string, number>>;
}

/** How the request is carried out. */
export interface Plan {
  readonly spec: ReplaySpec & { readonly settings: PriceSettings };
  /** What a reader of the result must know. */
  readonly warnings: readonly string[];
}

/**
 * Says which markets of a recording a feed needs: those of its base, and those that convert their quotes.
 *
 * @throws Error when the id is not BASE/QUOTE.
 */
export function marketsFor(feedId: string): (market: NamedMarket) => boolean {
  const pair = parseFeedId(feedId);
  if (pair === null) throw new Error(`--feed must be BASE/QUOTE, such as BTC/USD, not "${feedId}"`);
  const { convertible } = defaultPriceSettings;
  return ({ base, quote }) =>
    base === pair.base || (quote === pair.quote && convertible.includes(base));
}

/**
 * Settles times and settings.
 *
 * A recording of one single market in another currency than the feed's, with nothing to convert it by, is replayed in
 * its own currency as if that were the feed's: the only thing that can be studied there is that market. Every line and
 * a warning say so; operators never do it.
 *
 * @param request What was asked for.
 * @param series The markets that `marketsFor` wants.
 * @param markets Every market of the folder, for the error that lists what exists.
 * @throws Error when no market has the base, or the times do not overlap the bars.
 */
export function planReplay(
  request: ReplayRequest,
  series: readonly BarSeries[],
  markets: readonly NamedMarket[],
): Plan {
  const { feedId, step, minVenues, params } = request;
  const pair = parseFeedId(feedId);
  if (pair === null) throw new Error(`--feed must be BASE/QUOTE, such as BTC/USD, not "${feedId}"`);
  const own = series.filter(({ base }) => base === pair.base);
  if (own.length === 0) {
    const bases = [...new Set(markets.map(({ base }) => base))].sort().join(", ");
    throw new Error(`no market of ${pair.base} is recorded; there are: ${bases}`);
  }
  const filled = own.filter(({ openTs }) => openTs.length > 0);
  if (filled.length === 0) throw new Error(`the files of ${pair.base} hold no bars`);
  const first = Math.min(...filled.map(({ openTs }) => openTs[0]!)) + BAR_SECONDS;
  const last = Math.max(...filled.map(({ openTs }) => openTs[openTs.length - 1]!)) + BAR_SECONDS;
  const from = request.from ?? first;
  const to = request.to ?? Math.max(last, from);
  checkTimes(from, to, step, first, last, pair.base);

  const warnings: string[] = [];
  const assumedRates: Record<string, number> = { ...request.assumedRates };
  const [only] = own;
  if (only !== undefined && own.length === 1 && only.quote !== pair.quote) {
    const { quote } = only;
    const convertible = series.some((one) => one.base === quote && one.quote === pair.quote);
    if (!convertible && assumedRates[quote] === undefined) {
      assumedRates[quote] = 1;
      warnings.push(
        `${only.venue} ${pair.base}/${quote} is the only market of ${pair.base} and there is no ${quote}/${pair.quote} to ` +
          `convert it: prices are in ${quote}, counted as ${pair.quote}. Operators would publish nothing. ` +
          `--feed ${pair.base}/${quote} names the currency, --assume ${quote}=RATE states a rate.`,
      );
    }
  }
  if (params.heartbeat >= params.dormancy) {
    throw new Error("--dormancy must be longer than --heartbeat");
  }
  const settings: PriceSettings = { ...defaultPriceSettings, unit: pair.quote, assumedRates };
  return { spec: { feedId, minVenues, from, to, step, params, settings }, warnings };
}

function checkTimes(
  from: number,
  to: number,
  step: number,
  first: number,
  last: number,
  base: string,
): void {
  if (from > to) throw new Error(`--from ${from} lies after --to ${to}`);
  if (to < first || from > last) {
    throw new Error(
      `no overlap: bars of ${base} end from ${stamp(first)} to ${stamp(last)}, ` +
        `asked for ${stamp(from)} to ${stamp(to)}`,
    );
  }
  if ((to - from) / step > MAX_STEPS) {
    throw new Error(`${Math.floor((to - from) / step)} steps are too many: check --from and --to`);
  }
}

/** A time as people and programs read it: "2023-03-04 16:59 (1677949140)". */
export function stamp(ts: number): string {
  return `${new Date(ts * 1000).toISOString().slice(0, 16).replace("T", " ")} (${ts})`;
}
