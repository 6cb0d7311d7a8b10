import { index, onchainTable, primaryKey } from "ponder";

// Ponder takes every table from this file.
export * from "./schema/governance.ts";
export * from "./schema/operators.ts";
export * from "./schema/payouts.ts";
export * from "./schema/proofs.ts";

// Slots, times and block numbers are unix seconds and counts below 2^53: int8 read as numbers. Prices, keys and
// gas prices are bigint. Feed ids are the readable name ("BTC/USD").

/** One row a feed: its latest state and parameters, equal to `PriceFeeds.feed` and `params` at the indexed block. */
export const feed = onchainTable("feed", (t) => ({
  id: t.text().primaryKey(),
  feedId: t.hex().notNull(),
  /** Stored status; a feed that is silent beyond `dormancy` still says what it was before. */
  status: t.text().$type<FeedStatus>().notNull(),
  answer: t.bigint().notNull(),
  average: t.bigint().notNull(),
  round: t.int8({ mode: "number" }).notNull(),
  updatedAt: t.int8({ mode: "number" }).notNull(),
  lastReportAt: t.int8({ mode: "number" }).notNull(),
  trippedUntil: t.int8({ mode: "number" }).notNull(),
  /** The suspension follows a trip: any answer counts, none is measured against the average. */
  afterTrip: t.boolean().notNull(),
  /** Set that signed the latest round, null before the first. */
  setId: t.int8({ mode: "number" }),
  signers: t.hex().array().notNull(),
  transaction: t.hex(),
  gasUsed: t.int8({ mode: "number" }),
  gasPerFeed: t.int8({ mode: "number" }),
  params: t.json().$type<FeedParams>().notNull(),
  createdAtBlock: t.int8({ mode: "number" }).notNull(),
}));

/** Every published answer. */
export const round = onchainTable(
  "round",
  (t) => ({
    feed: t.text().notNull(),
    round: t.int8({ mode: "number" }).notNull(),
    answer: t.bigint().notNull(),
    slot: t.int8({ mode: "number" }).notNull(),
    setId: t.int8({ mode: "number" }).notNull(),
    /** Bit i is operator i of the set. */
    signerBits: t.int8({ mode: "number" }).notNull(),
    signers: t.hex().array().notNull(),
    /** Number of operators' values under the median. */
    values: t.integer().notNull(),
    report: t.text().notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    /** Gas of the whole transaction, and the equal share of it that falls to this entry. */
    gasUsed: t.int8({ mode: "number" }).notNull(),
    gasPerFeed: t.int8({ mode: "number" }).notNull(),
  }),
  (table) => ({
    key: primaryKey({ columns: [table.feed, table.round] }),
    slot: index("round_slot").on(table.feed, table.slot),
  }),
);

/** Every accepted report, also those whose entries were all held back by the breaker. */
export const report = onchainTable(
  "report",
  (t) => ({
    /** Transaction hash and log index, joined by "-". */
    id: t.text().primaryKey(),
    setId: t.int8({ mode: "number" }).notNull(),
    slot: t.int8({ mode: "number" }).notNull(),
    signerBits: t.int8({ mode: "number" }).notNull(),
    signers: t.hex().array().notNull(),
    observationRoot: t.hex().notNull(),
    entries: t.json().$type<ReportRowEntry[]>().notNull(),
    transaction: t.hex().notNull(),
    sender: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    gasUsed: t.int8({ mode: "number" }).notNull(),
    gasPriceWei: t.bigint().notNull(),
  }),
  (table) => ({ slot: index("report_slot").on(table.slot) }),
);

/** Changes of the breaker, in the order of the chain. */
export const breakerEvent = onchainTable(
  "breaker_event",
  (t) => ({
    id: t.text().primaryKey(),
    feed: t.text().notNull(),
    kind: t.text().$type<"suspended" | "resumed" | "tripped" | "reset">().notNull(),
    slot: t.int8({ mode: "number" }),
    answer: t.bigint(),
    average: t.bigint(),
    /** End of a trip, unix seconds. */
    until: t.int8({ mode: "number" }),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    logIndex: t.integer().notNull(),
  }),
  (table) => ({ order: index("breaker_event_feed").on(table.feed, table.block, table.logIndex) }),
);

/** Parameters that a feed was given, when it was created and at each change. */
export const feedChange = onchainTable(
  "feed_change",
  (t) => ({
    id: t.text().primaryKey(),
    feed: t.text().notNull(),
    kind: t.text().$type<"created" | "changed">().notNull(),
    params: t.json().$type<FeedParams>().notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    logIndex: t.integer().notNull(),
  }),
  (table) => ({ order: index("feed_change_feed").on(table.feed, table.block, table.logIndex) }),
);

/** Registered operators. */
export const operator = onchainTable("operator", (t) => ({
  account: t.hex().primaryKey(),
  keyX: t.bigint().notNull(),
  keyY: t.bigint().notNull(),
  proofX: t.bigint().notNull(),
  proofY: t.bigint().notNull(),
  endpoint: t.text().notNull(),
  active: t.boolean().notNull(),
  /** Index in the registry's active list, which a set takes over when it is synced. */
  index: t.integer(),
  /** Why it is active, if it is. */
  seat: t.text().$type<OperatorSeat>().notNull(),
  /** When what it announced is due, 0 when nothing is: taking a seat by stake, leaving, new keys. */
  joinsAt: t.int8({ mode: "number" }).notNull(),
  leavesAt: t.int8({ mode: "number" }).notNull(),
  keysChangeAt: t.int8({ mode: "number" }).notNull(),
  registeredAtBlock: t.int8({ mode: "number" }).notNull(),
  registeredAt: t.int8({ mode: "number" }).notNull(),
  transaction: t.hex().notNull(),
}));

/** Endpoints that operators announced after their registration. */
export const endpointChange = onchainTable("endpoint_change", (t) => ({
  id: t.text().primaryKey(),
  account: t.hex().notNull(),
  endpoint: t.text().notNull(),
  transaction: t.hex().notNull(),
  block: t.int8({ mode: "number" }).notNull(),
  blockTime: t.int8({ mode: "number" }).notNull(),
}));

/** Lists of active operators that governance chose. */
export const activeOperators = onchainTable("active_operators", (t) => ({
  version: t.int8({ mode: "number" }).primaryKey(),
  accounts: t.hex().array().notNull(),
  transaction: t.hex().notNull(),
  block: t.int8({ mode: "number" }).notNull(),
  blockTime: t.int8({ mode: "number" }).notNull(),
}));

/** Configurations that reports are signed under. */
export const operatorSet = onchainTable("operator_set", (t) => ({
  setId: t.int8({ mode: "number" }).primaryKey(),
  blob: t.hex().notNull(),
  since: t.int8({ mode: "number" }).notNull(),
  quorum: t.integer().notNull(),
  operatorsVersion: t.int8({ mode: "number" }).notNull(),
  /** By signer bit. */
  operators: t.hex().array().notNull(),
  /** By feed index. */
  feeds: t.text().array().notNull(),
  transaction: t.hex().notNull(),
  block: t.int8({ mode: "number" }).notNull(),
  blockTime: t.int8({ mode: "number" }).notNull(),
}));

/** Parameters of each feed in each set: a report is judged by those of its own set. */
export const setParams = onchainTable(
  "set_params",
  (t) => ({
    setId: t.int8({ mode: "number" }).notNull(),
    feed: t.text().notNull(),
    params: t.json().$type<FeedParams>().notNull(),
  }),
  (table) => ({ key: primaryKey({ columns: [table.setId, table.feed] }) }),
);

/** Every request for random words; its fields are those that a fulfilment must repeat. */
export const vrfRequest = onchainTable(
  "vrf_request",
  (t) => ({
    id: t.bigint().primaryKey(),
    keyHash: t.hex().notNull(),
    subId: t.bigint().notNull(),
    /** The consumer, which is called back. */
    sender: t.hex().notNull(),
    callbackGasLimit: t.int8({ mode: "number" }).notNull(),
    numWords: t.integer().notNull(),
    /** Blocks that must follow the request's before it may be fulfilled. */
    confirmations: t.integer().notNull(),
    /** Terms that it was made under, packed as the contract packs them; the next three columns are parts of it, in wei. */
    terms: t.bigint().notNull(),
    /** Set aside by the subscription. */
    reserve: t.bigint().notNull(),
    /** The operator's fee beside the gas. */
    premium: t.bigint().notNull(),
    /** What a refund takes from the key's bond for the subscription. */
    bondShare: t.bigint().notNull(),
    extraArgs: t.hex().notNull(),
    status: t.text().$type<VrfStatus>().notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockHash: t.hex().notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    logIndex: t.integer().notNull(),
    // What ended it; null while it is pending, and beyond these three null unless it was fulfilled.
    endBlock: t.int8({ mode: "number" }),
    endTime: t.int8({ mode: "number" }),
    endTransaction: t.hex(),
    /** Whether the consumer's callback went through. */
    success: t.boolean(),
    /** Wei that the subscription paid. */
    payment: t.bigint(),
    /** Output of the proof, from which the words follow. */
    outputSeed: t.bigint(),
    /** Gas of the whole transaction, which may have fulfilled others too. */
    gasUsed: t.int8({ mode: "number" }),
  }),
  (table) => ({
    order: index("vrf_request_order").on(table.block, table.logIndex),
    status: index("vrf_request_status").on(table.status, table.block, table.logIndex),
    subscription: index("vrf_request_sub").on(table.subId, table.block, table.logIndex),
  }),
);

/** Requests that ended past their deadline. */
export const vrfRefund = onchainTable("vrf_refund", (t) => ({
  requestId: t.bigint().primaryKey(),
  subId: t.bigint().notNull(),
  /** Wei that went back to the subscription: the reserve, and the operator's bond. */
  reserve: t.bigint().notNull(),
  bond: t.bigint().notNull(),
  transaction: t.hex().notNull(),
  block: t.int8({ mode: "number" }).notNull(),
  blockTime: t.int8({ mode: "number" }).notNull(),
}));

/** Subscriptions, cancelled ones included. */
export const vrfSubscription = onchainTable("vrf_subscription", (t) => ({
  id: t.bigint().primaryKey(),
  owner: t.hex().notNull(),
  /** Account that the ownership was offered to, null when it was not. */
  pendingOwner: t.hex(),
  /** Wei that no pending request reserves, equal to what the contract answers. */
  balance: t.bigint().notNull(),
  /** Wei that it owes to an operator for fulfilments and that nobody has collected. */
  owed: t.bigint().notNull(),
  consumers: t.hex().array().notNull(),
  /** Requests that are neither fulfilled nor refunded. */
  pending: t.integer().notNull(),
  requests: t.int8({ mode: "number" }).notNull(),
  cancelled: t.boolean().notNull(),
  createdAtBlock: t.int8({ mode: "number" }).notNull(),
}));

/** Proving keys that governance registered, deregistered ones included. */
export const vrfKey = onchainTable("vrf_key", (t) => ({
  keyHash: t.hex().primaryKey(),
  operator: t.hex().notNull(),
  x: t.bigint().notNull(),
  y: t.bigint().notNull(),
  active: t.boolean().notNull(),
  /** Terms of its next request, in wei: ceiling of the gas price, fee beside the gas, bond that a refund costs. */
  maxGasPrice: t.bigint().notNull(),
  premium: t.bigint().notNull(),
  bondShare: t.bigint().notNull(),
  /** Wei that it has collected and not withdrawn, and its bond. */
  rewards: t.bigint().notNull(),
  bond: t.bigint().notNull(),
  /** Wei of the bond whose withdrawal is announced, and the first block in which it can be taken; 0 without one. */
  withdrawing: t.bigint().notNull(),
  withdrawableFrom: t.int8({ mode: "number" }).notNull(),
  registeredAtBlock: t.int8({ mode: "number" }).notNull(),
  transaction: t.hex().notNull(),
}));

/** Items of batches that were left out, while their request stayed as it was. */
export const vrfSkip = onchainTable(
  "vrf_skip",
  (t) => ({
    id: t.text().primaryKey(),
    requestId: t.bigint().notNull(),
    /** What the contract would have reverted with. */
    reason: t.hex().notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
  }),
  (table) => ({ request: index("vrf_skip_request").on(table.requestId) }),
);

/** Where a request for random words stands. */
export type VrfStatus = "pending" | "fulfilled" | "refunded";

/** Why an operator is active: by governance's choice, by its stake, or not at all. */
export type OperatorSeat = "none" | "governance" | "stake";

/** Stored status of a feed; Dormant is computed by readers. */
export type FeedStatus = "empty" | "live" | "suspended" | "tripped";

/** Parameters as in the contract: times in seconds, widths in basis points. */
export interface FeedParams {
  readonly heartbeat: number;
  readonly deviationBps: number;
  readonly cosignToleranceBps: number;
  readonly bandBps: number;
  readonly tau: number;
  readonly cooldown: number;
  readonly minReports: number;
  readonly dormancy: number;
  readonly minVenues: number;
  readonly history: number;
}

/** One entry of a report. The answer is a decimal string, 8 decimals. */
export interface ReportRowEntry {
  readonly feed: string;
  readonly values: number;
  readonly answer: string;
  readonly published: boolean;
}
