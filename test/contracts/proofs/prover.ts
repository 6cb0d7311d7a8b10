/** Real proofs, and the verifiers of the points that they are made with: the ceremony's if this machine has them. */
import type { HardhatEthers } from "@nomicfoundation/hardhat-ethers/types";
import type { Contract } from "ethers";

import { buildCircuits } from "../../../circuits/build/build.ts";
import type { CircuitName } from "../../../circuits/build/circuits.ts";
import { circuitOf } from "../../../circuits/build/circuits.ts";
import { srsFor } from "../../../circuits/build/srs.ts";
import { verifierBytecode } from "../../../circuits/build/verifier-bytecode.ts";
import type { Prover } from "../../../circuits/prover/prover.ts";
import { openProver } from "../../../circuits/prover/prover.ts";

const LOCAL_CHAIN_ID = 31_337n;

/** A prover; whoever opens it closes it. */
export async function openTestProver(): Promise<Prover> {
  return openProver(await srsFor(LOCAL_CHAIN_ID));
}

/** Deploys the verifier of a circuit for the prover's points, from code that no coverage tool has changed. */
export async function deployVerifier(
  ethers: HardhatEthers,
  { srs }: Prover,
  name: CircuitName,
): Promise<Contract> {
  const [built] = await buildCircuits([circuitOf(name)], srs);
  const code = verifierBytecode(built!.circuit.verifier, built!.verifierSource);
  const { interface: abi } = await ethers.getContractAt("IVerifier", `0x${"11".repeat(20)}`);
  const [deployer] = await ethers.getSigners();
  return (await new ethers.ContractFactory(abi, code, deployer).deploy()) as Contract;
}
