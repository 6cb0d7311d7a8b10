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
import type { OperatorKeys } from "./signing/keys.ts";
import { parseKeys } from "./signing/keys.ts";

/** The chain on which recorded or invented prices may be published: a local one. */
const LOCAL_CHAIN_ID = 31337;

const milliseconds = (byDefault: number): z.ZodDefault<z.ZodInt> =>
  z.int().min(10).max(60_000).default(byDefault);

const timingSchema = z.strictObject({
  /** For a peer's observation. */
  observeMs: milliseconds(250),
  /** For the others, once a quorum has answered. */
  graceMs: milliseconds(100),
  nonceMs: milliseconds(200),
  signMs: milliseconds(400),
  /** For a whole round; the next slot has another leader. */
  roundMs: milliseconds(950),
  /** A report that is not on chain after this is submitted by every operator that holds it. */
  handoverMs: milliseconds(3_000),
  /** A report that is not on chain after this is forgotten, its feeds are due again. */
  reportTimeoutMs: milliseconds(8_000),
});

const pricesSchema = z.discriminatedUnion("mode", [
  z.strictObject({
    mode: z.literal("live"),
    venues: z.array(z.string().min(1)).min(1).optional(),
  }),
  z.strictObject({
    mode: z.literal("replay"),
    dir: z.string().min(1),
    speed: z.number().positive().max(100_000),
    startedAtMs: z.int().positive(),
  }),
  z.strictObject({
    mode: z.literal("simulator"),
    seed: z.union([z.string().min(1), z.int()]),
  }),
]);

/** Configuration file of an operator process. */
export const feedConfigSchema = z
  .strictObject({
    chainId: z.int().positive(),
    rpcUrls: rpcUrlsSchema,
    contracts: z.strictObject({ priceFeeds: addressSchema, operators: addressSchema }),
    /** JSON {secp256k1, grumpkin}, readable by its owner alone. */
    keyFile: z.string().min(1),
    /** Where the keys that replace them are put meanwhile; looked for every minute, and at once when the set has no others. */
    nextKeyFile: z.string().min(1).optional(),
    /** The registered account. Its key is not needed here: this process sends no transactions. */
    account: addressSchema,
    /** Where peers reach this operator; what Operators says must lead here. */
    listen: listenSchema,
    metrics: listenSchema,
    prices: pricesSchema,
    timing: timingSchema.prefault({}),
    log: logSchema.prefault({}),
    parentPid: parentPidSchema.optional(),
  })
  .superRefine(({ chainId, prices, timing }, context) => {
    if (prices.mode !== "live" && chainId !== LOCAL_CHAIN_ID) {
      context.addIssue({
        code: "custom",
        path: ["prices", "mode"],
        message: `"${prices.mode}" is allowed on chain ${LOCAL_CHAIN_ID} only, not on ${chainId}; use "live"`,
      });
    }
    if (timing.handoverMs >= timing.reportTimeoutMs) {
      context.addIssue({
        code: "custom",
        path: ["timing", "handoverMs"],
        message: "must be below reportTimeoutMs",
      });
    }
  });

/** An operator's configuration, checked and completed. */
export type FeedConfig = z.output<typeof feedConfigSchema>;

/** The configuration with the secrets that it points to. */
export interface FeedSettings {
  readonly config: FeedConfig;
  readonly keys: OperatorKeys;
  readonly databaseUrl: string;
}

/**
 * Reads configuration file, key file and environment.
 * @throws ConfigError that says what is wrong where; secrets are not repeated.
 */
export function readFeedSettings(file: string): FeedSettings {
  const config = readConfig(feedConfigSchema as z.ZodType<FeedConfig>, file);
  return { config, keys: readKeys(config.keyFile), databaseUrl: databaseUrlFromEnv() };
}

/**
 * Reads a key file.
 * @throws ConfigError that says what is wrong; the secrets are not repeated.
 */
export function readKeys(file: string): OperatorKeys {
  const content = readSecretJson(file);
  try {
    return parseKeys(content);
  } catch (error) {
    throw new ConfigError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
