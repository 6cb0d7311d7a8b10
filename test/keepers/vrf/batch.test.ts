import { expect } from "chai";

import { gasLimitOf, planBatches, savedGas, type BatchLimits } from "../../../keepers/vrf/batch.ts";

const limits: BatchLimits = { maxGas: 1_000_000, maxItems: 4, maxCallbackGas: 300_000 };
const overhead = 100_000;
const item = (callbackGasLimit: number, id = 0) => ({
  ...{ id, callbackGasLimit, numWords: 1, proofBytes: 321, attempt: 1 },
});

describe("batches of fulfilments", () => {
  it("keep the order, and hold no more items than allowed", () => {
    const planned = planBatches(
      [1, 2, 3, 4, 5].map((id) => item(10_000, id)),
      overhead,
      limits,
    );
    expect(planned.map(({ items }) => items.map(({ id }) => id))).to.deep.equal([
      [1, 2, 3, 4],
      [5],
    ]);
  });

  it("give each callback its whole gas through two calls that pass on 63/64", () => {
    const [batch] = planBatches([item(200_000), item(200_000)], overhead, limits);
    const needed = (2 * ((overhead + (200_000 * 64) / 63) * 64)) / 63;
    expect(batch!.items).to.have.length(2);
    expect(batch!.gasLimit).to.be.above(21_000 + needed);
  });

  it("stay below the gas of a transaction", () => {
    const planned = planBatches(
      Array.from({ length: 7 }, () => item(250_000)),
      overhead,
      limits,
    );
    for (const { items, gasLimit } of planned) {
      expect(gasLimit).to.equal(gasLimitOf(items, overhead));
      if (items.length > 1) expect(gasLimit).to.be.at.most(limits.maxGas);
    }
    expect(planned.flatMap(({ items }) => items)).to.have.length(7);
  });

  it("leave a callback alone that may burn much, whatever the gas that it needs", () => {
    const planned = planBatches(
      [item(10_000, 1), item(2_500_000, 2), item(10_000, 3)],
      overhead,
      limits,
    );
    expect(planned.map(({ items }) => items.map(({ id }) => id))).to.deep.equal([[1, 3], [2]]);
    expect(planned[1]!.gasLimit).to.be.above(2_500_000);
  });

  it("leave alone what failed before, so that its reason is its own", () => {
    const planned = planBatches(
      [item(10_000, 1), { ...item(10_000, 2), attempt: 2 }, item(10_000, 3)],
      overhead,
      limits,
    );
    expect(planned.map(({ items }) => items.map(({ id }) => id))).to.deep.equal([[1, 3], [2]]);
  });

  it("are made only of several, which save most of a transaction each", () => {
    expect(savedGas(1)).to.equal(0);
    expect(savedGas(2)).to.be.above(0);
    expect(savedGas(20)).to.be.above(savedGas(2));
    expect(planBatches([item(1)], overhead, limits)[0]!.items).to.have.length(1);
    expect(planBatches([], overhead, limits)).to.deep.equal([]);
    const alone = planBatches([item(1), item(1)], overhead, { ...limits, maxItems: 1 });
    expect(alone).to.have.length(2);
  });

  it("need more gas for longer proofs and more words", () => {
    const base = gasLimitOf([item(10_000)], overhead);
    expect(gasLimitOf([{ ...item(10_000), proofBytes: 353 }], overhead)).to.equal(base + 512);
    expect(gasLimitOf([{ ...item(10_000), numWords: 2 }], overhead)).to.be.above(base);
  });
});
