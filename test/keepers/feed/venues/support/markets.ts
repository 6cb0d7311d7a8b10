import type { ListedMarket } from "../../../../../keepers/feed/venues/pairs.ts";

/** A spot market as ccxt unifies it, as far as its stream parsers look. */
export function spotMarket(id: string, base: string, quote: string): ListedMarket {
  const market = {
    id,
    lowercaseId: id.toLowerCase(),
    symbol: `${base}/${quote}`,
    base,
    quote,
    baseId: base,
    quoteId: quote,
    type: "spot",
    spot: true,
    active: true,
    contract: false,
    precision: { amount: 1e-8, price: 1e-8 },
    limits: {},
    info: {},
  };
  return market;
}
