import { index, onchainTable, primaryKey } from "ponder";

// Prices have 8 decimals, slots are unix seconds; traders' times are unix milliseconds, profits basis points of capital.

/** Every report of which chunks were proved. */
export const attestation = onchainTable(
  "attestation",
  (t) => ({
    /** What the report's signers signed. */
    reportDigest: t.hex().primaryKey(),
    setId: t.int8({ mode: "number" }).notNull(),
    slot: t.int8({ mode: "number" }).notNull(),
    observationRoot: t.hex().notNull(),
    /** Bit i is operator i of the set. */
    signerBits: t.int8({ mode: "number" }).notNull(),
    signers: t.hex().array().notNull(),
    /** Operators whose observations are under the root. */
    includedBits: t.int8({ mode: "number" }).notNull(),
    included: t.hex().array().notNull(),
    /** Chunks of ten feeds that are proved; bit i is chunk i. */
    chunks: t.int8({ mode: "number" }).notNull(),
    /** No chunk with feeds of the report is left. */
    complete: t.boolean().notNull(),
    /** Who sent the latest proof, and its transaction. */
    sender: t.hex().notNull(),
    gasUsed: t.int8({ mode: "number" }).notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
    logIndex: t.integer().notNull(),
  }),
  (table) => ({
    slot: index("attestation_slot").on(table.slot),
    order: index("attestation_order").on(table.block, table.logIndex),
  }),
);

/** Every answer that is proved to be the median of its observations. */
export const attestedPrice = onchainTable(
  "attested_price",
  (t) => ({
    feed: t.text().notNull(),
    slot: t.int8({ mode: "number" }).notNull(),
    answer: t.bigint().notNull(),
    /** Number of operators' values under the median. */
    values: t.integer().notNull(),
    /** Number among the feed's latest attested answers; 0 where a later slot was attested before. */
    round: t.int8({ mode: "number" }).notNull(),
    reportDigest: t.hex().notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
  }),
  (table) => ({
    key: primaryKey({ columns: [table.feed, table.slot] }),
    slot: index("attested_price_slot").on(table.slot),
    report: index("attested_price_report").on(table.reportDigest),
  }),
);

/** Every period of an account and instrument that was proved. */
export const performanceRecord = onchainTable(
  "performance_record",
  (t) => ({
    account: t.hex().notNull(),
    /** Readable where it is text, for example "BTC-USD". */
    instrument: t.text().notNull(),
    /** Number of the period, from 0. */
    index: t.int8({ mode: "number" }).notNull(),
    capital: t.bigint().notNull(),
    start: t.int8({ mode: "number" }).notNull(),
    end: t.int8({ mode: "number" }).notNull(),
    /** Fills. */
    count: t.integer().notNull(),
    profitBps: t.bigint().notNull(),
    wins: t.integer().notNull(),
    closes: t.integer().notNull(),
    drawdownBps: t.int8({ mode: "number" }).notNull(),
    startCommitment: t.hex().notNull(),
    endCommitment: t.hex().notNull(),
    fillsCommitment: t.hex().notNull(),
    /** Who signed the commitment to the fills. */
    service: t.hex().notNull(),
    transaction: t.hex().notNull(),
    block: t.int8({ mode: "number" }).notNull(),
    blockTime: t.int8({ mode: "number" }).notNull(),
  }),
  (table) => ({
    key: primaryKey({ columns: [table.account, table.instrument, table.index] }),
  }),
);

/** An account over all its instruments. */
export const trader = onchainTable("trader", (t) => ({
  account: t.hex().primaryKey(),
  instruments: t.text().array().notNull(),
  periods: t.integer().notNull(),
  fills: t.int8({ mode: "number" }).notNull(),
  wins: t.int8({ mode: "number" }).notNull(),
  closes: t.int8({ mode: "number" }).notNull(),
  /** Largest of an instrument. */
  drawdownBps: t.int8({ mode: "number" }).notNull(),
  /** Sum over the instruments. */
  capital: t.bigint().notNull(),
  /** Sum of profit times capital; over the capital it is the profit of all instruments together. */
  realizedBps: t.bigint().notNull(),
  /** Earliest start. */
  start: t.int8({ mode: "number" }).notNull(),
}));
