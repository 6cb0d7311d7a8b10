import { concatBytes, numberToBytesBE } from "@noble/curves/utils.js";
import { AbiCoder, getBytes, hexlify, keccak256 } from "ethers";

import { ecvrf } from "./ecvrf.ts";
import type { Coordinate, VrfRequest } from "./model.ts";
import { encodeWitness } from "./witness.ts";

/** A proving key: what its secret can do, and its public half. */
export interface ProvingKey {
  /** keccak256(abi.encode(x, y)), lower-case hex. */
  readonly keyHash: string;
  readonly x: bigint;
  readonly y: bigint;
  /** Compressed, 33 bytes. */
  readonly publicKey: Uint8Array;
  /** Proves a request. Takes about 3 ms of this thread; a keeper's proofs are made by `pool.ts`. */
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

/** The coordinator's proof bytes: the key, then the proof with its witnesses. */
export function calldataOf(x: bigint, y: bigint, witness: Uint8Array): Uint8Array {
  return concatBytes(numberToBytesBE(x, 32), numberToBytesBE(y, 32), witness);
}

/** Name of a key on chain. */
export function keyHashOf(x: bigint, y: bigint): string {
  return keccak256(abi.encode(["uint256", "uint256"], [x, y]));
}

/** What is proved for a request: `VRFCoordinator.alphaOf`, with the hash of the request's block. */
export function alphaOf({ chainId, coordinator }: Coordinate, request: VrfRequest): Uint8Array {
  const { keyHash, requestId, sender, blockHash } = request;
  // All values take a word each, which is all that abi.encode does to them.
  const words = [chainId, coordinator, keyHash, requestId, sender, blockHash].map((value) =>
    BigInt(value).toString(16).padStart(64, "0"),
  );
  return getBytes(keccak256(`0x${words.join("")}`));
}

/** The random words of an output: word i is keccak256(abi.encode(output, i)). */
export function wordsOf(output: Uint8Array, numWords: number): bigint[] {
  const seed = BigInt(hexlify(output));
  return Array.from({ length: numWords }, (_, i) =>
    BigInt(keccak256(abi.encode(["uint256", "uint256"], [seed, i]))),
  );
}
