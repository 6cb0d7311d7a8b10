import { z } from "zod";

import { addressSchema, logSchema, parentPidSchema, readConfig } from "../keepers/shared/config.ts";

const MIN_POLLING_MS = 100;

const hexAddress = addressSchema.transform((address): `0x${string}` => `0x${address.slice(2)}`);

const schema = z.strictObject({
  chainId: z.int().positive(),
  rpcUrl: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }),
  contracts: z.strictObject({
    operators: hexAddress,
    priceFeeds: hexAddress,
    /** Absent where no randomness is deployed: then only feeds are indexed. */
    vrfCoordinator: hexAddress.optional(),
    /** Absent where named accounts govern. */
    governance: z
      .strictObject({
        accessManager: hexAddress,
        governor: hexAddress,
        guardian: hexAddress,
        timelock: hexAddress,
        token: hexAddress,
        operatorStake: hexAddress,
        slashing: hexAddress,
        operatorRewards: hexAddress,
      })
      .optional(),
    /** Absent where nothing is paid out. */
    payouts: z
      .strictObject({
        distributor: hexAddress,
        /** Tokens whose holders are paid: all their transfers are indexed. */
        tokens: z
          .array(hexAddress)
          .min(1)
          .refine((tokens) => new Set(tokens).size === tokens.length, "names a token twice"),
        /** Before the first transfer of any of them; that of all contracts unless given. */
        startBlock: z.int().min(0).optional(),
      })
      .optional(),
    /** Absent where no proofs are verified. */
    proofs: z
      .strictObject({ priceAttestations: hexAddress, traderRegistry: hexAddress })
      .optional(),
    /** Block of the first deployment. */
    startBlock: z.int().min(0),
  }),
  /** Where the API listens. */
  host: z.string().min(1).default("127.0.0.1"),
  port: z.int().min(1).max(65_535),
  /** Folder of published payouts, which the API serves; absent where there are none. */
  payoutsFolder: z.string().min(1).optional(),
  /** Folder for the record of the running process. */
  stateDir: z.string().min(1),
  /** 200 by default on a local chain, else 1,000. */
  pollingIntervalMs: z.int().min(MIN_POLLING_MS).max(60_000).optional(),
  /** Requests a second that the RPC endpoint is good for; 200 by default on a local chain, else 20. */
  maxRequestsPerSecond: z.int().min(1).max(1_000).optional(),
  log: logSchema.default({ level: "info" }),
  parentPid: parentPidSchema.optional(),
});

/** Configuration of the indexer's launcher. */
export type IndexerConfig = z.infer<typeof schema>;

/**
 * Reads the launcher's configuration.
 *
 * @param file Path of the JSON file.
 * @throws ConfigError that lists every mistake.
 */
export function readIndexerConfig(file: string): IndexerConfig {
  return readConfig(schema, file);
}

/** Environment that Ponder inherits: search path, locale, proxies. Not PORT, which it would obey before its arguments. */
export function inheritedEnvironment(): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  delete environment["PORT"];
  return environment;
}
