import { toFunctionSelector } from "viem";

import type { PayoutMethod } from "../schema/payouts.ts";

const methods: ReadonlyMap<string, PayoutMethod> = new Map([
  [toFunctionSelector("claim(address,uint256,bytes32[])"), "claim"],
  [toFunctionSelector("claimFor(address,address,uint256,bytes32[])"), "claimFor"],
  [
    toFunctionSelector("claimTo(address,address,uint256,bytes32[],address,uint256,bytes)"),
    "claimTo",
  ],
  [toFunctionSelector("push(address,(address,uint256)[],bytes32[],bool[])"), "push"],
]);

/**
 * Function of the distributor that a transaction calls.
 *
 * @param to Who the transaction calls, lower case.
 * @returns null where another contract stands between.
 */
export function payoutMethodOf(
  { to, input }: { readonly to: string | null; readonly input: string },
  distributor: string,
): PayoutMethod | null {
  return to === distributor ? (methods.get(input.slice(0, 10)) ?? null) : null;
}
