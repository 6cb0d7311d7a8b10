import { index, onchainTable, primaryKey } from "ponder";

// Amounts are in the token's smallest unit; the native coin is the zero address. Times are unix seconds.

/** Every proposal. What time alone makes of one (ready, expired), readers compute. */
export const payoutProposal = onchainTable(
  "payout_proposal",
  (t) => ({
    /** EIP-712 digest that approvers sign. */
    id: t.hex().primaryKey(),
    epoch: t.int8({ mode: "number" }).notNull(),
    /** How often its content had been proposed, this time included. */
    attempt: t.integer().notNull(),
    state: t.text().$type<PayoutState>().notNull(),
    root: t.hex().notNull(),
    totals: t.json().$type<PayoutAmount[]>().notNull(),
    /** keccak256 of the published file, which it is named by. */
    dataHash: t.hex().notNull(),
    uri: t.text().notNull(),
    snapshotBlock: t.int8({ mode: "number" }).notNull(),
    proposer: t.hex().notNull(),
    /** Approvals that it has. */
    approvals: t.integer().notNull(),
    /** From when it can be activated; null before it has enough approvals. */
    challengeEndsAt: t.int8({ mode: "number" }),
    /** Who dropped it and why; null unless it was disputed. */
    disputedBy: t.hex(),
    disputeReason: t.text(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    logIndex: t.integer().notNull(),
  }),
  (table) => ({ epoch: index("payout_proposal_epoch").on(table.epoch, table.block) }),
);

/** Approvals of proposals. */
export const payoutApproval = onchainTable(
  "payout_approval",
  (t) => ({
    proposal: t.hex().notNull(),
    approver: t.hex().notNull(),
    /** Approvals that the proposal had with this one. */
    approvals: t.integer().notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
  }),
  (table) => ({ key: primaryKey({ columns: [table.proposal, table.approver] }) }),
);

/** Who approves, from a version on. */
export const payoutApprovers = onchainTable("payout_approvers", (t) => ({
  version: t.int8({ mode: "number" }).primaryKey(),
  accounts: t.hex().array().notNull(),
  threshold: t.integer().notNull(),
  transaction: t.hex().notNull(),
  block: t.int8({ mode: "number" }).notNull(),
  blockTime: t.int8({ mode: "number" }).notNull(),
}));

/** Epochs whose root paid, or pays. */
export const payoutEpoch = onchainTable("payout_epoch", (t) => ({
  epoch: t.int8({ mode: "number" }).primaryKey(),
  proposal: t.hex().notNull(),
  root: t.hex().notNull(),
  dataHash: t.hex().notNull(),
  snapshotBlock: t.int8({ mode: "number" }).notNull(),
  transaction: t.hex().notNull(),
  block: t.int8({ mode: "number" }).notNull(),
  /** Of the activation. */
  blockTime: t.int8({ mode: "number" }).notNull(),
}));

/** What an epoch made of a token's total: everything ever earned of it. */
export const payoutTotal = onchainTable(
  "payout_total",
  (t) => ({
    epoch: t.int8({ mode: "number" }).notNull(),
    token: t.hex().notNull(),
    total: t.bigint().notNull(),
    previous: t.bigint().notNull(),
  }),
  (table) => ({ key: primaryKey({ columns: [table.epoch, table.token] }) }),
);

/** Every payment, and everyone that a push left out. */
export const payoutClaim = onchainTable(
  "payout_claim",
  (t) => ({
    id: t.text().primaryKey(),
    account: t.hex().notNull(),
    token: t.hex().notNull(),
    /** Who got it; null for one that was left out. */
    to: t.hex(),
    /** Paid; of one that was left out, what could not be transferred. */
    amount: t.bigint().notNull(),
    /** How it was asked for; null where another contract called. */
    method: t.text().$type<PayoutMethod>(),
    /** Why a push left it out; null for a payment. */
    skipped: t.text().$type<PayoutSkip>(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    logIndex: t.integer().notNull(),
  }),
  (table) => ({
    account: index("payout_claim_account").on(table.account, table.block, table.logIndex),
    time: index("payout_claim_token").on(table.token, table.blockTime),
  }),
);

/** What each account got. */
export const payoutAccount = onchainTable(
  "payout_account",
  (t) => ({
    account: t.hex().notNull(),
    token: t.hex().notNull(),
    paid: t.bigint().notNull(),
    payments: t.integer().notNull(),
    /** Who is paid instead, where governance directed its claims to another. */
    beneficiary: t.hex(),
    paidAt: t.int8({ mode: "number" }),
  }),
  (table) => ({ key: primaryKey({ columns: [table.account, table.token] }) }),
);

/** Listed tokens with their limits. */
export const payoutLimit = onchainTable("payout_limit", (t) => ({
  token: t.hex().primaryKey(),
  perHour: t.bigint().notNull(),
  perDay: t.bigint().notNull(),
  /** To an account, in a day. */
  perAccount: t.bigint().notNull(),
  /** That an epoch may add to the total. */
  perEpoch: t.bigint().notNull(),
  listedAtBlock: t.int8({ mode: "number" }).notNull(),
  transaction: t.hex().notNull(),
  block: t.int8({ mode: "number" }).notNull(),
  blockTime: t.int8({ mode: "number" }).notNull(),
}));

/** Amounts of a token, equal to what the contract answers at the indexed block. */
export const payoutToken = onchainTable("payout_token", (t) => ({
  token: t.hex().primaryKey(),
  /** Ever deposited, less what governance withdrew. */
  deposited: t.bigint().notNull(),
  approved: t.bigint().notNull(),
  paid: t.bigint().notNull(),
}));

/** Deposits, and what governance took back. */
export const payoutDeposit = onchainTable(
  "payout_deposit",
  (t) => ({
    id: t.text().primaryKey(),
    token: t.hex().notNull(),
    kind: t.text().$type<"deposit" | "withdrawal">().notNull(),
    /** Who paid, or got it. */
    account: t.hex().notNull(),
    amount: t.bigint().notNull(),
    /** Sum after it. */
    deposited: t.bigint().notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    logIndex: t.integer().notNull(),
  }),
  (table) => ({
    order: index("payout_deposit_order").on(table.token, table.block, table.logIndex),
  }),
);

/** Pauses of the distributor, and their early ends. */
export const payoutPause = onchainTable("payout_pause", (t) => ({
  id: t.text().primaryKey(),
  kind: t.text().$type<"paused" | "unpaused">().notNull(),
  /** When a pause lapses by itself. */
  until: t.int8({ mode: "number" }),
  transaction: t.hex().notNull(),
  block: t.int8({ mode: "number" }).notNull(),
  blockTime: t.int8({ mode: "number" }).notNull(),
  logIndex: t.integer().notNull(),
}));

/** Tokens whose transfers are indexed, and from which block on. */
export const payoutSource = onchainTable("payout_source", (t) => ({
  token: t.hex().primaryKey(),
  startBlock: t.int8({ mode: "number" }).notNull(),
}));

/** All transfers of these tokens. The key is the order in which holdings follow from them. */
export const payoutTransfer = onchainTable(
  "payout_transfer",
  (t) => ({
    token: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    logIndex: t.integer().notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    blockHash: t.hex().notNull(),
    from: t.hex().notNull(),
    to: t.hex().notNull(),
    value: t.bigint().notNull(),
  }),
  (table) => ({
    key: primaryKey({ columns: [table.token, table.block, table.logIndex] }),
    recipient: index("payout_transfer_to").on(table.to, table.token),
  }),
);

/** State of a proposal as far as events tell it. */
export type PayoutState =
  "proposed" | "approved" | "activated" | "disputed" | "superseded" | "void";

/** Function of the distributor that paid. */
export type PayoutMethod = "claim" | "claimFor" | "claimTo" | "push";

/** Why a push left a recipient out. */
export type PayoutSkip = "nothingOwed" | "limitReached" | "transferFailed";

/** An amount of a token, as decimal digits. */
export interface PayoutAmount {
  readonly token: `0x${string}`;
  readonly amount: string;
}
