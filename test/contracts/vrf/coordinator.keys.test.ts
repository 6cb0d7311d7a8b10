import { expect } from "chai";
import { parseEther, ZeroAddress, ZeroHash } from "ethers";

import { CONFIG, deployVrf, TERMS, vrfKey } from "./coordinator.ts";

const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

describe("VRFCoordinator: proving keys", () => {
  it("are registered and changed by governance alone", async () => {
    const vrf = await deployVrf();
    const key = vrfKey(1);
    const other = vrf.coordinator.connect(vrf.stranger);
    for (const call of [
      () => other.registerProvingKey(key.x, key.y, vrf.operator.address, TERMS),
      () => other.setProvingKeyTerms(vrf.key.keyHash, TERMS),
      () => other.deregisterProvingKey(vrf.key.keyHash),
    ]) {
      await expect(call())
        .to.be.revertedWithCustomError(vrf.coordinator, "AccessManagedUnauthorized")
        .withArgs(vrf.stranger.address);
    }
  });

  it("are told by their hash and index", async () => {
    const vrf = await deployVrf();
    const key = vrfKey(1);
    const governed = vrf.coordinator.connect(vrf.governance);
    await expect(governed.registerProvingKey(key.x, key.y, vrf.stranger.address, TERMS))
      .to.emit(vrf.coordinator, "ProvingKeyRegistered")
      .withArgs(
        key.keyHash,
        vrf.stranger.address,
        key.x,
        key.y,
        TERMS.maxGasPrice,
        TERMS.premium,
        TERMS.bondShare,
      );
    expect(await vrf.coordinator.keyHashAt(0)).to.equal(ZeroHash);
    expect(await vrf.coordinator.keyHashAt(1)).to.equal(vrf.key.keyHash);
    expect(await vrf.coordinator.keyHashAt(2)).to.equal(key.keyHash);
    expect(await vrf.coordinator.keyHashAt(3)).to.equal(ZeroHash);
    const { maxGasPrice, premium, bondShare } = TERMS;
    expect(await vrf.coordinator.provingKey(key.keyHash)).to.deep.equal([
      vrf.stranger.address,
      true,
      [maxGasPrice, premium, bondShare],
      0n,
      0n,
      0n,
      0n,
    ]);
  });

  it("must be points of the curve that a verification can use", async () => {
    const vrf = await deployVrf();
    const key = vrfKey(1);
    const governed = vrf.coordinator.connect(vrf.governance);
    for (const [x, y] of [
      [key.x, key.y + 1n],
      [0n, 0n],
      [N, key.y],
    ] as const) {
      await expect(governed.registerProvingKey(x, y, vrf.operator.address, TERMS))
        .to.be.revertedWithCustomError(vrf.coordinator, "InvalidKey")
        .withArgs(x, y);
    }
    await expect(
      governed.registerProvingKey(key.x, key.y, ZeroAddress, TERMS),
    ).to.be.revertedWithCustomError(vrf.coordinator, "ZeroOperator");
  });

  it("come back after deregistration, to the same operator only", async () => {
    const vrf = await deployVrf();
    const { key, operator, stranger } = vrf;
    const governed = vrf.coordinator.connect(vrf.governance);
    const register = (to: string) => governed.registerProvingKey(key.x, key.y, to, TERMS);
    await expect(register(operator.address))
      .to.be.revertedWithCustomError(vrf.coordinator, "ProvingKeyAlreadyRegistered")
      .withArgs(key.keyHash, operator.address);
    await expect(governed.deregisterProvingKey(key.keyHash))
      .to.emit(vrf.coordinator, "ProvingKeyDeregistered")
      .withArgs(key.keyHash, operator.address);
    await expect(register(stranger.address))
      .to.be.revertedWithCustomError(vrf.coordinator, "ProvingKeyAlreadyRegistered")
      .withArgs(key.keyHash, operator.address);
    await register(operator.address);
    await vrf.request();
    expect(await vrf.coordinator.keyHashAt(2)).to.equal(ZeroHash);
  });

  it("that are deregistered answer what is pending, but cannot be changed", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    const governed = vrf.coordinator.connect(vrf.governance);
    await governed.deregisterProvingKey(vrf.key.keyHash);
    for (const call of [
      () => governed.deregisterProvingKey(vrf.key.keyHash),
      () => governed.setProvingKeyTerms(vrf.key.keyHash, TERMS),
    ]) {
      await expect(call())
        .to.be.revertedWithCustomError(vrf.coordinator, "NoSuchProvingKey")
        .withArgs(vrf.key.keyHash);
    }
    await expect(vrf.fulfill(request)).to.emit(vrf.coordinator, "RandomWordsFulfilled");
  });

  it("keep the terms of pending requests when theirs change", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    const dear = { maxGasPrice: 1n, premium: parseEther("1"), bondShare: 5n };
    await expect(vrf.coordinator.connect(vrf.governance).setProvingKeyTerms(vrf.key.keyHash, dear))
      .to.emit(vrf.coordinator, "ProvingKeyTermsChanged")
      .withArgs(vrf.key.keyHash, 1n, parseEther("1"), 5n);
    const { payment } = vrf.fulfilmentIn(await (await vrf.fulfill(request)).wait());
    expect(payment).to.be.lessThan(parseEther("0.1"));
    expect(await vrf.coordinator.reserveOf(vrf.key.keyHash, 0, 0)).to.equal(
      parseEther("1") + BigInt(CONFIG.overheadGas),
    );
  });

  it("admit requests again when a lower share makes the bond enough", async () => {
    const vrf = await deployVrf({ bond: 1n });
    await expect(vrf.request()).to.be.revertedWithCustomError(vrf.coordinator, "BondExhausted");
    await vrf.coordinator
      .connect(vrf.governance)
      .setProvingKeyTerms(vrf.key.keyHash, { ...TERMS, bondShare: 1n });
    await vrf.request();
  });

  it("are no more than an index can tell apart", async () => {
    const vrf = await deployVrf();
    const key = vrfKey(1);
    const slots = Array.from({ length: 16 }, (_, slot) => BigInt(slot)).map(async (slot) => ({
      slot,
      value: BigInt(await vrf.ethers.provider.getStorage(vrf.address, slot)),
    }));
    // The list of key hashes: the slot whose first element is the registered one.
    for (const { slot, value } of await Promise.all(slots)) {
      if (value !== 1n) continue;
      const first = vrf.ethers.keccak256(vrf.ethers.toBeHex(slot, 32));
      if ((await vrf.ethers.provider.getStorage(vrf.address, first)) !== vrf.key.keyHash) continue;
      await vrf.networkHelpers.setStorageAt(vrf.address, slot, 0x3ff);
    }
    await expect(
      vrf.coordinator
        .connect(vrf.governance)
        .registerProvingKey(key.x, key.y, vrf.operator.address, TERMS),
    )
      .to.be.revertedWithCustomError(vrf.coordinator, "TooManyKeys")
      .withArgs(0x3ff);
  });

  describe("rewards", () => {
    it("are collected from subscriptions and withdrawn by the operator alone", async () => {
      const vrf = await deployVrf();
      const { coordinator, key, operator, stranger, subId } = vrf;
      const { payment } = vrf.fulfilmentIn(await (await vrf.fulfill(await vrf.request())).wait());
      await expect(coordinator.connect(operator).withdrawRewards(key.keyHash, operator))
        .to.be.revertedWithCustomError(coordinator, "NothingToWithdraw")
        .withArgs(key.keyHash);
      await expect(coordinator.connect(stranger).collect([subId, subId]))
        .to.emit(coordinator, "RewardsCollected")
        .withArgs(key.keyHash, subId, payment);
      expect(await coordinator.owedBy(subId)).to.deep.equal([ZeroHash, 0n]);
      await expect(coordinator.connect(stranger).withdrawRewards(key.keyHash, stranger))
        .to.be.revertedWithCustomError(coordinator, "NotOperator")
        .withArgs(stranger.address, operator.address);
      const to = vrf.ethers.getAddress(vrf.ethers.toBeHex(0xabcdef, 20));
      await expect(coordinator.connect(operator).withdrawRewards(key.keyHash, to))
        .to.emit(coordinator, "RewardsWithdrawn")
        .withArgs(key.keyHash, operator.address, to, payment);
      expect(await vrf.ethers.provider.getBalance(to)).to.equal(payment);
    });

    it("of two keys that serve one subscription are kept apart", async () => {
      const vrf = await deployVrf();
      const { coordinator, subId } = vrf;
      const other = vrfKey(1);
      await coordinator
        .connect(vrf.governance)
        .registerProvingKey(other.x, other.y, vrf.stranger.address, { ...TERMS, bondShare: 0n });
      const earned = { [vrf.key.keyHash]: 0n, [other.keyHash]: 0n };
      for (const by of [vrf.key, vrf.key, other, vrf.key, other, other]) {
        const request = await vrf.request({ keyHash: by.keyHash });
        const { proof } = await vrf.prove(request, by);
        const sent = await coordinator.fulfillRandomWords(proof, request);
        earned[by.keyHash]! += vrf.fulfilmentIn(await sent.wait()).payment;
      }
      await coordinator.collect([subId]);
      for (const { keyHash } of [vrf.key, other]) {
        expect((await coordinator.provingKey(keyHash)).rewards).to.equal(earned[keyHash]);
      }
    });
  });

  describe("bonds", () => {
    it("are deposited by anyone, for known keys", async () => {
      const vrf = await deployVrf({ bond: 5n });
      await expect(
        vrf.coordinator.connect(vrf.stranger).depositBond(vrf.key.keyHash, { value: 7n }),
      )
        .to.emit(vrf.coordinator, "BondDeposited")
        .withArgs(vrf.key.keyHash, vrf.stranger.address, 7n, 12n);
      const { keyHash } = vrfKey(9);
      await expect(vrf.coordinator.depositBond(keyHash, { value: 1n }))
        .to.be.revertedWithCustomError(vrf.coordinator, "NoSuchProvingKey")
        .withArgs(keyHash);
    });

    it("hold no more than their field", async () => {
      const vrf = await deployVrf({ bond: 0n });
      const value = 2n ** 80n;
      await vrf.networkHelpers.setBalance(vrf.owner.address, 2n * value);
      await expect(vrf.coordinator.depositBond(vrf.key.keyHash, { value }))
        .to.be.revertedWithCustomError(vrf.coordinator, "BondTooBig")
        .withArgs(value, value - 1n);
    });

    it("are withdrawn after an announcement and twice the deadline", async () => {
      const vrf = await deployVrf({ bond: parseEther("1") });
      const { key, operator } = vrf;
      const operated = vrf.coordinator.connect(operator);
      await expect(operated.withdrawBond(key.keyHash, operator))
        .to.be.revertedWithCustomError(vrf.coordinator, "NothingToWithdraw")
        .withArgs(key.keyHash);
      await operated.announceBondWithdrawal(key.keyHash, parseEther("0.4"));
      const announced = await vrf.ethers.provider.getBlockNumber();
      const from = announced + 2 * CONFIG.deadlineBlocks + 1;
      const state = await vrf.coordinator.provingKey(key.keyHash);
      expect(state.withdrawableFrom).to.equal(BigInt(from));
      await vrf.networkHelpers.mineUpTo(from - 2);
      await expect(operated.withdrawBond(key.keyHash, operator))
        .to.be.revertedWithCustomError(vrf.coordinator, "BondNotWithdrawable")
        .withArgs(from - 1, from);
      await vrf.networkHelpers.mine(1);
      const to = vrf.ethers.getAddress(vrf.ethers.toBeHex(0xabcdef, 20));
      await expect(operated.withdrawBond(key.keyHash, to))
        .to.emit(vrf.coordinator, "BondWithdrawn")
        .withArgs(key.keyHash, operator.address, to, parseEther("0.4"), parseEther("0.6"));
      expect(await vrf.ethers.provider.getBalance(to)).to.equal(parseEther("0.4"));
    });

    it("admit no request with what is announced, until the announcement is taken back", async () => {
      const vrf = await deployVrf();
      const { key } = vrf;
      const operated = vrf.coordinator.connect(vrf.operator);
      const rest = TERMS.bondShare - 1n;
      await expect(operated.announceBondWithdrawal(key.keyHash, parseEther("1") - rest)).to.emit(
        vrf.coordinator,
        "BondWithdrawalAnnounced",
      );
      await expect(vrf.request())
        .to.be.revertedWithCustomError(vrf.coordinator, "BondExhausted")
        .withArgs(key.keyHash, rest, TERMS.bondShare);
      await expect(operated.announceBondWithdrawal(key.keyHash, 0))
        .to.emit(vrf.coordinator, "BondWithdrawalAnnounced")
        .withArgs(key.keyHash, vrf.operator.address, 0, 0);
      await vrf.request();
    });

    it("are announced and withdrawn by the operator alone, and within themselves", async () => {
      const vrf = await deployVrf();
      const { key, operator, stranger } = vrf;
      const other = vrf.coordinator.connect(stranger);
      for (const call of [
        () => other.announceBondWithdrawal(key.keyHash, 1),
        () => other.withdrawBond(key.keyHash, stranger),
      ]) {
        await expect(call())
          .to.be.revertedWithCustomError(vrf.coordinator, "NotOperator")
          .withArgs(stranger.address, operator.address);
      }
      const tooMuch = parseEther("1") + 1n;
      await expect(vrf.coordinator.connect(operator).announceBondWithdrawal(key.keyHash, tooMuch))
        .to.be.revertedWithCustomError(vrf.coordinator, "BondExhausted")
        .withArgs(key.keyHash, parseEther("1"), tooMuch);
    });
  });
});

describe("VRFCoordinator: configuration", () => {
  it("is readable", async () => {
    const vrf = await deployVrf();
    expect(await vrf.coordinator.config()).to.deep.equal([
      BigInt(CONFIG.minConfirmations),
      BigInt(CONFIG.maxConfirmations),
      BigInt(CONFIG.maxCallbackGas),
      BigInt(CONFIG.deadlineBlocks),
      BigInt(CONFIG.overheadGas),
      CONFIG.tipCap,
      ZeroAddress,
    ]);
  });

  it("that cannot work is refused, by name", async () => {
    const vrf = await deployVrf();
    const factory = await vrf.ethers.getContractFactory("VRFCoordinator");
    const cases = [
      [{ minConfirmations: 0 }, "minConfirmations", 0, 1, 200],
      [{ minConfirmations: 201 }, "minConfirmations", 201, 1, 200],
      [{ deadlineBlocks: 200 }, "deadlineBlocks", 200, 201, 8191],
      [{ deadlineBlocks: 8192 }, "deadlineBlocks", 8192, 201, 8191],
      [{ maxCallbackGas: 0 }, "maxCallbackGas", 0, 1, 10_000_000],
      [{ maxCallbackGas: 10_000_001 }, "maxCallbackGas", 10_000_001, 1, 10_000_000],
      [{ overheadGas: 99_999 }, "overheadGas", 99_999, 100_000, 10_000_000],
    ] as const;
    for (const [change, name, ...values] of cases) {
      await expect(factory.deploy(vrf.manager, { ...CONFIG, ...change }))
        .to.be.revertedWithCustomError(factory, "InvalidConfig")
        .withArgs(vrf.ethers.encodeBytes32String(name), ...values);
    }
  });

  it("keeps deadlines within BLOCKHASH's reach on a chain without history", async () => {
    const vrf = await deployVrf();
    await vrf.networkHelpers.setCode("0x0000F90827F1C53a10cb7A02335B175320002935", "0x");
    const factory = await vrf.ethers.getContractFactory("VRFCoordinator");
    await expect(factory.deploy(vrf.manager, { ...CONFIG, deadlineBlocks: 257 }))
      .to.be.revertedWithCustomError(factory, "InvalidConfig")
      .withArgs(vrf.ethers.encodeBytes32String("deadlineBlocks"), 257, 201, 256);
    await factory.deploy(vrf.manager, { ...CONFIG, deadlineBlocks: 256 });
  });
});
