import { expect } from "chai";
import hre from "hardhat";
import { concat, hexlify } from "ethers";

import { CONFIG, deployVrf, TERMS, vrfKey, wordsFrom } from "./coordinator.ts";
import type { Vrf } from "./coordinator.ts";

const HISTORY = "0x0000F90827F1C53a10cb7A02335B175320002935";
/** Code of the history contract, as EIP-2935 gives it. */
const HISTORY_CODE =
  "0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";
const GWEI = 10n ** 9n;

/** Does what a chain with EIP-2935 does and Hardhat's does not: keeps hashes in the history contract. */
async function keepHistory(vrf: Vrf, blocks: readonly bigint[]): Promise<void> {
  await vrf.networkHelpers.setCode(HISTORY, HISTORY_CODE);
  for (const number of blocks) {
    const hash = (await vrf.ethers.provider.getBlock(Number(number)))?.hash;
    await vrf.networkHelpers.setStorageAt(HISTORY, number % 8191n, BigInt(hash ?? 0));
  }
}

describe("VRFCoordinator: fulfilment", () => {
  it("delivers the words that follow from the proof", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request({ gas: 400_000, words: 3 });
    const { proof, output } = await vrf.prove(request);
    const sent = await vrf.coordinator.fulfillRandomWords(proof, request);
    expect(await vrf.consumer.words()).to.deep.equal(wordsFrom(output, 3));
    const { payment } = vrf.fulfilmentIn(await sent.wait());
    await expect(sent)
      .to.emit(vrf.coordinator, "RandomWordsFulfilled")
      .withArgs(request.requestId, output, vrf.subId, payment, true, true, false);
    expect(await vrf.coordinator.outputOf(request.requestId)).to.equal(0n);
  });

  it("delivers 500 words, and none", async () => {
    const vrf = await deployVrf({ consumer: "VrfConsumer" });
    for (const words of [0, 500]) {
      const receipt = await (await vrf.fulfill(await vrf.request({ words }))).wait();
      expect(vrf.fulfilmentIn(receipt).success).to.equal(true);
    }
  });

  it("seeds the proof with chain, contract, key, id, consumer and block hash", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    await vrf.networkHelpers.mine(1);
    expect(await vrf.coordinator.alphaOf(request)).to.equal(hexlify(await vrf.alphaOf(request)));
    expect(await vrf.coordinator.wordsOf(77n, 3)).to.deep.equal(wordsFrom(77n, 3));
    await expect(vrf.coordinator.wordsOf(77n, 501))
      .to.be.revertedWithCustomError(vrf.coordinator, "NumWordsTooBig")
      .withArgs(501, 500);
  });

  it("takes a proof from anyone, once", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    const { proof } = await vrf.prove(request);
    await vrf.coordinator.connect(vrf.stranger).fulfillRandomWords(proof, request);
    await expect(vrf.coordinator.fulfillRandomWords(proof, request))
      .to.be.revertedWithCustomError(vrf.coordinator, "NoCorrespondingRequest")
      .withArgs(vrf.subId, 0);
  });

  it("refuses a request whose fields differ from the pending one's", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    const { proof } = await vrf.prove(request);
    const altered = [
      { ...request, sender: vrf.stranger.address },
      { ...request, terms: request.terms ^ 1n },
      { ...request, terms: request.terms ^ (1n << 72n) },
      { ...request, terms: request.terms ^ (1n << 136n) },
      { ...request, terms: request.terms ^ (3n << 208n) },
      { ...request, terms: request.terms ^ (1n << 224n) },
      { ...request, details: request.details ^ 1n },
      { ...request, details: request.details ^ (1n << 64n) },
      { ...request, details: request.details ^ (1n << 80n) },
      { ...request, details: request.details ^ (1n << 112n) },
      { ...request, details: request.details ^ (1n << 255n) },
    ];
    for (const other of altered) {
      await expect(vrf.coordinator.fulfillRandomWords(proof, other)).to.be.revertedWithCustomError(
        vrf.coordinator,
        "IncorrectCommitment",
      );
    }
    const elsewhere = [
      { ...request, subId: request.subId + 1n },
      { ...request, subId: request.subId | (1n << 200n) },
      { ...request, terms: request.terms ^ (1n << 218n) },
      { ...request, terms: request.terms ^ (1n << 223n) },
    ];
    for (const other of elsewhere) {
      await expect(vrf.coordinator.fulfillRandomWords(proof, other)).to.be.revertedWithCustomError(
        vrf.coordinator,
        "NoCorrespondingRequest",
      );
    }
  });

  it("refuses a proof by another registered key", async () => {
    const vrf = await deployVrf();
    const other = vrfKey(1);
    await vrf.coordinator
      .connect(vrf.governance)
      .registerProvingKey(other.x, other.y, vrf.operator.address, TERMS);
    const request = await vrf.request();
    const { proof } = await vrf.prove(request, other);
    await expect(vrf.coordinator.fulfillRandomWords(proof, request)).to.be.revertedWithCustomError(
      vrf.coordinator,
      "IncorrectCommitment",
    );
    // Its proof under the right key's name is wrong, too.
    const disguised = concat([vrf.key.encoded, `0x${proof.slice(2 + 128)}`]);
    await expect(vrf.coordinator.fulfillRandomWords(disguised, request)).to.be.revert(vrf.ethers);
  });

  it("refuses a proof for another request", async () => {
    const vrf = await deployVrf();
    const first = await vrf.request();
    const second = await vrf.request();
    const { proof } = await vrf.prove(first);
    await expect(vrf.coordinator.fulfillRandomWords(proof, second)).to.be.revert(vrf.ethers);
  });

  it("refuses a proof with any byte changed", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    const { proof } = await vrf.prove(request);
    for (let at = 0; at < (proof.length - 2) / 2; at += 13) {
      const digit = 2 + 2 * at + 1;
      const changed = (parseInt(proof[digit]!, 16) ^ 1).toString(16);
      const forged = proof.slice(0, digit) + changed + proof.slice(digit + 1);
      await expect(
        vrf.coordinator.fulfillRandomWords.staticCall(forged, request),
        `byte ${at}`,
      ).to.be.revert(vrf.ethers);
    }
  });

  it("refuses a proof too short to hold a key", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    await expect(vrf.coordinator.fulfillRandomWords(`0x${"00".repeat(63)}`, request))
      .to.be.revertedWithCustomError(vrf.coordinator, "ProofTooShort")
      .withArgs(63, 64);
    await expect(vrf.coordinator.fulfillRandomWords(vrf.key.encoded, request))
      .to.be.revertedWithCustomError(vrf.coordinator, "ProofLength")
      .withArgs(0);
  });

  it("waits for the confirmations that the request asked for", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request({ confirmations: 3 });
    const { proof } = await vrf.prove(request);
    const earliest = request.blockNumber + 3n;
    for (let block = request.blockNumber + 1n; block < earliest; block++) {
      await expect(vrf.coordinator.fulfillRandomWords(proof, request))
        .to.be.revertedWithCustomError(vrf.coordinator, "NotConfirmed")
        .withArgs(block, earliest);
      await vrf.networkHelpers.mine(1);
    }
    await vrf.coordinator.fulfillRandomWords(proof, request);
  });

  it("takes words in the last block before the deadline and not after", async () => {
    const vrf = await deployVrf();
    const request = await vrf.request();
    const late = await vrf.request();
    await vrf.networkHelpers.mine(CONFIG.deadlineBlocks - 2);
    await vrf.fulfill(request);
    await vrf.networkHelpers.mine(1);
    await expect(vrf.fulfill(late))
      .to.be.revertedWithCustomError(vrf.coordinator, "DeadlinePassed")
      .withArgs(late.blockNumber + 251n, late.blockNumber + 250n);
  });

  describe("block hashes", () => {
    it("come from the history contract beyond BLOCKHASH's reach", async () => {
      const vrf = await deployVrf({ config: { deadlineBlocks: 8191 } });
      const request = await vrf.request();
      await keepHistory(vrf, [request.blockNumber]);
      await vrf.networkHelpers.mine(400);
      await expect(vrf.fulfill(request)).to.emit(vrf.coordinator, "RandomWordsFulfilled");
    });

    it("can be stored by anyone and then outlast the window", async () => {
      const vrf = await deployVrf({ config: { deadlineBlocks: 8191 } });
      const request = await vrf.request();
      const block = await vrf.ethers.provider.getBlock(Number(request.blockNumber));
      await expect(vrf.coordinator.connect(vrf.stranger).storeBlockhash(request.blockNumber))
        .to.emit(vrf.coordinator, "BlockhashStored")
        .withArgs(request.blockNumber, block?.hash);
      expect(await vrf.coordinator.isBlockhashStored(request.blockNumber)).to.equal(true);
      await vrf.networkHelpers.mine(400);
      await vrf.networkHelpers.setCode(HISTORY, "0x");
      expect(await vrf.coordinator.blockhashOf(request.blockNumber)).to.equal(block?.hash);
      await expect(vrf.fulfill(request)).to.emit(vrf.coordinator, "RandomWordsFulfilled");
    });

    it("end where the history contract's window ends", async () => {
      const vrf = await deployVrf({ config: { deadlineBlocks: 8191 } });
      const request = await vrf.request();
      await keepHistory(vrf, [request.blockNumber]);
      await vrf.networkHelpers.mine(8190);
      await vrf.coordinator.fulfillRandomWords.staticCall(
        (await vrf.prove(request)).proof,
        request,
      );
      await vrf.networkHelpers.mine(1);
      expect(await vrf.coordinator.blockhashOf(request.blockNumber)).not.to.equal(undefined);
      await vrf.networkHelpers.mine(1);
      await expect(vrf.coordinator.blockhashOf(request.blockNumber))
        .to.be.revertedWithCustomError(vrf.coordinator, "BlockhashNotAvailable")
        .withArgs(request.blockNumber);
    });

    it("that nobody stored are missing once the chain offers them no more", async () => {
      const vrf = await deployVrf({ config: { deadlineBlocks: 8191 } });
      const request = await vrf.request();
      await vrf.networkHelpers.mine(300);
      await vrf.networkHelpers.setCode(HISTORY, "0x");
      await expect(vrf.fulfill(request))
        .to.be.revertedWithCustomError(vrf.coordinator, "BlockhashNotAvailable")
        .withArgs(request.blockNumber);
      await expect(vrf.coordinator.storeBlockhash(request.blockNumber))
        .to.be.revertedWithCustomError(vrf.coordinator, "BlockhashNotAvailable")
        .withArgs(request.blockNumber);
    });

    it("of blocks to come are not available, and none is stored twice", async () => {
      const vrf = await deployVrf();
      const next = BigInt(await vrf.ethers.provider.getBlockNumber()) + 1n;
      await expect(vrf.coordinator.storeBlockhash(next))
        .to.be.revertedWithCustomError(vrf.coordinator, "BlockhashNotAvailable")
        .withArgs(next);
      await vrf.networkHelpers.mine(2);
      await vrf.coordinator.storeBlockhash(next);
      await expect(vrf.coordinator.storeBlockhash(next))
        .to.be.revertedWithCustomError(vrf.coordinator, "BlockhashAlreadyStored")
        .withArgs(next);
      expect(await vrf.coordinator.isBlockhashStored(next + 1n)).to.equal(false);
    });
  });

  describe("callback", () => {
    it("that reverts ends the request, is reported, and leaves the output readable", async () => {
      const vrf = await deployVrf();
      await vrf.consumer.setReverting(true);
      const request = await vrf.request({ words: 2 });
      const { proof, output } = await vrf.prove(request);
      const receipt = await (await vrf.coordinator.fulfillRandomWords(proof, request)).wait();
      expect(vrf.fulfilmentIn(receipt).success).to.equal(false);
      expect(await vrf.coordinator.outputOf(request.requestId)).to.equal(output);
      expect(await vrf.coordinator.wordsOf(output, 2)).to.deep.equal(wordsFrom(output, 2));
      expect(await vrf.coordinator.pendingRequestExists(vrf.subId)).to.equal(false);
    });

    it("that burns all its gas, or reverts with much data, harms nobody", async () => {
      const vrf = await deployVrf();
      await vrf.consumer.setReturnBytes(60_000);
      const loud = vrf.fulfilmentIn(
        await (await vrf.fulfill(await vrf.request({ gas: 200_000 }))).wait(),
      );
      expect(loud.success).to.equal(false);
      await vrf.consumer.setReturnBytes(0);
      await vrf.consumer.setBurnGas(10_000_000);
      const burnt = vrf.fulfilmentIn(
        await (await vrf.fulfill(await vrf.request({ gas: 200_000 }))).wait(),
      );
      expect(burnt.success).to.equal(false);
      expect(burnt.gasUsed - loud.gasUsed).to.be.within(100_000n, 200_000n);
    });

    it("to an account without code counts as failed", async () => {
      const vrf = await deployVrf();
      const request = await vrf.request();
      await vrf.networkHelpers.setCode(await vrf.consumer.getAddress(), "0x");
      const receipt = await (await vrf.fulfill(request)).wait();
      expect(vrf.fulfilmentIn(receipt).success).to.equal(false);
      expect(await vrf.coordinator.outputOf(request.requestId)).not.to.equal(0n);
    });

    it("gets the gas that the request asked for, or the fulfilment is refused", async () => {
      const vrf = await deployVrf();
      const request = await vrf.request({ gas: 1_000_000 });
      const { proof } = await vrf.prove(request);
      const needed = await vrf.coordinator.fulfillRandomWords.estimateGas(proof, request);
      expect(needed).to.be.greaterThan(1_000_000n);
      await expect(
        vrf.coordinator.fulfillRandomWords(proof, request, { gasLimit: 900_000 }),
      ).to.be.revertedWithCustomError(vrf.coordinator, "InsufficientGas");
      expect(await vrf.coordinator.isPending(request)).to.equal(true);
      await vrf.coordinator.fulfillRandomWords(proof, request, { gasLimit: needed });
      const seen = await vrf.consumer.gasSeen();
      expect(seen).to.be.within(998_000n, 1_000_000n);
    });

    it("cannot enter any function that changes state", async () => {
      const vrf = await deployVrf();
      const { coordinator, key, subId } = vrf;
      const { interface: abi } = coordinator;
      const owned = await vrf.ethers.deployContract("VrfUnrulyConsumer", [coordinator]);
      const pending = await vrf.request();
      const { proof } = await vrf.prove(pending);
      const calls = [
        abi.encodeFunctionData("requestRandomWords", [
          {
            keyHash: key.keyHash,
            subId,
            requestConfirmations: 1,
            callbackGasLimit: 1,
            numWords: 1,
            extraArgs: "0x",
          },
        ]),
        abi.encodeFunctionData("fulfillRandomWords", [proof, pending]),
        abi.encodeFunctionData("fulfillMany", [[proof], [pending]]),
        abi.encodeFunctionData("refund", [pending]),
        abi.encodeFunctionData("createSubscription"),
        abi.encodeFunctionData("fundSubscriptionWithNative", [subId]),
        abi.encodeFunctionData("addConsumer", [subId, vrf.stranger.address]),
        abi.encodeFunctionData("removeConsumer", [subId, vrf.stranger.address]),
        abi.encodeFunctionData("cancelSubscription", [subId, vrf.stranger.address]),
        abi.encodeFunctionData("requestSubscriptionOwnerTransfer", [subId, vrf.stranger.address]),
        abi.encodeFunctionData("acceptSubscriptionOwnerTransfer", [subId]),
        abi.encodeFunctionData("depositBond", [key.keyHash]),
        abi.encodeFunctionData("announceBondWithdrawal", [key.keyHash, 1]),
        abi.encodeFunctionData("withdrawBond", [key.keyHash, vrf.stranger.address]),
        abi.encodeFunctionData("withdrawRewards", [key.keyHash, vrf.stranger.address]),
        abi.encodeFunctionData("collect", [[subId]]),
      ];
      const selector = abi.getError("ReentrantCall")?.selector;
      const own = await vrf.subscribe([owned]);
      for (const call of calls) {
        await owned.setCall(call);
        const sent = await owned.request(key.keyHash, own, 1, 500_000, 1);
        const request = vrf.requestIn(await sent.wait());
        const receipt = await (await vrf.fulfill(request)).wait();
        expect(vrf.fulfilmentIn(receipt).success, call.slice(0, 10)).to.equal(true);
        expect(await owned.failure(), call.slice(0, 10)).to.equal(selector);
      }
    });
  });

  describe("payment", () => {
    // Counting lines costs gas.
    const exactly = hre.globalOptions.coverage ? it.skip : it;
    const PRICE = 30n * GWEI;

    exactly(
      "covers the gas of the transaction to within 2 % above, and adds the premium",
      async () => {
        const vrf = await deployVrf({ consumer: "VrfConsumer", config: { tipCap: 100n * GWEI } });
        for (let i = 0; i < 36; i++) await vrf.fulfill(await vrf.request());
        for (const fields of [{}, {}, {}, { words: 10 }, { words: 500 }]) {
          const request = await vrf.request(fields);
          const { proof } = await vrf.prove(request);
          const sent = await vrf.coordinator.fulfillRandomWords(proof, request, {
            gasPrice: PRICE,
          });
          const { payment, gasUsed } = vrf.fulfilmentIn(await sent.wait());
          const ratio = Number(payment - TERMS.premium) / Number(gasUsed * PRICE);
          expect(ratio).to.be.within(1, 1.02);
        }
      },
    );

    exactly("is at the lesser of the transaction's price and base fee plus tip cap", async () => {
      const vrf = await deployVrf({ config: { tipCap: GWEI } });
      const request = await vrf.request();
      const { proof } = await vrf.prove(request);
      await vrf.networkHelpers.setNextBlockBaseFeePerGas(7n * GWEI);
      const sent = await vrf.coordinator.fulfillRandomWords(proof, request, {
        gasPrice: 200n * GWEI,
      });
      const { payment, gasUsed } = vrf.fulfilmentIn(await sent.wait());
      expect(Number(payment - TERMS.premium) / Number(gasUsed * 8n * GWEI)).to.be.within(1, 1.05);
    });

    it("never exceeds the reserve", async () => {
      const vrf = await deployVrf({ terms: { maxGasPrice: GWEI } });
      const request = await vrf.request();
      const { proof } = await vrf.prove(request);
      const reserve = await vrf.coordinator.reserveOf(vrf.key.keyHash, 200_000, 1);
      await vrf.networkHelpers.setNextBlockBaseFeePerGas(500n * GWEI);
      const sent = await vrf.coordinator.fulfillRandomWords(proof, request, {
        gasPrice: 500n * GWEI,
      });
      expect(vrf.fulfilmentIn(await sent.wait()).payment).to.equal(reserve);
    });

    it("returns the rest of the reserve and owes the operator the payment", async () => {
      const vrf = await deployVrf();
      const before = await vrf.balanceOf();
      const receipt = await (await vrf.fulfill(await vrf.request())).wait();
      const { payment } = vrf.fulfilmentIn(receipt);
      expect(await vrf.balanceOf()).to.equal(before - payment);
      expect(await vrf.coordinator.owedBy(vrf.subId)).to.deep.equal([vrf.key.keyHash, payment]);
    });

    it("includes the data fee where the chain has one", async () => {
      const fee = 10n ** 13n;
      const plain = await deployVrf();
      const rollup = await deployVrf({ weiPerByte: fee });
      const paid = async (vrf: typeof plain) => {
        const request = await vrf.request();
        const { proof } = await vrf.prove(request);
        const sent = await vrf.coordinator.fulfillRandomWords(proof, request, {
          gasPrice: 5n * GWEI,
        });
        return { payment: vrf.fulfilmentIn(await sent.wait()).payment, data: sent.data };
      };
      const { payment, data } = await paid(rollup);
      const bytes = BigInt((data.length - 2) / 2);
      expect(payment).to.be.greaterThan(bytes * fee + TERMS.premium);
      expect((await paid(plain)).payment).to.be.lessThan(bytes * fee);
    });
  });
});
