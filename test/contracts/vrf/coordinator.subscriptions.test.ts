import { expect } from "chai";
import { AbiCoder, keccak256, MaxUint256, parseEther, ZeroAddress } from "ethers";

import { deployVrf } from "./coordinator.ts";

describe("VRFCoordinator: subscriptions", () => {
  it("start empty, owned by their creator", async () => {
    const vrf = await deployVrf();
    const subId = await vrf.subscribe([], 0n);
    expect(await vrf.coordinator.getSubscription(subId)).to.deep.equal([
      0n,
      0n,
      0n,
      vrf.owner.address,
      [],
    ]);
    expect(await vrf.coordinator.pendingRequestExists(subId)).to.equal(false);
    await expect(vrf.coordinator.createSubscription()).to.emit(
      vrf.coordinator,
      "SubscriptionCreated",
    );
  });

  it("are funded by anyone", async () => {
    const vrf = await deployVrf({ funds: 5n });
    await expect(
      vrf.coordinator.connect(vrf.stranger).fundSubscriptionWithNative(vrf.subId, { value: 7n }),
    )
      .to.emit(vrf.coordinator, "SubscriptionFundedWithNative")
      .withArgs(vrf.subId, 5n, 12n);
    expect(await vrf.balanceOf()).to.equal(12n);
  });

  it("hold no more than their field", async () => {
    const vrf = await deployVrf();
    const slot = keccak256(
      AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], [vrf.subId, 1]),
    );
    const max = 2n ** 80n - 1n;
    await vrf.networkHelpers.setStorageAt(vrf.address, slot, max);
    await expect(vrf.coordinator.fundSubscriptionWithNative(vrf.subId, { value: 1n }))
      .to.be.revertedWithCustomError(vrf.coordinator, "BalanceTooBig")
      .withArgs(max + 1n, max);
  });

  it("list their consumers, each once", async () => {
    const vrf = await deployVrf();
    const [a, b, c] = [vrf.admin, vrf.governance, vrf.stranger].map(({ address }) => address);
    const subId = await vrf.subscribe([], 0n);
    for (const consumer of [a, b, c, b]) await vrf.coordinator.addConsumer(subId, consumer!);
    expect((await vrf.coordinator.getSubscription(subId)).consumers).to.deep.equal([a, b, c]);
    await expect(vrf.coordinator.removeConsumer(subId, a!))
      .to.emit(vrf.coordinator, "SubscriptionConsumerRemoved")
      .withArgs(subId, a);
    expect((await vrf.coordinator.getSubscription(subId)).consumers).to.deep.equal([c, b]);
    await vrf.coordinator.removeConsumer(subId, b!);
    await vrf.coordinator.removeConsumer(subId, c!);
    expect((await vrf.coordinator.getSubscription(subId)).consumers).to.deep.equal([]);
    await expect(vrf.coordinator.addConsumer(subId, a!))
      .to.emit(vrf.coordinator, "SubscriptionConsumerAdded")
      .withArgs(subId, a);
  });

  it("take 100 consumers and no more", async () => {
    const vrf = await deployVrf();
    const subId = await vrf.subscribe([], 0n);
    for (let i = 1; i <= 100; i++) {
      await vrf.coordinator.addConsumer(subId, vrf.ethers.toBeHex(i, 20));
    }
    await expect(vrf.coordinator.addConsumer(subId, vrf.stranger))
      .to.be.revertedWithCustomError(vrf.coordinator, "TooManyConsumers")
      .withArgs(100);
  });

  it("refuse to remove who is no consumer", async () => {
    const vrf = await deployVrf();
    await expect(vrf.coordinator.removeConsumer(vrf.subId, vrf.stranger))
      .to.be.revertedWithCustomError(vrf.coordinator, "InvalidConsumer")
      .withArgs(vrf.subId, vrf.stranger);
  });

  it("lose neither consumers nor life while a request is pending", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    for (const call of [
      () => vrf.coordinator.removeConsumer(vrf.subId, vrf.consumer),
      () => vrf.coordinator.cancelSubscription(vrf.subId, vrf.owner),
    ]) {
      await expect(call())
        .to.be.revertedWithCustomError(vrf.coordinator, "PendingRequestExists")
        .withArgs(vrf.subId, 1);
    }
    await vrf.fulfill(request);
    await vrf.coordinator.removeConsumer(vrf.subId, vrf.consumer);
    await vrf.coordinator.cancelSubscription(vrf.subId, vrf.owner);
  });

  it("pay out when cancelled, after what they owe", async () => {
    const vrf = await deployVrf({ funds: parseEther("3") });
    const receipt = await (await vrf.fulfill(await vrf.request())).wait();
    const { payment } = vrf.fulfilmentIn(receipt);
    const to = vrf.ethers.toBeHex(0xabcdef, 20);
    await expect(vrf.coordinator.cancelSubscription(vrf.subId, to))
      .to.emit(vrf.coordinator, "SubscriptionCanceled")
      .withArgs(vrf.subId, vrf.ethers.getAddress(to), 0, parseEther("3") - payment);
    expect(await vrf.ethers.provider.getBalance(to)).to.equal(parseEther("3") - payment);
    const { rewards } = await vrf.coordinator.provingKey(vrf.key.keyHash);
    expect(rewards).to.equal(payment);
    await expect(vrf.coordinator.getSubscription(vrf.subId))
      .to.be.revertedWithCustomError(vrf.coordinator, "InvalidSubscription")
      .withArgs(vrf.subId);
    await expect(vrf.consumer.request(vrf.key.keyHash, vrf.subId, 1, 1, 1))
      .to.be.revertedWithCustomError(vrf.coordinator, "InvalidSubscription")
      .withArgs(vrf.subId);
  });

  it("cannot be paid out to who refuses it", async () => {
    const vrf = await deployVrf({ funds: 3n });
    const payless = await vrf.ethers.deployContract("VrfPayless");
    await expect(vrf.coordinator.cancelSubscription(vrf.subId, payless))
      .to.be.revertedWithCustomError(vrf.coordinator, "FailedToSendNative")
      .withArgs(payless, 3n);
  });

  it("change owner in two steps", async () => {
    const vrf = await deployVrf();
    const { coordinator, subId, owner, stranger } = vrf;
    await expect(coordinator.requestSubscriptionOwnerTransfer(subId, stranger))
      .to.emit(coordinator, "SubscriptionOwnerTransferRequested")
      .withArgs(subId, owner.address, stranger.address);
    await expect(coordinator.connect(vrf.admin).acceptSubscriptionOwnerTransfer(subId))
      .to.be.revertedWithCustomError(coordinator, "MustBeRequestedOwner")
      .withArgs(vrf.admin.address, stranger.address);
    await expect(coordinator.connect(stranger).acceptSubscriptionOwnerTransfer(subId))
      .to.emit(coordinator, "SubscriptionOwnerTransferred")
      .withArgs(subId, owner.address, stranger.address);
    expect((await coordinator.getSubscription(subId)).owner).to.equal(stranger.address);
    await expect(coordinator.addConsumer(subId, owner))
      .to.be.revertedWithCustomError(coordinator, "MustBeSubOwner")
      .withArgs(owner.address, stranger.address);
    await expect(coordinator.connect(stranger).acceptSubscriptionOwnerTransfer(subId))
      .to.be.revertedWithCustomError(coordinator, "MustBeRequestedOwner")
      .withArgs(stranger.address, ZeroAddress);
  });

  it("are managed by their owner alone", async () => {
    const vrf = await deployVrf();
    const { coordinator, subId, stranger } = vrf;
    const other = coordinator.connect(stranger);
    for (const call of [
      () => other.addConsumer(subId, stranger),
      () => other.removeConsumer(subId, vrf.consumer),
      () => other.cancelSubscription(subId, stranger),
      () => other.requestSubscriptionOwnerTransfer(subId, stranger),
    ]) {
      await expect(call())
        .to.be.revertedWithCustomError(coordinator, "MustBeSubOwner")
        .withArgs(stranger.address, vrf.owner.address);
    }
  });

  it("must exist", async () => {
    const vrf = await deployVrf();
    const { coordinator, owner } = vrf;
    for (const call of [
      () => coordinator.fundSubscriptionWithNative(MaxUint256, { value: 1n }),
      () => coordinator.addConsumer(MaxUint256, owner),
      () => coordinator.removeConsumer(MaxUint256, owner),
      () => coordinator.cancelSubscription(MaxUint256, owner),
      () => coordinator.requestSubscriptionOwnerTransfer(MaxUint256, owner),
      () => coordinator.acceptSubscriptionOwnerTransfer(MaxUint256),
      () => coordinator.pendingRequestExists(MaxUint256),
      () => coordinator.pendingRequests(MaxUint256),
    ]) {
      await expect(call())
        .to.be.revertedWithCustomError(coordinator, "InvalidSubscription")
        .withArgs(MaxUint256);
    }
  });

  it("are listed in pages", async () => {
    const vrf = await deployVrf();
    const ids = [vrf.subId];
    for (let i = 0; i < 4; i++) ids.push(await vrf.subscribe([], 0n));
    expect(await vrf.coordinator.getActiveSubscriptionIds(0, 0)).to.deep.equal(ids);
    expect(await vrf.coordinator.getActiveSubscriptionIds(1, 2)).to.deep.equal(ids.slice(1, 3));
    expect(await vrf.coordinator.getActiveSubscriptionIds(3, 99)).to.deep.equal(ids.slice(3));
    await expect(vrf.coordinator.getActiveSubscriptionIds(5, 1))
      .to.be.revertedWithCustomError(vrf.coordinator, "IndexOutOfRange")
      .withArgs(5, 5);
    await vrf.coordinator.cancelSubscription(ids[1]!, vrf.owner);
    await vrf.coordinator.cancelSubscription(ids[4]!, vrf.owner);
    expect(await vrf.coordinator.getActiveSubscriptionIds(0, 0)).to.have.members([
      ids[0]!,
      ids[2]!,
      ids[3]!,
    ]);
  });
});
