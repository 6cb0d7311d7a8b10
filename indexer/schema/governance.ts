import { index, onchainTable, primaryKey } from "ponder";

// Votes and balances have 18 decimals. Times are unix seconds, which is also the clock that votes are counted by.

/** Every proposal. What time and votes make of one that is neither cancelled, queued nor executed, readers compute. */
export const proposal = onchainTable(
  "proposal",
  (t) => ({
    id: t.bigint().primaryKey(),
    proposer: t.hex().notNull(),
    description: t.text().notNull(),
    actions: t.json().$type<ProposalAction[]>().notNull(),
    /** Votes count as they were then; from then on they can be cast. */
    voteStart: t.int8({ mode: "number" }).notNull(),
    /** Last second of the vote, later extensions included. */
    voteEnd: t.int8({ mode: "number" }).notNull(),
    step: t.text().$type<ProposalStep>().notNull(),
    /** From when a queued proposal can be executed. */
    eta: t.int8({ mode: "number" }),
    againstVotes: t.bigint().notNull(),
    forVotes: t.bigint().notNull(),
    abstainVotes: t.bigint().notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    logIndex: t.integer().notNull(),
    /** What cancelled or executed it. */
    endTransaction: t.hex(),
    endTime: t.int8({ mode: "number" }),
  }),
  (table) => ({ order: index("proposal_order").on(table.block, table.logIndex) }),
);

/** Every vote on a proposal. */
export const vote = onchainTable(
  "vote",
  (t) => ({
    proposal: t.bigint().notNull(),
    voter: t.hex().notNull(),
    support: t.text().$type<VoteSupport>().notNull(),
    weight: t.bigint().notNull(),
    reason: t.text().notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
  }),
  (table) => ({ key: primaryKey({ columns: [table.proposal, table.voter] }) }),
);

/** Holders and delegates of the token. */
export const voter = onchainTable("voter", (t) => ({
  account: t.hex().primaryKey(),
  balance: t.bigint().notNull(),
  /** Account that votes with the balance, null before the first delegation. */
  delegate: t.hex(),
  /** Votes delegated to this account. */
  votes: t.bigint().notNull(),
}));

/** Delegations, in the order of the chain. */
export const delegation = onchainTable(
  "delegation",
  (t) => ({
    id: t.text().primaryKey(),
    delegator: t.hex().notNull(),
    from: t.hex().notNull(),
    to: t.hex().notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    logIndex: t.integer().notNull(),
  }),
  (table) => ({ delegator: index("delegation_delegator").on(table.delegator) }),
);

/** Votes of a delegate from a time on. */
export const votingPower = onchainTable(
  "voting_power",
  (t) => ({
    account: t.hex().notNull(),
    since: t.int8({ mode: "number" }).notNull(),
    votes: t.bigint().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    transaction: t.hex().notNull(),
  }),
  (table) => ({ key: primaryKey({ columns: [table.account, table.since] }) }),
);

/** Supply of the token from a time on: what a quorum is a share of. */
export const tokenSupply = onchainTable("token_supply", (t) => ({
  since: t.int8({ mode: "number" }).primaryKey(),
  supply: t.bigint().notNull(),
}));

/** Share of the supply that a quorum needs from a time on, in percent. */
export const quorumShare = onchainTable("quorum_share", (t) => ({
  since: t.int8({ mode: "number" }).primaryKey(),
  percent: t.integer().notNull(),
}));

/** Settings of governor, timelock and token's voting as they are now, by name. */
export const governanceSetting = onchainTable("governance_setting", (t) => ({
  name: t.text().primaryKey(),
  value: t.text().notNull(),
  since: t.int8({ mode: "number" }).notNull(),
  transaction: t.hex().notNull(),
}));

/** Who holds which role of the AccessManager or the timelock. */
export const roleHolder = onchainTable(
  "role_holder",
  (t) => ({
    contract: t.text().$type<RoleContract>().notNull(),
    /** Number of the AccessManager's role; name of the timelock's, or its hash where it has none. */
    role: t.text().notNull(),
    account: t.hex().notNull(),
    /** Seconds that this holder must wait between announcing a call and making it. */
    delay: t.int8({ mode: "number" }).notNull(),
    since: t.int8({ mode: "number" }).notNull(),
  }),
  (table) => ({ key: primaryKey({ columns: [table.contract, table.role, table.account] }) }),
);

/** Functions that a role other than the admin's may call. */
export const roleFunction = onchainTable(
  "role_function",
  (t) => ({
    target: t.hex().notNull(),
    selector: t.hex().notNull(),
    role: t.text().notNull(),
  }),
  (table) => ({ key: primaryKey({ columns: [table.target, table.selector] }) }),
);

/** What was labelled, granted, revoked and assigned, in the order of the chain. */
export const roleEvent = onchainTable(
  "role_event",
  (t) => ({
    id: t.text().primaryKey(),
    contract: t.text().$type<RoleContract>().notNull(),
    kind: t.text().$type<"labelled" | "granted" | "revoked" | "assigned">().notNull(),
    role: t.text().notNull(),
    account: t.hex(),
    label: t.text(),
    target: t.hex(),
    selector: t.hex(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    logIndex: t.integer().notNull(),
  }),
  (table) => ({ order: index("role_event_order").on(table.block, table.logIndex) }),
);

/** What the guardian did, and what governance did with it. */
export const guardianEvent = onchainTable(
  "guardian_event",
  (t) => ({
    id: t.text().primaryKey(),
    kind: t
      .text()
      .$type<"tripped" | "paused" | "vetoed" | "appointed" | "dismissed" | "renewed">()
      .notNull(),
    holder: t.hex().notNull(),
    feed: t.text(),
    target: t.hex(),
    proposal: t.bigint(),
    /** End of the pause or of the term. */
    until: t.int8({ mode: "number" }),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    logIndex: t.integer().notNull(),
  }),
  (table) => ({ order: index("guardian_event_order").on(table.block, table.logIndex) }),
);

/** One call of a proposal. The value is a decimal string, in wei. */
export interface ProposalAction {
  readonly target: string;
  readonly value: string;
  readonly calldata: string;
}

/** The last thing that was done with a proposal. */
export type ProposalStep = "created" | "queued" | "executed" | "cancelled";

/** Side of a vote. */
export type VoteSupport = "against" | "for" | "abstain";

/** Contract that keeps a role. */
export type RoleContract = "accessManager" | "timelock";
