import { availableParallelism } from "node:os";

import { getBytes } from "ethers";
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
import { openProvingKey, type ProvingKey } from "./prove.ts";

const LOCAL_CHAIN_ID = 31337;
const MAX_DEFAULT_THREADS = 4;

const timingSchema = z.strictObject({
  /** Between looks at the chain and the index; 200 on the local chain, else 1,000. */
  pollMs: z.int().min(20).max(60_000).optional(),
  /** Of a block, to turn deadlines into times; 1,000 on the local chain, else 12,000. */
  blockTimeMs: z.int().min(100).max(600_000).optional(),
  /** A job that is not finished by then is given to another process. */
  jobExpireSeconds: z.int().min(2).max(600).default(5),
});

const batchSchema = z.strictObject({
  /** Fulfilments of one transaction; 1 sends each alone. */
  maxItems: z.int().min(1).max(100).default(20),
  /** Gas limit of a transaction with several; EIP-7825 allows 16.7 million. */
  maxGas: z.int().min(100_000).max(16_000_000).default(6_000_000),
  /** A callback that may burn more than this is sent alone. */
  maxCallbackGas: z.int().min(0).max(30_000_000).default(500_000),
});

/** Schema of the VRF keeper's configuration file. */
export const vrfConfigSchema = z.strictObject({
  chainId: z.int().positive(),
  rpcUrls: rpcUrlsSchema,
  contracts: z.strictObject({ vrfCoordinator: addressSchema }),
  /** JSON {vrf: 32 bytes in hex}, readable by its owner alone. */
  keyFile: z.string().min(1),
  /** API of the index, for /head; its tables are read from the database. */
  indexUrl: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }),
  /** Schema of the index's views. */
  indexSchema: z
    .string()
    .regex(/^[a-z_][a-z0-9_]*$/)
    .default("chain"),
  metrics: listenSchema,
  timing: timingSchema.prefault({}),
  batch: batchSchema.prefault({}),
  /** Threads that prove; one for each core, at most four, unless given. */
  proofThreads: z.int().min(1).max(64).optional(),
  /** Deliveries of a request before it is given up. */
  maxAttempts: z.int().min(1).max(50).default(5),
  /** For how long finished jobs are kept. */
  archiveDays: z.int().min(1).max(365).default(7),
  log: logSchema.prefault({}),
  parentPid: parentPidSchema.optional(),
});

/** A VRF keeper's configuration, checked and completed. */
export type VrfConfig = z.output<typeof vrfConfigSchema>;

/** The configuration with the secrets that it points to. */
export interface VrfSettings {
  readonly config: VrfConfig;
  readonly key: ProvingKey;
  /** Of the key, 32 bytes; for the threads that prove, and for no log. */
  readonly secret: Uint8Array;
  readonly proofThreads: number;
  readonly databaseUrl: string;
  readonly pollMs: number;
  readonly blockTimeMs: number;
}

/**
 * Reads configuration file, key file and environment.
 * @throws ConfigError that says what is wrong where; secrets are not repeated
 */
export function readVrfSettings(file: string): VrfSettings {
  const config = readConfig(vrfConfigSchema as z.ZodType<VrfConfig>, file);
  const isLocal = config.chainId === LOCAL_CHAIN_ID;
  return {
    config,
    ...openKeyFile(config.keyFile),
    proofThreads: config.proofThreads ?? Math.min(MAX_DEFAULT_THREADS, availableParallelism()),
    databaseUrl: databaseUrlFromEnv(),
    pollMs: config.timing.pollMs ?? (isLocal ? 200 : 1_000),
    blockTimeMs: config.timing.blockTimeMs ?? (isLocal ? 1_000 : 12_000),
  };
}

/**
 * Reads a proving key from its file.
 * @throws ConfigError that names the file and the mistake, never the key
 */
export function readProvingKey(file: string): ProvingKey {
  return openKeyFile(file).key;
}

function openKeyFile(file: string): { key: ProvingKey; secret: Uint8Array } {
  const keySchema = z.strictObject({
    vrf: z.string().regex(/^0x[0-9a-fA-F]{64}$/),
  });
  const parsed = keySchema.safeParse(readSecretJson(file));
  if (!parsed.success) {
    throw new ConfigError(`${file}: must be {"vrf": "0x…"} with 32 bytes in hex and nothing else.`);
  }
  try {
    const secret = getBytes(parsed.data.vrf);
    return { key: openProvingKey(secret), secret };
  } catch {
    throw new ConfigError(`${file}: vrf is not a secret key: it must be in [1, n) of secp256k1.`);
  }
}

/** A configuration that works on the local chain, for --help. */
export const exampleConfig = `{
  "chainId": 31337,
  "rpcUrls": ["http://127.0.0.1:8545"],
  "contracts": { "vrfCoordinator": "0x5fbdb2315678afecb367f032d93f642f64180aa3" },
  "keyFile": "vrf.key.json",
  "indexUrl": "http://127.0.0.1:8550",
  "metrics": { "host": "127.0.0.1", "port": 8561 },
  "batch": { "maxItems": 20, "maxGas": 6000000, "maxCallbackGas": 500000 },
  "log": { "level": "info" }
}`;
