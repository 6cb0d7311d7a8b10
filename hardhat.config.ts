import path from "node:path";

import hardhatToolboxMochaEthers from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { defineConfig } from "hardhat/config";

// The compiler comes from npm, so that a build needs no download beyond the registry.
const solcPath = path.join(import.meta.dirname, "node_modules/solc/soljson.js");

const compiler = (runs: number) => ({
  version: "0.8.37",
  path: solcPath,
  settings: {
    evmVersion: "cancun",
    viaIR: true,
    optimizer: { enabled: true, runs },
  },
});

export default defineConfig({
  plugins: [hardhatToolboxMochaEthers],
  solidity: {
    compilers: [{ ...compiler(1_000_000) }],
    isolated: true,
  },
  networks: {
    default: { type: "edr-simulated", chainType: "l1", hardfork: "osaka" },
  },
  typechain: { outDir: "types/ethers-contracts" },
});
