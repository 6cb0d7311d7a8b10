/** Verifiers on Hardhat's EVM, for whatever points there are. */
import type { Contract } from "ethers";
import hre from "hardhat";

import type { BuiltCircuit } from "../../circuits/build/build.ts";
import { verifierBytecode } from "../../circuits/build/verifier-bytecode.ts";

/** Gas that tests give a verifier: the dearest costs less than 0.9 million. */
export const VERIFIER_GAS = 1_500_000;

/** Deploys a circuit's verifier on a chain of its own. */
export async function deployVerifier({ circuit, verifierSource }: BuiltCircuit) {
  const { ethers } = await hre.network.create();
  const { abi } = await hre.artifacts.readArtifact("IVerifier");
  const [signer] = await ethers.getSigners();
  const code = verifierBytecode(circuit.verifier, verifierSource);
  const contract = (await new ethers.ContractFactory(abi, code, signer).deploy()) as Contract;
  return {
    ethers,
    contract,
    /** Whether the verifier accepts; it reverts if it does not. */
    async accepts(proof: string, publicInputs: readonly string[]): Promise<boolean> {
      const call = contract.getFunction("verify");
      return (await call
        .staticCall(proof, publicInputs, { gasLimit: VERIFIER_GAS })
        .catch(() => false)) as boolean;
    },
  };
}
