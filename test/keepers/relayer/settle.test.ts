import { expect } from "chai";
import { classify, nodeMessage } from "../../../keepers/relayer/broadcast.ts";
import { settle, type Receipt, type WatchedSlot } from "../../../keepers/relayer/settle.ts";

const chain = { head: 100, baseFeeWei: 0n, tipWei: 0n, nonce: 5, balanceWei: 0n, readAtMs: 0 };
const settings = { confirmations: 3, foreignAfterBlocks: 3 };

function slot(nonce: number, fields: Partial<WatchedSlot> = {}): WatchedSlot {
  const attempts = [
    { id: 2n, hash: "0xnew" },
    { id: 1n, hash: "0xold" },
  ];
  return {
    id: BigInt(nonce),
    nonce,
    status: "pending",
    missingSinceBlock: null,
    attempts,
    ...fields,
  };
}

function receipts(hash: string, blockNumber: number): Map<string, Receipt> {
  const receipt = {
    hash,
    blockNumber,
    blockHash: "0x",
    succeeded: true,
    gasUsed: 1n,
    effectiveGasPriceWei: 1n,
  };
  return new Map([[hash, receipt]]);
}

const brief = (slots: WatchedSlot[], found: Map<string, Receipt>, behind = false): unknown[] =>
  settle(slots, found, chain, settings, behind).map((one) =>
    one.type === "mined" ? [one.type, one.attemptId, one.final] : [one.type, one.slotId],
  );

describe("relayer: settle", () => {
  it("lets any hash of a nonce win", () => {
    expect(brief([slot(4)], receipts("0xold", 100))).to.deep.equal([["mined", 1n, false]]);
    expect(brief([slot(4)], receipts("0xnew", 100))).to.deep.equal([["mined", 2n, false]]);
  });

  it("calls a transaction final at the asked depth and not before", () => {
    expect(brief([slot(4, { status: "mined" })], receipts("0xold", 99))).to.deep.equal([
      ["mined", 1n, false],
    ]);
    expect(brief([slot(4, { status: "mined" })], receipts("0xold", 98))).to.deep.equal([
      ["mined", 1n, true],
    ]);
  });

  it("leaves open nonces alone that the chain has not reached", () => {
    expect(brief([slot(5)], receipts("0xold", 100))).to.deep.equal([]);
  });

  it("opens a settled nonce again when the chain went back, once that is believed", () => {
    for (const status of ["mined", "final", "foreign"] as const) {
      expect(brief([slot(5, { status })], new Map(), false)).to.deep.equal([]);
      expect(brief([slot(5, { status })], new Map(), true)).to.deep.equal([["reopened", 5n]]);
    }
  });

  it("says of which newest bytes a foreign nonce was looked at", () => {
    for (const [attempts, newestAttemptId] of [
      [slot(4).attempts, 2n],
      [[], null],
    ] as const) {
      const one = slot(4, { missingSinceBlock: 97, attempts });
      expect(settle([one], new Map(), chain, settings, false)).to.deep.equal([
        { type: "foreign", slotId: 4n, newestAttemptId },
      ]);
    }
  });

  it("calls a nonce foreign only after some blocks without a receipt of ours", () => {
    expect(brief([slot(4)], new Map())).to.deep.equal([["missing", 4n]]);
    expect(brief([slot(4, { missingSinceBlock: 98 })], new Map())).to.deep.equal([]);
    expect(brief([slot(4, { missingSinceBlock: 97 })], new Map())).to.deep.equal([["foreign", 4n]]);
    expect(brief([slot(4, { missingSinceBlock: 97 })], receipts("0xold", 90))).to.deep.equal([
      ["mined", 1n, true],
    ]);
    // The chain is lower than when it was noted: counted anew.
    expect(brief([slot(4, { missingSinceBlock: 101 })], new Map())).to.deep.equal([
      ["missing", 4n],
    ]);
  });
});

describe("relayer: broadcast", () => {
  // Wordings from the sources of the nodes.
  const wordings: Array<[string, string]> = [
    ["already known", "accepted"],
    ["transaction already imported", "accepted"],
    ["Known transaction", "accepted"],
    ["AlreadyKnown", "accepted"],
    ["nonce too low: next nonce 5, tx nonce 4", "nonceUsed"],
    ["Nonce too low", "nonceUsed"],
    ["OldNonce, Current nonce: 5, nonce of rejected tx: 4", "nonceUsed"],
    ["replacement transaction underpriced", "underpriced"],
    ["transaction underpriced: gas tip cap 1, minimum needed 1000000", "underpriced"],
    [
      "max fee per gas less than block base fee: address 0x00, maxFeePerGas: 1, baseFee: 2",
      "underpriced",
    ],
    ["Insufficient funds for gas * price + value", "noFunds"],
    ["insufficient funds for gas * price + value: balance 1, tx cost 2, overshot 1", "noFunds"],
    ["intrinsic gas too low: gas 1, minimum needed 21000", "rejected"],
    ["exceeds block gas limit", "rejected"],
    ["invalid sender", "rejected"],
    ["no answer within 5000 ms", "unknown"],
    ["nonce too high", "unknown"],
    ["txpool is full", "unknown"],
    ["the moon is full", "refused"],
    ["", "refused"],
  ];
  for (const [message, outcome] of wordings) {
    it(`takes "${message}" for ${outcome}`, () => expect(classify(message).type).to.equal(outcome));
  }

  it("finds the node's message inside an error of ethers", () => {
    const wrapped = Object.assign(new Error("could not coalesce error"), {
      error: { code: -32000, message: "already known" },
    });
    expect(nodeMessage(wrapped)).to.equal("already known");
    const inner = Object.assign(new Error("nonce has already been used"), {
      info: { error: { message: "nonce too low" } },
    });
    expect(nodeMessage(inner)).to.equal("nonce too low");
    expect(nodeMessage(new Error("plain"))).to.equal("plain");
  });
});
