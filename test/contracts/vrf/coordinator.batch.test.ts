import { expect } from "chai";
import { parseEther } from "ethers";
import hre from "hardhat";
import type { TransactionReceipt } from "ethers";

import { deployVrf, TERMS } from "./coordinator.ts";
import type { PendingRequest, Vrf } from "./coordinator.ts";

const GWEI = 10n ** 9n;
// An estimate finds the least gas at which a batch does not revert: that which leaves all its items out.
const gasLimit = 12_000_000;

async function requests(vrf: Vrf, count: number): Promise<PendingRequest[]> {
  const list = [];
  for (let i = 0; i < count; i++) list.push(await vrf.request());
  return list;
}

async function proofs(vrf: Vrf, of: readonly PendingRequest[]): Promise<string[]> {
  return Promise.all(of.map(async (request) => (await vrf.prove(request)).proof));
}

function outcome(vrf: Vrf, receipt: TransactionReceipt | null) {
  const events = (receipt?.logs ?? []).map((log) => vrf.coordinator.interface.parseLog(log));
  const named = (name: string) => events.filter((event) => event?.name === name);
  return {
    fulfilled: named("RandomWordsFulfilled").map((event) => event?.args["requestId"] as bigint),
    payments: named("RandomWordsFulfilled").map((event) => event?.args["payment"] as bigint),
    skipped: named("FulfillmentSkipped").map((event) => ({
      requestId: event?.args["requestId"] as bigint,
      reason: vrf.coordinator.interface.parseError(event?.args["reason"] as string)?.name,
    })),
  };
}

describe("VRFCoordinator: batches", () => {
  it("fulfil several requests in one transaction", async () => {
    const vrf = await deployVrf();
    const list = await requests(vrf, 5);
    const all = await proofs(vrf, list);
    await vrf.networkHelpers.mine(1);
    expect(await vrf.coordinator.fulfillMany.staticCall(all, list, { gasLimit })).to.equal(5n);
    const receipt = await (await vrf.coordinator.fulfillMany(all, list, { gasLimit })).wait();
    expect(outcome(vrf, receipt).fulfilled).to.deep.equal(list.map((item) => item.requestId));
    expect(await vrf.coordinator.pendingRequestExists(vrf.subId)).to.equal(false);
  });

  it("leave out each item that cannot be fulfilled, with its reason, and no other", async () => {
    const vrf = await deployVrf({ funds: parseEther("1000") });
    const list = await requests(vrf, 6);
    const unconfirmed = await vrf.request({ confirmations: 50 });
    const all = await proofs(vrf, list);
    await vrf.coordinator.fulfillRandomWords(all[0]!, list[0]!);
    const items: [string, PendingRequest, string | null][] = [
      [all[0]!, list[0]!, "NoCorrespondingRequest"],
      [all[1]!, list[1]!, null],
      [all[1]!, list[2]!, "WrongHashTerm"],
      [all[3]!, { ...list[3]!, details: list[3]!.details + 1n }, "IncorrectCommitment"],
      [`${all[4]!}00`, list[4]!, "ProofLength"],
      ["0x", list[4]!, "ProofTooShort"],
      [(await vrf.prove(unconfirmed)).proof, unconfirmed, "NotConfirmed"],
      [all[1]!, list[1]!, "NoCorrespondingRequest"],
      [all[5]!, list[5]!, null],
    ];
    const receipt = await (
      await vrf.coordinator.fulfillMany(
        items.map(([proof]) => proof),
        items.map(([, request]) => request),
        { gasLimit },
      )
    ).wait();
    const { fulfilled, skipped } = outcome(vrf, receipt);
    expect(fulfilled).to.deep.equal([list[1]!.requestId, list[5]!.requestId]);
    const reasons = items.flatMap(([, { requestId }, reason]) =>
      reason === null ? [] : [{ requestId, reason }],
    );
    // A proof for another request fails at whichever check comes first.
    const first = ["WrongHashTerm", "WrongRoot", "InvalidIncrement"];
    expect(
      skipped.map(({ requestId, reason }) => ({
        requestId,
        reason: first.includes(reason ?? "") ? "WrongHashTerm" : reason,
      })),
    ).to.deep.equal(reasons);
    expect(await vrf.coordinator.isPending(list[2]!)).to.equal(true);
  });

  it("survive callbacks that fail or burn everything", async () => {
    const vrf = await deployVrf({ funds: parseEther("1000") });
    const burner = await vrf.ethers.deployContract("VrfUnrulyConsumer", [vrf.coordinator]);
    await burner.setBurnGas(10_000_000);
    await vrf.coordinator.addConsumer(vrf.subId, burner);
    const burning = async () =>
      vrf.requestIn(await (await burner.request(vrf.key.keyHash, vrf.subId, 1, 500_000, 1)).wait());
    const list = [await burning(), await vrf.request(), await burning(), await vrf.request()];
    const receipt = await (await vrf.coordinator.fulfillMany(await proofs(vrf, list), list)).wait();
    expect(outcome(vrf, receipt).fulfilled).to.deep.equal(list.map((item) => item.requestId));
    expect(await vrf.coordinator.outputOf(list[0]!.requestId)).not.to.equal(0n);
    expect(await vrf.coordinator.outputOf(list[1]!.requestId)).to.equal(0n);
  });

  it("leave out what the transaction's gas does not reach, and keep the rest", async () => {
    const vrf = await deployVrf();
    const list = await requests(vrf, 4);
    const all = await proofs(vrf, list);
    const receipt = await (
      await vrf.coordinator.fulfillMany(all, list, { gasLimit: 480_000 })
    ).wait();
    const { fulfilled, skipped } = outcome(vrf, receipt);
    expect(fulfilled.length).to.be.within(1, 3);
    expect(skipped.map(({ reason }) => reason)).to.deep.equal(
      Array<string>(4 - fulfilled.length).fill("InsufficientGas"),
    );
  });

  // Items after the first of a subscription find its slot warm, which no item can know beforehand.
  // Counting lines costs gas.
  (hre.globalOptions.coverage ? it.skip : it)(
    "share the price of the transaction fairly",
    async () => {
      const vrf = await deployVrf({ consumer: "VrfConsumer", config: { tipCap: 100n * GWEI } });
      for (let i = 0; i < 36; i++) await vrf.fulfill(await vrf.request());
      for (const count of [1, 2, 10]) {
        const list = await requests(vrf, count);
        const gasPrice = 30n * GWEI;
        const receipt = await (
          await vrf.coordinator.fulfillMany(await proofs(vrf, list), list, { gasPrice, gasLimit })
        ).wait();
        const { payments } = outcome(vrf, receipt);
        const paid = payments.reduce((sum, payment) => sum + payment - TERMS.premium, 0n);
        const ratio = Number(paid) / Number(receipt!.gasUsed * gasPrice);
        expect(ratio, `${count} items`).to.be.within(1, 1.08);
      }
    },
  );

  it("need as many proofs as requests", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    await expect(vrf.coordinator.fulfillMany([], [request]))
      .to.be.revertedWithCustomError(vrf.coordinator, "LengthMismatch")
      .withArgs(0, 1);
  });
});
