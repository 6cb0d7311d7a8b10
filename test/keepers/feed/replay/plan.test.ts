import { expect } from "chai";

import {
  collectRates,
  parseBps,
  parseTime,
  wholeNumber,
} from "../../../../keepers/feed/replay/options.ts";
import { marketsFor, planReplay } from "../../../../keepers/feed/replay/plan.ts";
import type { ReplayRequest } from "../../../../keepers/feed/replay/plan.ts";
import { OPEN_TS, PARAMS, series } from "./fixtures.ts";

const FIRST = OPEN_TS + 60;

function request(changes: Partial<ReplayRequest> = {}): ReplayRequest {
  return {
    feedId: "BTC/USD",
    minVenues: 3,
    from: null,
    to: null,
    step: 60,
    params: PARAMS,
    assumedRates: {},
    ...changes,
  };
}

const bars = [series("a BTC/USD", [1, 2, 3]), series("b BTC/USD", [1, 2])];

describe("markets that a replay needs", () => {
  it("are those of the base and those that convert its quotes", () => {
    const wanted = marketsFor("BTC/USD");
    const asked = (base: string, quote: string) => wanted({ venue: "a", base, quote });
    expect(asked("BTC", "USDC")).to.equal(true);
    expect(asked("USDT", "USD")).to.equal(true);
    expect(asked("USDC", "USDT")).to.equal(false);
    expect(asked("ETH", "USD")).to.equal(false);
  });

  it("need a feed id", () => {
    expect(() => marketsFor("BTCUSD")).to.throw(
      '--feed must be BASE/QUOTE, such as BTC/USD, not "BTCUSD"',
    );
  });
});

describe("plan of a replay", () => {
  it("runs from the first bar's end to the last one's", () => {
    const { spec, warnings } = planReplay(request(), bars, bars);
    expect([spec.from, spec.to]).to.deep.equal([FIRST, FIRST + 120]);
    expect(warnings).to.deep.equal([]);
  });

  it("says what is recorded when the base is not", () => {
    expect(() => planReplay(request({ feedId: "ETH/USD" }), [], bars)).to.throw(
      "no market of ETH is recorded; there are: BTC",
    );
    expect(() => planReplay(request(), [series("a BTC/USD", [])], bars)).to.throw(
      "the files of BTC hold no bars",
    );
  });

  it("refuses times that do not overlap the bars", () => {
    for (const times of [{ from: FIRST + 121 }, { to: FIRST - 1, from: 1_000 }]) {
      expect(() => planReplay(request(times), bars, bars)).to.throw(
        "no overlap: bars of BTC end from 2023-11-14",
      );
    }
    expect(() => planReplay(request({ from: FIRST + 60, to: FIRST }), bars, bars)).to.throw(
      "lies after --to",
    );
    expect(() => planReplay(request({ from: 0, step: 1 }), bars, bars)).to.throw(
      "steps are too many",
    );
  });

  it("refuses a dormancy that a heartbeat exceeds", () => {
    const params = { ...PARAMS, heartbeat: 700_000 };
    expect(() => planReplay(request({ params }), bars, bars)).to.throw("--dormancy must be longer");
  });

  it("replays a recording of one single market in its own currency, and warns", () => {
    const luna = [series("a LUNA/USDT", [5])];
    const inDollars = planReplay(request({ feedId: "LUNA/USD" }), luna, luna);
    expect(inDollars.spec.settings.assumedRates).to.deep.equal({ USDT: 1 });
    expect(inDollars.warnings[0]).to.contain(
      "there is no USDT/USD to convert it: prices are in USDT",
    );
    const named = planReplay(request({ feedId: "LUNA/USDT" }), luna, luna);
    expect(named.spec.settings).to.deep.include({ unit: "USDT", assumedRates: {} });
    expect(named.warnings).to.deep.equal([]);
    const stated = planReplay(
      request({ feedId: "LUNA/USD", assumedRates: { USDT: 0.99 } }),
      luna,
      luna,
    );
    expect(stated.spec.settings.assumedRates).to.deep.equal({ USDT: 0.99 });
    expect(stated.warnings).to.deep.equal([]);
  });

  it("assumes no rate where more is recorded", () => {
    const convertible = [series("a LUNA/USDT", [5]), series("b USDT/USD", [1])];
    const two = [series("a LUNA/USDT", [5]), series("b LUNA/USDT", [5])];
    for (const markets of [convertible, two]) {
      const { spec, warnings } = planReplay(request({ feedId: "LUNA/USD" }), markets, markets);
      expect(spec.settings.assumedRates).to.deep.equal({});
      expect(warnings).to.deep.equal([]);
    }
  });
});

describe("options of the replay command", () => {
  it("reads unix seconds and dates, in UTC unless they say otherwise", () => {
    expect(parseTime("1677949200")).to.equal(1_677_949_200);
    expect(parseTime("2023-03-04")).to.equal(1_677_888_000);
    expect(parseTime("2023-03-04T17:00")).to.equal(1_677_949_200);
    expect(parseTime("2023-03-04T17:00:00Z")).to.equal(1_677_949_200);
    expect(parseTime("2023-03-04T18:00+01:00")).to.equal(1_677_949_200);
  });

  for (const text of ["", "yesterday", "1677949200000", "-5", "2023-13-01"]) {
    it(`refuses the time "${text}"`, () => {
      expect(() => parseTime(text)).to.throw("expected");
    });
  }

  it("reads basis points and percent", () => {
    expect(["1000", "10%", "0.5%", "10000", "1"].map(parseBps)).to.deep.equal([
      1_000, 1_000, 50, 10_000, 1,
    ]);
    for (const text of ["0", "10001", "101%", "0.001%", "x", "", "-1"]) {
      expect(() => parseBps(text), text).to.throw("expected basis points");
    }
  });

  it("reads whole numbers within bounds", () => {
    expect(wholeNumber(1, 7)("7")).to.equal(7);
    for (const text of ["0", "8", "1.5", "", "1e0", " 1"]) {
      expect(() => wholeNumber(1, 7)(text), text).to.throw("expected a whole number from 1 to 7.");
    }
  });

  it("collects stated rates", () => {
    expect(collectRates("USDC=0.88", { USDT: 1 })).to.deep.equal({ USDT: 1, USDC: 0.88 });
    for (const text of ["USDT", "USDT=", "USDT=0", "usdt=1", "USDT=x"]) {
      expect(() => collectRates(text, {}), text).to.throw("expected CURRENCY=RATE");
    }
  });
});
