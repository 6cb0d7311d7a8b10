import type { PublicKeys } from "../signing/keys.ts";
import type { Coordinates } from "./rotation.ts";
import { areSame } from "./rotation.ts";
import type { ActiveSet } from "./set.ts";

/** Whether the chain lets this operator take part. */
export type Standing =
  | { readonly kind: "active"; readonly index: number }
  /** `problem` says what to do. */
  | { readonly kind: "waiting"; readonly problem: string };

/** Index of the operator in a set, null if the set does not have this account with these keys. */
export function indexIn(set: ActiveSet, account: string, keys: PublicKeys): number | null {
  const operator = set.operators.find((candidate) => candidate.account === account);
  const isSame =
    operator?.secp256k1.equals(keys.secp256k1) === true && operator.grumpkin.equals(keys.grumpkin);
  return isSame ? operator.index : null;
}

/**
 * Compares the operator's account and keys with the chain.
 * @param keys Its key pairs, the one in use first.
 * @param registered Keys of the account in Operators, null if it is not registered; only needed when not active.
 */
export function standingOf(
  set: ActiveSet | null,
  account: string,
  keys: readonly PublicKeys[],
  registered: Coordinates | null,
): Standing {
  if (set !== null) {
    for (const pair of keys) {
      const index = indexIn(set, account, pair);
      if (index !== null) return { kind: "active", index };
    }
  }
  if (registered === null) {
    return waiting(
      `account ${account} is not registered in Operators. Register it with this key file: npx hardhat operators register`,
    );
  }
  if (!keys.some((pair) => areSame(pair, registered))) {
    return waiting(
      `account ${account} is registered with other keys than those in the key file. Use the key file it was ` +
        `registered with, or replace its keys: npx hardhat operators rotate`,
    );
  }
  return waiting(
    `account ${account} is registered but not in the active set. Governance must include it (Operators.setActive), ` +
      `then anyone may call PriceFeeds.sync: npx hardhat operators set, or npx hardhat operators join where stake decides`,
  );
}

function waiting(problem: string): Standing {
  return { kind: "waiting", problem };
}
