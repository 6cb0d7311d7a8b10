import { expect } from "chai";
import { parseEther } from "ethers";

import { CONFIG, deployVrf, TERMS } from "./coordinator.ts";

const RESERVE_MASK = 2n ** 72n - 1n;

describe("VRFCoordinator: refunds", () => {
  it("return the reserve and the bond share to the subscription", async () => {
    const vrf = await deployVrf();
    const before = await vrf.balanceOf();
    const request = await vrf.request();
    await vrf.expire(request);
    await expect(vrf.coordinator.connect(vrf.stranger).refund(request))
      .to.emit(vrf.coordinator, "RequestRefunded")
      .withArgs(request.requestId, vrf.subId, request.terms & RESERVE_MASK, TERMS.bondShare);
    expect(await vrf.balanceOf()).to.equal(before + TERMS.bondShare);
    const { bond } = await vrf.coordinator.provingKey(vrf.key.keyHash);
    expect(bond).to.equal(parseEther("1") - TERMS.bondShare);
  });

  it("wait for the deadline to pass", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    await vrf.networkHelpers.mine(CONFIG.deadlineBlocks - 1);
    const deadline = request.blockNumber + BigInt(CONFIG.deadlineBlocks);
    await expect(vrf.coordinator.refund(request))
      .to.be.revertedWithCustomError(vrf.coordinator, "DeadlineNotPassed")
      .withArgs(deadline, deadline);
    await vrf.networkHelpers.mine(1);
    await vrf.coordinator.refund(request);
  });

  it("end a request for good", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    const { proof } = await vrf.prove(request);
    await vrf.expire(request);
    await vrf.coordinator.refund(request);
    for (const again of [
      () => vrf.coordinator.refund(request),
      () => vrf.coordinator.fulfillRandomWords(proof, request),
    ]) {
      await expect(again())
        .to.be.revertedWithCustomError(vrf.coordinator, "NoCorrespondingRequest")
        .withArgs(vrf.subId, 0);
    }
  });

  it("do not follow a fulfilment", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    await vrf.fulfill(request);
    await vrf.expire(request);
    await expect(vrf.coordinator.refund(request)).to.be.revertedWithCustomError(
      vrf.coordinator,
      "NoCorrespondingRequest",
    );
  });

  it("need the request's own fields", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    await vrf.expire(request);
    for (const bit of [0n, 72n, 136n, 208n]) {
      await expect(
        vrf.coordinator.refund({ ...request, terms: request.terms ^ (1n << bit) }),
      ).to.be.revertedWithCustomError(vrf.coordinator, "IncorrectCommitment");
    }
  });

  it("work for requests outside the ring", async () => {
    const vrf = await deployVrf({ funds: parseEther("1000") });
    for (let i = 0; i < 32; i++) await vrf.request();
    const request = await vrf.request();
    await vrf.expire(request);
    await vrf.coordinator.refund(request);
    expect(await vrf.coordinator.pendingRequests(vrf.subId)).to.equal(32n);
  });

  it("take what is left of a bond and never more, and the key then refuses requests", async () => {
    const bond = (TERMS.bondShare * 3n) / 2n;
    const vrf = await deployVrf({ bond });
    const requests = [await vrf.request(), await vrf.request(), await vrf.request()];
    await vrf.expire(requests[2]!);
    for (const [i, share] of [TERMS.bondShare, TERMS.bondShare / 2n, 0n].entries()) {
      const request = requests[i]!;
      await expect(vrf.coordinator.refund(request))
        .to.emit(vrf.coordinator, "RequestRefunded")
        .withArgs(request.requestId, vrf.subId, request.terms & RESERVE_MASK, share);
    }
    await expect(vrf.request())
      .to.be.revertedWithCustomError(vrf.coordinator, "BondExhausted")
      .withArgs(vrf.key.keyHash, 0, TERMS.bondShare);
  });

  it("take the share that the request was made under", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    await vrf.coordinator
      .connect(vrf.governance)
      .setProvingKeyTerms(vrf.key.keyHash, { ...TERMS, bondShare: 1n });
    await vrf.expire(request);
    await vrf.coordinator.refund(request);
    const { bond } = await vrf.coordinator.provingKey(vrf.key.keyHash);
    expect(bond).to.equal(parseEther("1") - TERMS.bondShare);
  });

  it("reach a bond whose withdrawal is announced", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    const operator = vrf.coordinator.connect(vrf.operator);
    await operator.announceBondWithdrawal(vrf.key.keyHash, parseEther("1"));
    await vrf.expire(request);
    await vrf.coordinator.refund(request);
    const { bond, withdrawing } = await vrf.coordinator.provingKey(vrf.key.keyHash);
    expect(bond).to.equal(parseEther("1") - TERMS.bondShare);
    expect(withdrawing).to.equal(bond);
  });
});
