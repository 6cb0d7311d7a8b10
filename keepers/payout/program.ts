import { z } from "zod";

import { addressSchema, readConfig } from "../shared/config.ts";
import { canonicalJson, hashOf } from "./canonical.ts";

/** The contract counts amounts in 96 bits. */
const MAX_AMOUNT = 2n ** 96n - 1n;
const MAX_BPS = 10_000;
const MAX_WINNERS = 10_000;

const amountSchema = z
  .string()
  .regex(/^(0|[1-9]\d{0,77})$/, "must be a whole number of the token's smallest unit, as a string")
  .transform((digits) => BigInt(digits));

const bps = z.int().min(1).max(MAX_BPS);
const hours = z.int().min(1).max(87_600);
const block = z.int().min(0);

const ruleSchema = z.discriminatedUnion("kind", [
  /** By what is held at the snapshot block. */
  z.strictObject({ kind: z.literal("proRata") }),
  /** By what was held over the epoch's 24 hours: balance × seconds. */
  z.strictObject({ kind: z.literal("timeWeighted") }),
  /** The same for each. */
  z.strictObject({ kind: z.literal("flat") }),
  /** Each account weighs what the highest tier that its balance reaches says; below the lowest it gets nothing. */
  z.strictObject({
    kind: z.literal("tiers"),
    tiers: z
      .array(z.strictObject({ from: amountSchema, weight: z.int().min(1).max(1_000_000_000) }))
      .min(1)
      .max(100)
      .refine(
        (tiers) => tiers.every(({ from }, i) => i === 0 || from > tiers[i - 1]!.from),
        "must be in strictly ascending order of from",
      ),
  }),
  /** The pool goes to accounts that are drawn with the VRF's words. */
  z.strictObject({
    kind: z.literal("raffle"),
    weighting: z.enum(["equal", "balance", "timeWeighted"]),
    /** Weights of the prizes, in the order in which they are drawn; as many accounts are drawn. */
    prizes: z.array(z.int().min(1).max(1_000_000_000)).min(1).max(MAX_WINNERS),
    /** The words are those of the consumer's first request after the snapshot that is fulfilled. */
    randomness: z.strictObject({ coordinator: addressSchema, consumer: addressSchema }),
  }),
]);

const checksSchema = z.strictObject({
  /** An account that held nothing before so many hours gets at least this share of the pool. */
  suddenHolder: z.strictObject({ maxAgeHours: hours, minShareBps: bps }).optional(),
  /** So many accounts that are this new hold this little each. */
  dustFarming: z
    .strictObject({ maxBalance: amountSchema, maxAgeHours: hours, minAccounts: z.int().min(2) })
    .optional(),
  /** So many accounts got their first tokens from one sender, and get this share of the pool together. */
  commonFunder: z
    .strictObject({
      minAccounts: z.int().min(2),
      minShareBps: bps,
      /** Senders that fund many for a good reason: exchanges, a sale. */
      knownFunders: z.array(addressSchema).default([]),
    })
    .optional(),
  /** An account gets more than so many times what it got the day before, or so many times more accounts are paid. */
  jump: z.strictObject({ factor: z.int().min(2).max(1_000), minAmount: amountSchema }).optional(),
});

/** Schema of a program file. */
export const programSchema = z.strictObject({
  name: z.string().min(1).max(100),
  /** What is paid; the zero address is the native coin. */
  token: addressSchema,
  /** First day (UTC): its 24 hours begin at `epochHour`. */
  startDay: z.iso.date("must be a day like 2026-11-01"),
  /** Hour (UTC) at which a day's 24 hours begin and end. */
  epochHour: z.int().min(0).max(23),
  /** Days that are paid; absent: without end. */
  days: z.int().min(1).max(36_500).optional(),
  /** The distributor's epoch that pays for the first day. */
  firstEpoch: z.int().min(1).default(1),
  poolPerDay: amountSchema.refine(
    (amount) => amount > 0n && amount <= MAX_AMOUNT,
    "must be above 0 and below 2^96",
  ),
  /** Who can be paid: whoever a transfer of a token ever went to, or a list. */
  participants: z.discriminatedUnion("source", [
    z.strictObject({
      source: z.literal("transfers"),
      token: addressSchema,
      fromBlock: block.default(0),
    }),
    z.strictObject({
      source: z.literal("list"),
      accounts: z
        .array(addressSchema)
        .min(1)
        .max(1_000_000)
        .refine(isSet, "names an account twice"),
    }),
  ]),
  /** The token whose balances count. */
  holdings: z.strictObject({ token: addressSchema, fromBlock: block.default(0) }),
  rule: ruleSchema,
  exclusions: z
    .array(z.strictObject({ account: addressSchema, reason: z.string().min(1).max(200) }))
    .default([])
    .refine((list) => isSet(list.map(({ account }) => account)), "names an account twice"),
  eligibility: z
    .strictObject({
      /** At the snapshot block. "0" also takes accounts that hold nothing, for flat rules and equal raffles. */
      minBalance: amountSchema.prefault("1"),
      /** Since the first transfer to the account. */
      minAgeHours: z.int().min(0).max(87_600).default(0),
    })
    .prefault({}),
  checks: checksSchema.prefault({}),
});

/** What is paid to whom, every day. */
export type Program = z.output<typeof programSchema>;
/** How the pool is divided. */
export type Rule = Program["rule"];

/**
 * Reads and checks a program file.
 * @throws ConfigError that names every wrong field
 */
export function readProgram(file: string): Program {
  return readConfig(programSchema as z.ZodType<Program>, file);
}

/** The program with all defaults in canonical JSON; reading it gives the same program. */
export function canonicalProgram(program: Program): string {
  return canonicalJson(program);
}

/** @returns hash that names a program: keccak256 of its canonical JSON */
export function programHash(program: Program): string {
  return hashOf(canonicalProgram(program));
}

function isSet(list: readonly string[]): boolean {
  return new Set(list).size === list.length;
}
