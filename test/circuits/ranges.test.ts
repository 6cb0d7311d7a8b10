import { expect } from "chai";

import { fieldInput, signedField } from "../../circuits/model/field.ts";
import type { Fill } from "../../circuits/model/ledger.ts";
import { computeLedger, openingState } from "../../circuits/model/ledger.ts";
import { statementOf } from "../../circuits/model/performance.ts";
import type { Period } from "../../circuits/model/performance.ts";
import { fill, outOfRange, periodOf, startMs } from "./ledgers.ts";
import { changed, OUT_OF_RANGE, verdict } from "./solve.ts";

describe("performance refuses", function () {
  this.timeout(60_000);

  for (const { reason, start, fills, capital } of outOfRange) {
    it(`a number out of range: ${reason}`, async () => {
      const result = computeLedger(start, fills, capital);
      const period = periodOf(fills, { before: start, capital, blindingBefore: 22n });
      expect(await verdict("performance", statementOf(period, result).inputs)).to.equal(
        OUT_OF_RANGE,
      );
    });
  }

  it("a peak at the start below the capital", async () => {
    const start = { ...openingState(999n), index: 1 };
    const period = periodOf([], { before: start, capital: 1000n });
    const { inputs } = statementOf(period, computeLedger(start, [], 1000n));
    expect(await verdict("performance", inputs)).to.equal(OUT_OF_RANGE);
  });

  /**
   * All that a prover would say if a fill were another one that packs to the same field element: parts lie side by side
   * there, so one unit more of a part is its whole range more of the part below.
   */
  const forged = (period: Period, parts: Partial<Fill> & { readonly elapsed?: bigint }) => {
    const [committed] = period.fills;
    const other = { ...committed!, ...parts };
    const result = computeLedger(period.before, [other], period.capital);
    const { inputs } = statementOf(period, result);
    const places = {
      quantity: other.quantity,
      price: other.price,
      fee: signedField(other.fee),
      elapsed: parts.elapsed ?? BigInt(committed!.timeMs - startMs),
    };
    return Object.entries(places).reduce(
      (all, [name, value]) => changed(all, `fills.0.${name}`, fieldInput(value)),
      inputs,
    );
  };
  const capital = 1n << 63n;
  const one = fill("sell", 4n, 50n, 9n, startMs + 7);

  it("a quantity that reaches into the price, though both pack to what was committed to", async () => {
    const before = { ...openingState(capital), index: 1, position: (1n << 56n) - 1n };
    const period = periodOf([one], { before, capital });
    expect(await verdict("performance", forged(period, {}))).to.equal("accepted");
    const moved = forged(period, { quantity: 4n + (1n << 56n), price: 49n });
    expect(await verdict("performance", moved)).to.equal(OUT_OF_RANGE);
  });

  it("a price that reaches into the fee", async () => {
    const moved = forged(periodOf([one], { capital }), { price: 50n + (1n << 56n), fee: 8n });
    expect(await verdict("performance", moved)).to.equal(OUT_OF_RANGE);
  });

  it("a fee that reaches into the time", async () => {
    const moved = forged(periodOf([one], { capital }), { fee: 9n + (1n << 56n), elapsed: 6n });
    expect(await verdict("performance", moved)).to.equal(OUT_OF_RANGE);
  });
});
