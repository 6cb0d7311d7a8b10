import { createConfig } from "ponder";

import { IOperators__factory } from "../types/ethers-contracts/factories/interfaces/IOperators__factory.ts";
import { IPriceFeeds__factory } from "../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { IVRFCoordinator__factory } from "../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import { readSettings } from "./settings.ts";

/** What the launcher passed down. The API reads it from here too, so that the environment has one reader. */
export const settings = readSettings(process.env);

const { chainId, rpcUrls, pollingIntervalMs, databaseUrl, contracts } = settings;

/** Ponder wants every contract that has handlers; nothing ever comes from this address. */
const nowhere = "0x0000000000000000000000000000000000000000";

export default createConfig({
  ordering: "multichain",
  database: { kind: "postgres", connectionString: databaseUrl, poolConfig: { max: 14 } },
  chains: {
    network: { id: chainId, rpc: [...rpcUrls], pollingInterval: pollingIntervalMs },
  },
  contracts: {
    Operators: {
      chain: "network",
      abi: IOperators__factory.abi,
      address: contracts.operators,
      startBlock: contracts.startBlock,
    },
    PriceFeeds: {
      chain: "network",
      abi: IPriceFeeds__factory.abi,
      address: contracts.priceFeeds,
      startBlock: contracts.startBlock,
      includeTransactionReceipts: true,
    },
    VRFCoordinator: {
      chain: "network",
      abi: IVRFCoordinator__factory.abi,
      address: contracts.vrfCoordinator ?? nowhere,
      startBlock: contracts.startBlock,
      includeTransactionReceipts: true,
    },
  },
});
