import { expect } from "chai";
import { AbiCoder, id } from "ethers";
import { describeRevert } from "../../../keepers/relayer/reasons.ts";

/** Revert data as the EVM has it: the selector of a signature, and arguments. */
function data(signature: string, args: readonly unknown[]): string {
  const types = /\((.*)\)/.exec(signature)![1]!.split(",").filter(Boolean);
  return id(signature).slice(0, 10) + AbiCoder.defaultAbiCoder().encode(types, args).slice(2);
}

describe("relayer: reasons of reverts", () => {
  for (const [signature, args, words] of [
    ["StaleReport(uint32,uint256)", [10, 12], "StaleReport(10, 12)"],
    [
      "NoCorrespondingRequest(uint256,uint256)",
      [7, 3],
      "NoCorrespondingRequest(7, 3): the request is not pending any more: another delivery was first, or it was refunded",
    ],
    [
      "NotConfirmed(uint256,uint256)",
      [100, 103],
      "NotConfirmed(100, 103): block 100 is too early: words are accepted from block 103",
    ],
    [
      "DeadlinePassed(uint256,uint256)",
      [351, 350],
      "DeadlinePassed(351, 350): block 351 is too late: block 350 was the last for the request",
    ],
    [
      "BlockhashNotAvailable(uint256)",
      [5],
      "BlockhashNotAvailable(5): the chain does not offer the hash of block 5, and nobody has stored it",
    ],
    // Of libraries: ECVRF and the delivery of words.
    ["InvalidGamma(uint256)", [9], "InvalidGamma(9): the proof does not hold for this request"],
    [
      "InsufficientGas(uint256,uint256)",
      [90_000, 210_000],
      "InsufficientGas(90000, 210000): 90000 gas were left for the callback, which needs 210000",
    ],
    // What has no sentence keeps its name.
    [
      "MustBeSubOwner(address,address)",
      [`0x${"1".repeat(40)}`, `0x${"2".repeat(40)}`],
      `MustBeSubOwner(0x${"1".repeat(40)}, 0x${"2".repeat(40)})`,
    ],
    ["Error(string)", ["no"], "no"],
    ["Unheard(uint256)", [1], `unknown error ${id("Unheard(uint256)").slice(0, 10)}`],
  ] as const) {
    it(`says what ${signature} means`, () => {
      expect(describeRevert({ error: { data: data(signature, args) } })).to.equal(words);
    });
  }

  it("says what the node said where there is no data", () => {
    expect(describeRevert(new Error("execution reverted\nat somewhere"))).to.equal(
      "execution reverted",
    );
  });
});
