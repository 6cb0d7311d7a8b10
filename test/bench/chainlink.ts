/** Chainlink's VRF as it is, built from its package and proved for by its own rules: the peer of the VRF benchmark. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { concat, getBytes, keccak256, toBeHex, toBigInt } from "ethers";
import type { InterfaceAbi } from "ethers";

const { Point } = secp256k1;
const { Fp, Fn } = Point;
type Point = InstanceType<typeof Point>;

const SOURCES = "@chainlink/contracts/src/v0.8/vrf/";
const COORDINATOR = `${SOURCES}dev/VRFCoordinatorV2_5.sol`;
const VERIFIER = `${SOURCES}testhelpers/VRFTestHelper.sol`;
const modules = path.join(import.meta.dirname, "../../node_modules");

/** What a deployment needs. */
export interface Build {
  readonly abi: InterfaceAbi;
  readonly bytecode: string;
}

interface SolcOutput {
  errors?: { severity: string; formattedMessage: string }[];
  contracts: Record<string, Record<string, { abi: InterfaceAbi; evm: { bytecode: Bytecode } }>>;
}
interface Bytecode {
  object: string;
}

/**
 * Compiles Chainlink's coordinator and verifier with the optimizer settings that Chainlink uses.
 *
 * @throws Error if the package does not compile. Its pinned compiler is not here: the pragma of the coordinator is
 * widened in memory, so both sides of the comparison come from the same compiler.
 */
export function compileChainlink(): { coordinator: Build; verifier: Build } {
  const solc = createRequire(import.meta.url)("solc") as {
    compile(input: string, callbacks: { import: (file: string) => object }): string;
  };
  const contents = (file: string) =>
    readFileSync(path.join(modules, file), "utf8").replace(
      "pragma solidity 0.8.19",
      "pragma solidity ^0.8.19",
    );
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(
      [COORDINATOR, VERIFIER].map((file) => [file, { content: contents(file) }]),
    ),
    settings: {
      evmVersion: "cancun",
      optimizer: { enabled: true, runs: 500 },
      outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
    },
  };
  const output = JSON.parse(
    solc.compile(JSON.stringify(input), { import: (file) => ({ contents: contents(file) }) }),
  ) as SolcOutput;
  const failure = output.errors?.find(({ severity }) => severity === "error");
  if (failure) throw new Error(failure.formattedMessage);
  const build = (file: string, name: string): Build => {
    const contract = output.contracts[file]?.[name];
    if (!contract) throw new Error(`${file} holds no ${name}`);
    return { abi: contract.abi, bytecode: `0x${contract.evm.bytecode.object}` };
  };
  return {
    coordinator: build(COORDINATOR, "VRFCoordinatorV2_5"),
    verifier: build(VERIFIER, "VRFTestHelper"),
  };
}

/** A proof as VRF.sol takes it; `seed` is what the proof is over in the end. */
export interface ChainlinkProof {
  pk: [bigint, bigint];
  gamma: [bigint, bigint];
  c: bigint;
  s: bigint;
  seed: bigint;
  uWitness: string;
  cGammaWitness: [bigint, bigint];
  sHashWitness: [bigint, bigint];
  zInv: bigint;
}

const words = (...values: bigint[]) => concat(values.map((value) => toBeHex(value, 32)));
const pair = (point: Point): [bigint, bigint] => {
  const { x, y } = point.toAffine();
  return [x, y];
};
const address = (point: Point) =>
  toBeHex(toBigInt(keccak256(words(...pair(point)))) & (2n ** 160n - 1n), 20);

/** Hash to the curve by VRF.sol's rule. */
function hashToCurve(key: Point, input: bigint): Point {
  let preimage = words(1n, ...pair(key), input);
  for (;;) {
    let x = toBigInt(keccak256(preimage));
    while (x >= Fp.ORDER) x = toBigInt(keccak256(words(x)));
    try {
      const y = Fp.sqrt(Fp.add(Fp.mul(Fp.sqr(x), x), 7n));
      return Point.fromAffine({ x, y: y & 1n ? Fp.neg(y) : y });
    } catch {
      preimage = words(x);
    }
  }
}

/**
 * Proves as Chainlink's nodes do.
 *
 * @param secret Scalar in [1, n).
 * @param preSeed Goes into the proof; what is proved is its hash with the block's when a block hash is given.
 */
export function proveForChainlink(
  secret: bigint,
  preSeed: bigint,
  blockHash?: string,
): ChainlinkProof {
  const input = blockHash
    ? toBigInt(keccak256(concat([toBeHex(preSeed, 32), blockHash])))
    : preSeed;
  const key = Point.BASE.multiply(secret);
  const hash = hashToCurve(key, input);
  const gamma = hash.multiply(secret);
  const nonce = Fn.create(toBigInt(keccak256(words(secret, input))));
  const u = address(Point.BASE.multiply(nonce));
  const c = toBigInt(
    keccak256(
      concat([
        words(2n, ...pair(hash), ...pair(key), ...pair(gamma), ...pair(hash.multiply(nonce))),
        getBytes(u),
      ]),
    ),
  );
  const s = Fn.create(nonce - Fn.mul(Fn.create(c), secret));
  const [cGamma, sHash] = [gamma.multiply(Fn.create(c)), hash.multiply(s)];
  const difference = Fp.sub(sHash.toAffine().x, cGamma.toAffine().x);
  return {
    pk: pair(key),
    gamma: pair(gamma),
    c,
    s,
    seed: preSeed,
    uWitness: u,
    cGammaWitness: pair(cGamma),
    sHashWitness: pair(sHash),
    zInv: Fp.inv(Fp.pow(difference, 5n)),
  };
}
