import { SigningKey, Wallet } from "ethers";
import { z } from "zod";

import {
  addressSchema,
  ConfigError,
  databaseUrlFromEnv,
  listenSchema,
  logSchema,
  parentPidSchema,
  readConfig,
  readSecretJson,
  rpcUrlsSchema,
} from "../shared/config.ts";
import { readProgram, type Program } from "./program.ts";

const LOCAL_CHAIN_ID = 31337;
const MAX_URI_BYTES = 256;
const HASH_PLACE = "{hash}";
const HASH_CHARACTERS = 66;

const common = {
  chainId: z.int().positive(),
  rpcUrls: rpcUrlsSchema,
  contracts: z.strictObject({
    payoutDistributor: addressSchema,
    /** Of the distributor's deployment. */
    startBlock: z.int().min(0).default(0),
  }),
  programFile: z.string().min(1),
  /** Publications are kept here. */
  folder: z.string().min(1),
  /** Base URLs that publications of others may be fetched from. */
  mirrors: z
    .array(z.url({ protocol: /^https?$/, error: "must be an http or https URL" }))
    .default([]),
  /**
   * Where holdings come from: the chain's logs, read by this process alone, or the tables of an index in the database that
   * DATABASE_URL names. Approvers are independent of the index with the first.
   */
  holdings: z.enum(["logs", "index"]).default("logs"),
  /** Blocks after which one counts as final; 1 on the local chain, else 64. */
  confirmations: z.int().min(1).max(10_000).optional(),
  crossCheck: z
    .strictObject({
      /** Up to so many holders all balances are compared. */
      all: z.int().min(0).default(2_000),
      /** Of more, so many. */
      sample: z.int().min(1).default(1_000),
    })
    .prefault({}),
  /** Between looks at the chain; 500 on the local chain, else 5,000. */
  pollMs: z.int().min(20).max(600_000).optional(),
  maxAttempts: z.int().min(1).max(100).default(20),
  metrics: listenSchema,
  log: logSchema.prefault({}),
  parentPid: parentPidSchema.optional(),
};

/** Schema of the payout keeper's configuration file. */
export const payoutConfigSchema = z.discriminatedUnion("role", [
  z.strictObject({
    role: z.literal("proposer"),
    ...common,
    /** The relayer's account with the proposer role. */
    sender: addressSchema,
    /** Where others find a publication; {hash} stands for its hash. */
    uri: z
      .string()
      .refine((uri) => uri.includes(HASH_PLACE), `must contain ${HASH_PLACE}`)
      .refine(
        (uri) => Buffer.byteLength(uri) - HASH_PLACE.length + HASH_CHARACTERS <= MAX_URI_BYTES,
        `must be at most ${MAX_URI_BYTES} bytes with the hash`,
      ),
  }),
  z.strictObject({
    role: z.literal("approver"),
    ...common,
    /** JSON {payouts: 32 bytes in hex}, readable by its owner alone. */
    keyFile: z.string().min(1),
  }),
  z.strictObject({
    role: z.literal("watcher"),
    ...common,
    /** The relayer's account with the watcher role. */
    sender: addressSchema,
    /** A proposal without a file is disputed so long before its challenge window ends. */
    unpublishedSeconds: z.int().min(1).default(600),
  }),
]);

/** A payout keeper's configuration, checked and completed. */
export type PayoutConfig = z.output<typeof payoutConfigSchema>;

/** The configuration with the files that it points to. */
export interface PayoutSettings {
  readonly config: PayoutConfig;
  readonly program: Program;
  /** The approver's; null for the other roles. */
  readonly wallet: Wallet | null;
  readonly databaseUrl: string;
  readonly confirmations: number;
  readonly pollMs: number;
}

/**
 * Reads configuration file, program, key file and environment.
 * @throws ConfigError that says what is wrong where; secrets are not repeated
 */
export function readPayoutSettings(file: string): PayoutSettings {
  const config = readConfig(payoutConfigSchema as z.ZodType<PayoutConfig>, file);
  const isLocal = config.chainId === LOCAL_CHAIN_ID;
  return {
    config,
    program: readProgram(config.programFile),
    wallet: config.role === "approver" ? readApproverKey(config.keyFile) : null,
    databaseUrl: databaseUrlFromEnv(),
    confirmations: config.confirmations ?? (isLocal ? 1 : 64),
    pollMs: config.pollMs ?? (isLocal ? 500 : 5_000),
  };
}

/**
 * Reads an approver's key from its file.
 * @throws ConfigError that names the file and the mistake, never the key
 */
export function readApproverKey(file: string): Wallet {
  const keySchema = z.strictObject({ payouts: z.string().regex(/^0x[0-9a-fA-F]{64}$/) });
  const parsed = keySchema.safeParse(readSecretJson(file));
  if (!parsed.success) {
    throw new ConfigError(
      `${file}: must be {"payouts": "0x…"} with 32 bytes in hex and nothing else.`,
    );
  }
  try {
    return new Wallet(new SigningKey(parsed.data.payouts));
  } catch {
    throw new ConfigError(
      `${file}: payouts is not a secret key: it must be in [1, n) of secp256k1.`,
    );
  }
}

/** @returns where a publication is found */
export function uriOf(template: string, dataHash: string): string {
  return template.replaceAll(HASH_PLACE, dataHash);
}

/** A configuration that works on the local chain, for --help. */
export const exampleConfig = `{
  "role": "proposer",
  "chainId": 31337,
  "rpcUrls": ["http://127.0.0.1:8545"],
  "contracts": { "payoutDistributor": "0x5fbdb2315678afecb367f032d93f642f64180aa3", "startBlock": 0 },
  "programFile": "program.json",
  "folder": "payouts",
  "sender": "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
  "uri": "http://127.0.0.1:8550/payouts/data/{hash}.json",
  "metrics": { "host": "127.0.0.1", "port": 8562 },
  "log": { "level": "info" }
}`;
