import { expect } from "chai";

import type { CircuitName } from "../../circuits/build/circuits.ts";
import { fieldInput, tagField } from "../../circuits/model/field.ts";
import type { PerformanceStatement } from "../../circuits/model/performance.ts";
import { periodsOf } from "../../circuits/model/periods.ts";
import { priceBatch } from "../../circuits/model/price-batch.ts";
import type { Prover } from "../../circuits/prover/prover.ts";
import { openProver } from "../../circuits/prover/prover.ts";
import { batchOf, included } from "./observations.ts";
import { ceremonyPoints, developmentPoints } from "./points.ts";
import { recordedFills } from "./real-fills.ts";
import { changed, valueAt } from "./solve.ts";

/** The longest recorded history's second period: it starts from what the first one left open. */
function recordedPeriod(): PerformanceStatement {
  const histories = [...recordedFills().fills].toSorted(([, a], [, b]) => b.length - a.length);
  const [name, fills] = histories[0]!;
  const options = { account: 1n, instrument: tagField(name), capital: 1_000_000_000n };
  return periodsOf(fills, options)[1]!.statement;
}

const statements = [
  ["price_batch", priceBatch(batchOf([1n, 2n, 3n].map((price, k) => included(k, [price]))))],
  ["performance", recordedPeriod()],
] as const satisfies readonly (readonly [CircuitName, unknown])[];

for (const kind of ["development", "ceremony"] as const) {
  if (kind === "ceremony" && ceremonyPoints() === null) continue;
  describe(`prover with ${kind} points`, function () {
    this.timeout(60_000);
    let prover: Prover;
    before(async () => {
      prover = await openProver(kind === "ceremony" ? ceremonyPoints()! : developmentPoints());
    });
    after(() => prover.close());

    for (const [name, { inputs, publicInputs }] of statements) {
      it(`proves ${name}, about the public inputs that the model names`, async () => {
        const proved = await prover.prove(name, inputs);
        expect(proved.publicInputs.map(BigInt)).to.deep.equal(publicInputs);
        // The library checks with the ceremony's τ alone: proofs with another one are for their own verifiers.
        expect(await prover.verify(name, proved)).to.equal(kind === "ceremony");
        const others = proved.publicInputs.with(4, `0x${"00".repeat(31)}01`);
        expect(await prover.verify(name, { ...proved, publicInputs: others })).to.equal(false);
      });
    }

    it("names the assertion that inputs fail", async () => {
      const { inputs } = statements[1][1];
      const wrong = changed(inputs, "wins", fieldInput(valueAt(inputs, "wins") + 1n));
      const failure = await prover.prove("performance", wrong).catch((error: unknown) => error);
      expect(String(failure)).to.contain("the wins are not those of the fills");
    });
  });
}
