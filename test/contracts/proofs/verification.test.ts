import { expect } from "chai";
import type { Contract } from "ethers";
import { id } from "ethers";
import hre from "hardhat";

import type { CircuitName } from "../../../circuits/build/circuits.ts";
import { CIRCUITS } from "../../../circuits/build/circuits.ts";
import type { CircuitInputs } from "../../../circuits/model/field.ts";
import { FIELD_MODULUS } from "../../../circuits/model/field.ts";
import { priceBatch } from "../../../circuits/model/price-batch.ts";
import type { Prover } from "../../../circuits/prover/prover.ts";
import type { ProofProbe } from "../../../types/ethers-contracts/test/proofs/ProofMocks.sol/ProofProbe.ts";
import { batchOf, included, somePrices } from "../../circuits/observations.ts";
import { at, range } from "../../helpers/contracts-fixture.ts";
import type { Given } from "./mutations.ts";
import { mutations } from "./mutations.ts";
import { deployVerifier, openTestProver } from "./prover.ts";
import { ACCOUNT, fieldWord, historyOf } from "./traders.ts";

/** Changed proofs and inputs that are tried, over both verifiers; the figures that are published are of 10,000. */
const MUTATIONS = Number(process.env["DODONA_MUTATIONS"] ?? 200);
/** Beside the verifier's gas: what the caller of a check pays for handing everything over, twice. */
const OVERHEAD_GAS = 150_000n;
const CALL_GAS = 6_000_000n;

/** Selectors of what a wrong proof and an input that is none are refused with, and nothing else. */
const REFUSALS = ["InvalidProof()", "InputOutOfField(uint256,bytes32)"].map((text) =>
  id(text).slice(0, 10),
);

const STATEMENTS: Record<CircuitName, readonly CircuitInputs[]> = {
  price_batch: [0, 1].map((seed) => {
    const operators = range(11).map((k) => included(2 * k, somePrices(k + seed, 10)));
    return priceBatch(batchOf(operators)).inputs;
  }),
  performance: historyOf(ACCOUNT, "DOGE", 2).map(({ statement }) => statement.inputs),
};

describe("the verification of proofs", function () {
  this.timeout(3_600_000);

  let prover: Prover;
  const right = new Map<CircuitName, Given[]>();
  const verifiers = new Map<CircuitName, Contract>();
  const probes = new Map<CircuitName, ProofProbe>();

  before(async () => {
    prover = await openTestProver();
    const { ethers } = await hre.network.create();
    for (const { name } of CIRCUITS) {
      const proved: Given[] = [];
      for (const inputs of STATEMENTS[name]) {
        const { proof, publicInputs } = await prover.prove(name, inputs);
        proved.push({ proof, inputs: publicInputs });
      }
      right.set(name, proved);
      const verifier = await deployVerifier(ethers, prover, name);
      verifiers.set(name, verifier);
      probes.set(name, await ethers.deployContract("ProofProbe", [verifier]));
    }
  });
  after(() => prover.close());

  const probe = (name: CircuitName, { proof, inputs }: Given) =>
    probes.get(name)!.probe(proof, [...inputs], { gasLimit: CALL_GAS });

  for (const { name } of CIRCUITS) {
    describe(name, () => {
      const one = () => at(right.get(name)!, 0);
      const other = () => at(right.get(name)!, 1);
      const words = () => one().proof.slice(2).match(/.{64}/g)!;
      /** The verifier alone refuses, whatever looks at inputs before it. */
      const refusedByVerifier = async ({ proof, inputs }: Given) => {
        const call = verifiers.get(name)!["verify"]!.staticCall(proof, [...inputs], {
          gasLimit: CALL_GAS,
        });
        await call.then(
          () => expect.fail("accepted"),
          () => undefined,
        );
      };

      it("accepts what is right", async () => {
        for (const given of [one(), other()]) {
          expect((await probe(name, given)).accepted).to.equal(true);
          expect(
            await verifiers.get(name)!["verify"]!.staticCall(given.proof, [...given.inputs]),
          ).to.equal(true);
        }
      });

      it("needs at most two thirds of the gas that it is given", async () => {
        const { gasUsed } = await probe(name, one());
        expect(gasUsed < 1_000_000n + OVERHEAD_GAS, String(gasUsed)).to.equal(true);
      });

      it("refuses flipped and swapped words of the proof", async () => {
        const count = words().length;
        for (const i of [0, 8, 24, count >> 1, count - 4, count - 1]) {
          const word = BigInt(`0x${words()[i]!}`);
          const flipped = words().with(i, fieldWord(word ^ 1n).slice(2));
          await refusedByVerifier({ ...one(), proof: `0x${flipped.join("")}` });
        }
        const [a, b] = [count - 2, count - 4];
        const swapped = words().with(a, words()[b]!).with(b, words()[a]!);
        await refusedByVerifier({ ...one(), proof: `0x${swapped.join("")}` });
      });

      it("refuses proofs of other lengths", async () => {
        const { proof } = one();
        for (const wrong of ["0x", proof.slice(0, -2), proof.slice(0, -64), `${proof}00`]) {
          await refusedByVerifier({ ...one(), proof: wrong });
        }
        await refusedByVerifier({ ...one(), proof: `${proof}${"00".repeat(32)}` });
      });

      it("refuses other, swapped and out-of-field inputs, fewer and more of them", async () => {
        const { inputs } = one();
        const zero = fieldWord(0n);
        const first = BigInt(inputs[0]!);
        for (const wrong of [
          inputs.with(0, fieldWord(first + 1n)),
          inputs.with(1, inputs[2]!).with(2, inputs[1]!),
          inputs.slice(0, -1),
          [...inputs, zero],
          [],
          other().inputs,
        ]) {
          await refusedByVerifier({ ...one(), inputs: wrong });
        }
        for (const i of inputs.keys()) {
          const alias = fieldWord(BigInt(inputs[i]!) + FIELD_MODULUS);
          await refusedByVerifier({ ...one(), inputs: inputs.with(i, alias) });
        }
      });

      it(`refuses every one of ${MUTATIONS / CIRCUITS.length} changes, within its gas`, async () => {
        const cap = (await probes.get(name)!.PROOF_GAS()) + OVERHEAD_GAS;
        const changes = mutations(right.get(name)!, name.length);
        let most = 0n;
        const kinds = new Map<string, number>();
        for (let i = 0; i < MUTATIONS / CIRCUITS.length; i++) {
          const mutation = changes.next().value;
          const { accepted, reason, gasUsed } = await probe(name, mutation);
          expect(accepted, `${mutation.kind}, number ${i}`).to.equal(false);
          expect(REFUSALS).to.include(reason.slice(0, 10));
          expect(gasUsed <= cap, `${mutation.kind}, number ${i}: ${gasUsed} gas`).to.equal(true);
          if (gasUsed > most) most = gasUsed;
          kinds.set(mutation.kind, (kinds.get(mutation.kind) ?? 0) + 1);
        }
        if (MUTATIONS >= 10_000) {
          console.log(`        ${kinds.size} kinds, ${most} gas at most, cap ${cap}`);
        }
      });
    });
  }
});

describe("ProofConsumer", () => {
  const MODES = { accept: 0, deny: 1, revert: 2, burn: 3, bomb: 4, hungry: 5 };
  const deploy = async () => {
    const { ethers } = await hre.network.create();
    const mock = await ethers.deployContract("MockVerifier");
    const consumer = await ethers.deployContract("ProofProbe", [mock]);
    return { ethers, mock, consumer };
  };
  const inputs = range(41).map((i) => fieldWord(BigInt(i)));
  const proof = `0x${"ab".repeat(9_000)}`;

  it("reverts with InvalidProof when the verifier denies, reverts, burns its gas or answers at length", async () => {
    const { mock, consumer } = await deploy();
    for (const mode of [MODES.deny, MODES.revert, MODES.burn, MODES.bomb]) {
      await mock.set(mode);
      await expect(
        consumer.requireProven(proof, inputs, { gasLimit: CALL_GAS }),
      ).to.be.revertedWithCustomError(consumer, "InvalidProof");
      const { accepted, gasUsed } = await consumer.probe(proof, inputs, { gasLimit: CALL_GAS });
      expect(accepted).to.equal(false);
      expect(gasUsed < (await consumer.PROOF_GAS()) + OVERHEAD_GAS).to.equal(true);
    }
    await mock.set(MODES.accept);
    await consumer.requireProven(proof, inputs);
  });

  it("never starves the verifier: a call with too little gas reverts with InsufficientGas or not at all", async () => {
    const { mock, consumer } = await deploy();
    await mock.set(MODES.hungry);
    const outcome = async (gasLimit: number): Promise<string> => {
      try {
        await consumer.requireProven(proof, inputs, { gasLimit });
        return "accepted";
      } catch (error) {
        return /InsufficientGas|InvalidProof/.exec(String(error))?.[0] ?? "out of gas";
      }
    };
    let [low, high] = [1_000_000, 3_000_000];
    expect([await outcome(low), await outcome(high)]).to.deep.equal([
      "InsufficientGas",
      "accepted",
    ]);
    const seen = new Set<string>();
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      const what = await outcome(middle);
      seen.add(what);
      if (what === "accepted") high = middle;
      else low = middle;
    }
    expect([...seen].toSorted()).to.deep.equal(["InsufficientGas", "accepted"]);
    await expect(consumer.requireProven(proof, inputs, { gasLimit: low }))
      .to.be.revertedWithCustomError(consumer, "InsufficientGas")
      .withArgs((given: bigint) => given < 1_553_809n, 1_553_809n);
  });

  it("reverts with InputOutOfField for an input that is not below the modulus, with NoVerifier for no contract", async () => {
    const { ethers, consumer } = await deploy();
    await consumer.requireProven(proof, inputs.with(40, fieldWord(FIELD_MODULUS - 1n)));
    for (const [i, value] of [
      [0, FIELD_MODULUS],
      [40, 2n ** 256n - 1n],
    ] as const) {
      await expect(consumer.requireProven(proof, inputs.with(i, fieldWord(value))))
        .to.be.revertedWithCustomError(consumer, "InputOutOfField")
        .withArgs(i, fieldWord(value));
    }
    await expect(ethers.deployContract("ProofProbe", [ACCOUNT]))
      .to.be.revertedWithCustomError(consumer, "NoVerifier")
      .withArgs(ACCOUNT);
  });
});
