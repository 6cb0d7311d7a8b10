import { expect } from "chai";

import { range } from "../../helpers/contracts-fixture.ts";
import { BUDGET, DELAY, EPOCH, TOKEN, economy, seated } from "./economy.ts";

const DAY = 86_400;
const NONE = 0n;
const POSTED = 1n;
const DROPPED = 2n;

/** Accounts 0 to 4 are active, 10 · BUDGET is there, and `epoch` has just ended. */
async function funded() {
  const env = await seated(5);
  const { rewards, token, governance, scorer, at, now } = env;
  await token.connect(governance).transfer(rewards, 10n * BUDGET);
  const epoch = Math.floor((await now()) / EPOCH) + 6;
  await at((epoch + 1) * EPOCH);
  await env.networkHelpers.mine();
  const post = rewards.connect(scorer);
  return {
    ...env,
    epoch,
    post,
    /** Posts weights of accounts 0, 1, … for an epoch. */
    postFor: async (posted: number, weights: readonly number[]) =>
      await post.postWeights(posted, range(weights.length).map(env.address), [...weights]),
  };
}

describe("OperatorRewards", () => {
  describe("postWeights", () => {
    it("sets the epoch's budget aside and publishes who took part", async () => {
      const { rewards, epoch, postFor, address, now } = await funded();
      const weights = [10_000, 9_000, 1];
      // Of 700 tokens: each floor of its share of 19,001.
      const shares = weights.map((weight) => (BUDGET * BigInt(weight)) / 19_001n);
      const allocated = shares.reduce((sum, share) => sum + share);
      expect(allocated).to.be.below(BUDGET);
      const sent = await postFor(epoch, weights);
      const claimableAt = (await now()) + EPOCH;
      await expect(sent)
        .to.emit(rewards, "EpochWeightsPosted")
        .withArgs(epoch, BUDGET, allocated, claimableAt, [0, 1, 2].map(address), weights);
      expect([...(await rewards.epochOf(epoch))]).to.deep.equal([
        POSTED,
        BigInt(claimableAt),
        19_001n,
        BUDGET,
        allocated,
        0n,
      ]);
      expect(await rewards.reserved()).to.equal(allocated);
      expect(await rewards.available()).to.equal(10n * BUDGET - allocated);
      for (const i of range(3)) {
        expect(await rewards.rewardOf(epoch, address(i))).to.equal(shares[i]);
      }
      expect(await rewards.rewardOf(epoch, address(3))).to.equal(0);
    });

    it("shares no more than is there", async () => {
      const { rewards, epoch, postFor, token, address, networkHelpers } = await funded();
      await rewards.setEpochBudget(6n * BUDGET);
      await postFor(epoch, [1]);
      await postFor(epoch - 1, [3, 1]);
      expect((await rewards.epochOf(epoch - 1)).budget).to.equal(4n * BUDGET);
      expect(await rewards.available()).to.equal(0);
      await expect(postFor(epoch - 2, [1]))
        .to.be.revertedWithCustomError(rewards, "NothingFunded")
        .withArgs(0, 6n * BUDGET);
      await networkHelpers.time.increase(EPOCH);
      await rewards.claimMany([epoch, epoch - 1], address(0));
      await rewards.claim(epoch - 1, address(1));
      expect(await token.balanceOf(rewards)).to.equal(0);
    });

    it("reverts with NothingFunded when governance budgets nothing", async () => {
      const { rewards, epoch, postFor } = await funded();
      await rewards.setEpochBudget(0);
      await expect(postFor(epoch, [1]))
        .to.be.revertedWithCustomError(rewards, "NothingFunded")
        .withArgs(10n * BUDGET, 0);
    });

    it("reverts with EpochOutOfRange before the epoch's end and from the fifth after it on", async () => {
      const { rewards, epoch, postFor, at } = await funded();
      await expect(postFor(epoch + 1, [1]))
        .to.be.revertedWithCustomError(rewards, "EpochOutOfRange")
        .withArgs(epoch + 1, epoch - 3, epoch);
      await expect(postFor(epoch - 4, [1]))
        .to.be.revertedWithCustomError(rewards, "EpochOutOfRange")
        .withArgs(epoch - 4, epoch - 3, epoch);
      await postFor(epoch - 3, [1]);
      await at((epoch + 5) * EPOCH);
      await expect(postFor(epoch, [1]))
        .to.be.revertedWithCustomError(rewards, "EpochOutOfRange")
        .withArgs(epoch, epoch + 1, epoch + 4);
    });

    it("reverts with AlreadyPosted the second time, also when the first was dropped", async () => {
      const { rewards, epoch, postFor } = await funded();
      await postFor(epoch, [1]);
      const repeated = async () => {
        await expect(postFor(epoch, [1, 1]))
          .to.be.revertedWithCustomError(rewards, "AlreadyPosted")
          .withArgs(epoch);
      };
      await repeated();
      await rewards.dropEpoch(epoch);
      await repeated();
    });

    it("reverts with WeightsLength for lists that are empty, unlike or above 64", async () => {
      const { rewards, epoch, post, address } = await funded();
      for (const [accounts, weights] of [
        [0, 0],
        [1, 2],
        [2, 1],
        [65, 65],
      ] as const) {
        const post_ = post.postWeights(
          epoch,
          range(accounts).map(() => address(0)),
          range(weights).map(() => 1),
        );
        await expect(post_)
          .to.be.revertedWithCustomError(rewards, "WeightsLength")
          .withArgs(accounts, weights, 64);
      }
    });

    it("reverts with WeightOutOfRange for zero and above 10,000", async () => {
      const { rewards, epoch, postFor, address } = await funded();
      for (const weight of [0, 10_001, 65_535]) {
        await expect(postFor(epoch, [1, weight]))
          .to.be.revertedWithCustomError(rewards, "WeightOutOfRange")
          .withArgs(address(1), weight, 10_000);
      }
    });

    it("reverts with AccountsNotAscending for accounts twice or out of order", async () => {
      const { rewards, epoch, post, address } = await funded();
      for (const [a, b] of [
        [1, 1],
        [2, 1],
      ] as const) {
        await expect(post.postWeights(epoch, [address(a), address(b)], [1, 1]))
          .to.be.revertedWithCustomError(rewards, "AccountsNotAscending")
          .withArgs(address(b), address(a));
      }
    });

    it("reverts with WasNotActive for who was not in the epoch, whatever it is now", async () => {
      const { operators, rewards, epoch, post, address, networkHelpers } = await funded();
      await expect(post.postWeights(epoch, [address(0), address(5)], [1, 1]))
        .to.be.revertedWithCustomError(rewards, "WasNotActive")
        .withArgs(address(5), epoch);
      await operators.setActive([5, 6, 7, 8].map(address));
      await networkHelpers.time.increase(DELAY + EPOCH);
      await operators.advance();
      await expect(post.postWeights(epoch, [address(5)], [1]))
        .to.be.revertedWithCustomError(rewards, "WasNotActive")
        .withArgs(address(5), epoch);
      await post.postWeights(epoch, [address(0)], [1]);
    });

    it("reverts with AccessManagedUnauthorized unless the scorer calls", async () => {
      const { rewards, epoch, address, governance, guardian, person } = await funded();
      for (const caller of [governance, guardian, person(0)]) {
        await expect(rewards.connect(caller).postWeights(epoch, [address(0)], [1]))
          .to.be.revertedWithCustomError(rewards, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    });
  });

  describe("claim", () => {
    it("pays the operator when the challenge has ended, whoever calls", async () => {
      const { ethers, rewards, epoch, postFor, address, at, now, stranger, token } = await funded();
      await postFor(epoch, [3, 4]);
      const claimableAt = (await now()) + EPOCH;
      await at(claimableAt - 1);
      await expect(rewards.connect(stranger).claim(epoch, address(0)))
        .to.be.revertedWithCustomError(rewards, "StillOpen")
        .withArgs(epoch, claimableAt);
      await at(claimableAt);
      const sent = rewards.connect(stranger).claim(epoch, address(0));
      await expect(sent)
        .to.emit(rewards, "RewardClaimed")
        .withArgs(epoch, address(0), 300n * TOKEN);
      await expect(sent).to.changeTokenBalances(
        ethers,
        token,
        [address(0), rewards],
        [300n * TOKEN, -300n * TOKEN],
      );
      expect((await rewards.epochOf(epoch)).paid).to.equal(300n * TOKEN);
      expect(await rewards.reserved()).to.equal(400n * TOKEN);
      expect(await rewards.rewardOf(epoch, address(0))).to.equal(0);
    });

    it("pays several epochs at once", async () => {
      const { ethers, rewards, epoch, postFor, address, networkHelpers, token } = await funded();
      await postFor(epoch, [1, 1]);
      await postFor(epoch - 1, [1]);
      await networkHelpers.time.increase(EPOCH);
      const sent = rewards.claimMany([epoch - 1, epoch], address(0));
      await expect(sent).to.changeTokenBalance(ethers, token, address(0), 1_050n * TOKEN);
      await expect(rewards.claimMany([epoch - 1, epoch], address(1)))
        .to.be.revertedWithCustomError(rewards, "NothingToClaim")
        .withArgs(epoch - 1, address(1));
    });

    it("returns what it pays", async () => {
      const { rewards, epoch, postFor, address, networkHelpers } = await funded();
      await postFor(epoch, [1, 1]);
      await networkHelpers.time.increase(EPOCH);
      expect(await rewards.claim.staticCall(epoch, address(0))).to.equal(350n * TOKEN);
      expect(await rewards.claimMany.staticCall([epoch], address(0))).to.equal(350n * TOKEN);
    });

    it("leaves what rounding leaves to later epochs", async () => {
      const { rewards, epoch, postFor, address, networkHelpers } = await funded();
      await rewards.setEpochBudget(10);
      await postFor(epoch, [1, 1, 1]);
      expect(await rewards.available()).to.equal(10n * BUDGET - 9n);
      await networkHelpers.time.increase(EPOCH);
      for (const i of range(3)) {
        await expect(rewards.claim(epoch, address(i)))
          .to.emit(rewards, "RewardClaimed")
          .withArgs(epoch, address(i), 3);
      }
      expect(await rewards.reserved()).to.equal(0);
    });

    it("reverts with NothingToClaim for who has none, and the second time", async () => {
      const { rewards, epoch, postFor, address, networkHelpers } = await funded();
      await postFor(epoch, [1]);
      await networkHelpers.time.increase(EPOCH);
      await rewards.claim(epoch, address(0));
      for (const i of [0, 1]) {
        await expect(rewards.claim(epoch, address(i)))
          .to.be.revertedWithCustomError(rewards, "NothingToClaim")
          .withArgs(epoch, address(i));
      }
    });

    it("reverts with NothingToClaim where a share rounds to nothing", async () => {
      const { rewards, epoch, postFor, address, networkHelpers } = await funded();
      await rewards.setEpochBudget(1);
      await postFor(epoch, [1, 9]);
      await networkHelpers.time.increase(EPOCH);
      await expect(rewards.claim(epoch, address(0)))
        .to.be.revertedWithCustomError(rewards, "NothingToClaim")
        .withArgs(epoch, address(0));
      expect(await rewards.reserved()).to.equal(0);
    });

    it("reverts with NotPosted for an epoch without posting", async () => {
      const { rewards, epoch, address } = await funded();
      await expect(rewards.claim(epoch, address(0)))
        .to.be.revertedWithCustomError(rewards, "NotPosted")
        .withArgs(epoch);
      expect((await rewards.epochOf(epoch)).status).to.equal(NONE);
    });
  });

  describe("dropEpoch", () => {
    it("frees what was set aside, and pays nobody", async () => {
      const { rewards, epoch, postFor, address, networkHelpers } = await funded();
      await postFor(epoch, [1, 1]);
      await expect(rewards.dropEpoch(epoch))
        .to.emit(rewards, "EpochDropped")
        .withArgs(epoch, BUDGET);
      expect(await rewards.available()).to.equal(10n * BUDGET);
      expect(await rewards.reserved()).to.equal(0);
      expect(await rewards.rewardOf(epoch, address(0))).to.equal(0);
      expect((await rewards.epochOf(epoch)).status).to.equal(DROPPED);
      await networkHelpers.time.increase(EPOCH);
      await expect(rewards.claim(epoch, address(0)))
        .to.be.revertedWithCustomError(rewards, "NotPosted")
        .withArgs(epoch);
    });

    it("reverts with ChallengeEnded when the challenge has ended", async () => {
      const { rewards, epoch, postFor, at, now } = await funded();
      await postFor(epoch, [1]);
      const claimableAt = (await now()) + EPOCH;
      await at(claimableAt);
      await expect(rewards.dropEpoch(epoch))
        .to.be.revertedWithCustomError(rewards, "ChallengeEnded")
        .withArgs(epoch, claimableAt);
    });

    it("reverts with NotPosted for an epoch without posting, and for one dropped", async () => {
      const { rewards, epoch, postFor } = await funded();
      await expect(rewards.dropEpoch(epoch)).to.be.revertedWithCustomError(rewards, "NotPosted");
      await postFor(epoch, [1]);
      await rewards.dropEpoch(epoch);
      await expect(rewards.dropEpoch(epoch)).to.be.revertedWithCustomError(rewards, "NotPosted");
    });

    it("reverts with AccessManagedUnauthorized unless governance calls", async () => {
      const { rewards, epoch, postFor, scorer, guardian, person } = await funded();
      await postFor(epoch, [1]);
      for (const caller of [scorer, guardian, person(0)]) {
        await expect(rewards.connect(caller).dropEpoch(epoch))
          .to.be.revertedWithCustomError(rewards, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    });
  });

  describe("pause", () => {
    it("drops every epoch that is open, and no other", async () => {
      const { rewards, epoch, postFor, at, guardian, now } = await funded();
      await postFor(epoch - 2, [1]);
      const over = (await now()) + EPOCH;
      await at(over - 1);
      await postFor(epoch - 1, [1]);
      await postFor(epoch, [1]);
      await at(over + 10);
      await expect(rewards.connect(guardian).pause())
        .to.emit(rewards, "EpochDropped")
        .withArgs(epoch - 1, BUDGET)
        .and.to.emit(rewards, "EpochDropped")
        .withArgs(epoch, BUDGET);
      expect((await rewards.epochOf(epoch - 2)).status).to.equal(POSTED);
      expect(await rewards.reserved()).to.equal(BUDGET);
    });

    it("reaches an epoch posted at the last moment until its challenge ends", async () => {
      const { rewards, epoch, postFor, at, guardian } = await funded();
      // Posted in the fourth epoch after its own, it is open until the fifth's end.
      await at((epoch + 5) * EPOCH - 1);
      await postFor(epoch, [1]);
      await at((epoch + 6) * EPOCH - 2);
      await rewards.connect(guardian).pause();
      expect((await rewards.epochOf(epoch)).status).to.equal(DROPPED);
    });

    it("stops posting and claiming for 72 hours or until governance ends it", async () => {
      const { rewards, epoch, postFor, address, guardian, networkHelpers, now } = await funded();
      await postFor(epoch, [1]);
      await networkHelpers.time.increase(EPOCH);
      await rewards.connect(guardian).pause();
      const until = (await now()) + 3 * DAY;
      const stopped = [
        () => postFor(epoch + 1, [1]),
        () => rewards.claim(epoch, address(0)),
        () => rewards.claimMany([epoch], address(0)),
      ];
      for (const call of stopped) {
        await expect(call())
          .to.be.revertedWithCustomError(rewards, "ContractPaused")
          .withArgs(until);
      }
      const snapshot = await networkHelpers.takeSnapshot();
      await rewards.unpause();
      await rewards.claim(epoch, address(0));
      await snapshot.restore();
      await networkHelpers.time.increaseTo(until - 1);
      await rewards.claim(epoch, address(0));
    });

    it("reverts with AccessManagedUnauthorized when others pause or unpause", async () => {
      const { rewards, governance, guardian, scorer } = await funded();
      await expect(rewards.connect(governance).pause())
        .to.be.revertedWithCustomError(rewards, "AccessManagedUnauthorized")
        .withArgs(governance.address);
      await rewards.connect(guardian).pause();
      for (const caller of [guardian, scorer]) {
        await expect(rewards.connect(caller).unpause())
          .to.be.revertedWithCustomError(rewards, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    });
  });

  describe("budget", () => {
    it("is governance's, and holds for epochs posted later", async () => {
      const { rewards, epoch, postFor } = await funded();
      await postFor(epoch, [1]);
      await expect(rewards.setEpochBudget(5)).to.emit(rewards, "EpochBudgetChanged").withArgs(5);
      expect((await rewards.epochOf(epoch)).budget).to.equal(BUDGET);
      await postFor(epoch - 1, [1]);
      expect((await rewards.epochOf(epoch - 1)).budget).to.equal(5);
    });

    it("reverts with BudgetTooHigh from 2^128 on", async () => {
      const { rewards } = await economy();
      await rewards.setEpochBudget(2n ** 128n - 1n);
      await expect(rewards.setEpochBudget(2n ** 128n))
        .to.be.revertedWithCustomError(rewards, "BudgetTooHigh")
        .withArgs(2n ** 128n, 2n ** 128n - 1n);
    });

    it("reverts with AccessManagedUnauthorized for others", async () => {
      const { rewards, scorer } = await economy();
      await expect(rewards.connect(scorer).setEpochBudget(1))
        .to.be.revertedWithCustomError(rewards, "AccessManagedUnauthorized")
        .withArgs(scorer.address);
    });
  });

  it("reverts with ZeroAddress without token or registry", async () => {
    const { ethers, manager, operators, rewards, token, registry } = await economy();
    expect(await rewards.token()).to.equal(await token.getAddress());
    expect(await rewards.operators()).to.equal(registry);
    for (const [a, b] of [
      [ethers.ZeroAddress, operators],
      [token, ethers.ZeroAddress],
    ] as const) {
      await expect(
        ethers.deployContract("OperatorRewards", [manager, a, b, 1]),
      ).to.be.revertedWithCustomError(rewards, "ZeroAddress");
    }
  });
});
