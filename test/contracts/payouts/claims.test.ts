import { expect } from "chai";
import { id, parseEther, ZeroAddress } from "ethers";

import { at } from "../../helpers/contracts-fixture.ts";
import { CONFIG, DAY, deployPayouts, HOUR, TYPES } from "./payouts.ts";
import type { Payouts } from "./payouts.ts";
import { hashLeaf } from "./tree.ts";
import type { Leaf } from "./tree.ts";

const PAUSE = 72 * HOUR;

/** An active tree with one leaf of 100 for each of the first three users, in the token and the native coin. */
async function withClaims(options: Parameters<typeof deployPayouts>[0] = {}) {
  const payouts = await deployPayouts(options);
  const three = payouts.users.slice(0, 3);
  const tokens = three.map(({ address }) => payouts.leaf(address, 100n));
  const coins = three.map(({ address }) => payouts.leaf(address, 100n, ZeroAddress));
  const tree = await payouts.activate([...tokens, ...coins]);
  return { ...payouts, tree, tokens, coins, user: at(three, 0) };
}

/** Signs a claim to another address; what is passed replaces a field. */
const signClaim = (
  { domain, distributor }: Payouts,
  by: Payouts["users"][number],
  { account, token, cumulative }: Leaf,
  to: string,
  deadline: number,
  nonce?: bigint,
) =>
  (async () =>
    by.signTypedData(domain, TYPES.claimTo, {
      account,
      token,
      cumulative,
      to,
      nonce: nonce ?? (await distributor.nonces(by.address)),
      deadline,
    }))();

describe("PayoutDistributor: claims", () => {
  for (const kind of ["tokens", "coins"] as const) {
    it(`pay an account what it is owed, in ${kind}`, async () => {
      const world = await withClaims();
      const { distributor, user, tree, ethers, address } = world;
      const leaf = at(world[kind], 0);
      const sent = world.claim(user, tree, leaf);
      if (kind === "tokens") {
        await expect(sent).to.changeTokenBalances(
          ethers,
          world.token,
          [user, address],
          [100, -100],
        );
      } else await expect(sent).to.changeEtherBalances(ethers, [user, address], [100, -100]);
      await expect(sent)
        .to.emit(distributor, "Claimed")
        .withArgs(user.address, leaf.token, user.address, 100);
      expect(await distributor.accountState(user, leaf.token)).to.deep.equal([
        100n,
        100n,
        user.address,
      ]);
      expect((await distributor.tokenState(leaf.token)).paid).to.equal(100n);
    });

    it(`by anyone pay the account, in ${kind}`, async () => {
      const world = await withClaims();
      const { user, tree, ethers } = world;
      const sent = world.claimFor(tree, at(world[kind], 0));
      if (kind === "tokens") {
        await expect(sent).to.changeTokenBalances(ethers, world.token, [user], [100]);
      } else await expect(sent).to.changeEtherBalances(ethers, [user], [100]);
    });
  }

  it("pay a leaf once", async () => {
    const { distributor, user, tree, tokens, tokenAddress, ...world } = await withClaims();
    await world.claim(user, tree, at(tokens, 0));
    for (const again of [
      () => world.claim(user, tree, at(tokens, 0)),
      () => world.claimFor(tree, at(tokens, 0)),
    ]) {
      await expect(again())
        .to.be.revertedWithCustomError(distributor, "NothingOwed")
        .withArgs(user.address, tokenAddress, 100);
    }
  });

  it("survive every new root, and pay several epochs at once", async () => {
    const { distributor, user, tree, tokens, ethers, token, ...world } = await withClaims();
    const others = tokens.slice(1);
    await world.claim(at(world.users, 1), tree, at(tokens, 1));
    for (const cumulative of [250n, 700n]) {
      await world.activate([world.leaf(user.address, cumulative), ...others]);
    }
    const leaf = world.leaf(user.address, 701n);
    const last = await world.activate([leaf, ...others]);
    await expect(world.claim(user, last, leaf)).to.changeTokenBalances(
      ethers,
      token,
      [user],
      [701],
    );
    await expect(world.claim(at(world.users, 2), last, at(tokens, 2))).to.changeTokenBalances(
      ethers,
      token,
      [at(world.users, 2)],
      [100],
    );
    expect((await distributor.tokenState(world.tokenAddress)).paid).to.equal(901n);
  });

  it("are refused without a proof of the very leaf under the active root", async () => {
    const world = await withClaims();
    const { distributor, user, tree, tokens, coins, relayer } = world;
    const leaf = at(tokens, 0);
    const proof = tree.proof(leaf);
    const { root } = await distributor.activeEpoch();
    const mine = distributor.connect(user);
    for (const sent of [
      () => mine.claim(leaf.token, 101n, proof),
      () => mine.claim(ZeroAddress, leaf.cumulative, proof),
      () => mine.claim(leaf.token, leaf.cumulative, proof.slice(1)),
      () => mine.claim(leaf.token, leaf.cumulative, [...proof, id("more")]),
      () => mine.claim(leaf.token, leaf.cumulative, []),
      () => distributor.connect(relayer).claim(leaf.token, leaf.cumulative, proof),
      () => mine.claim(leaf.token, leaf.cumulative, tree.proof(at(coins, 0))),
    ]) {
      await expect(sent())
        .to.be.revertedWithCustomError(distributor, "InvalidProof")
        .withArgs(root);
    }
    expect(await distributor.verify(user, leaf.token, 100n, proof)).to.equal(true);
    expect(await distributor.verify(user, leaf.token, 101n, proof)).to.equal(false);
    const next = await world.activate([world.leaf(relayer.address, 1n), leaf]);
    await expect(world.claim(user, tree, leaf))
      .to.be.revertedWithCustomError(distributor, "InvalidProof")
      .withArgs(next.root);
  });

  it("are refused before the first epoch", async () => {
    const { distributor, user, ...payouts } = await deployPayouts().then((made) => ({
      ...made,
      user: at(made.users, 0),
    }));
    await expect(distributor.connect(user).claim(payouts.tokenAddress, 1n, []))
      .to.be.revertedWithCustomError(distributor, "InvalidProof")
      .withArgs(`0x${"00".repeat(32)}`);
  });

  it("of a token that is not listed are refused", async () => {
    const payouts = await deployPayouts();
    const { distributor, users } = payouts;
    const user = at(users, 0);
    const leaf = payouts.leaf(user.address, 1n, user.address);
    const tree = await payouts.activate([leaf], { totals: [] });
    await expect(payouts.claim(user, tree, leaf))
      .to.be.revertedWithCustomError(distributor, "UnknownToken")
      .withArgs(user.address);
    await expect(payouts.push(tree, [leaf]))
      .to.be.revertedWithCustomError(distributor, "UnknownToken")
      .withArgs(user.address);
  });

  it("of tokens that return nothing work, and a token that says no is believed", async () => {
    const payouts = await deployPayouts();
    const { distributor, ethers, funder, users, limits } = payouts;
    const silent = await ethers.deployContract("PayoutSilentToken");
    const defective = await ethers.deployContract("PayoutDefectiveToken");
    for (const token of [silent, defective]) {
      await token.mint(funder, 1_000n);
      await token.connect(funder).approve(distributor, 1_000n);
      await distributor.setLimits(token, limits);
      await distributor.connect(funder).deposit(token, 1_000n);
    }
    const user = at(users, 0);
    const leaves = [
      payouts.leaf(user.address, 10n, await silent.getAddress()),
      payouts.leaf(user.address, 10n, await defective.getAddress()),
    ];
    const tree = await payouts.activate(leaves);
    await payouts.claim(user, tree, at(leaves, 0));
    expect(await silent.balanceOf(user)).to.equal(10n);
    await defective.mark(user, await defective.RETURNS_FALSE());
    await expect(payouts.claim(user, tree, at(leaves, 1)))
      .to.be.revertedWithCustomError(distributor, "SafeERC20FailedOperation")
      .withArgs(at(leaves, 1).token);
    await defective.mark(user, 0n);
    await payouts.claim(user, tree, at(leaves, 1));
    expect(await defective.balanceOf(user)).to.equal(10n);
  });

  it("of a native coin that the account refuses revert and leave it owed", async () => {
    const payouts = await deployPayouts();
    const { distributor, ethers } = payouts;
    const recipient = await ethers.deployContract("PayoutRecipient");
    const leaf = payouts.leaf(await recipient.getAddress(), 10n, ZeroAddress);
    const tree = await payouts.activate([leaf]);
    for (const manner of [1n, 3n]) {
      await recipient.behave(manner);
      await expect(payouts.claimFor(tree, leaf))
        .to.be.revertedWithCustomError(distributor, "SendFailed")
        .withArgs(leaf.account, 10);
    }
    await recipient.behave(0n);
    await payouts.claimFor(tree, leaf);
    expect(await ethers.provider.getBalance(recipient)).to.equal(10n);
  });

  it("cannot be entered again from the transfer", async () => {
    const payouts = await deployPayouts();
    const { distributor, ethers, address } = payouts;
    const recipient = await ethers.deployContract("PayoutRecipient");
    const account = await recipient.getAddress();
    const leaves = [
      payouts.leaf(account, 10n, ZeroAddress),
      payouts.leaf(account, 10n),
      payouts.leaf(payouts.relayer.address, 5n),
    ];
    const tree = await payouts.activate(leaves);
    const other = at(leaves, 1);
    const guarded = distributor.interface.getError("ReentrancyGuardReentrantCall")!.selector;
    const calls = [
      distributor.interface.encodeFunctionData("claim", [
        other.token,
        other.cumulative,
        tree.proof(other),
      ]),
      distributor.interface.encodeFunctionData("claimFor", [
        account,
        other.token,
        other.cumulative,
        tree.proof(other),
      ]),
      distributor.interface.encodeFunctionData("claimTo", [
        account,
        other.token,
        other.cumulative,
        tree.proof(other),
        account,
        0n,
        "0x",
      ]),
      distributor.interface.encodeFunctionData("push", [other.token, [], [], []]),
      distributor.interface.encodeFunctionData("deposit", [other.token, 1n]),
      distributor.interface.encodeFunctionData("activate", [id("none")]),
    ];
    for (const [i, data] of calls.entries()) {
      await recipient.reenter(address, data);
      const leaf = payouts.leaf(account, 10n + BigInt(i), ZeroAddress);
      const next = await payouts.activate([leaf, ...leaves.slice(1)]);
      // The proofs in the calls are outdated by now; the guard comes first.
      await payouts.claimFor(next, leaf);
      expect([await recipient.succeeded(), await recipient.answer()]).to.deep.equal([
        false,
        guarded,
      ]);
    }
  });
});

describe("PayoutDistributor: claims to another address", () => {
  it("need the account's signature and use up its nonce", async () => {
    const world = await withClaims();
    const { distributor, user, tree, tokens, relayer, ethers, token } = world;
    const leaf = at(tokens, 0);
    const to = at(world.users, 5).address;
    const deadline = (await world.now()) + HOUR;
    const signature = await signClaim(world, user, leaf, to, deadline);
    const claimTo = () =>
      distributor
        .connect(relayer)
        .claimTo(user, leaf.token, leaf.cumulative, tree.proof(leaf), to, deadline, signature);
    const sent = claimTo();
    await expect(sent).to.changeTokenBalances(ethers, token, [to, user], [100, 0]);
    await expect(sent).to.emit(distributor, "Claimed").withArgs(user.address, leaf.token, to, 100);
    expect(await distributor.nonces(user)).to.equal(1n);
    await expect(claimTo()).to.be.revertedWithCustomError(distributor, "InvalidSignature");
  });

  it("refuse whatever differs from what was signed", async () => {
    const world = await withClaims();
    const { distributor, user, tree, tokens, coins, relayer, domain } = world;
    const [leaf, coin] = [at(tokens, 0), at(coins, 0)];
    const [to, other] = [at(world.users, 5).address, at(world.users, 6).address];
    const deadline = (await world.now()) + HOUR;
    const call = (signature: string, target = to, of = leaf, until = deadline) =>
      distributor
        .connect(relayer)
        .claimTo(user, of.token, of.cumulative, tree.proof(of), target, until, signature);
    const good = await signClaim(world, user, leaf, to, deadline);
    for (const sent of [
      () => call(good, other),
      () => call(good, to, coin),
      () => call(good, to, leaf, deadline + 1),
      async () => call(await signClaim(world, user, { ...leaf, cumulative: 99n }, to, deadline)),
      async () => call(await signClaim(world, user, leaf, to, deadline, 1n)),
      async () => call(await signClaim(world, at(world.users, 1), leaf, to, deadline)),
      async () =>
        call(
          await signClaim(
            { ...world, domain: { ...domain, chainId: 1n } },
            user,
            leaf,
            to,
            deadline,
          ),
        ),
      () => call("0x"),
    ]) {
      await expect(sent()).to.be.revertedWithCustomError(distributor, "InvalidSignature");
    }
    for (const target of [ZeroAddress, world.address]) {
      await expect(call(await signClaim(world, user, leaf, target, deadline), target))
        .to.be.revertedWithCustomError(distributor, "InvalidRecipient")
        .withArgs(target);
    }
    await world.networkHelpers.time.setNextBlockTimestamp(deadline + 1);
    await expect(call(good))
      .to.be.revertedWithCustomError(distributor, "SignatureExpired")
      .withArgs(deadline + 1, deadline);
  });

  it("are signed by contract accounts by their own rule", async () => {
    const payouts = await deployPayouts();
    const { distributor, users, ethers } = payouts;
    const [owner, to] = [at(users, 0), at(users, 1).address];
    const wallet = await ethers.deployContract("PayoutWallet", [owner.address]);
    const leaf = payouts.leaf(await wallet.getAddress(), 10n, ZeroAddress);
    const tree = await payouts.activate([leaf]);
    const deadline = (await payouts.now()) + HOUR;
    const nonce = await distributor.nonces(wallet);
    const signature = await signClaim(payouts, owner, leaf, to, deadline, nonce);
    await expect(
      distributor.claimTo(wallet, ZeroAddress, 10n, tree.proof(leaf), to, deadline, signature),
    ).to.changeEtherBalances(ethers, [to], [10]);
  });

  it("need no signature where the account itself calls, so that one that cannot receive is not locked", async () => {
    const payouts = await deployPayouts();
    const { distributor, users, ethers, address } = payouts;
    const to = at(users, 1).address;
    const recipient = await ethers.deployContract("PayoutRecipient");
    await recipient.behave(1n);
    const leaf = payouts.leaf(await recipient.getAddress(), 10n, ZeroAddress);
    const tree = await payouts.activate([leaf]);
    const data = distributor.interface.encodeFunctionData("claimTo", [
      leaf.account,
      ZeroAddress,
      10n,
      tree.proof(leaf),
      to,
      0n,
      "0x",
    ]);
    await expect(recipient.execute(address, data)).to.changeEtherBalances(ethers, [to], [10]);
    expect(await distributor.nonces(recipient)).to.equal(0n);
  });
});

describe("PayoutDistributor: reassigned claims", () => {
  it("pay the beneficiary whatever is still owed and comes later", async () => {
    const world = await withClaims();
    const { distributor, user, tree, tokens, tokenAddress, ethers, token } = world;
    const rescue = at(world.users, 5);
    await world.claim(user, tree, at(tokens, 0));
    await expect(distributor.reassign(user, tokenAddress, rescue))
      .to.emit(distributor, "ClaimsReassigned")
      .withArgs(user.address, tokenAddress, rescue.address);
    const leaf = world.leaf(user.address, 150n);
    const next = await world.activate([leaf, at(tokens, 1)]);
    await expect(world.claim(user, next, leaf)).to.changeTokenBalances(
      ethers,
      token,
      [user, rescue],
      [0, 50],
    );
    const later = world.leaf(user.address, 160n);
    const last = await world.activate([later, at(tokens, 1)]);
    await expect(world.push(last, [later, at(tokens, 1)])).to.changeTokenBalances(
      ethers,
      token,
      [user, rescue, at(world.users, 1)],
      [0, 10, 100],
    );
    expect((await distributor.accountState(user, tokenAddress)).beneficiary).to.equal(rescue);
    expect((await distributor.accountState(user, ZeroAddress)).beneficiary).to.equal(user);
  });

  it("are signed for by the beneficiary, and no longer by the account", async () => {
    const world = await withClaims();
    const { distributor, user, tree, tokens, tokenAddress, ethers, token, relayer } = world;
    const [rescue, to] = [at(world.users, 5), at(world.users, 6).address];
    await distributor.reassign(user, tokenAddress, rescue);
    const leaf = at(tokens, 0);
    const deadline = (await world.now()) + HOUR;
    const claimTo = (signature: string) =>
      distributor
        .connect(relayer)
        .claimTo(user, leaf.token, 100n, tree.proof(leaf), to, deadline, signature);
    await expect(
      claimTo(await signClaim(world, user, leaf, to, deadline)),
    ).to.be.revertedWithCustomError(distributor, "InvalidSignature");
    await expect(
      distributor
        .connect(user)
        .claimTo(user, leaf.token, 100n, tree.proof(leaf), to, deadline, "0x"),
    ).to.be.revertedWithCustomError(distributor, "InvalidSignature");
    await expect(
      claimTo(await signClaim(world, rescue, leaf, to, deadline)),
    ).to.changeTokenBalances(ethers, token, [to], [100]);
  });

  it("go back to the account when governance undoes it", async () => {
    const world = await withClaims();
    const { distributor, user, tree, tokens, tokenAddress, ethers, token } = world;
    for (const beneficiary of [ZeroAddress, user.address]) {
      await distributor.reassign(user, tokenAddress, at(world.users, 5));
      await expect(distributor.reassign(user, tokenAddress, beneficiary))
        .to.emit(distributor, "ClaimsReassigned")
        .withArgs(user.address, tokenAddress, user.address);
    }
    await expect(distributor.reassign(user, tokenAddress, world.address))
      .to.be.revertedWithCustomError(distributor, "InvalidRecipient")
      .withArgs(world.address);
    await expect(world.claimFor(tree, at(tokens, 0))).to.changeTokenBalances(
      ethers,
      token,
      [user],
      [100],
    );
  });

  it("keep what was paid and the day's use", async () => {
    const world = await withClaims({ limits: { perAccount: 60n } });
    const { distributor, user, tree, tokens, tokenAddress } = world;
    await world.claim(user, tree, at(tokens, 0));
    await distributor.reassign(user, tokenAddress, at(world.users, 5));
    await expect(world.claimFor(tree, at(tokens, 0))).to.be.revertedWithCustomError(
      distributor,
      "LimitReached",
    );
    await world.nextDay();
    await world.claimFor(tree, at(tokens, 0));
    expect(await distributor.accountState(user, tokenAddress)).to.deep.equal([
      100n,
      40n,
      at(world.users, 5).address,
    ]);
  });
});

describe("PayoutDistributor: pauses", () => {
  it("stop claims, pushes and activation, and lapse by themselves", async () => {
    const world = await withClaims({ config: { lifetimeSeconds: 10 * DAY } });
    const { distributor, guardian, user, tree, tokens, networkHelpers } = world;
    const next = await world.ready(await world.content());
    await distributor.connect(guardian).pause();
    const until = (await world.now()) + PAUSE;
    const attempts = [
      () => world.claim(user, tree, at(tokens, 0)),
      () => world.claimFor(tree, at(tokens, 1)),
      () => world.push(tree, [at(tokens, 2)]),
      () => distributor.activate(next),
    ];
    for (const attempt of attempts) {
      await expect(attempt())
        .to.be.revertedWithCustomError(distributor, "ContractPaused")
        .withArgs(until);
    }
    await networkHelpers.time.increaseTo(until);
    for (const attempt of attempts) await attempt();
  });

  it("are ended by governance alone", async () => {
    const world = await withClaims();
    const { distributor, guardian, user, tree, tokens } = world;
    await distributor.connect(guardian).pause();
    await expect(distributor.connect(guardian).unpause()).to.be.revertedWithCustomError(
      distributor,
      "AccessManagedUnauthorized",
    );
    await distributor.unpause();
    await world.push(tree, [at(tokens, 0)]);
    await world.claim(at(world.users, 1), tree, at(tokens, 1));
    expect((await distributor.accountState(user, world.tokenAddress)).paid).to.equal(100n);
  });

  it("do not stop deposits, proposals, approvals and disputes", async () => {
    const world = await withClaims();
    const { distributor, guardian, watcher, funder, tokenAddress } = world;
    await distributor.connect(guardian).pause();
    await distributor.connect(funder).deposit(tokenAddress, parseEther("1"));
    const proposalId = await world.ready(await world.content());
    await distributor.connect(watcher).dispute(proposalId, "while paused");
    expect(CONFIG.challengeSeconds).to.be.lessThan(PAUSE);
  });
});

describe("PayoutDistributor: trees", () => {
  it("pay no leaf that is an inner node in disguise", async () => {
    const world = await withClaims();
    const { distributor, tree } = world;
    // A leaf's preimage is one hash, an inner node's two: no (account, token, cumulative) hashes to an inner node.
    const inner = tree.nodes[1]!;
    const proof = [tree.nodes[2]!];
    const leaf = hashLeaf(
      ["address", "address", "uint256"],
      [at(world.users, 0).address, ZeroAddress, 1n],
    );
    expect(leaf).to.not.equal(inner);
    await expect(
      distributor.connect(at(world.users, 0)).claim(ZeroAddress, BigInt(inner), proof),
    ).to.be.revertedWithCustomError(distributor, "InvalidProof");
  });
});
