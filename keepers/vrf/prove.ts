import { AbiCoder, concat, getBytes, hexlify, keccak256, toBeHex } from "ethers";

import { ecvrf } from "./ecvrf.ts";
import type { Coordinate, VrfRequest } from "./model.ts";
import { encodeWitness, witnessOf } from "./witness.ts";

/** A proving key: what its secret can do, and its public half. */
export interface ProvingKey {
  /** keccak256(abi.encode(x, y)), lower-case hex. */
  readonly keyHash: string;
  readonly x: bigint;
  readonly y: bigint;
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array;
  /** Proves a request. Takes about 5 ms. */
  prove(alpha: Uint8Array): RequestProof;
}

/** A proof with its output. */
export interface RequestProof {
  /** pi_string, 81 bytes. */
  readonly pi: Uint8Array;
  /** beta_string, 32 bytes. */
  readonly output: Uint8Array;
  /** What the coordinator takes. */
  readonly calldata: Uint8Array;
}

const abi = AbiCoder.defaultAbiCoder();

/**
 * Opens a proving key.
 * @param secret 32 bytes, a scalar in [1, n)
 * @throws RangeError when it is not one
 */
export function openProvingKey(secret: Uint8Array): ProvingKey {
  const prover = ecvrf.prover(secret);
  const { x, y } = ecvrf.validateKey(prover.publicKey).toAffine();
  return {
    keyHash: keyHashOf(x, y),
    x,
    y,
    publicKey: prover.publicKey,
    prove(alpha) {
      const transcript = prover.prove(alpha);
      const calldata = calldataOf(x, y, encodeWitness(transcript));
      return { pi: transcript.pi, output: transcript.beta, calldata };
    },
  };
}

/** Proofs after which the compiler has seen what it needs. */
const WARM_UP = 20;

/** Makes proofs of nothing, so that the first of a request is as fast as the later ones. */
export function warmUp(key: ProvingKey): void {
  for (let i = 0; i < WARM_UP; i++) key.prove(getBytes(toBeHex(i, 32)));
}

/** A proof that was made before. */
export function proofAgain(key: ProvingKey, alpha: Uint8Array, pi: Uint8Array): RequestProof {
  const calldata = calldataOf(key.x, key.y, witnessOf(key.publicKey, alpha, pi));
  return { pi, output: ecvrf.proofToHash(pi), calldata };
}

/** The coordinator's proof bytes begin with the key. */
function calldataOf(x: bigint, y: bigint, witness: Uint8Array): Uint8Array {
  return getBytes(concat([toBeHex(x, 32), toBeHex(y, 32), witness]));
}

/** Name of a key on chain. */
export function keyHashOf(x: bigint, y: bigint): string {
  return keccak256(abi.encode(["uint256", "uint256"], [x, y]));
}

/** What is proved for a request: `VRFCoordinator.alphaOf`, with the hash of the request's block. */
export function alphaOf({ chainId, coordinator }: Coordinate, request: VrfRequest): Uint8Array {
  const { keyHash, requestId, sender, blockHash } = request;
  return getBytes(
    keccak256(
      abi.encode(
        ["uint256", "address", "bytes32", "uint256", "address", "bytes32"],
        [chainId, coordinator, keyHash, requestId, sender, blockHash],
      ),
    ),
  );
}

/** The random words of an output: word i is keccak256(abi.encode(output, i)). */
export function wordsOf(output: Uint8Array, numWords: number): bigint[] {
  const seed = BigInt(hexlify(output));
  return Array.from({ length: numWords }, (_, i) =>
    BigInt(keccak256(abi.encode(["uint256", "uint256"], [seed, i]))),
  );
}
