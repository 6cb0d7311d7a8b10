import { parseUnits } from "ethers";
import { z } from "zod";
import { listenSchema, logSchema, parentPidSchema, rpcUrlsSchema } from "../shared/config.ts";
import type { Settings } from "./model.ts";
import type { QuarantineSettings } from "./quarantine.ts";
import { strategies } from "./schedule.ts";
import type { TreasuryRules } from "./treasury.ts";
import type { TipSettings } from "./watch.ts";

const gwei = z
  .number()
  .positive()
  .max(1_000_000)
  .transform((value) => parseUnits(value.toFixed(9), "gwei"));

const feesSchema = z.strictObject({
  /** Headroom over the base fee. */
  baseFeeMultiplier: z.number().min(1).max(10).default(2),
  /** Tip, or the most of it when the node is asked. */
  tipGwei: gwei.prefault(1),
  tip: z.enum(["fixed", "suggested"]).default("fixed"),
  /** Hard cap of the fee per gas. */
  maxFeeGwei: gwei.prefault(500),
  /** Raise of a replacement; nodes ask for 10, some for 12.5. */
  bumpPercent: z.number().min(10).max(100).default(12.5),
});

const ether = z
  .number()
  .positive()
  .max(1_000_000_000)
  .transform((value) => parseUnits(value.toFixed(9), "ether"));

const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http or https URL" });

/** Where an account's key is: a file, AWS KMS, or Web3Signer. */
const accountSchema = z.union(
  [
    z.strictObject({ keyFile: z.string().min(1), passwordFile: z.string().min(1).optional() }),
    z.strictObject({
      kms: z.strictObject({
        keyId: z.string().min(1),
        region: z.string().regex(/^[a-z0-9-]+$/, "must be a region such as eu-central-1"),
        credentialsFile: z.string().min(1),
        endpoint: httpUrl.optional(),
      }),
    }),
    z.strictObject({
      web3signer: z.strictObject({
        url: httpUrl,
        publicKey: z
          .string()
          .regex(/^0x(04)?[0-9a-fA-F]{128}$/, "must be an uncompressed public key, 0x hex"),
      }),
    }),
  ],
  {
    error:
      "must be {keyFile, passwordFile?}, {kms: {keyId, region, credentialsFile, endpoint?}} or {web3signer: {url, publicKey}}",
  },
);

const quarantineSchema = z.strictObject({
  /** Unexplained failures within the window that lead to it. */
  failures: z.int().min(1).max(100).default(3),
  windowSeconds: z.number().positive().max(86_400).default(300),
  /** The first; each further one in a row is twice as long. */
  firstSeconds: z.number().positive().max(86_400).default(30),
  maxSeconds: z.number().positive().max(604_800).default(3_600),
});

const treasurySchema = z
  .strictObject({
    /** It only fills the other accounts. */
    account: accountSchema,
    /** Balance below which an account is filled up to the target. */
    belowEther: ether,
    targetEther: ether,
    /** Most that may be asked for in a day (UTC), of all accounts together. */
    dailyCapEther: ether,
  })
  .refine(({ belowEther, targetEther }) => targetEther > belowEther, {
    path: ["targetEther"],
    error: "must be above belowEther",
  });

const networkSchema = z.strictObject({
  chainId: z.int().positive(),
  rpcUrls: rpcUrlsSchema,
  accounts: z.array(accountSchema).min(1, "name the key of at least one account"),
  /** How intents are spread over the accounts. */
  schedule: z.enum(strategies).default("leastPending"),
  treasury: treasurySchema.optional(),
  quarantine: quarantineSchema.prefault({}),
  fees: feesSchema.prefault({}),
  /** Depth at which a transaction is final; 1 is the newest block. */
  confirmations: z.int().min(1).max(1_000).default(1),
  blockTimeMs: z.int().min(100).max(600_000).default(12_000),
  /**
   * Nonces open at the same time per account: what an account can have in one block. geth's pool guarantees 16 and takes
   * more while it has room; reth's takes 16 unless told otherwise: set 16 there.
   */
  maxPending: z.int().min(1).max(256).default(64),
  replaceAfterBlocks: z.int().min(1).max(100).default(3),
  maxRequeues: z.int().min(0).max(100).default(3),
  /** Gas limit of a cancellation; rollups may ask for more than a bare transfer's 21,000. */
  cancelGas: z.int().min(21_000).max(10_000_000).default(21_000),
  /** How often the chain is asked while nonces are open; a fifth of the block time (100 ms to 1 s) unless given. */
  pollMs: z.int().min(20).max(60_000).optional(),
  rpcTimeoutMs: z.int().min(100).max(60_000).default(5_000),
  /** Blocks that an endpoint may be away from the others; what is made in 10 s, at least 3, unless given. */
  maxHeadGap: z.int().min(1).max(10_000).optional(),
});

/** Schema of the relayer's configuration file. */
export const relayerConfigSchema = z.strictObject({
  networks: z
    .array(networkSchema)
    .min(1, "name at least one network")
    .refine(
      (networks) => new Set(networks.map(({ chainId }) => chainId)).size === networks.length,
      {
        error: "names a chain twice",
      },
    ),
  metrics: listenSchema,
  log: logSchema.prefault({}),
  parentPid: parentPidSchema.optional(),
});

export type RelayerConfig = z.infer<typeof relayerConfigSchema>;
export type NetworkConfig = RelayerConfig["networks"][number];

/** Timers of one network, all in milliseconds. */
export interface Timing {
  /** Between looks at the chain while nonces are open. */
  pollMs: number;
  /** The same while nothing is open: base fee and balance stay fresh. */
  idlePollMs: number;
  /** After which bytes that a node took are sent again, in case it lost them. */
  rebroadcastMs: number;
  /** For how long the chain has to be behind the ledger before that is believed: an endpoint may lag. */
  behindAfterMs: number;
  /** Age at which what is known of the chain is too old to sign on. */
  staleAfterMs: number;
}

/** Derives an account's decision settings from its network's configuration. */
export function settingsOf(network: NetworkConfig): Settings {
  return {
    maxPending: network.maxPending,
    replaceAfterBlocks: network.replaceAfterBlocks,
    groupReplaceMs: network.blockTimeMs / 4,
    bumpPercent: network.fees.bumpPercent,
    baseFeeMultiplier: network.fees.baseFeeMultiplier,
    maxFeeWei: network.fees.maxFeeGwei,
    foreignAfterBlocks: Math.max(network.confirmations, 3),
    confirmations: network.confirmations,
    maxRequeues: network.maxRequeues,
    cancelGas: BigInt(network.cancelGas),
  };
}

/** Derives the timers from a network's configuration. */
export function timingOf(network: NetworkConfig): Timing {
  const pollMs = network.pollMs ?? Math.min(1_000, Math.max(100, network.blockTimeMs / 5));
  return {
    pollMs,
    idlePollMs: Math.min(5_000, Math.max(pollMs, network.blockTimeMs)),
    rebroadcastMs: Math.max(2_000, 2 * network.blockTimeMs),
    behindAfterMs: Math.max(1_000, 3 * pollMs),
    staleAfterMs: Math.max(15_000, 3 * network.blockTimeMs),
  };
}

/** @returns the network's quarantine settings. */
export function quarantineOf({ quarantine }: NetworkConfig): QuarantineSettings {
  return {
    failures: quarantine.failures,
    windowMs: quarantine.windowSeconds * 1_000,
    firstMs: quarantine.firstSeconds * 1_000,
    maxMs: quarantine.maxSeconds * 1_000,
  };
}

/** @returns when a treasury fills an account and how far. */
export function treasuryRulesOf(treasury: NonNullable<NetworkConfig["treasury"]>): TreasuryRules {
  return {
    belowWei: treasury.belowEther,
    targetWei: treasury.targetEther,
    dailyCapWei: treasury.dailyCapEther,
  };
}

/** @returns blocks that an endpoint's head may be away from the others'. */
export function headGapOf(network: NetworkConfig): number {
  return network.maxHeadGap ?? Math.max(3, Math.ceil(10_000 / network.blockTimeMs));
}

/** @returns how a network finds its tip. */
export function tipOf(network: NetworkConfig): TipSettings {
  return { mode: network.fees.tip, tipWei: network.fees.tipGwei };
}

/** A configuration that works on the local chain, for --help. */
export const exampleConfig = `{
  "networks": [{
    "chainId": 31337,
    "rpcUrls": ["http://127.0.0.1:8545"],
    "accounts": [{ "keyFile": "relayer-1.key" }, { "keyFile": "relayer-2.json", "passwordFile": "relayer-2.pass" }],
    "schedule": "leastPending",
    "treasury": { "account": { "keyFile": "treasury.key" }, "belowEther": 1, "targetEther": 5, "dailyCapEther": 20 },
    "confirmations": 1,
    "blockTimeMs": 1000,
    "fees": { "tipGwei": 1, "maxFeeGwei": 500, "bumpPercent": 12.5 }
  }],
  "metrics": { "host": "127.0.0.1", "port": 8560 },
  "log": { "level": "info" }
}`;
