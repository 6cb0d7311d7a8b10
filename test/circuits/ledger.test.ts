import { expect } from "chai";
import fc from "fast-check";

import type { Fill } from "../../circuits/model/ledger.ts";
import { computeLedger, elapsedMs, openingState, runLedger } from "../../circuits/model/ledger.ts";
import { performance, statementOf } from "../../circuits/model/performance.ts";
import { anyLedger, fill, outOfRange, periodOf, wildLedger } from "./ledgers.ts";
import { recompute } from "./recompute.ts";
import { OUT_OF_RANGE, verdict } from "./solve.ts";

/** Random ledgers that go through the circuit too; a long run sets more. */
const CIRCUIT_RUNS = Number(process.env["DODONA_LEDGERS"] ?? 40);

describe("the ledger's arithmetic", () => {
  const run = (fills: readonly Fill[], capital = 1000n) =>
    runLedger(openingState(capital), fills, capital);

  it("realizes a long position's profit less its fees", () => {
    // Bought 10 at 100 and sold them at 110: 100 made, 3 paid in fees.
    const { figures, end } = run([fill("buy", 10n, 100n, 1n), fill("sell", 10n, 110n, 2n)]);
    expect(end).to.include({ position: 0n, cost: 0n, equity: 1097n, peak: 1097n, sequence: 2 });
    // The fee of 1 took equity from 1000 to 999: 10 basis points.
    expect(figures).to.deep.equal({
      count: 2,
      profitBps: 970n,
      wins: 1,
      closes: 1,
      drawdownBps: 10,
    });
  });

  it("realizes a short position's profit", () => {
    const { figures, end } = run([fill("sell", 10n, 100n), fill("buy", 10n, 90n)]);
    expect(end.equity).to.equal(1100n);
    expect(figures).to.include({ wins: 1, closes: 1, drawdownBps: 0 });
  });

  it("releases an average cost on a partial close, rounded down", () => {
    // 3 units cost 100 + 100 + 101 = 301; one of them costs 100.
    const { end } = run([fill("buy", 2n, 100n), fill("buy", 1n, 101n), fill("sell", 1n, 100n)]);
    expect(end).to.include({ position: 2n, cost: 201n, equity: 1000n });
  });

  it("closes and opens with a fill larger than the position", () => {
    const { figures, end } = run([fill("buy", 4n, 50n), fill("sell", 10n, 60n)]);
    expect(end).to.include({ position: -6n, cost: 360n, equity: 1040n });
    expect(figures).to.include({ wins: 1, closes: 1 });
  });

  it("does not count a close that made no more than its fee as won", () => {
    const { figures } = run([fill("buy", 1n, 50n), fill("sell", 1n, 60n, 10n)]);
    expect(figures).to.include({ wins: 0, closes: 1 });
  });

  it("rounds a loss down and a drawdown up", () => {
    const { figures } = run([fill("buy", 1n, 50n, 1n)], 30_000n);
    expect(figures).to.include({ profitBps: -1n, drawdownBps: 1 });
  });

  it("adds a rebate", () => {
    expect(run([fill("buy", 1n, 50n, -7n)]).end.equity).to.equal(1007n);
  });

  it("measures the drawdown from the highest equity ever, in later periods too", () => {
    const first = run([fill("buy", 1n, 0n, -1000n)]);
    const second = runLedger(first.end, [fill("buy", 1n, 0n, 500n)], 1000n);
    expect(second.figures).to.include({ profitBps: -5000n, drawdownBps: 2500 });
  });

  it("refuses what cannot be proved, by name", () => {
    const refused = (reason: string, fills: readonly Fill[], capital = 1000n) =>
      expect(() => run(fills, capital)).to.throw(RangeError, reason);
    refused("capital", [], 0n);
    refused("capital", [], 1n << 64n);
    refused("201 fills", Array<Fill>(201).fill(fill("buy", 1n, 1n)));
    refused("quantity", [fill("buy", 0n, 1n)]);
    refused("quantity", [fill("buy", 1n << 56n, 1n)]);
    refused("price", [fill("buy", 1n, 1n << 56n)]);
    refused("price", [fill("buy", 1n, -1n)]);
    refused("fee", [fill("buy", 1n, 1n, 1n << 55n)]);
    refused("fee", [fill("buy", 1n, 1n, -(1n << 55n) - 1n)]);
    for (const { reason, start, fills, capital } of outOfRange) {
      expect(() => runLedger(start, fills, capital)).to.throw(RangeError, reason);
    }
    const opening = openingState(1000n);
    expect(() => runLedger({ ...opening, peak: 999n, equity: 999n }, [], 1000n)).to.throw(
      RangeError,
      "a peak below the capital",
    );
    expect(() => elapsedMs(1, 0)).to.throw(RangeError, "time");
    expect(() => elapsedMs(0, 2 ** 42)).to.throw(RangeError, "time");
  });

  it("proves up to the ends of what it refuses", () => {
    // One more unit lost and the fall is 2^20 basis points of the peak.
    expect(run([fill("buy", 1n, 0n, 104_857n)]).figures.drawdownBps).to.equal(1_048_570);
  });

  it("agrees with a recomputation by other means on 1,000 random ledgers", function () {
    this.timeout(120_000);
    fc.assert(
      fc.property(anyLedger, ({ start, fills, capital }) => {
        const { figures, end } = runLedger(start, fills, capital);
        const { position, cost, equity, peak } = end;
        expect({ figures, position, cost, equity, peak }).to.deep.equal(
          recompute(start, fills, capital),
        );
      }),
      { numRuns: 1000, endOnFailure: true },
    );
  });

  it("is what the circuit proves, on random ledgers", async function () {
    this.timeout(60_000 + 2_000 * CIRCUIT_RUNS);
    await fc.assert(
      fc.asyncProperty(anyLedger, async ({ start, fills, capital }) => {
        const { inputs } = performance(periodOf(fills, { before: start, capital }));
        expect(await verdict("performance", inputs)).to.equal("accepted");
      }),
      { numRuns: CIRCUIT_RUNS, endOnFailure: true },
    );
  });

  it("refuses what the circuit refuses, and nothing else", async function () {
    this.timeout(60_000 + 2_000 * CIRCUIT_RUNS);
    const seen = { accepted: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(wildLedger, async ({ start, fills, capital }) => {
        const result = computeLedger(start, fills, capital);
        const { inputs } = statementOf(periodOf(fills, { before: start, capital }), result);
        const isProvable = isAccepted(() => runLedger(start, fills, capital));
        seen[isProvable ? "accepted" : "refused"] += 1;
        const said = await verdict("performance", inputs);
        expect(said).to.equal(isProvable ? "accepted" : OUT_OF_RANGE);
      }),
      { numRuns: CIRCUIT_RUNS, endOnFailure: true },
    );
    expect(Math.min(seen.accepted, seen.refused)).to.be.greaterThan(CIRCUIT_RUNS / 10);
  });
});

/** Whether the model takes a ledger; anything but a number out of range is an error. */
function isAccepted(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
