import { parseUnits } from "ethers";

import { pointOf } from "../../deploy/parameters/vrf.ts";
import { TaskError } from "../shared/error.ts";
import { accountsOf, resolveAccount } from "../shared/open.ts";
import type { Action, Build, Wishes } from "./action.ts";
import { action } from "./action.ts";

/** Registration, terms and retirement of proving keys. */
export const provingKeys: Build = async (wishes, governed) => {
  const { deregisterKey, registerKey, setKey } = wishes;
  const { vrfCoordinator } = governed.contracts;
  const actions: Action[] = [];
  if (registerKey === undefined && setKey === undefined && deregisterKey === undefined)
    return actions;
  if (vrfCoordinator === null)
    throw new TaskError("There is no VRFCoordinator in this deployment.");
  if (registerKey !== undefined) {
    if (wishes.operator === undefined) {
      throw new TaskError("Say whose key it is with --operator ADDRESS.");
    }
    const operator = resolveAccount(wishes.operator, await accountsOf(governed.connection));
    const { x, y } = pointOf(registerKey, "--register-key");
    const terms = termsOf(wishes, null);
    actions.push(
      action(
        governed,
        "VRFCoordinator",
        "registerProvingKey",
        [x, y, operator, terms],
        `Register a proving key of ${operator}`,
      ),
    );
  }
  if (setKey !== undefined) {
    const { operator, terms } = await vrfCoordinator.provingKey(keyHashAt(setKey, "--set-key"));
    if (BigInt(operator) === 0n) throw new TaskError(`There is no proving key ${setKey}.`);
    const wanted = termsOf(wishes, terms);
    actions.push(
      action(
        governed,
        "VRFCoordinator",
        "setProvingKeyTerms",
        [setKey, wanted],
        `Set the terms of proving key ${setKey}`,
      ),
    );
  }
  if (deregisterKey !== undefined) {
    const keyHash = keyHashAt(deregisterKey, "--deregister-key");
    actions.push(
      action(
        governed,
        "VRFCoordinator",
        "deregisterProvingKey",
        [keyHash],
        `Retire proving key ${keyHash}`,
      ),
    );
  }
  return actions;
};

interface Terms {
  maxGasPrice: bigint;
  premium: bigint;
  bondShare: bigint;
}

/** Terms of a proving key; what is not given stays as it is. */
function termsOf(wishes: Wishes, present: Terms | null): Terms {
  const amount = (
    option: "maxGasPriceGwei" | "premiumEther" | "bondShareEther",
    flag: string,
    unit: "gwei" | "ether",
    now: bigint | undefined,
  ): bigint => {
    const given = wishes[option];
    if (given === undefined) {
      if (now === undefined) throw new TaskError(`A new proving key needs ${flag}.`);
      return now;
    }
    if (!/^\d{1,12}(\.\d{1,18})?$/.test(given))
      throw new TaskError(`${flag} "${given}" is not an amount.`);
    return parseUnits(given, unit);
  };
  return {
    maxGasPrice: amount("maxGasPriceGwei", "--max-gas-price-gwei", "gwei", present?.maxGasPrice),
    premium: amount("premiumEther", "--premium-ether", "ether", present?.premium),
    bondShare: amount("bondShareEther", "--bond-share-ether", "ether", present?.bondShare),
  };
}

function keyHashAt(given: string, name: string): string {
  if (!/^0x[0-9a-fA-F]{64}$/.test(given))
    throw new TaskError(`${name} "${given}" is not a key hash.`);
  return given;
}
