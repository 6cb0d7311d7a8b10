/** How one venue is reached through ccxt. */
export interface VenueEntry {
  /** Name that operators, logs and recordings use. */
  venue: string;
  /** ccxt's id of the exchange class. */
  exchangeId: string;
  /** Merged over ccxt's own options of the class. */
  options: Record<string, unknown>;
  /** Parameters of the request that lists the markets. */
  marketParams: Record<string, unknown>;
  /** One subscription for all pairs, or one for each. */
  trades: "together" | "apart";
  /** Stream that shows life between trades, where the venue has a cheap one (at most a few messages a second). */
  life: "tickers" | "bidsAsks" | "none";
  /** Without a trade or book event for this long the connection is dead, even if it is open and answers pings. */
  silenceMs: number;
}

/** With a life sign besides trades half a minute of silence is no quiet market; without one it may be. */
const SILENCE_MS = 30_000;
const SILENCE_TRADES_ONLY_MS = 90_000;

/** Trades that ccxt holds per pair until they are taken, which is after each message: more than any message brings. */
const TRADES_KEPT = 200;

const SPOT_ONLY = { fetchMarkets: { types: ["spot"] } };

function entry(venue: string, changes: Partial<Omit<VenueEntry, "venue">> = {}): VenueEntry {
  const life = changes.life ?? "tickers";
  return {
    venue,
    exchangeId: venue,
    marketParams: {},
    trades: "together",
    silenceMs: life === "none" ? SILENCE_TRADES_ONLY_MS : SILENCE_MS,
    ...changes,
    life,
    options: { tradesLimit: TRADES_KEPT, ...changes.options },
  };
}

/** Aggregated trades are the same volume in fewer messages; the one-second ticker carries bid and ask. */
const BINANCE_STREAMS = {
  watchTradesForSymbols: { name: "aggTrade" },
  watchTickers: { name: "ticker" },
};

/** Venues an operator listens to unless its configuration says otherwise. */
const ENTRIES: readonly VenueEntry[] = [
  entry("binance", {
    options: { ...SPOT_ONLY, ...BINANCE_STREAMS },
    // without these the list of markets is several times as long
    marketParams: { showPermissionSets: false, symbolStatus: "TRADING" },
  }),
  entry("binanceus", { options: { ...SPOT_ONLY, ...BINANCE_STREAMS } }),
  entry("bitstamp", { trades: "apart", life: "none" }),
  entry("bybit", { options: SPOT_ONLY }),
  // Coinbase's exchange feed needs no account
  entry("coinbase", { exchangeId: "coinbaseexchange" }),
  entry("cryptocom"),
  entry("gemini", { life: "bidsAsks" }),
  entry("kraken"),
  entry("kucoin", { options: { fetchMarkets: { types: ["spot"], fetchTickersFees: false } } }),
  entry("okx", { options: SPOT_ONLY }),
];

/** Names of all venues that can be configured. */
export const VENUE_NAMES: readonly string[] = ENTRIES.map(({ venue }) => venue);

/**
 * Finds how to reach a venue.
 *
 * @throws Error that lists the known venues.
 */
export function venueEntry(venue: string): VenueEntry {
  const found = ENTRIES.find((candidate) => candidate.venue === venue);
  if (found === undefined) {
    throw new Error(`unknown venue "${venue}"; known are ${VENUE_NAMES.join(", ")}`);
  }
  return found;
}
