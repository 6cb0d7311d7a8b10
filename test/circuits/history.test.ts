import { expect } from "chai";

import type { CircuitName } from "../../circuits/build/circuits.ts";
import { hashFields, randomField, tagField } from "../../circuits/model/field.ts";
import type { Fill } from "../../circuits/model/ledger.ts";
import { openingState } from "../../circuits/model/ledger.ts";
import type { ProvablePeriod } from "../../circuits/model/periods.ts";
import { periodsOf } from "../../circuits/model/periods.ts";
import { fill, startMs } from "./ledgers.ts";
import { recordedFills } from "./real-fills.ts";
import { recompute } from "./recompute.ts";
import { verdict } from "./solve.ts";

const PERFORMANCE: CircuitName = "performance";
const account = 0x70997970c51812dc3a010c7d01b50e0d17dc79c8n;
/** Ten bitcoins. */
const capital = 1_000_000_000n;

describe("a history in periods", function () {
  this.timeout(60_000);

  const { source, fills } = recordedFills();
  const histories = [...fills].map(([name, all]) => ({
    name,
    fills: all,
    periods: periodsOf(all, { account, instrument: tagField(name), capital }),
  }));
  const figuresOf = (periods: readonly ProvablePeriod[]) =>
    periods.map(({ statement }) => statement.figures);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

  it(`takes every fill once, at most 200 to a period (${source})`, () => {
    const counts = histories.flatMap(({ periods }) => figuresOf(periods).map(({ count }) => count));
    expect(sum(counts)).to.equal(sum(histories.map((one) => one.fills.length)));
    expect(Math.max(...counts)).to.equal(200);
    for (const one of histories) {
      expect(one.periods.length).to.equal(Math.ceil(one.fills.length / 200));
    }
  });

  it("has no gap and no overlap: each period starts from what the one before committed to", () => {
    for (const { periods } of histories) {
      expect(periods[0]!.statement.startCommitment).to.equal(0n);
      expect(periods[0]!.period.before).to.deep.equal(openingState(capital));
      periods.slice(1).forEach((next, i) => {
        const { period, statement } = periods[i]!;
        expect(next.statement.startCommitment).to.equal(statement.endCommitment);
        expect(next.period.startMs).to.equal(period.endMs);
        expect(next.period.sequence).to.equal(period.sequence + statement.figures.count);
      });
    }
  });

  it("carries open positions over", () => {
    const open = histories.flatMap(({ periods }) =>
      periods.slice(1).filter(({ period }) => period.before.position !== 0n),
    );
    expect(open.length).to.be.greaterThan(5);
  });

  it("has the totals of all fills run at once by other means", () => {
    for (const { name, fills: all, periods } of histories) {
      const whole = recompute(openingState(capital), all, capital);
      const end = periods.at(-1)!.statement.end;
      expect(end.equity, name).to.equal(whole.equity);
      expect(end.position, name).to.equal(whole.position);
      expect(end.cost, name).to.equal(whole.cost);
      expect(end.peak, name).to.equal(whole.peak);
      const figures = figuresOf(periods);
      expect(sum(figures.map(({ wins }) => wins)), name).to.equal(whole.figures.wins);
      expect(sum(figures.map(({ closes }) => closes)), name).to.equal(whole.figures.closes);
      const drawdowns = figures.map(({ drawdownBps }) => drawdownBps);
      expect(Math.max(...drawdowns), name).to.equal(whole.figures.drawdownBps);
      // Each period rounds down once.
      const profit = figures.reduce((total, { profitBps }) => total + profitBps, 0n);
      expect(Number(whole.figures.profitBps - profit), name).to.be.within(0, periods.length - 1);
    }
  });

  it("realizes the cash that came in less what went out and is still in the position", () => {
    for (const { name, fills: all, periods } of histories) {
      const cash = all.reduce(
        (total, { side, quantity, price }) =>
          total + (side === "sell" ? quantity : -quantity) * price,
        0n,
      );
      const { equity, position, cost } = periods.at(-1)!.statement.end;
      expect(equity - capital, name).to.equal(cash + (position < 0n ? -cost : cost));
    }
  });

  it("is what the circuit proves, period after period", async () => {
    const longest = histories.toSorted((a, b) => b.periods.length - a.periods.length)[0]!;
    for (const { statement } of longest.periods) {
      expect(await verdict(PERFORMANCE, statement.inputs)).to.equal("accepted");
    }
  });

  it("hides the state behind a factor that differs each time", () => {
    const [one, again] = [0, 1].map(() =>
      periodsOf([fill("buy", 1n, 1n)], { account, instrument: 1n, capital }),
    );
    expect(one![0]!.statement.endCommitment).to.not.equal(again![0]!.statement.endCommitment);
    expect(one![0]!.statement.fillsCommitment).to.not.equal(again![0]!.statement.fillsCommitment);
    expect(hashFields([randomField()])).to.not.equal(hashFields([randomField()]));
  });

  it("is cut where it is told to, and repeats itself if told so", () => {
    const five = [1, 2, 3, 4, 5].map((i) => fill("buy", 1n, 1n, 0n, startMs + i));
    const make = () => {
      let count = 0n;
      const random = () => (count += 1n);
      const options = { account, instrument: 1n, capital, startMs, maxFills: 2, random };
      return periodsOf(five, options);
    };
    expect(make()).to.deep.equal(make());
    expect(make().map(({ period }) => [period.startMs, period.endMs, period.fills.length])).to.eql([
      [startMs, startMs + 2, 2],
      [startMs + 2, startMs + 4, 2],
      [startMs + 4, startMs + 5, 1],
    ]);
  });

  it("refuses what no period can hold", () => {
    const refused = (fills: readonly Fill[], changes = {}) =>
      expect(() => periodsOf(fills, { account, instrument: 1n, capital, ...changes }));
    const one = fill("buy", 1n, 1n);
    refused([one], { maxFills: 0 }).to.throw(RangeError, "periods of 0 fills, not 1 to 200");
    refused([one], { maxFills: 201 }).to.throw(RangeError, "periods of 201 fills");
    refused([one, { ...one, timeMs: startMs - 1 }]).to.throw(RangeError, "time out of range");
    refused([one], { startMs: startMs + 1 }).to.throw(RangeError, "time out of range");
    refused([one], { capital: 0n }).to.throw(RangeError, "capital out of range");
    expect(periodsOf([], { account, instrument: 1n, capital })).to.deep.equal([]);
    expect(() => tagField("x".repeat(32))).to.throw(RangeError, "1 to 31 ASCII characters");
  });
});
