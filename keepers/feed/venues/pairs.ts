/** Currencies that count as dollars or are converted to dollars. */
const QUOTES = ["USD", "USDT", "USDC"] as const;

/** What is needed of a market that a venue lists. */
export interface ListedMarket {
  symbol: string;
  base: string;
  quote: string;
  spot?: boolean | undefined;
  /** False where trading is halted; a venue that does not say leaves it undefined. */
  active?: boolean | undefined;
}

/** A pair whose ticks are wanted; `symbol` is ccxt's unified name, "BTC/USD". */
export interface Pair {
  symbol: string;
  base: string;
  quote: string;
}

/** Every pair that would help to price the bases. */
export function wantedPairs(bases: readonly string[]): Pair[] {
  return bases.flatMap((base) =>
    QUOTES.filter((quote) => quote !== base).map((quote) => ({
      symbol: `${base}/${quote}`,
      base,
      quote,
    })),
  );
}

/**
 * Markets of a venue that are wanted: spot, trading, quoted in USD, USDT or USDC.
 *
 * @param markets As the venue lists them, in any order.
 */
export function chooseMarkets<M extends ListedMarket>(
  markets: readonly M[],
  bases: readonly string[],
): M[] {
  const wanted = new Map(wantedPairs(bases).map((pair) => [pair.symbol, pair]));
  return markets.filter((market) => {
    const pair = wanted.get(market.symbol);
    return (
      pair !== undefined &&
      market.base === pair.base &&
      market.quote === pair.quote &&
      market.spot === true &&
      market.active !== false
    );
  });
}
