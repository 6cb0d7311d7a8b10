import { expect } from "chai";

import { replay } from "../../../../keepers/feed/replay/replay.ts";
import type { BarSeries } from "../../../../keepers/feed/replay/bars.ts";
import { OPEN_TS, PARAMS, series } from "./fixtures.ts";

const FIRST = OPEN_TS + 60;
const MINUTES = 120;

/** A quiet market: a slow wave of 20 bps around 20,000, the same at all venues but for a few cents. */
function wave(offset: number): number[] {
  return Array.from(
    { length: MINUTES },
    (_, minute) => 20_000 + 20 * Math.sin(minute / 20) + offset * 0.1,
  );
}

const honest = ["a", "b", "c", "d"].map((venue, index) => series(`${venue} BTC/USD`, wave(index)));
const truth = wave(1.5);

/** Largest distance of the price from the truth in basis points, and how often there was none. */
function judge(markets: readonly BarSeries[], minVenues = 3) {
  let worstBps = 0;
  let missing = 0;
  let last: Readonly<Record<string, string>> = {};
  const spec = {
    feedId: "BTC/USD",
    minVenues,
    from: FIRST,
    to: FIRST + (MINUTES - 1) * 60,
    step: 60,
  };
  let minute = 0;
  for (const line of replay(markets, { ...spec, params: PARAMS })) {
    if (line.price === null) missing += 1;
    else worstBps = Math.max(worstBps, Math.abs(line.price / truth[minute]! - 1) * 10_000);
    last = line.venues;
    minute += 1;
  }
  return { worstBps, missing, last };
}

describe("incidents", () => {
  it("does not follow a crash at a single venue, however much it trades there", () => {
    const crash = wave(0).map((price, minute) =>
      minute >= 30 && minute < 40 ? price * 0.6 : price,
    );
    const volume = (minute: number) => (minute >= 30 && minute < 40 ? 1e6 : 1);
    const { worstBps, missing } = judge([...honest, series("e BTC/USD", crash, volume)]);
    expect(missing).to.equal(0);
    expect(worstBps).to.be.lessThan(0.1);
  });

  it("leaves a venue behind that froze at a price", () => {
    const frozen = wave(0).map((price, minute) => (minute < 10 ? price : 19_000));
    const silent = judge([
      ...honest,
      series("e BTC/USD", frozen, (minute) => (minute < 10 ? 1 : 0)),
    ]);
    expect(silent.worstBps).to.be.lessThan(0.1);
    expect(silent.last["e"]).to.match(/^BTC\/USD stale/);
    const trading = judge([...honest, series("e BTC/USD", frozen)]);
    expect(trading.worstBps).to.be.lessThan(0.1);
    expect(trading.last["e"]).to.match(/^outlier/);
  });

  it("stays with the others when one publishes garbage", () => {
    const garbage = wave(0).map((_, minute) => 10 ** (((minute * 7) % 24) - 6));
    const { worstBps, missing, last } = judge([...honest, series("e BTC/USD", garbage, () => 1e9)]);
    expect([missing, last["e"]?.slice(0, 7)]).to.deep.equal([0, "outlier"]);
    expect(worstBps).to.be.lessThan(0.1);
  });

  it("follows a dollar token down when it loses its dollar", () => {
    const usdc = Array.from({ length: MINUTES }, (_, minute) => Math.max(0.88, 1 - minute * 0.002));
    const tokens = ["x", "y"].map((venue, index) =>
      series(
        `${venue} BTC/USDC`,
        wave(index).map((price, minute) => price / usdc[minute]!),
      ),
    );
    const markets = [honest[0]!, ...tokens, series("k USDC/USD", usdc)];
    const { worstBps, missing, last } = judge(markets);
    expect(missing).to.equal(0);
    expect(worstBps).to.be.lessThan(0.1);
    expect(last).to.deep.equal({ a: "used", x: "used", y: "used" });
    const blind = judge([honest[0]!, ...tokens]);
    expect(blind.missing).to.equal(MINUTES);
    expect(blind.last["x"]).to.equal("BTC/USDC no USDC/USD price");
  });

  it("is not led by a wrong rate of one token", () => {
    const wrong = Array.from({ length: MINUTES }, (_, minute) => (minute % 10 === 0 ? 0.5 : 1));
    const tokens = ["x", "y"].map((venue) => series(`${venue} BTC/USDT`, wave(1)));
    const { worstBps, missing } = judge([...honest, ...tokens, series("k USDT/USD", wrong)]);
    expect(missing).to.equal(0);
    expect(worstBps).to.be.lessThan(0.2);
  });

  it("misses no step while three venues live and two die one after the other", () => {
    const until = (minutes: number) =>
      wave(0).map((price, minute) => (minute < minutes ? price : null));
    const markets = [
      ...honest.slice(0, 3),
      series("e BTC/USD", until(20)),
      series("f BTC/USD", until(50)),
    ];
    const { missing, last } = judge(markets);
    expect(missing).to.equal(0);
    expect(last["e"]).to.match(/stale/);
    expect(last["f"]).to.match(/stale/);
  });
});
