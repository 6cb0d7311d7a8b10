import { poseidon2Hash } from "@zkpassport/poseidon2";
import { expect } from "chai";
import fc from "fast-check";
import hre from "hardhat";

import { digestOf, typedHash } from "./evidence.ts";

const P = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const BIG = 0x9a807b615c4d3e2fa0b1c2d3e4f56789fedcba9876543210abcdef0123456789n % P;

async function deploy() {
  const { ethers } = await hre.network.create();
  return ethers.deployContract("SlashingHarness");
}

describe("Poseidon2", () => {
  it("permutes as Barretenberg's and HorizenLabs' published vectors say", async () => {
    const harness = await deploy();
    // Poseidon2Bn254ScalarFieldParams::TEST_VECTOR_OUTPUT, the same as in HorizenLabs/poseidon2 for t = 4.
    expect(await harness.permute([0n, 1n, 2n, 3n])).to.deep.equal([
      0x01bd538c2ee014ed5141b29e9ae240bf8db3fe5b9a38629a9647cf8d76c01737n,
      0x239b62e7db98aa3a2a8f6a0d2fa1709e7a35959aa6c7034814d9daa90cbac662n,
      0x04cbb44c61d928ed06808456bf758cbf0c18d1e15a7b6dbc8245fa7515d5e3cbn,
      0x2e11c5cff2a22c64d01304b778d78f6998eff1ab73163a35603f54794c30847an,
    ]);
    // Barretenberg's poseidon2_permutation.test.cpp, consistency check.
    expect(await harness.permute([BIG, BIG, BIG, BIG])).to.deep.equal([
      0x2bf1eaf87f7d27e8dc4056e9af975985bccc89077a21891d6c7b6ccce0631f95n,
      0x0c01fa1b8d0748becafbe452c0cb0231c38224ea824554c9362518eebdd5701fn,
      0x018555a8eb50cf07f64b019ebaf3af3c925c93e631f3ecd455db07bbb52bbdd3n,
      0x0cbea457c91c22c6c31fd89afd2541efc2edf31736b9f721e823b2165c90fd41n,
    ]);
  });

  it("hashes as @aztec/bb.js 5.0.0 does, for every filling of the sponge", async () => {
    const harness = await deploy();
    // Outputs of Barretenberg.poseidon2Hash.
    const vectors: [bigint[], bigint][] = [
      [[0n], 0x2710144414c3a5f2354f4c08d52ed655b9fe253b4bf12cb9ad3de693d9b1db11n],
      [[1n], 0x168758332d5b3e2d13be8048c8011b454590e06c44bce7f702f09103eef5a373n],
      [[1n, 2n], 0x038682aa1cb5ae4e0a3f13da432a95c77c5c111f6f030faf9cad641ce1ed7383n],
      [[1n, 2n, 3n], 0x23864adb160dddf590f1d3303683ebcb914f828e2635f6e85a32f0a1aecd3dd8n],
      [[1n, 2n, 3n, 4n], 0x130bf204a32cac1f0ace56c78b731aa3809f06df2731ebcf6b3464a15788b1b9n],
      [[BIG, BIG, BIG, BIG], 0x2f43a0f83b51a6f5fc839dea0ecec74947637802a579fa9841930a25a0bcec11n],
      [
        Array<bigint>(5).fill(P - 1n),
        0x19967832130eb18afbfd57fb55885512831a82da109969e84954c7dd0a5f0235n,
      ],
      [
        [0n, 1n, 2n, 3n, 4n, 5n],
        0x1bdb21e1840bb61c7b4fc9969f829a8d27e0bfb00d1a4db36eebc5e338a7b827n,
      ],
      [
        Array.from({ length: 62 }, (_, i) => BigInt(i + 1)),
        0x1955974492dbdd8cc269f9e005a3f8354b2467b0e9b17cf2585638971fcff411n,
      ],
    ];
    for (const [inputs, expected] of vectors) expect(await harness.hash(inputs)).to.equal(expected);
  });

  it("hashes random inputs as the operators' package does", async () => {
    const harness = await deploy();
    const element = fc.oneof(fc.bigInt({ min: 0n, max: P - 1n }), fc.constantFrom(0n, 1n, P - 1n));
    await fc.assert(
      fc.asyncProperty(fc.array(element, { maxLength: 9 }), async (inputs) => {
        expect(await harness.hash(inputs)).to.equal(poseidon2Hash(inputs));
      }),
      { numRuns: 60 },
    );
  });
});

describe("ObservationHash", () => {
  const contract = "0x5FbDB2315678afecb367f032d93F642f64180aa3";

  it("digests 1 to 255 prices as operators do", async () => {
    const harness = await deploy();
    for (const count of [1, 2, 9, 10, 11, 20, 31, 255]) {
      const prices = Array.from({ length: count }, (_, feed) => BigInt(feed) * 10n ** 24n + 7n);
      const place = { chainId: 31337n, contract };
      expect(await harness.digest(contract, 3, 1_700_000_000, prices)).to.equal(
        digestOf(prices, 3, 1_700_000_000, place),
      );
    }
  });

  it("has the EIP-712 hash that ethers computes", async () => {
    const harness = await deploy();
    for (const prices of [[], [1n], [2n ** 96n - 1n, 0n, 5n]]) {
      const statement = { setId: 9, slot: 4_294_967_295, operator: 30, prices, digest: 77n };
      expect(await harness.typed(contract, statement)).to.equal(
        typedHash(statement, { chainId: 31337n, contract }),
      );
    }
  });
});

describe("ObservationMedian", () => {
  it("is element ⌊(n−1)/2⌋ of the sorted values, and zero of none", async () => {
    const harness = await deploy();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.bigInt({ min: 1n, max: 50n }), { maxLength: 31 }),
        fc.nat({ max: 3 }),
        async (values, rest) => {
          // What lies behind the counted values must not matter.
          const list = [...values, ...Array<bigint>(rest).fill(1n)];
          const sorted = values.toSorted((a, b) => Number(a - b));
          const expected = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0n;
          expect(await harness.lowerMedian(list, values.length)).to.equal(expected);
        },
      ),
      { numRuns: 60 },
    );
  });
});
