import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

import type { RecordedArguments } from "./recorded.ts";
import type { PayoutParameters } from "../parameters/payouts.ts";
import type { operatorsModule } from "./Operators.ts";

/** Ignition's id of the distributor of payouts. */
export const DISTRIBUTOR_FUTURE = "Payouts#PayoutDistributor";

/**
 * The distributor of payouts, under the AccessManager of the operators' module. Its configuration is for good, its first
 * approvers are what governance may replace.
 *
 * @param recorded Arguments that an earlier run recorded: they are for good, whatever the parameters say now.
 */
export function payoutsModule(
  registry: ReturnType<typeof operatorsModule>,
  payouts: PayoutParameters,
  recorded: RecordedArguments,
) {
  return buildModule("Payouts", (m) => {
    const { accessManager } = m.useModule(registry);
    const [, ...fixed] = recorded.get(DISTRIBUTOR_FUTURE) ?? [];
    const { approvers, config, threshold } = payouts;
    const terms = fixed.length === 0 ? [{ ...config }, [...approvers], threshold] : fixed;
    const distributor = m.contract("PayoutDistributor", [accessManager, ...terms]);
    return { distributor };
  });
}
