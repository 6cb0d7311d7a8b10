import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { encodeBytes32String } from "ethers";

import type { VrfConfig } from "../parameters/vrf.ts";
import { operatorsModule } from "./Operators.ts";

const PROXY_PREFIX = "FeedProxy_";

/**
 * Ignition's id of a feed's proxy: letters, digits and underscores are all it allows, and a feed id has one slash.
 *
 * @param feedId For example "BTC/USD".
 */
export function proxyFuture(feedId: string): string {
  return PROXY_PREFIX + feedId.replace("/", "_");
}

/** The feed id of a proxy's future, null for any other future. Inverse of `proxyFuture`. */
export function feedOfFuture(future: string): string | null {
  return future.startsWith(PROXY_PREFIX)
    ? future.slice(PROXY_PREFIX.length).replace("_", "/")
    : null;
}

/**
 * Every contract of the network: the operators' module, PriceFeeds, one FeedProxy a feed, and VRFCoordinator. A module is
 * built for what should be there; Ignition deploys what it has not deployed before.
 *
 * @param feedIds Feeds that get a proxy, for example ["BTC/USD"].
 * @param vrf Configuration of the coordinator, which must be that of a deployed one; null for none.
 */
export function dodonaModule(feedIds: readonly string[], vrf: VrfConfig | null) {
  return buildModule("Dodona", (m) => {
    const { accessManager, operators } = m.useModule(operatorsModule);
    const priceFeeds = m.contract("PriceFeeds", [accessManager, operators]);
    for (const feedId of feedIds) {
      m.contract("FeedProxy", [priceFeeds, encodeBytes32String(feedId)], {
        id: proxyFuture(feedId),
      });
    }
    if (vrf !== null) m.contract("VRFCoordinator", [accessManager, { ...vrf }]);
    return { accessManager, operators, priceFeeds };
  });
}
