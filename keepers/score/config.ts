import { z } from "zod";

import {
  addressSchema,
  listenSchema,
  logSchema,
  parentPidSchema,
  rpcUrlsSchema,
} from "../shared/config.ts";

/** Schema of the score keeper's configuration file. */
export const scoreConfigSchema = z.strictObject({
  chainId: z.int().positive(),
  rpcUrls: rpcUrlsSchema,
  contracts: z.strictObject({ operatorRewards: addressSchema }),
  /** The scorer: the relayer must have its key. */
  account: addressSchema,
  /** The index's API. */
  indexUrl: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }),
  metrics: listenSchema,
  /** Between two looks at chain and index. */
  pollMs: z.int().min(50).max(600_000).default(2_000),
  /** Time after an epoch's end in which reports of it still come: PriceFeeds takes them a minute late. */
  settleSeconds: z.int().min(0).max(86_400).default(60),
  /** Blocks that the index must be beyond that, so that no reorg changes what was counted. */
  confirmations: z.int().min(0).max(1_000).default(12),
  /** Attempts to post an epoch. */
  maxAttempts: z.int().min(1).max(20).default(5),
  log: logSchema.prefault({}),
  parentPid: parentPidSchema.optional(),
});

/** A configuration that works on the local chain, for --help. */
export const exampleConfig = `{
  "chainId": 31337,
  "rpcUrls": ["http://127.0.0.1:8545"],
  "contracts": { "operatorRewards": "0x5fbdb2315678afecb367f032d93f642f64180aa3" },
  "account": "0xdd2fd4581271e230360230f9337d5c0430bf44c0",
  "indexUrl": "http://127.0.0.1:8550",
  "metrics": { "host": "127.0.0.1", "port": 8564 },
  "pollMs": 2000,
  "settleSeconds": 60,
  "confirmations": 12,
  "log": { "level": "info" }
}`;
