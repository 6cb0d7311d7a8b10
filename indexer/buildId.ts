import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";

import { DodonaGovernor__factory } from "../types/ethers-contracts/factories/governance/DodonaGovernor__factory.ts";
import { DodonaToken__factory } from "../types/ethers-contracts/factories/governance/DodonaToken__factory.ts";
import { IGuardian__factory } from "../types/ethers-contracts/factories/interfaces/IGuardian__factory.ts";
import { IOperatorRewards__factory } from "../types/ethers-contracts/factories/interfaces/IOperatorRewards__factory.ts";
import { IOperatorStake__factory } from "../types/ethers-contracts/factories/interfaces/IOperatorStake__factory.ts";
import { IOperators__factory } from "../types/ethers-contracts/factories/interfaces/IOperators__factory.ts";
import { IPriceFeeds__factory } from "../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { IPriceAttestations__factory } from "../types/ethers-contracts/factories/interfaces/IPriceAttestations__factory.ts";
import { ISlashing__factory } from "../types/ethers-contracts/factories/interfaces/ISlashing__factory.ts";
import { ITraderRegistry__factory } from "../types/ethers-contracts/factories/interfaces/ITraderRegistry__factory.ts";
import { IVRFCoordinator__factory } from "../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import { PayoutDistributor__factory } from "../types/ethers-contracts/factories/payouts/PayoutDistributor__factory.ts";
import type { Settings } from "./settings.ts";

const ID_DIGITS = 12;
// What Ponder itself hashes, and refuses to run over tables of another version: everything but the API.
const SOURCES = ["ponder.config.ts", "ponder.schema.ts", "{abis,schema,src}/**/*.ts"];
const API_FOLDER = path.join("src", "api");

/**
 * Name of a build of the index: it changes with everything that could change a row, so that a new build indexes
 * beside the old one.
 *
 * @param folder The indexer's folder.
 * @param ponderVersion Version of Ponder, whose tables differ between versions.
 * @param settings Chain and contracts.
 * @returns 12 hex digits.
 */
export function buildId(
  folder: string,
  ponderVersion: string,
  settings: Pick<Settings, "chainId" | "contracts">,
): string {
  const hash = createHash("sha256");
  const part = (name: string, content: string) => {
    hash.update(`${name}\0${content.length}\0${content}`);
  };
  part("ponder", ponderVersion);
  part("chain", String(settings.chainId));
  part("operators", settings.contracts.operators.toLowerCase());
  part("priceFeeds", settings.contracts.priceFeeds.toLowerCase());
  part("vrfCoordinator", settings.contracts.vrfCoordinator?.toLowerCase() ?? "");
  for (const [name, address] of Object.entries(settings.contracts.governance ?? {}).sort()) {
    part(name, address.toLowerCase());
  }
  const { payouts } = settings.contracts;
  if (payouts !== undefined) {
    const addresses = [payouts.distributor, ...payouts.tokens].join().toLowerCase();
    part("payouts", `${addresses},${payouts.startBlock ?? ""}`);
  }
  for (const [name, address] of Object.entries(settings.contracts.proofs ?? {}).sort()) {
    part(name, address.toLowerCase());
  }
  part("startBlock", String(settings.contracts.startBlock));
  part(
    "abi",
    JSON.stringify([
      DodonaGovernor__factory.abi,
      DodonaToken__factory.abi,
      IGuardian__factory.abi,
      IOperatorRewards__factory.abi,
      IOperatorStake__factory.abi,
      IOperators__factory.abi,
      IPriceFeeds__factory.abi,
      ISlashing__factory.abi,
      IVRFCoordinator__factory.abi,
      PayoutDistributor__factory.abi,
      IPriceAttestations__factory.abi,
      ITraderRegistry__factory.abi,
    ]),
  );
  const files = globSync(SOURCES, { cwd: folder }).filter((file) => !file.startsWith(API_FOLDER));
  for (const file of files.sort()) {
    part(file.split(path.sep).join("/"), readFileSync(path.join(folder, file), "utf8"));
  }
  return hash.digest("hex").slice(0, ID_DIGITS);
}
