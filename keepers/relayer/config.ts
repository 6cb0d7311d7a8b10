import { parseUnits } from "ethers";
import { z } from "zod";
import { listenSchema, logSchema, parentPidSchema, rpcUrlsSchema } from "../shared/config.ts";
import type { Settings } from "./model.ts";
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

const networkSchema = z.strictObject({
  chainId: z.int().positive(),
  rpcUrls: rpcUrlsSchema,
  accounts: z
    .array(
      z.strictObject({ keyFile: z.string().min(1), passwordFile: z.string().min(1).optional() }),
    )
    .min(1, "name the key file of at least one account"),
  fees: feesSchema.prefault({}),
  /** Depth at which a transaction is final; 1 is the newest block. */
  confirmations: z.int().min(1).max(1_000).default(1),
  blockTimeMs: z.int().min(100).max(600_000).default(12_000),
  /** Nonces open at the same time per account; geth's pool takes 16 of an account for sure. */
  maxPending: z.int().min(1).max(256).default(16),
  replaceAfterBlocks: z.int().min(1).max(100).default(3),
  maxRequeues: z.int().min(0).max(100).default(3),
  /** Gas limit of a cancellation; rollups may ask for more than a bare transfer's 21,000. */
  cancelGas: z.int().min(21_000).max(10_000_000).default(21_000),
  /** How often the chain is asked while nonces are open; a fifth of the block time (100 ms to 1 s) unless given. */
  pollMs: z.int().min(20).max(60_000).optional(),
  rpcTimeoutMs: z.int().min(100).max(60_000).default(5_000),
});

/** Schema of the relayer's configuration file. */
export const relayerConfigSchema = z.strictObject({
  networks: z.array(networkSchema).min(1, "name at least one network"),
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

/** @returns how a network finds its tip. */
export function tipOf(network: NetworkConfig): TipSettings {
  return { mode: network.fees.tip, tipWei: network.fees.tipGwei };
}

/** A configuration that works on the local chain, for --help. */
export const exampleConfig = `{
  "networks": [{
    "chainId": 31337,
    "rpcUrls": ["http://127.0.0.1:8545"],
    "accounts": [{ "keyFile": "relayer.key" }],
    "confirmations": 1,
    "blockTimeMs": 1000,
    "fees": { "tipGwei": 1, "maxFeeGwei": 500, "bumpPercent": 12.5 }
  }],
  "metrics": { "host": "127.0.0.1", "port": 8560 },
  "log": { "level": "info" }
}`;
