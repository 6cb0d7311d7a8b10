import { expect } from "chai";

import type { ProvingSet } from "../../../keepers/attest/model.ts";
import { includedUnder, statementsOf, unprovable } from "../../../keepers/attest/witness.ts";
import { publicKeys } from "../../../keepers/feed/signing/keys.ts";
import type { SignedObservation } from "../../../keepers/feed/signing/observation.ts";
import { decodeReport } from "../../../keepers/shared/report.ts";
import type { ShownObservation } from "../../../keepers/shared/slots.ts";
import { verdict } from "../../circuits/solve.ts";
import { accountOf, bundle, DOMAIN, freshKeys, observe, PRICES, SLOT } from "../watch/fixtures.ts";

const keys = Array.from({ length: 5 }, freshKeys);
const OTHER = PRICES.map((price) => (price === 0n ? 0n : price + 1n));

function setOf(feeds: number): ProvingSet {
  return {
    ...{ id: 3, quorum: 3, feeds: Array.from({ length: feeds }, (_, index) => `F${index}/USD`) },
    operators: keys.map((own, index) => {
      const { x, y } = publicKeys(own).grumpkin.toAffine();
      return { account: accountOf(index), key: { x, y } };
    }),
  };
}

describe("attest: what is proved", function () {
  this.timeout(30_000);
  const set = setOf(PRICES.length);
  const all = keys.map((_, index) => observe(keys, index));
  const entry = { feedIndex: 0, count: 3, answerE8: PRICES[0]! };
  const over = (observations: readonly SignedObservation[]) =>
    decodeReport(bundle(keys, observations, [{ ...entry, count: observations.length }]).report)!;
  const found = (shown: readonly ShownObservation[], report = over(all)) => {
    const included = includedUnder(report, shown, set, DOMAIN);
    return included.kind === "found"
      ? included.observations.map(({ operator }) => operator)
      : included.reason;
  };

  it("stands on the observations that the report's root is over, whoever shows them in what order", () => {
    expect(found(all)).to.deep.equal([0, 1, 2, 3, 4]);
    expect(found(all.toReversed())).to.deep.equal([0, 1, 2, 3, 4]);
    expect(found([...all, ...all])).to.deep.equal([0, 1, 2, 3, 4]);
    const some = [all[0]!, all[2]!, all[3]!];
    expect(found(all, over(some))).to.deep.equal([0, 2, 3]);
  });

  it("finds an observation among several that an operator signed for the slot", () => {
    const twice = [...all, observe(keys, 1, OTHER)];
    const report = over([all[0]!, observe(keys, 1, OTHER), all[2]!]);
    expect(found(twice, report)).to.deep.equal([0, 1, 2]);
  });

  it("does not believe what its operator's key did not sign", () => {
    const [first, ...others] = all as [SignedObservation, ...SignedObservation[]];
    const forged = { ...first, proof: { s: first.proof.s + 1n, e: first.proof.e } };
    const missing = "an observation under the root is not among the 4 that operators show";
    expect(found([forged, ...others])).to.equal(missing);
    expect(found([{ ...first, proof: all[1]!.proof }, ...others])).to.equal(missing);
    expect(found([{ ...first, proof: { s: 0n, e: 0n } }, ...others])).to.equal(missing);
    // The honest copy beside it counts.
    expect(found([forged, ...all])).to.deep.equal([0, 1, 2, 3, 4]);
  });

  it("says what is missing", () => {
    expect(found(all.slice(1))).to.equal(
      "an observation under the root is not among the 4 that operators show",
    );
    expect(found(all.slice(3))).to.equal(
      `operators show 2 observations of slot ${SLOT}, below the quorum of 3`,
    );
    const otherSlot = all.map((_, index) => observe(keys, index, PRICES, { slot: SLOT + 1 }));
    expect(found(otherSlot)).to.equal(
      `operators show 0 observations of slot ${SLOT}, below the quorum of 3`,
    );
    const unproved = all.map((one) => ({ ...one, proof: undefined }));
    expect(found(unproved)).to.match(/^operators show 0/);
  });

  it("is nothing over more than eleven observations, or of a set of more than 110 feeds", () => {
    expect(unprovable(11, set)).to.equal(null);
    expect(unprovable(12, set)).to.equal("its root is over 12 observations, and a proof takes 11");
    expect(unprovable(5, setOf(110))).to.equal(null);
    expect(unprovable(5, setOf(111))).to.equal("its set has 111 feeds, and a proof takes 110");
  });

  it("satisfies the circuit, a statement for each chunk of ten feeds of the report", async () => {
    const prices = Array.from({ length: 21 }, (_, index) => BigInt(1_000 + index));
    const wide = setOf(prices.length);
    const observations = keys.map((_, index) => observe(keys, index, prices));
    const entries = [2, 20].map((feedIndex) => ({
      ...{ feedIndex, count: 5, answerE8: prices[feedIndex]! },
    }));
    const report = decodeReport(bundle(keys, observations, entries).report)!;
    const included = includedUnder(report, observations, wide, DOMAIN);
    if (included.kind === "missing") throw new Error(included.reason);
    const statements = statementsOf(report, included.observations, wide, DOMAIN);
    expect(statements.map(({ chunk }) => chunk)).to.deep.equal([0, 2]);
    for (const { statement } of statements) {
      expect(await verdict("price_batch", statement.inputs)).to.equal("accepted");
      expect(statement.root).to.equal(report.root);
    }
    const [low, high] = statements.map(({ statement }) => statement.answers);
    expect(low!.map((one) => one?.answerE8 ?? null)).to.deep.equal(
      Array.from({ length: 10 }, (_, place) => (place === 2 ? 1_002n : null)),
    );
    expect(high![0]).to.deep.equal({ answerE8: 1_020n, count: 5 });
  });
});
