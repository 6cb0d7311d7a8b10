import { expect } from "chai";
import { chooseMarkets, wantedPairs } from "../../../../keepers/feed/venues/pairs.ts";

describe("pairs", () => {
  it("wants every base in dollars and dollar coins, and nothing in itself", () => {
    expect(wantedPairs(["BTC", "USDT"]).map(({ symbol }) => symbol)).to.deep.equal([
      "BTC/USD",
      "BTC/USDT",
      "BTC/USDC",
      "USDT/USD",
      "USDT/USDC",
    ]);
  });

  it("chooses trading spot markets only", () => {
    const market = (symbol: string, changes: object = {}) => {
      const [base = "", quote = ""] = symbol.split("/");
      return { symbol, base, quote, spot: true, active: true, ...changes };
    };
    const markets = [
      market("BTC/USD"),
      market("BTC/EUR"),
      market("ETH/USD"),
      market("BTC/USDT", { active: false }),
      market("BTC/USDC", { active: undefined }),
      market("USDT/USD", { spot: false }),
      { symbol: "BTC/USDT:USDT", base: "BTC", quote: "USDT", spot: false, active: true },
    ];
    expect(chooseMarkets(markets, ["BTC", "USDT"]).map(({ symbol }) => symbol)).to.deep.equal([
      "BTC/USD",
      "BTC/USDC",
    ]);
  });
});
