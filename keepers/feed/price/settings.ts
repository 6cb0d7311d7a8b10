/** What the pipeline from ticks to prices can be told. All defaults are in `defaultPriceSettings`. */
export interface PriceSettings {
  /** Currency in which feeds are priced; feeds in another one are unsupported. */
  readonly unit: string;
  /** Currencies that are converted through their own market price in `unit`, never by assuming a rate. */
  readonly convertible: readonly string[];
  /**
   * Rates a person states for recordings that lack them, in `unit`; used only where no market gives one, and every
   * price made with one says so. Always empty in an operator.
   */
  readonly assumedRates: Readonly<Record<string, number>>;
  /** Window of the volume- and time-weighted averages, in ms, older end excluded. */
  readonly windowMs: number;
  /** Events kept per market; beyond it the oldest go, so memory is bounded whatever a venue sends. */
  readonly maxTicksPerMarket: number;
  /** Time over which traded value counts as liquidity, in ms (whole minutes). */
  readonly liquidityMs: number;
  /** An event further ahead of the operator's clock than this is refused, in ms. */
  readonly maxAheadMs: number;
  /** Silence after which a market is dead, in ms, by pair ("BTC/USDC"), else by base, else `default`. */
  readonly staleMs: Readonly<Record<string, number>> & { readonly default: number };
  /** Distance from the median, in scaled median absolute deviations, beyond which a venue is an outlier. */
  readonly outlierDeviations: number;
  /** Distance from the median that is never an outlier, in basis points: quiet venues agree to the cent. */
  readonly outlierFloorBps: number;
  /** Remaining prices are capped at this many standard deviations from their mean. */
  readonly capDeviations: number;
  /** Largest share of the weight of one venue: below a quarter, so that no two venues hold half. */
  readonly maxVenueShare: number;
  /** Two venues further apart than this give no price: nobody can tell which one is right. In basis points. */
  readonly maxDisagreementBps: number;
}

const MINUTE_MS = 60_000;

/** Defaults of the network: every operator runs these unless governance agrees on others. */
export const defaultPriceSettings: PriceSettings = {
  unit: "USD",
  convertible: ["USDT", "USDC"],
  assumedRates: {},
  windowMs: 30_000,
  maxTicksPerMarket: 2_000,
  liquidityMs: 15 * MINUTE_MS,
  maxAheadMs: MINUTE_MS,
  // Majors trade several times a minute wherever they matter; dollar tokens may rest for a quarter of an hour without
  // being dead, and their price hardly moves meanwhile.
  staleMs: {
    BTC: 5 * MINUTE_MS,
    ETH: 5 * MINUTE_MS,
    USDT: 30 * MINUTE_MS,
    USDC: 30 * MINUTE_MS,
    default: 10 * MINUTE_MS,
  },
  outlierDeviations: 3.5,
  outlierFloorBps: 25,
  capDeviations: 2,
  maxVenueShare: 0.22,
  maxDisagreementBps: 500,
};

/**
 * Silence after which a market counts as dead.
 *
 * @returns Milliseconds: the pair's own limit, else that of its base, else the default.
 */
export function staleLimitMs(settings: PriceSettings, base: string, quote: string): number {
  return settings.staleMs[`${base}/${quote}`] ?? settings.staleMs[base] ?? settings.staleMs.default;
}
