import { expect } from "chai";

import { GOVERNANCE, GUARDIAN } from "../../helpers/contracts-fixture.ts";
import { deployVrf, TERMS, vrfKey } from "./coordinator.ts";

const PAUSE = 72 * 3_600;
/** EIP-7825: the most gas that a transaction may take. */
const MAX_TRANSACTION_GAS = 2n ** 24n;
const MAX_KEYS = 1_023n;

/** A coordinator whose guardian is an account. */
async function deployPausable(options: Parameters<typeof deployVrf>[0] = {}) {
  const vrf = await deployVrf(options);
  const { manager, coordinator, governance, stranger: guardian } = vrf;
  const selector = (name: "pause" | "unpause") => coordinator.interface.getFunction(name).selector;
  await manager.setTargetFunctionRole(coordinator, [selector("pause")], GUARDIAN);
  await manager.setTargetFunctionRole(coordinator, [selector("unpause")], GOVERNANCE);
  await manager.grantRole(GUARDIAN, guardian.address, 0);
  /** Pauses and says until when. */
  const pause = async () => {
    await coordinator.connect(guardian).pause();
    return (await vrf.networkHelpers.time.latest()) + PAUSE;
  };
  const register = async (i: number) => {
    const key = vrfKey(i);
    await coordinator.connect(governance).registerProvingKey(key.x, key.y, vrf.operator, TERMS);
    await coordinator.depositBond(key.keyHash, { value: TERMS.bondShare });
    return key;
  };
  const requestGas = async () =>
    (await (await vrf.consumer.request(vrf.key.keyHash, vrf.subId, 1, 200_000, 1)).wait())?.gasUsed;
  return { ...vrf, guardian, pause, register, requestGas };
}

describe("VRFCoordinator: pause", () => {
  it("refuses new requests until it lapses by itself", async () => {
    const vrf = await deployPausable();
    const { coordinator, key, networkHelpers } = vrf;
    const until = await vrf.pause();
    expect(await coordinator.pausedUntil()).to.equal(until);
    await networkHelpers.time.setNextBlockTimestamp(until - 1);
    await expect(vrf.request())
      .to.be.revertedWithCustomError(coordinator, "ContractPaused")
      .withArgs(until);
    await expect(coordinator.reserveOf(key.keyHash, 1, 1))
      .to.be.revertedWithCustomError(coordinator, "ContractPaused")
      .withArgs(until);
    await networkHelpers.time.increaseTo(until);
    expect(await coordinator.reserveOf(key.keyHash, 1, 1)).to.be.greaterThan(0n);
    await vrf.fulfill(await vrf.request());
  });

  it("ends early by governance", async () => {
    const vrf = await deployPausable();
    await vrf.pause();
    await expect(vrf.coordinator.connect(vrf.governance).unpause()).to.emit(
      vrf.coordinator,
      "Unpaused",
    );
    expect(await vrf.coordinator.pausedUntil()).to.equal(0n);
    await vrf.request();
  });

  it("is renewed once in 30 days", async () => {
    const vrf = await deployPausable();
    await vrf.pause();
    await vrf.networkHelpers.time.increase(PAUSE / 2);
    const until = await vrf.pause();
    await expect(vrf.pause()).to.be.revertedWithCustomError(vrf.coordinator, "PauseExhausted");
    await expect(vrf.request())
      .to.be.revertedWithCustomError(vrf.coordinator, "ContractPaused")
      .withArgs(until);
  });

  it("stops no key from being answered, refunded, withdrawn or changed", async () => {
    const vrf = await deployPausable();
    const { coordinator, key, governance, operator } = vrf;
    const [answered, refunded] = [await vrf.request(), await vrf.request()];
    await vrf.pause();
    expect(vrf.fulfilmentIn(await (await vrf.fulfill(answered)).wait()).success).to.equal(true);
    await vrf.expire(refunded);
    await expect(coordinator.refund(refunded)).to.emit(coordinator, "RequestRefunded");
    await coordinator.collect([vrf.subId]);
    await coordinator.connect(operator).withdrawRewards(key.keyHash, operator);
    await coordinator.connect(operator).announceBondWithdrawal(key.keyHash, 1n);
    await coordinator.connect(governance).setProvingKeyTerms(key.keyHash, TERMS);
    await coordinator.cancelSubscription(vrf.subId, vrf.owner);
  });

  it("holds for every key, whatever happens to it meanwhile", async () => {
    const vrf = await deployPausable();
    const { coordinator, governance, key } = vrf;
    const second = await vrf.register(1);
    await vrf.pause();
    const third = await vrf.register(2);
    await coordinator.depositBond(key.keyHash, { value: 1n });
    await coordinator.connect(governance).setProvingKeyTerms(second.keyHash, TERMS);
    await coordinator.connect(governance).deregisterProvingKey(second.keyHash);
    await coordinator
      .connect(governance)
      .registerProvingKey(second.x, second.y, vrf.operator, TERMS);
    for (const { keyHash } of [key, second, third]) {
      await expect(vrf.request({ keyHash })).to.be.revertedWithCustomError(
        coordinator,
        "ContractPaused",
      );
    }
    await coordinator.connect(governance).unpause();
    for (const { keyHash } of [key, second, third]) await vrf.request({ keyHash });
  });

  it("hides nothing else that keeps a key from requests, and lends it nothing after", async () => {
    const vrf = await deployPausable({ bond: TERMS.bondShare - 1n });
    const { coordinator, governance, key } = vrf;
    const second = await vrf.register(1);
    await coordinator.connect(governance).deregisterProvingKey(second.keyHash);
    const until = await vrf.pause();
    await expect(vrf.request({ keyHash: second.keyHash }))
      .to.be.revertedWithCustomError(coordinator, "NoSuchProvingKey")
      .withArgs(second.keyHash);
    await vrf.networkHelpers.time.increaseTo(until);
    await expect(vrf.request())
      .to.be.revertedWithCustomError(coordinator, "BondExhausted")
      .withArgs(key.keyHash, TERMS.bondShare - 1n, TERMS.bondShare);
    await coordinator.depositBond(key.keyHash, { value: 1n });
    await vrf.request();
  });

  it("costs the requests after it nothing, but the first", async () => {
    const [vrf, undisturbed] = [await deployPausable(), await deployPausable()];
    for (const { requestGas } of [vrf, undisturbed]) for (let i = 0; i < 2; i++) await requestGas();
    await vrf.pause();
    await vrf.networkHelpers.time.increase(PAUSE);
    expect(await vrf.requestGas()).to.be.greaterThan((await undisturbed.requestGas()) ?? 0n);
    expect(await vrf.requestGas()).to.equal(await undisturbed.requestGas());
  });

  it("fits into a transaction with as many keys as there can be", async () => {
    const vrf = await deployPausable();
    const gas = () => vrf.coordinator.connect(vrf.guardian).pause.estimateGas();
    const one = await gas();
    for (const i of [1, 2, 3, 4]) await vrf.register(i);
    const perKey = ((await gas()) - one) / 4n;
    expect(one + perKey * MAX_KEYS).to.be.lessThan(MAX_TRANSACTION_GAS);
    expect(perKey).to.be.greaterThan(0n);
  });

  it("obeys the guardian, and governance to end it, and nobody else", async () => {
    const { coordinator, owner, operator, guardian, governance } = await deployPausable();
    for (const account of [owner, operator, governance]) {
      await expect(coordinator.connect(account).pause())
        .to.be.revertedWithCustomError(coordinator, "AccessManagedUnauthorized")
        .withArgs(account.address);
    }
    for (const account of [owner, operator, guardian]) {
      await expect(coordinator.connect(account).unpause())
        .to.be.revertedWithCustomError(coordinator, "AccessManagedUnauthorized")
        .withArgs(account.address);
    }
  });
});
