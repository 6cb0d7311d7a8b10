import { expect } from "chai";
import { AbiCoder, concat, keccak256, MaxUint256, parseEther, toUtf8Bytes } from "ethers";

import { CONFIG, deployVrf, TERMS, vrfKey } from "./coordinator.ts";

const WORD_GAS = 150n;
const TAG = keccak256(toUtf8Bytes("VRF ExtraArgsV1")).slice(0, 10);
const encode = (types: string[], values: unknown[]) =>
  AbiCoder.defaultAbiCoder().encode(types, values);

describe("VRFCoordinator: requests", () => {
  it("reserves the ceiling for callback, overhead and words, and the premium", async () => {
    const vrf = await deployVrf();
    const before = await vrf.balanceOf();
    await vrf.request({ gas: 123_456, words: 7 });
    const reserve =
      TERMS.maxGasPrice * (123_456n + BigInt(CONFIG.overheadGas) + 7n * WORD_GAS) + TERMS.premium;
    expect(before - (await vrf.balanceOf())).to.equal(reserve);
    expect(await vrf.coordinator.reserveOf(vrf.key.keyHash, 123_456, 7)).to.equal(reserve);
  });

  it("says everything about a request in Chainlink's event", async () => {
    const vrf = await deployVrf();
    const reserve = await vrf.coordinator.reserveOf(vrf.key.keyHash, 100_000, 2);
    const id = BigInt(
      keccak256(
        encode(
          ["bytes32", "address", "uint256", "uint256"],
          [vrf.key.keyHash, await vrf.consumer.getAddress(), vrf.subId, 0],
        ),
      ),
    );
    const terms = reserve | (TERMS.premium << 72n) | (TERMS.bondShare << 136n) | (1n << 208n);
    await expect(vrf.consumer.request(vrf.key.keyHash, vrf.subId, 5, 100_000, 2))
      .to.emit(vrf.coordinator, "RandomWordsRequested")
      .withArgs(vrf.key.keyHash, id, terms, vrf.subId, 5, 100_000, 2, "0x", vrf.consumer);
  });

  it("gives every request an id of its own, which anyone can compute", async () => {
    const vrf = await deployVrf();
    const first = await vrf.request();
    const second = await vrf.request();
    expect(first.requestId).not.to.equal(second.requestId);
    expect(await vrf.coordinator.requestIdOf(second)).to.equal(second.requestId);
    expect((await vrf.coordinator.getSubscription(vrf.subId)).reqCount).to.equal(2n);
  });

  it("knows a pending request by exactly its fields", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    expect(await vrf.coordinator.isPending(request)).to.equal(true);
    for (const field of ["subId", "terms", "details"] as const) {
      const other = { ...request, [field]: request[field] + 1n };
      expect(await vrf.coordinator.isPending(other), field).to.equal(false);
    }
    expect(await vrf.coordinator.isPending({ ...request, sender: vrf.owner })).to.equal(false);
    await vrf.fulfill(request);
    expect(await vrf.coordinator.isPending(request)).to.equal(false);
  });

  it("takes empty extra arguments and both payment flags, and charges native coin for all", async () => {
    const vrf = await deployVrf();
    const flag = (native: boolean) => concat([TAG, encode(["bool"], [native])]);
    for (const extraArgs of ["0x", flag(false), flag(true)]) {
      const before = await vrf.balanceOf();
      await vrf.consumer.requestWith({
        keyHash: vrf.key.keyHash,
        subId: vrf.subId,
        requestConfirmations: 1,
        callbackGasLimit: 1,
        numWords: 1,
        extraArgs,
      });
      expect(await vrf.balanceOf()).to.be.lessThan(before);
    }
  });

  it("refuses other extra arguments", async () => {
    const vrf = await deployVrf();
    for (const extraArgs of [TAG, concat(["0x12345678", encode(["bool"], [true])]), "0x00"]) {
      await expect(
        vrf.consumer.requestWith({
          keyHash: vrf.key.keyHash,
          subId: vrf.subId,
          requestConfirmations: 1,
          callbackGasLimit: 1,
          numWords: 1,
          extraArgs,
        }),
      ).to.be.revertedWithCustomError(vrf.coordinator, "InvalidExtraArgs");
    }
  });

  it("refuses a request that the subscription cannot reserve, and says what is missing", async () => {
    const vrf = await deployVrf({ funds: 0n });
    const reserve = await vrf.coordinator.reserveOf(vrf.key.keyHash, 200_000, 1);
    await vrf.coordinator.fundSubscriptionWithNative(vrf.subId, { value: reserve - 1n });
    await expect(vrf.request())
      .to.be.revertedWithCustomError(vrf.coordinator, "InsufficientBalance")
      .withArgs(reserve - 1n, reserve);
    await vrf.coordinator.fundSubscriptionWithNative(vrf.subId, { value: 1n });
    await vrf.request();
    expect(await vrf.balanceOf()).to.equal(0n);
  });

  it("refuses a reserve that no balance could hold", async () => {
    const vrf = await deployVrf({ terms: { maxGasPrice: 2n ** 64n - 1n } });
    const reserve = (2n ** 64n - 1n) * (2_500_000n + BigInt(CONFIG.overheadGas)) + TERMS.premium;
    await expect(vrf.request({ gas: 2_500_000, words: 0 }))
      .to.be.revertedWithCustomError(vrf.coordinator, "InsufficientBalance")
      .withArgs(2n ** 72n - 1n, reserve);
  });

  it("refuses confirmations, callback gas and words out of bounds", async () => {
    const vrf = await deployVrf({ config: { minConfirmations: 2 } });
    const { coordinator } = vrf;
    await expect(vrf.request({ confirmations: 1 }))
      .to.be.revertedWithCustomError(coordinator, "InvalidRequestConfirmations")
      .withArgs(1, 2, 200);
    await expect(vrf.request({ confirmations: 201 }))
      .to.be.revertedWithCustomError(coordinator, "InvalidRequestConfirmations")
      .withArgs(201, 2, 200);
    await expect(vrf.request({ confirmations: 2, gas: 2_500_001 }))
      .to.be.revertedWithCustomError(coordinator, "GasLimitTooBig")
      .withArgs(2_500_001, 2_500_000);
    await expect(vrf.request({ confirmations: 2, words: 501 }))
      .to.be.revertedWithCustomError(coordinator, "NumWordsTooBig")
      .withArgs(501, 500);
    await vrf.request({ confirmations: 200, gas: 2_500_000, words: 500 });
  });

  it("refuses who is no consumer, and unknown subscriptions", async () => {
    const vrf = await deployVrf();
    const other = await vrf.ethers.deployContract("VrfConsumer", [vrf.coordinator]);
    await expect(other.request(vrf.key.keyHash, vrf.subId, 1, 1, 1))
      .to.be.revertedWithCustomError(vrf.coordinator, "InvalidConsumer")
      .withArgs(vrf.subId, other);
    await expect(vrf.consumer.request(vrf.key.keyHash, MaxUint256, 1, 1, 1))
      .to.be.revertedWithCustomError(vrf.coordinator, "InvalidSubscription")
      .withArgs(MaxUint256);
  });

  it("refuses unknown and deregistered keys", async () => {
    const vrf = await deployVrf();
    const { keyHash } = vrfKey(9);
    await expect(vrf.request({ keyHash }))
      .to.be.revertedWithCustomError(vrf.coordinator, "NoSuchProvingKey")
      .withArgs(keyHash);
    await vrf.coordinator.connect(vrf.governance).deregisterProvingKey(vrf.key.keyHash);
    await expect(vrf.request())
      .to.be.revertedWithCustomError(vrf.coordinator, "NoSuchProvingKey")
      .withArgs(vrf.key.keyHash);
  });

  it("refuses a key whose bond does not hold a share, until it does", async () => {
    const vrf = await deployVrf({ bond: TERMS.bondShare - 1n });
    await expect(vrf.request())
      .to.be.revertedWithCustomError(vrf.coordinator, "BondExhausted")
      .withArgs(vrf.key.keyHash, TERMS.bondShare - 1n, TERMS.bondShare);
    await vrf.coordinator.depositBond(vrf.key.keyHash, { value: 1n });
    await vrf.request();
  });

  it("keeps more requests pending than the ring has places, and ends them in any order", async () => {
    const vrf = await deployVrf({ funds: parseEther("1000") });
    const requests = [];
    for (let i = 0; i < 40; i++) requests.push(await vrf.request());
    expect(await vrf.coordinator.pendingRequests(vrf.subId)).to.equal(40n);
    expect(requests.map(({ terms }) => (terms >> 223n) & 1n)).to.deep.equal([
      ...Array<bigint>(32).fill(0n),
      ...Array<bigint>(8).fill(1n),
    ]);
    for (const request of [...requests.slice(35), ...requests.slice(0, 35)]) {
      await expect(vrf.fulfill(request)).to.emit(vrf.coordinator, "RandomWordsFulfilled");
      await expect(vrf.fulfill(request))
        .to.be.revertedWithCustomError(vrf.coordinator, "NoCorrespondingRequest")
        .withArgs(vrf.subId, request.terms >> 224n);
    }
    expect(await vrf.coordinator.pendingRequestExists(vrf.subId)).to.equal(false);
    // The places are free again, and old commitments in them count for nothing.
    const again = await vrf.request();
    await expect(vrf.fulfill(requests[0]!)).to.be.revertedWithCustomError(
      vrf.coordinator,
      "IncorrectCommitment",
    );
    await vrf.fulfill(again);
  });

  it("refuses requests beyond what a subscription can count", async () => {
    const vrf = await deployVrf();
    const slot = keccak256(encode(["uint256", "uint256"], [vrf.subId, 1]));
    const word = BigInt(await vrf.ethers.provider.getStorage(vrf.address, slot));
    expect(word & (2n ** 80n - 1n)).to.equal(await vrf.balanceOf());
    const set = (value: bigint) => vrf.networkHelpers.setStorageAt(vrf.address, slot, value);
    await set(word | (0xffffffffn << 160n));
    await expect(vrf.request())
      .to.be.revertedWithCustomError(vrf.coordinator, "TooManyRequests")
      .withArgs(0xffffffffn);
    await set(word | (0xffffffffn << 208n) | (0xffffn << 240n));
    await expect(vrf.request())
      .to.be.revertedWithCustomError(vrf.coordinator, "TooManyRequests")
      .withArgs(0xffffn);
  });
});
