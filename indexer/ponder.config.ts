import { createConfig } from "ponder";

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
import { accessManagerAbi } from "./abis/accessManager.ts";
import { transferAbi } from "./abis/erc20.ts";
import { timelockAbi } from "./abis/timelock.ts";
import { readSettings } from "./settings.ts";

/** What the launcher passed down. The API reads it from here too, so that the environment has one reader. */
export const settings = readSettings(process.env);

const { chainId, rpcUrls, pollingIntervalMs, databaseUrl, contracts } = settings;
const { governance, payouts, proofs, startBlock } = contracts;

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
      startBlock,
    },
    PriceFeeds: {
      chain: "network",
      abi: IPriceFeeds__factory.abi,
      address: contracts.priceFeeds,
      startBlock,
      includeTransactionReceipts: true,
    },
    VRFCoordinator: {
      chain: "network",
      abi: IVRFCoordinator__factory.abi,
      address: contracts.vrfCoordinator ?? nowhere,
      startBlock,
      includeTransactionReceipts: true,
    },
    AccessManager: {
      chain: "network",
      abi: accessManagerAbi,
      address: governance?.accessManager ?? nowhere,
      startBlock,
    },
    DodonaGovernor: {
      chain: "network",
      abi: DodonaGovernor__factory.abi,
      address: governance?.governor ?? nowhere,
      startBlock,
    },
    DodonaToken: {
      chain: "network",
      abi: DodonaToken__factory.abi,
      address: governance?.token ?? nowhere,
      startBlock,
    },
    Guardian: {
      chain: "network",
      abi: IGuardian__factory.abi,
      address: governance?.guardian ?? nowhere,
      startBlock,
    },
    OperatorRewards: {
      chain: "network",
      abi: IOperatorRewards__factory.abi,
      address: governance?.operatorRewards ?? nowhere,
      startBlock,
    },
    OperatorStake: {
      chain: "network",
      abi: IOperatorStake__factory.abi,
      address: governance?.operatorStake ?? nowhere,
      startBlock,
    },
    PayoutDistributor: {
      chain: "network",
      abi: PayoutDistributor__factory.abi,
      address: payouts?.distributor ?? nowhere,
      startBlock: payouts?.startBlock ?? startBlock,
    },
    PayoutToken: {
      chain: "network",
      abi: transferAbi,
      address: payouts === undefined ? nowhere : [...payouts.tokens],
      startBlock: payouts?.startBlock ?? startBlock,
    },
    PriceAttestations: {
      chain: "network",
      abi: IPriceAttestations__factory.abi,
      address: proofs?.priceAttestations ?? nowhere,
      startBlock,
      includeTransactionReceipts: true,
    },
    TraderRegistry: {
      chain: "network",
      abi: ITraderRegistry__factory.abi,
      address: proofs?.traderRegistry ?? nowhere,
      startBlock,
    },
    Slashing: {
      chain: "network",
      abi: ISlashing__factory.abi,
      address: governance?.slashing ?? nowhere,
      startBlock,
    },
    Timelock: {
      chain: "network",
      abi: timelockAbi,
      address: governance?.timelock ?? nowhere,
      startBlock,
    },
  },
});
