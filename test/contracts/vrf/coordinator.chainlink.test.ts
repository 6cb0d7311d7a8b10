import { expect } from "chai";
import { parseEther } from "ethers";

import { deployVrf, wordsFrom } from "./coordinator.ts";

async function deployChainlink(name: "ChainlinkConsumer" | "ChainlinkMaliciousConsumer") {
  const vrf = await deployVrf();
  const link = await vrf.ethers.deployContract("ChainlinkNoLink");
  const consumer = await vrf.ethers.deployContract(name, [vrf.coordinator, link]);
  return { vrf, consumer };
}

/** The subscription that a Chainlink consumer created for itself. */
async function newest(vrf: Awaited<ReturnType<typeof deployVrf>>): Promise<bigint> {
  return (await vrf.coordinator.getActiveSubscriptionIds(0, 0)).at(-1)!;
}

describe("VRFCoordinator with Chainlink's consumers", () => {
  it("serves VRFV2PlusConsumerExample, funded and paying in native coin", async () => {
    const { vrf, consumer: base } = await deployChainlink("ChainlinkConsumer");
    const consumer = await vrf.ethers.getContractAt("ChainlinkConsumer", base);
    await consumer.createSubscriptionAndFundNative({ value: parseEther("10") });
    await consumer.topUpSubscriptionNative({ value: parseEther("1") });
    const subId = await consumer.s_subId();
    expect(await vrf.balanceOf(subId)).to.equal(parseEther("11"));
    await consumer.updateSubscription([vrf.stranger.address]);
    for (const native of [true, false]) {
      const sent = await consumer.requestRandomWords(300_000, 3, 2, vrf.key.keyHash, native);
      const request = vrf.requestIn(await sent.wait());
      await vrf.networkHelpers.mine(3);
      const { proof, output } = await vrf.prove(request);
      const receipt = await (await vrf.coordinator.fulfillRandomWords(proof, request)).wait();
      expect(vrf.fulfilmentIn(receipt).success).to.equal(true);
      const [first, second] = wordsFrom(output, 2);
      expect(await consumer.getRandomness(request.requestId, 0)).to.equal(first);
      expect(await consumer.getRandomness(request.requestId, 1)).to.equal(second);
      expect((await consumer.s_requests(request.requestId)).fulfilled).to.equal(true);
    }
  });

  it("serves VRFV2PlusConsumerExample whose LINK goes nowhere once native coin is there", async () => {
    const { vrf, consumer: base } = await deployChainlink("ChainlinkConsumer");
    const consumer = await vrf.ethers.getContractAt("ChainlinkConsumer", base);
    await consumer.createSubscriptionAndFund(parseEther("5"));
    await consumer.topUpSubscription(parseEther("5"));
    const subId = await consumer.s_subId();
    expect(await vrf.balanceOf(subId)).to.equal(0n);
    await expect(
      consumer.requestRandomWords(300_000, 1, 1, vrf.key.keyHash, false),
    ).to.be.revertedWithCustomError(vrf.coordinator, "InsufficientBalance");
    await vrf.coordinator.fundSubscriptionWithNative(subId, { value: parseEther("5") });
    await consumer.requestRandomWords(300_000, 1, 1, vrf.key.keyHash, false);
  });

  it("ends the request of VRFMaliciousConsumerV2Plus, whose callback requests again", async () => {
    const { vrf, consumer: base } = await deployChainlink("ChainlinkMaliciousConsumer");
    const consumer = await vrf.ethers.getContractAt("ChainlinkMaliciousConsumer", base);
    await consumer.createSubscriptionAndFund(parseEther("5"));
    const subId = await newest(vrf);
    await vrf.coordinator.fundSubscriptionWithNative(subId, { value: parseEther("5") });
    await consumer.updateSubscription([vrf.stranger.address]);
    const request = vrf.requestIn(await (await consumer.requestRandomness(vrf.key.keyHash)).wait());
    const { proof, output } = await vrf.prove(request);
    const receipt = await (await vrf.coordinator.fulfillRandomWords(proof, request)).wait();
    expect(vrf.fulfilmentIn(receipt).success).to.equal(false);
    expect(await vrf.coordinator.pendingRequestExists(subId)).to.equal(false);
    expect((await vrf.coordinator.getSubscription(subId)).reqCount).to.equal(1n);
    expect(await vrf.coordinator.outputOf(request.requestId)).to.equal(output);
  });

  it("lets a consumer move to another coordinator, as Chainlink's base allows", async () => {
    const { vrf, consumer: base } = await deployChainlink("ChainlinkConsumer");
    const consumer = await vrf.ethers.getContractAt("ChainlinkConsumer", base);
    await consumer.setCoordinator(vrf.coordinator);
    expect(await consumer.s_vrfCoordinator()).to.equal(vrf.address);
  });
});
