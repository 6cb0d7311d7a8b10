import type { Interface } from "ethers";

import { IFeedProxy__factory } from "../types/ethers-contracts/factories/interfaces/IFeedProxy__factory.ts";
import { IOperators__factory } from "../types/ethers-contracts/factories/interfaces/IOperators__factory.ts";
import { IPriceFeeds__factory } from "../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { IVRFCoordinator__factory } from "../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";

/** Interfaces of all contracts, for decoding what they revert with. The build generates them. */
export function contractInterfaces(): Interface[] {
  return [
    IPriceFeeds__factory.createInterface(),
    IOperators__factory.createInterface(),
    IFeedProxy__factory.createInterface(),
    IVRFCoordinator__factory.createInterface(),
  ];
}
