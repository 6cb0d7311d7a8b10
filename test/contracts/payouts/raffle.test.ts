import { expect } from "chai";
import { keccak256, toBeHex, ZeroHash } from "ethers";

import { findSnapshotBlock } from "../../../keepers/payout/blocks.ts";
import { draw } from "../../../keepers/payout/raffle.ts";
import { findWords } from "../../../keepers/payout/words.ts";
import { deployVrf, wordsFrom } from "../vrf/coordinator.ts";

const DAY = 86_400;

/** A coordinator with a funded subscription, and a consumer whose first day ends in a while. */
async function withRaffle() {
  const vrf = await deployVrf();
  const { address, coordinator, ethers, key, networkHelpers, stranger } = vrf;
  const subId = await vrf.subscribe([]);
  const firstEnd = (await networkHelpers.time.latest()) + 1_000;
  const terms = { keyHash: key.keyHash, subId, confirmations: 1, firstEnd };
  const raffle = await ethers.deployContract("RaffleRandomness", [coordinator, terms], stranger);
  await coordinator.addConsumer(subId, raffle);
  const consumer = (await raffle.getAddress()).toLowerCase();
  const chain = {
    send: async (method: string, params: unknown[]): Promise<unknown> =>
      await (ethers.provider.send(method, params) as Promise<unknown>),
  };
  const randomness = { coordinator: address.toLowerCase(), consumer };
  const ask = async () => vrf.requestIn(await (await raffle.ask()).wait());
  /** What the keeper reads for the day that ended at a time. */
  const wordsAfter = async (end: number) => {
    const snapshot = await findSnapshotBlock(chain, end, 1);
    if (snapshot === null) throw new Error("the day has not ended");
    return findWords(chain, randomness, snapshot, await ethers.provider.getBlockNumber());
  };
  const goTo = async (time: number) => networkHelpers.time.increaseTo(time);
  return { ...vrf, raffle, terms, firstEnd, raffleSubId: subId, ask, wordsAfter, goTo };
}

describe("RaffleRandomness", () => {
  it("asks for one word from its subscription, and says so", async () => {
    const { ask, coordinator, firstEnd, goTo, key, raffle, raffleSubId, stranger, terms } =
      await withRaffle();
    await goTo(firstEnd);
    const sent = raffle.ask();
    await expect(sent).to.emit(coordinator, "RandomWordsRequested");
    const { blockNumber, requestId, isAnswered, day } = await raffle.asked();
    expect([day, isAnswered]).to.deep.equal([1n, false]);
    expect(blockNumber).to.equal((await sent).blockNumber);
    await expect(sent).to.emit(raffle, "WordAsked").withArgs(1n, requestId, stranger.address);
    await goTo(firstEnd + DAY);
    const request = await ask();
    expect(request).to.deep.include({
      ...{ subId: raffleSubId, keyHash: key.keyHash, numWords: 1n, confirmations: 1n },
      sender: await raffle.getAddress(),
    });
    expect(await raffle.coordinator()).to.equal(await coordinator.getAddress());
    const given = await raffle.terms();
    expect([given.keyHash, given.subId, given.confirmations, given.firstEnd]).to.deep.equal([
      ...[terms.keyHash, raffleSubId, 1n, BigInt(firstEnd)],
    ]);
  });

  it("reverts with ZeroFirstEnd where the first day has no end", async () => {
    const { coordinator, ethers, raffle, terms } = await withRaffle();
    await expect(
      ethers.deployContract("RaffleRandomness", [coordinator, { ...terms, firstEnd: 0 }]),
    ).to.be.revertedWithCustomError(raffle, "ZeroFirstEnd");
  });

  it("reverts with DayNotOver up to the last second of the first day", async () => {
    const { firstEnd, networkHelpers, raffle } = await withRaffle();
    await networkHelpers.time.setNextBlockTimestamp(firstEnd);
    await expect(raffle.ask())
      .to.be.revertedWithCustomError(raffle, "DayNotOver")
      .withArgs(firstEnd, firstEnd + 1);
  });

  it("belongs to the day before up to its last second", async () => {
    const { firstEnd, networkHelpers, raffle } = await withRaffle();
    await networkHelpers.time.setNextBlockTimestamp(firstEnd + DAY);
    await raffle.ask();
    expect((await raffle.asked()).day).to.equal(1n);
    await networkHelpers.time.setNextBlockTimestamp(firstEnd + DAY + 1);
    await raffle.ask();
    expect((await raffle.asked()).day).to.equal(2n);
  });

  it("reverts with StillPending while the day's request can be answered", async () => {
    const { ask, coordinator, expire, firstEnd, goTo, networkHelpers, raffle } = await withRaffle();
    await goTo(firstEnd);
    const request = await ask();
    const { deadlineBlocks } = await coordinator.config();
    const deadline = request.blockNumber + deadlineBlocks;
    await expect(raffle.ask())
      .to.be.revertedWithCustomError(raffle, "StillPending")
      .withArgs(request.requestId, request.blockNumber + 1n, deadline);
    await networkHelpers.mine(deadlineBlocks - 1n);
    await expect(raffle.ask())
      .to.be.revertedWithCustomError(raffle, "StillPending")
      .withArgs(request.requestId, deadline, deadline);
    await expire(request);
    const again = await ask();
    expect(again.requestId).not.to.equal(request.requestId);
  });

  it("reverts with AlreadyAnswered once the day has its word", async () => {
    const { ask, firstEnd, fulfill, fulfilmentIn, goTo, raffle } = await withRaffle();
    await goTo(firstEnd);
    const request = await ask();
    const { success } = fulfilmentIn(await (await fulfill(request)).wait());
    expect(success).to.equal(true);
    expect((await raffle.asked()).isAnswered).to.equal(true);
    await expect(raffle.ask())
      .to.be.revertedWithCustomError(raffle, "AlreadyAnswered")
      .withArgs(1n, request.requestId);
  });

  it("takes a failed callback for an answer, too", async () => {
    const { address, ask, ethers, firstEnd, goTo, networkHelpers, raffle } = await withRaffle();
    await goTo(firstEnd);
    const { requestId } = await ask();
    // The coordinator keeps an output only where the callback failed.
    const slots = await Promise.all(
      Array.from({ length: 40 }, async (_, i) =>
        keccak256(ethers.AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], [requestId, i])),
      ),
    );
    const coordinator = await ethers.getContractAt("VRFCoordinator", address);
    for (const slot of slots) {
      await networkHelpers.setStorageAt(address, slot, toBeHex(7n, 32));
      if ((await coordinator.outputOf(requestId)) === 7n) break;
      await networkHelpers.setStorageAt(address, slot, ZeroHash);
    }
    await expect(raffle.ask())
      .to.be.revertedWithCustomError(raffle, "AlreadyAnswered")
      .withArgs(1n, requestId);
  });

  it("reverts with OnlyCoordinator when somebody else brings words", async () => {
    const { raffle, stranger } = await withRaffle();
    await expect(raffle.rawFulfillRandomWords(0n, [1n]))
      .to.be.revertedWithCustomError(raffle, "OnlyCoordinator")
      .withArgs(stranger.address);
  });

  it("does not take a late answer of yesterday for today's", async () => {
    const { ask, firstEnd, fulfill, goTo, raffle } = await withRaffle();
    await goTo(firstEnd);
    const first = await ask();
    await goTo(firstEnd + DAY);
    const second = await ask();
    await (await fulfill(first)).wait();
    expect((await raffle.asked()).isAnswered).to.equal(false);
    await (await fulfill(second)).wait();
    expect((await raffle.asked()).isAnswered).to.equal(true);
  });
});

describe("a raffle's words, from a real request", () => {
  it("are what the coordinator proved, and draw the same winners for everybody", async () => {
    const { ask, firstEnd, fulfill, fulfilmentIn, goTo, wordsAfter } = await withRaffle();
    await goTo(firstEnd);
    const request = await ask();
    expect(await wordsAfter(firstEnd)).to.equal(null);
    const { output } = fulfilmentIn(await (await fulfill(request)).wait());
    const words = await wordsAfter(firstEnd);
    expect(words).to.deep.equal(wordsFrom(output, 1));
    const weights = [5n, 0n, 1n, 1n];
    const drawn = draw(words!, weights, 3);
    expect([...drawn].sort()).to.deep.equal([0, 2, 3]);
    expect(draw(words!, weights, 3)).to.deep.equal(drawn);
  });

  it("are not those of a request that was made before the snapshot block", async () => {
    const { ask, firstEnd, fulfill, fulfilmentIn, goTo, wordsAfter } = await withRaffle();
    await goTo(firstEnd);
    const first = fulfilmentIn(await (await fulfill(await ask())).wait());
    await goTo(firstEnd + DAY + 1);
    expect(await wordsAfter(firstEnd + DAY)).to.equal(null);
    const second = fulfilmentIn(await (await fulfill(await ask())).wait());
    expect(await wordsAfter(firstEnd + DAY)).to.deep.equal(wordsFrom(second.output, 1));
    expect(await wordsAfter(firstEnd)).to.deep.equal(wordsFrom(first.output, 1));
  });

  it("are the next request's where the first ran out and was refunded", async () => {
    const { ask, coordinator, expire, firstEnd, fulfill, fulfilmentIn, goTo, wordsAfter } =
      await withRaffle();
    await goTo(firstEnd);
    const lost = await ask();
    await expire(lost);
    const next = await ask();
    const { output } = fulfilmentIn(await (await fulfill(next)).wait());
    // Until the refund, the first may only seem lost to this reader.
    expect(await wordsAfter(firstEnd)).to.equal(null);
    await coordinator.refund(lost);
    expect(await wordsAfter(firstEnd)).to.deep.equal(wordsFrom(output, 1));
  });

  it("are not those that somebody else's consumer got", async () => {
    const { firstEnd, fulfill, goTo, request, wordsAfter } = await withRaffle();
    await goTo(firstEnd);
    await (await fulfill(await request())).wait();
    expect(await wordsAfter(firstEnd)).to.equal(null);
  });
});
