import { expect } from "chai";
import { ZeroAddress } from "ethers";

import { at, range } from "../../helpers/contracts-fixture.ts";
import { deployPayouts, HOUR, payee } from "./payouts.ts";
import type { Payouts } from "./payouts.ts";
import { payoutTree } from "./tree.ts";
import type { Leaf } from "./tree.ts";

const SKIP = { nothingOwed: 0, limitReached: 1, transferFailed: 2 };
const MANNER = { refuse: 1n, burnGas: 2n, refuseAtLength: 3n };

/** Accounts that were paid and left out by a push, in order. */
async function outcome({ distributor }: Payouts, sent: ReturnType<Payouts["push"]>) {
  const receipt = await (await sent).wait();
  const events = receipt!.logs
    .map((log) => distributor.interface.parseLog(log))
    .filter((event) => event !== null);
  const of = (name: string) => events.filter((event) => event.name === name);
  return {
    paid: of("Claimed").map(({ args }) => args["account"] as string),
    skipped: of("PushSkipped").map(({ args }) => ({
      account: args["account"] as string,
      amount: args["amount"] as bigint,
      reason: Number(args["reason"]),
    })),
    gasUsed: receipt!.gasUsed,
  };
}

describe("PayoutDistributor: pushes", () => {
  for (const kind of ["tokens", "coins"] as const) {
    it(`pay many at once, in ${kind}`, async () => {
      const payouts = await deployPayouts();
      const { distributor, ethers, token, tokenAddress } = payouts;
      const of = kind === "tokens" ? tokenAddress : ZeroAddress;
      const leaves = range(40).map((i) => payouts.leaf(payee(i), BigInt(i + 1), of));
      const tree = await payouts.activate(leaves);
      const chosen = leaves.filter((_, i) => i % 3 !== 0);
      const { paid, skipped } = await outcome(payouts, payouts.push(tree, chosen));
      expect(paid.length).to.equal(chosen.length);
      expect(skipped).to.deep.equal([]);
      for (const { account, cumulative } of leaves) {
        const balance =
          kind === "tokens"
            ? await token.balanceOf(account)
            : await ethers.provider.getBalance(account);
        expect(balance).to.equal(cumulative % 3n === 1n ? 0n : cumulative);
        expect((await distributor.accountState(account, of)).paid).to.equal(balance);
      }
    });
  }

  it("leave out who is paid already, and revert where nobody is left", async () => {
    const payouts = await deployPayouts();
    const { distributor } = payouts;
    const leaves = range(4).map((i) => payouts.leaf(payee(i), 10n));
    const tree = await payouts.activate(leaves);
    await payouts.claimFor(tree, at(leaves, 0));
    const { paid, skipped } = await outcome(payouts, payouts.push(tree, leaves));
    expect(paid.length).to.equal(3);
    expect(
      skipped.map(({ account, amount, reason }) => [account.toLowerCase(), amount, reason]),
    ).to.deep.equal([[at(leaves, 0).account, 0n, SKIP.nothingOwed]]);
    await expect(payouts.push(tree, leaves)).to.be.revertedWithCustomError(
      distributor,
      "NothingPushed",
    );
  });

  it("pay what the limits allow and leave out the rest", async () => {
    const payouts = await deployPayouts({
      limits: { perHour: 25n, perDay: 100n, perAccount: 100n },
    });
    const leaves = range(4).map((i) => payouts.leaf(payee(i), 10n));
    const tree = await payouts.activate(leaves);
    await payouts.nextDay();
    const first = await outcome(payouts, payouts.push(tree, leaves));
    expect(first.paid.length).to.equal(3);
    expect(first.skipped.map(({ reason }) => reason)).to.deep.equal([SKIP.limitReached]);
    expect((await payouts.distributor.tokenState(payouts.tokenAddress)).paid).to.equal(25n);
    await payouts.networkHelpers.time.increase(HOUR);
    const second = await outcome(payouts, payouts.push(tree, leaves));
    expect(second.paid.length).to.equal(2);
    expect((await payouts.distributor.tokenState(payouts.tokenAddress)).paid).to.equal(40n);
  });

  for (const [name, manner] of Object.entries(MANNER)) {
    it(`of native coins are not blocked by a recipient that would ${name}`, async () => {
      const payouts = await deployPayouts();
      const { distributor, ethers } = payouts;
      const recipient = await ethers.deployContract("PayoutRecipient");
      await recipient.behave(manner);
      const account = await recipient.getAddress();
      const leaves = [
        ...range(5).map((i) => payouts.leaf(payee(i), 10n, ZeroAddress)),
        payouts.leaf(account, 7n, ZeroAddress),
      ];
      const tree = await payouts.activate(leaves);
      const before = await distributor.tokenState(ZeroAddress);
      const { paid, skipped, gasUsed } = await outcome(payouts, payouts.push(tree, leaves));
      expect(paid.length).to.equal(5);
      expect(skipped).to.deep.equal([{ account, amount: 7n, reason: SKIP.transferFailed }]);
      expect(gasUsed).to.be.lessThan(600_000n);
      const after = await distributor.tokenState(ZeroAddress);
      expect(after.paid).to.equal(50n);
      expect(before.leftToday - after.leftToday).to.equal(2n ** 14n * 5n);
      expect(await distributor.accountState(account, ZeroAddress)).to.deep.equal([0n, 0n, account]);
      await recipient.behave(0n);
      await payouts.claimFor(tree, at(leaves, 5));
      expect(await ethers.provider.getBalance(account)).to.equal(7n);
    });
  }

  it("of tokens are not blocked by a transfer that fails in any way", async () => {
    const payouts = await deployPayouts();
    const { distributor, ethers, funder, limits } = payouts;
    const defective = await ethers.deployContract("PayoutDefectiveToken");
    const of = await defective.getAddress();
    await defective.mint(funder, 1_000n);
    await defective.connect(funder).approve(distributor, 1_000n);
    await distributor.setLimits(of, limits);
    await distributor.connect(funder).deposit(of, 1_000n);
    const leaves = range(7).map((i) => payouts.leaf(payee(i), 10n, of));
    for (const defect of [1, 2, 3, 4, 5]) await defective.mark(payee(defect), defect);
    const tree = await payouts.activate(leaves);
    const { paid, skipped } = await outcome(payouts, payouts.push(tree, leaves));
    expect(paid.length).to.equal(2);
    expect(new Set(skipped.map(({ account }) => account.toLowerCase()))).to.deep.equal(
      new Set([1, 2, 3, 4, 5].map(payee)),
    );
    expect(skipped.every(({ amount, reason }) => amount === 10n && reason === 2)).to.equal(true);
    expect((await distributor.tokenState(of)).paid).to.equal(20n);
    for (const defect of [1, 2, 3, 4, 5]) await defective.mark(payee(defect), 0n);
    expect((await outcome(payouts, payouts.push(tree, leaves))).paid.length).to.equal(5);
  });

  it("of tokens that return nothing count as paid, of one without code as failed", async () => {
    const payouts = await deployPayouts();
    const { distributor, ethers, funder, limits, networkHelpers } = payouts;
    const silent = await ethers.deployContract("PayoutSilentToken");
    const of = await silent.getAddress();
    await silent.mint(funder, 1_000n);
    await silent.connect(funder).approve(distributor, 1_000n);
    await distributor.setLimits(of, limits);
    await distributor.connect(funder).deposit(of, 1_000n);
    const leaves = range(3).map((i) => payouts.leaf(payee(i), 10n, of));
    const tree = await payouts.activate(leaves);
    await payouts.push(tree, leaves.slice(0, 2));
    expect(await silent.balanceOf(payee(1))).to.equal(10n);
    await networkHelpers.setCode(of, "0x");
    await expect(payouts.push(tree, leaves)).to.be.revertedWithCustomError(
      distributor,
      "NothingPushed",
    );
  });

  it("revert rather than fail a recipient for want of gas", async () => {
    const payouts = await deployPayouts();
    const { distributor } = payouts;
    const leaves = range(3).map((i) => payouts.leaf(payee(i), 10n));
    const tree = await payouts.activate(leaves);
    const required = Math.floor((300_000 * 64) / 63) + 60_000;
    await expect(payouts.push(tree, leaves, { gasLimit: required + 60_000 }))
      .to.be.revertedWithCustomError(distributor, "InsufficientGas")
      .withArgs((given: bigint) => given < BigInt(required), required);
  });

  it("are refused with a leaf that is not in the active tree", async () => {
    const payouts = await deployPayouts();
    const { distributor, tokenAddress } = payouts;
    const leaves: Leaf[] = range(8).map((i) => payouts.leaf(payee(i), 10n));
    const tree = await payouts.activate(leaves);
    const { leaves: ordered, proof, proofFlags } = tree.multiProof(leaves.slice(0, 3));
    const more = ordered.map((leaf, i) => (i === 1 ? { ...leaf, cumulative: 11n } : leaf));
    await expect(distributor.push(tokenAddress, more, proof, proofFlags))
      .to.be.revertedWithCustomError(distributor, "InvalidProof")
      .withArgs(tree.root);
    await expect(
      distributor.push(ZeroAddress, ordered, proof, proofFlags),
    ).to.be.revertedWithCustomError(distributor, "InvalidProof");
    const forged = payoutTree([payouts.leaf(payee(99), 10n), ...leaves]);
    await expect(payouts.push(forged, leaves)).to.be.revertedWithCustomError(
      distributor,
      "InvalidProof",
    );
    // The root proves the empty list of leaves, which pays nobody.
    await expect(distributor.push(tokenAddress, [], [tree.root], [])).to.be.revertedWithCustomError(
      distributor,
      "NothingPushed",
    );
  });

  it("are not disturbed by a recipient that claims meanwhile", async () => {
    const payouts = await deployPayouts();
    const { distributor, ethers, address } = payouts;
    const recipient = await ethers.deployContract("PayoutRecipient");
    const account = await recipient.getAddress();
    const leaves = [
      payouts.leaf(account, 7n, ZeroAddress),
      payouts.leaf(payee(1), 5n, ZeroAddress),
    ];
    const tree = await payouts.activate(leaves);
    const other = at(leaves, 1);
    await recipient.reenter(
      address,
      distributor.interface.encodeFunctionData("claimFor", [
        other.account,
        ZeroAddress,
        5n,
        tree.proof(other),
      ]),
    );
    await payouts.push(tree, leaves, { gasLimit: 1_000_000 });
    expect((await distributor.tokenState(ZeroAddress)).paid).to.equal(12n);
    expect(await recipient.succeeded()).to.equal(false);
  });
});
