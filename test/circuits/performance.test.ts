import { expect } from "chai";

import { fieldInput, FIELD_MODULUS, hashFields } from "../../circuits/model/field.ts";
import type { Fill } from "../../circuits/model/ledger.ts";
import { openingState } from "../../circuits/model/ledger.ts";
import type { Period } from "../../circuits/model/performance.ts";
import { commitFills, performance } from "../../circuits/model/performance.ts";
import { fill, mixedFills as mixed, periodOf, startMs } from "./ledgers.ts";
import { changed, OUT_OF_RANGE, valueAt, verdict } from "./solve.ts";

describe("performance", function () {
  this.timeout(60_000);

  const first = performance(periodOf(mixed));
  const period = periodOf(mixed, {
    before: {
      index: 4,
      sequence: 90,
      position: -7n,
      cost: 7100n,
      equity: 900_000n,
      peak: 1_200_000n,
    },
  });
  const later = performance(period);

  describe("accepts", () => {
    const accepts = async (fills: readonly Fill[], changes: Partial<Period> = {}) => {
      const statement = performance(periodOf(fills, changes));
      expect(await verdict("performance", statement.inputs)).to.equal("accepted");
      return statement.figures;
    };

    it("a first period and a later one that starts short", async () => {
      expect(await verdict("performance", first.inputs)).to.equal("accepted");
      expect(await verdict("performance", later.inputs)).to.equal("accepted");
      // −7 for 7,100; +10 at 1,000 makes 7,100 − 7,000 − 5 = 95.
      expect(first.figures).to.include({ wins: 2, closes: 4 });
      expect(later.figures).to.include({ count: 5, closes: 4 });
    });

    it("no fill, one fill and two hundred", async () => {
      await accepts([]);
      await accepts([fill("sell", 1n, 1n)]);
      const many = Array.from({ length: 200 }, (_, i) =>
        fill(i % 3 === 0 ? "sell" : "buy", BigInt(1 + (i % 7)), BigInt(1000 + ((i * 37) % 90)), 1n),
      );
      expect((await accepts(many)).count).to.equal(200);
    });

    it("only losses, and more than the capital", async () => {
      const losing = Array.from({ length: 50 }, (_, i) =>
        fill(i % 2 === 0 ? "buy" : "sell", 100n, i % 2 === 0 ? 1000n : 100n),
      );
      const figures = await accepts(losing, { capital: 1_000_000n });
      expect(figures).to.deep.equal({
        count: 50,
        profitBps: -22_500n,
        wins: 0,
        closes: 25,
        drawdownBps: 22_500,
      });
    });

    it("equal prices throughout", async () => {
      const flat = [1n, 2n, 3n].map((quantity, i) => fill(i === 1 ? "sell" : "buy", quantity, 50n));
      expect(await accepts(flat)).to.include({ profitBps: 0n, wins: 0, drawdownBps: 0 });
    });

    it("the largest quantity, price, fee, wait and position", async () => {
      const most = (1n << 56n) - 1n;
      const capital = (1n << 64n) - 1n;
      await accepts([fill("buy", most, 1n << 41n), fill("sell", most, 1n << 41n)], { capital });
      await accepts([fill("sell", 1n, most), fill("buy", 1n, most)], { capital });
      await accepts([fill("buy", 1n, 1n, (1n << 55n) - 1n), fill("buy", 1n, 1n, -(1n << 55n))], {
        capital,
      });
      await accepts([fill("buy", 1n, 1n, 0n, startMs + 2 ** 42 - 1)]);
    });

    it("a capital of one, while the figures fit", () =>
      accepts([fill("buy", 1n, 1n), fill("sell", 1n, 5n)], { capital: 1n }));

    it("a flat position on either side", async () => {
      const flat = { ...period.before, position: 0n, cost: 0n };
      const { inputs } = performance(periodOf(mixed, { before: flat }));
      expect(await verdict("performance", inputs)).to.equal("accepted");
      const { end } = performance(periodOf(mixed, { before: flat }));
      expect(end.position).to.equal(-1n);
      expect(await verdict("performance", changed(first.inputs, "before.long", "0"))).to.equal(
        "accepted",
      );
    });
  });

  describe("chains periods", () => {
    it("from the end of one to the start of the next", async () => {
      const next = performance(
        periodOf([fill("sell", 3n, 1000n, 0n, first.end.sequence + period.endMs)], {
          before: first.end,
          startMs: period.endMs,
          endMs: period.endMs + 5000,
          blindingBefore: 33n,
        }),
      );
      expect(next.startCommitment).to.equal(first.endCommitment);
      expect(await verdict("performance", next.inputs)).to.equal("accepted");
    });

    it("refuses another state, blinding, time or subject than the start commits to", async () => {
      const reason = "the state is not that of the start";
      for (const name of ["index", "sequence", "position", "cost", "equity", "peak"]) {
        const path = `before.${name}`;
        const inputs = changed(later.inputs, path, fieldInput(valueAt(later.inputs, path) + 1n));
        expect(await verdict("performance", inputs), name).to.equal(reason);
      }
      expect(await verdict("performance", changed(later.inputs, "before.long", "1"))).to.equal(
        reason,
      );
      for (const name of ["blindings.0", "account", "instrument", "start", "capital"]) {
        const inputs = changed(later.inputs, name, fieldInput(valueAt(later.inputs, name) + 1n));
        expect(await verdict("performance", inputs), name).to.equal(reason);
      }
    });

    it("refuses a first period in which something has happened before", async () => {
      const cases = [
        ["index", "a first period has an index"],
        ["sequence", "a first period has fills before it"],
        ["position", "a first period starts with a position"],
        ["cost", "a first period starts with a cost"],
        ["equity", "a first period starts with other equity"],
        ["peak", "a first period starts with another peak"],
      ] as const;
      for (const [name, reason] of cases) {
        const path = `before.${name}`;
        const inputs = changed(first.inputs, path, fieldInput(valueAt(first.inputs, path) + 1n));
        expect(await verdict("performance", inputs)).to.equal(reason);
      }
    });

    it("refuses a side that is neither", async () => {
      const inputs = changed(first.inputs, "before.long", "2");
      expect(await verdict("performance", inputs)).to.equal("a side is 0 or 1");
    });

    it("refuses another end", async () => {
      for (const name of ["end_commitment", "blindings.1"]) {
        const inputs = changed(first.inputs, name, fieldInput(valueAt(first.inputs, name) + 1n));
        expect(await verdict("performance", inputs)).to.equal("the end is not that of the fills");
      }
    });
  });

  describe("refuses", () => {
    const refuses = async (path: string, value: bigint, reason: string, of = first) => {
      const inputs = changed(of.inputs, path, fieldInput((value + FIELD_MODULUS) % FIELD_MODULUS));
      expect(await verdict("performance", inputs), path).to.equal(reason);
    };
    const shifts = async (name: string, reason: string) => {
      for (const shift of [1n, -1n]) {
        await refuses(name, valueAt(first.inputs, name) + shift, reason);
      }
    };

    it("no capital", () => refuses("capital", 0n, "no capital"));

    it("another commitment to the fills, and another salt", async () => {
      const reason = "the fills are not those of the commitment";
      await shifts("fills_commitment", reason);
      await shifts("salt", reason);
    });

    it("any other fill than those committed to", async () => {
      const cases = [
        ["fills.3.fee", 2n],
        ["fills.3.elapsed", 2981n],
        ["fills.4.price", 849n],
      ] as const;
      for (const [path, value] of cases) {
        const inputs = changed(first.inputs, path, fieldInput(value));
        expect(await verdict("performance", inputs), path).to.not.equal("accepted");
      }
    });

    it("fills dropped, added, reordered or cut short, with figures to match", async () => {
      const fillsCommitment = fieldInput(first.fillsCommitment);
      const lists = [
        mixed.slice(0, -1),
        mixed.slice(1),
        [...mixed, fill("sell", 1n, 1n, 0n, startMs + 4000)],
        [mixed[0]!, mixed[2]!, mixed[1]!, mixed[3]!, mixed[4]!],
      ];
      for (const fills of lists) {
        const { inputs } = performance(periodOf(fills, { endMs: periodOf(mixed).endMs }));
        const forged = changed(inputs, "fills_commitment", fillsCommitment);
        expect(await verdict("performance", forged)).to.equal(
          "the fills are not those of the commitment",
        );
      }
    });

    it("fills of another account, instrument, period or place in the history", async () => {
      const changes: readonly Partial<Period>[] = [
        { account: 1n },
        { instrument: 1n },
        { startMs: startMs - 1 },
        { endMs: startMs + 6000 },
        { sequence: 1 },
      ];
      for (const change of changes) {
        const commitment = commitFills(periodOf(mixed, change));
        await refuses("fills_commitment", commitment, "the fills are not those of the commitment");
      }
    });

    it("another count, number of wins or closes", async () => {
      await shifts("wins", "the wins are not those of the fills");
      await shifts("closes", "the closes are not those of the fills");
      const count = changed(first.inputs, "count", "0x6");
      expect(await verdict("performance", count)).to.equal(
        "the fills are not those of the commitment",
      );
    });

    it("a count that the commitment names but the fills do not give", async () => {
      const five = periodOf(mixed);
      const hidden = performance(five);
      const named = commitWithCount(five, 6);
      const inputs = changed(
        changed(hidden.inputs, "count", "0x6"),
        "fills_commitment",
        fieldInput(named),
      );
      expect(await verdict("performance", inputs)).to.equal("the count is not that of the fills");
    });

    it("another profit", async () => {
      await shifts("profit_bps", OUT_OF_RANGE);
      await refuses("profit_bps", 1n << 63n, OUT_OF_RANGE);
      await refuses("profit_bps", -(1n << 63n) - 1n, OUT_OF_RANGE);
    });

    it("a smaller and a larger drawdown, wherever it is said to be", async () => {
      await shifts("drawdown_bps", OUT_OF_RANGE);
      await refuses("drawdown_bps", 0n, OUT_OF_RANGE);
      await refuses("drawdown_bps", 1n << 20n, OUT_OF_RANGE);
    });

    it("a drawdown pinned to no point, to two, or to another", async () => {
      const worst = (first.inputs["worst"] as boolean[]).indexOf(true);
      const none = changed(first.inputs, `worst.${worst}`, false);
      expect(await verdict("performance", none)).to.equal("one point has the drawdown");
      const two = changed(first.inputs, `worst.${worst === 0 ? 1 : 0}`, true);
      expect(await verdict("performance", two)).to.equal("one point has the drawdown");
      const other = changed(none, `worst.${worst === 0 ? 1 : 0}`, true);
      expect(await verdict("performance", other)).to.equal(OUT_OF_RANGE);
    });

    it("a hint that is not the right one", async () => {
      for (let i = 0; i < mixed.length; i++) {
        for (const name of ["exceeds", "gains", "rises"]) {
          const path = `fills.${i}.${name}`;
          await refuses(path, 1n - valueAt(first.inputs, path), OUT_OF_RANGE);
          await refuses(path, 2n, "a comparison is 0 or 1");
        }
        const path = `fills.${i}.released`;
        await refuses(path, valueAt(first.inputs, path) + 1n, OUT_OF_RANGE);
        await refuses(path, valueAt(first.inputs, path) - 1n, OUT_OF_RANGE);
      }
    });

    it("a part of a fill that does not fit its place", async () => {
      const cases = [
        ["quantity", 1n << 56n],
        ["price", 1n << 56n],
        ["fee", 1n << 55n],
        ["fee", -(1n << 55n) - 1n],
        ["elapsed", 1n << 42n],
        ["elapsed", -1n],
      ] as const;
      for (const [name, value] of cases) await refuses(`fills.0.${name}`, value, OUT_OF_RANGE);
    });

    it("something in a fill of nothing", async () => {
      for (const name of ["price", "fee", "elapsed"]) {
        await refuses(`fills.9.${name}`, 1n, "a fill of nothing");
      }
      const inputs = changed(first.inputs, "fills.9.buy", true);
      expect(await verdict("performance", inputs)).to.equal("a fill of nothing");
    });

    it("a fill behind a gap", async () => {
      const gap = changed(first.inputs, "fills.6", (first.inputs["fills"] as never[])[0]!);
      expect(await verdict("performance", gap)).to.equal(
        "fills are not listed from the first place on",
      );
    });

    it("a period that ends before its last fill", async () => {
      const early = { ...periodOf(mixed), endMs: startMs + 3999 };
      expect(() => commitFills(early)).to.throw(RangeError, "time");
      const { inputs } = performance(periodOf(mixed));
      const named = commitWithEnd(periodOf(mixed), startMs + 3999);
      const forged = changed(
        changed(inputs, "end", fieldInput(BigInt(startMs + 3999))),
        "fills_commitment",
        fieldInput(named),
      );
      expect(await verdict("performance", forged)).to.equal(OUT_OF_RANGE);
    });
  });

  it("starts with the capital as equity", () => {
    expect(openingState(77n)).to.deep.equal({
      index: 0,
      sequence: 0,
      position: 0n,
      cost: 0n,
      equity: 77n,
      peak: 77n,
    });
  });
});

/** A service's commitment that names another count than its fills have. */
function commitWithCount(period: Period, count: number): bigint {
  return hashFields(preimage(period).with(6, BigInt(count)));
}

/** A service's commitment that names an end before the last fill. */
function commitWithEnd(period: Period, endMs: number): bigint {
  return hashFields(preimage(period).with(4, BigInt(endMs)));
}

/** The commitment's inputs, written out by the format's description. */
function preimage(period: Period): bigint[] {
  let timeMs = period.startMs;
  const elements = period.fills.map((one) => {
    const elapsed = one.timeMs - timeMs;
    timeMs = one.timeMs;
    const bits = [
      BigInt(elapsed).toString(2).padStart(42, "0"),
      (one.fee + 2n ** 55n).toString(2).padStart(56, "0"),
      one.price.toString(2).padStart(56, "0"),
      one.quantity.toString(2).padStart(56, "0"),
      one.side === "buy" ? "1" : "0",
    ];
    return BigInt(`0b${bits.join("")}`);
  });
  const head = [
    BigInt(`0x${Buffer.from("Dodona fills v1").toString("hex")}`),
    period.account,
    period.instrument,
    BigInt(period.startMs),
    BigInt(period.endMs),
    BigInt(period.sequence),
    BigInt(period.fills.length),
    period.salt,
  ];
  return [...head, ...elements, ...Array<bigint>(200 - elements.length).fill(0n)];
}
