import path from "node:path";

import hardhatToolboxMochaEthers from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { configVariable, defineConfig } from "hardhat/config";

import { parallelCompiler } from "./deploy/compiler.ts";
import { localRpcUrl } from "./deploy/stackFile.ts";
import { accessTasks } from "./tasks/access.ts";
import { deployTask } from "./tasks/deploy.ts";
import { feedsTasks } from "./tasks/feeds.ts";
import { govTasks } from "./tasks/gov.ts";
import { guardianTasks } from "./tasks/guardian.ts";
import { operatorsTasks } from "./tasks/operators.ts";
import { proofsTasks } from "./tasks/proofs.ts";
import { payoutsTasks } from "./tasks/payouts.ts";
import { relayerTasks } from "./tasks/relayer.ts";
import { vrfTasks } from "./tasks/vrf.ts";

// The compiler comes from npm, so that a build needs no download beyond the registry.
const solcPath = path.join(import.meta.dirname, "node_modules/solc/soljson.js");

// Written by a running local stack: the node's URL and what is deployed there.
const stackFile = path.resolve(
  process.env["DODONA_STACK"] ?? path.join(import.meta.dirname, ".dodona/stack.json"),
);

const compiler = (runs: number) => ({
  version: "0.8.37",
  path: solcPath,
  settings: {
    evmVersion: "cancun",
    viaIR: true,
    optimizer: { enabled: true, runs },
  },
});

// The verifiers are hand-optimised assembly of 20 kB: the IR pipeline makes no code of them, and more runs make it too long.
const verifierCompiler = {
  ...compiler(1),
  settings: { ...compiler(1).settings, viaIR: false },
};

export default defineConfig({
  plugins: [hardhatToolboxMochaEthers, parallelCompiler()],
  solidity: {
    compilers: [{ ...compiler(1_000_000) }],
    overrides: {
      "contracts/verifiers/PriceBatchVerifier.sol": verifierCompiler,
      "contracts/verifiers/PerformanceVerifier.sol": verifierCompiler,
    },
    isolated: false,
  },
  paths: { ignition: "deploy", tests: { mocha: "test/contracts", solidity: "test" } },
  // `hardhat test solidity --test-profile deep` runs the campaigns that figures come from.
  test: {
    solidity: {
      profiles: {
        default: { invariant: { runs: 12, depth: 250 } },
        deep: { invariant: { runs: 256, depth: 500 } },
      },
    },
  },
  networks: {
    default: { type: "edr-simulated", chainType: "l1", hardfork: "osaka" },
    local: {
      type: "http",
      url: await localRpcUrl(stackFile),
      chainId: 31_337,
      accounts: { mnemonic: "test test test test test test test test test test test junk" },
    },
    remote: {
      type: "http",
      url: configVariable("DODONA_RPC_URL"),
      accounts: [configVariable("DODONA_DEPLOYER_KEY")],
    },
  },
  tasks: [
    deployTask(),
    ...accessTasks({ stackFile }),
    ...feedsTasks({ stackFile }),
    ...govTasks({ stackFile }),
    ...guardianTasks({ stackFile }),
    ...operatorsTasks({ stackFile }),
    ...proofsTasks({ stackFile }),
    ...payoutsTasks({ stackFile }),
    ...relayerTasks({ stackFile }),
    ...vrfTasks({ stackFile }),
  ],
  typechain: { outDir: "types/ethers-contracts" },
});
