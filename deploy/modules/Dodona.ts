import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { encodeBytes32String } from "ethers";

import type { RecordedArguments } from "./recorded.ts";
import type { GovernanceParameters } from "../parameters/governance.ts";
import type { PayoutParameters } from "../parameters/payouts.ts";
import type { VrfConfig } from "../parameters/vrf.ts";
import { addGovernance } from "./Governance.ts";
import type { Schedule } from "./Operators.ts";
import { operatorsModule } from "./Operators.ts";
import { payoutsModule } from "./Payouts.ts";
import type { ProofsPlan } from "./Proofs.ts";
import { proofsModule } from "./Proofs.ts";

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

/** What a deployment consists of. */
export interface Plan {
  /** Feeds that get a proxy, for example ["BTC/USD"]. */
  feedIds: readonly string[];
  /** Configuration of the coordinator, which must be that of a deployed one; null for none. */
  vrf: VrfConfig | null;
  schedule: Schedule;
  /** null for none, or where all of it is deployed. */
  governance: GovernanceParameters | null;
  /** null for none. */
  payouts: PayoutParameters | null;
  /** null for none. */
  proofs: ProofsPlan | null;
  /** Arguments of constructors that an earlier run recorded: they are for good, whatever the files say now. */
  recorded: RecordedArguments;
}

/**
 * Every contract of the network: the operators' module, PriceFeeds, one FeedProxy a feed, VRFCoordinator, governance,
 * PayoutDistributor and the contracts of proofs. A module is built for what should be there; Ignition deploys what it has not deployed before.
 */
export function dodonaModule({
  feedIds,
  governance,
  payouts,
  proofs,
  recorded,
  schedule,
  vrf,
}: Plan) {
  const registry = operatorsModule(schedule, recorded);
  return buildModule("Dodona", (m) => {
    const { accessManager, operators } = m.useModule(registry);
    const priceFeeds = m.contract("PriceFeeds", [accessManager, operators]);
    for (const feedId of feedIds) {
      m.contract("FeedProxy", [priceFeeds, encodeBytes32String(feedId)], {
        id: proxyFuture(feedId),
      });
    }
    if (vrf !== null) m.contract("VRFCoordinator", [accessManager, { ...vrf }]);
    if (governance !== null) {
      addGovernance(m, { accessManager, operators, priceFeeds }, governance, recorded);
    }
    if (payouts !== null) m.useModule(payoutsModule(registry, payouts, recorded));
    if (proofs !== null) m.useModule(proofsModule({ accessManager, priceFeeds }, proofs, recorded));
    return { accessManager, operators, priceFeeds };
  });
}
