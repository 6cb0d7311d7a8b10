import { expect } from "chai";

import { judgeContinuity } from "../../indexer/continuity.ts";

const seen = { number: 5, hash: "0xa", hashNow: "0xa" };

describe("continuity of a chain and its index", () => {
  it("lets a new index, and one that the chain has passed, go on", () => {
    expect(judgeContinuity(31337, { head: 0, finalized: null, seen: null }).kind).to.equal(
      "continue",
    );
    expect(judgeContinuity(31337, { head: 130, finalized: 100, seen }).kind).to.equal("continue");
    expect(judgeContinuity(31337, { head: 3, finalized: 0, seen: null }).kind).to.equal("continue");
  });

  it("finds a chain behind that cannot make final again what was", () => {
    expect(judgeContinuity(31337, { head: 129, finalized: 100, seen }).kind).to.equal("behind");
    expect(judgeContinuity(1, { head: 164, finalized: 100, seen }).kind).to.equal("behind");
    expect(judgeContinuity(1, { head: 165, finalized: 100, seen }).kind).to.equal("continue");
  });

  it("finds a chain replaced when a final block has another hash or is missing, whatever the head", () => {
    for (const hashNow of ["0xb", null]) {
      const verdict = judgeContinuity(31337, {
        head: 1_000,
        finalized: 100,
        seen: { ...seen, hashNow },
      });
      expect(verdict.kind).to.equal("replaced");
    }
  });
});
