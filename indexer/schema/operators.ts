import { index, onchainTable, primaryKey } from "ponder";

// Amounts of stake and rewards have 18 decimals. Times are unix seconds.

/** What each account has staked, and lost. */
export const operatorStake = onchainTable("operator_stake", (t) => ({
  account: t.hex().primaryKey(),
  staked: t.bigint().notNull(),
  unbonding: t.bigint().notNull(),
  /** When all that it unbonds is free, 0 when nothing does. */
  releaseAt: t.int8({ mode: "number" }).notNull(),
  slashed: t.bigint().notNull(),
}));

/** Movements of stake, in the order of the chain. */
export const stakeEvent = onchainTable(
  "stake_event",
  (t) => ({
    id: t.text().primaryKey(),
    account: t.hex().notNull(),
    kind: t.text().$type<"staked" | "unstaked" | "withdrawn" | "slashed">().notNull(),
    amount: t.bigint().notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    logIndex: t.integer().notNull(),
  }),
  (table) => ({ account: index("stake_event_account").on(table.account, table.block) }),
);

/** Every slash: what it took, and where that went. */
export const slash = onchainTable(
  "slash",
  (t) => ({
    id: t.text().primaryKey(),
    account: t.hex().notNull(),
    amount: t.bigint().notNull(),
    reporter: t.hex().notNull(),
    reporterShare: t.bigint().notNull(),
    burned: t.bigint().notNull(),
    treasuryShare: t.bigint().notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
  }),
  (table) => ({ account: index("slash_account").on(table.account) }),
);

/** What slashes were for. */
export const offence = onchainTable("offence", (t) => ({
  id: t.text().primaryKey(),
  account: t.hex().notNull(),
  kind: t.text().$type<"equivocation" | "wrongMedians">().notNull(),
  /** Slot of an equivocation, and the set it was signed under. */
  slot: t.int8({ mode: "number" }),
  setId: t.int8({ mode: "number" }),
  /** Digest of a report that does not follow from its observations. */
  report: t.hex(),
  amount: t.bigint().notNull(),
  reporter: t.hex().notNull(),
  transaction: t.hex().notNull(),
  block: t.int8({ mode: "number" }).notNull(),
  blockTime: t.int8({ mode: "number" }).notNull(),
}));

/** Keys that an operator announced, and those that it changed to. */
export const keyChange = onchainTable("key_change", (t) => ({
  id: t.text().primaryKey(),
  account: t.hex().notNull(),
  kind: t.text().$type<"announced" | "rotated">().notNull(),
  keyX: t.bigint().notNull(),
  keyY: t.bigint().notNull(),
  proofX: t.bigint().notNull(),
  proofY: t.bigint().notNull(),
  /** When announced keys may take over. */
  dueAt: t.int8({ mode: "number" }),
  transaction: t.hex().notNull(),
  block: t.int8({ mode: "number" }).notNull(),
  blockTime: t.int8({ mode: "number" }).notNull(),
}));

/** An operator's part in the reports of an epoch: what its rewards and its reputation follow from. */
export const participation = onchainTable(
  "participation",
  (t) => ({
    account: t.hex().notNull(),
    epoch: t.int8({ mode: "number" }).notNull(),
    /** When the epoch began. */
    startedAt: t.int8({ mode: "number" }).notNull(),
    /** Reports of sets that it belonged to. */
    reports: t.integer().notNull(),
    /** Those of them that it signed. */
    signed: t.integer().notNull(),
    /** Sum over these of the seconds from their slot to their block. */
    latencySeconds: t.integer().notNull(),
  }),
  (table) => ({ key: primaryKey({ columns: [table.account, table.epoch] }) }),
);

/** Rewards of an epoch. */
export const rewardEpoch = onchainTable("reward_epoch", (t) => ({
  epoch: t.int8({ mode: "number" }).primaryKey(),
  budget: t.bigint().notNull(),
  /** Sum of all shares, which are rounded down. */
  allocated: t.bigint().notNull(),
  claimableAt: t.int8({ mode: "number" }).notNull(),
  weights: t.json().$type<RewardWeight[]>().notNull(),
  dropped: t.boolean().notNull(),
  paid: t.bigint().notNull(),
  transaction: t.hex().notNull(),
  block: t.int8({ mode: "number" }).notNull(),
  blockTime: t.int8({ mode: "number" }).notNull(),
}));

/** Rewards that operators took. */
export const rewardClaim = onchainTable(
  "reward_claim",
  (t) => ({
    account: t.hex().notNull(),
    epoch: t.int8({ mode: "number" }).notNull(),
    amount: t.bigint().notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
  }),
  (table) => ({ key: primaryKey({ columns: [table.account, table.epoch] }) }),
);

/** An account's weight among those that share an epoch's rewards. */
export interface RewardWeight {
  readonly account: string;
  readonly weight: number;
}
