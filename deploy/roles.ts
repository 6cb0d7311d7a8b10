/** Role of the AccessManager that may do everything that no other role is named for. */
export const ADMIN_ROLE = 0n;
/** Role of the AccessManager that may trip feeds and pause contracts. */
export const GUARDIAN_ROLE = 1n;
/** Role of the AccessManager that takes stake on evidence. */
export const SLASHER_ROLE = 2n;
/** Role of the AccessManager that posts the operators' participation. */
export const SCORER_ROLE = 3n;
/** Role of the AccessManager that proposes the roots of payouts. */
export const PROPOSER_ROLE = 4n;
/** Role of the AccessManager that disputes the roots of payouts. */
export const WATCHER_ROLE = 5n;

/** Names of the roles, by number. There are no others. */
export const ROLE_NAMES: readonly string[] = [
  ...["admin", "guardian", "slasher", "scorer", "proposer", "watcher"],
];
