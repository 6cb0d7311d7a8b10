import { BackendType, Barretenberg } from "@aztec/bb.js";

import type { Circuit } from "./circuits.ts";
import { proverThreads, withPointsFolder } from "./config.ts";
import type { Srs } from "./srs.ts";

const mostStarts = 3;

/** A verification key and its hash, in hex without prefix. */
export interface VerificationKey {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

/** A proof and its public inputs as a verifier contract takes them. */
export interface Proof {
  readonly proof: string;
  readonly publicInputs: readonly string[];
}

/** The proving library over one set of points. */
export interface Backend {
  gates(circuit: Circuit, bytecode: Uint8Array): Promise<number>;
  verificationKey(circuit: Circuit, bytecode: Uint8Array): Promise<VerificationKey>;
  /** Solidity source as the library writes it. */
  verifierSource(circuit: Circuit, key: VerificationKey): Promise<string>;
  prove(
    circuit: Circuit,
    bytecode: Uint8Array,
    key: VerificationKey,
    witness: Uint8Array,
  ): Promise<Proof>;
  /** Whether the library accepts a proof; with development points it never does. */
  verify(circuit: Circuit, key: VerificationKey, proof: Proof): Promise<boolean>;
  close(): Promise<void>;
}

/** The library gives its process five seconds to listen, which a busy machine can take for the start alone. */
async function startLibrary(): Promise<Barretenberg> {
  for (let start = 1; ; start++) {
    const library = await Barretenberg.new({
      backend: BackendType.NativeUnixSocket,
      threads: proverThreads(),
    });
    try {
      // Only the first answer tells whether it runs.
      await library.blake2s({ data: new Uint8Array() });
      return library;
    } catch (error) {
      await library.destroy();
      const isSlow = error instanceof Error && /^Timeout (connecting|waiting)/.test(error.message);
      if (!isSlow || start === mostStarts) throw error;
    }
  }
}

/**
 * Starts the proving library; `close` ends it.
 * @param srs The points, or null for what needs none: counting gates.
 */
export async function openBackend(srs: Srs | null): Promise<Backend> {
  const library = await (srs === null
    ? startLibrary()
    : withPointsFolder(srs.folder, startLibrary));
  const named = ({ name }: Circuit, bytecode: Uint8Array, key?: VerificationKey) => ({
    name,
    bytecode,
    verificationKey: key?.bytes ?? new Uint8Array(),
  });
  return {
    async gates(circuit, bytecode) {
      const { numGates } = await library.circuitStats({
        circuit: named(circuit, bytecode),
        includeGatesPerOpcode: false,
        settings: settingsOf(circuit),
      });
      return numGates;
    },
    async verificationKey(circuit, bytecode) {
      const { bytes, hash } = await library.circuitComputeVk({
        circuit: { name: circuit.name, bytecode },
        settings: settingsOf(circuit),
      });
      return { bytes, hash: Buffer.from(hash).toString("hex") };
    },
    async verifierSource(circuit, { bytes }) {
      const { solidityCode } = await library.circuitWriteSolidityVerifier({
        verificationKey: bytes,
        settings: settingsOf(circuit),
      });
      return solidityCode;
    },
    async prove(circuit, bytecode, key, witness) {
      const { proof, publicInputs } = await library.circuitProve({
        circuit: named(circuit, bytecode, key),
        witness,
        settings: settingsOf(circuit),
      });
      return {
        proof: `0x${Buffer.concat(proof).toString("hex")}`,
        publicInputs: publicInputs.map((word) => `0x${Buffer.from(word).toString("hex")}`),
      };
    },
    async verify(circuit, { bytes }, { proof, publicInputs }) {
      const { verified } = await library.circuitVerify({
        verificationKey: bytes,
        publicInputs: publicInputs.flatMap(wordsOf),
        proof: wordsOf(proof),
        settings: settingsOf(circuit),
      });
      return verified;
    },
    async close() {
      await library.destroy();
    },
  };
}

/** Proofs for the EVM, with the verifier that costs a quarter of the plain one. */
function settingsOf({ zeroKnowledge }: Circuit) {
  return {
    ipaAccumulation: false,
    oracleHashType: "keccak",
    disableZk: !zeroKnowledge,
    optimizedSolidityVerifier: true,
  };
}

function wordsOf(hex: string): Uint8Array[] {
  const bytes = Buffer.from(hex.slice(2), "hex");
  return Array.from({ length: bytes.length / 32 }, (_, i) =>
    Uint8Array.from(bytes.subarray(32 * i, 32 * (i + 1))),
  );
}
