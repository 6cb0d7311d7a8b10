import { z } from "zod";

import {
  addressSchema,
  listenSchema,
  logSchema,
  parentPidSchema,
  rpcUrlsSchema,
} from "../shared/config.ts";

/** Schema of the attest keeper's configuration file. */
export const attestConfigSchema = z.strictObject({
  chainId: z.int().positive(),
  rpcUrls: rpcUrlsSchema,
  contracts: z.strictObject({ priceAttestations: addressSchema, operators: addressSchema }),
  /** Every feed that publishes is attested once in each period of this length. */
  everySeconds: z.int().min(10).max(604_800).default(3_600),
  /** From a period's start: so long a report waits for one that also carries the other feeds. */
  gatherSeconds: z.int().min(0).max(86_400).default(300),
  metrics: listenSchema,
  /** Between two looks at index and chain. */
  pollMs: z.int().min(50).max(600_000).default(10_000),
  /** Bound for an operator's answer. */
  askMs: z.int().min(50).max(60_000).default(3_000),
  /** Bound for a proof: the first one also compiles circuits and computes keys. */
  proveMs: z.int().min(1_000).max(3_600_000).default(300_000),
  /** Blocks that must follow a report's before it is attested. */
  confirmations: z.int().min(0).max(1_000).default(2),
  /** Attempts to attest a report. */
  maxAttempts: z.int().min(1).max(20).default(5),
  log: logSchema.prefault({}),
  parentPid: parentPidSchema.optional(),
});

/** A configuration that works on the local chain, for --help. */
export const exampleConfig = `{
  "chainId": 31337,
  "rpcUrls": ["http://127.0.0.1:8545"],
  "contracts": {
    "priceAttestations": "0x5fbdb2315678afecb367f032d93f642f64180aa3",
    "operators": "0xe7f1725e7734ce288f8367e1bb143e90bb3f0512"
  },
  "everySeconds": 3600,
  "gatherSeconds": 300,
  "metrics": { "host": "127.0.0.1", "port": 8562 },
  "pollMs": 10000,
  "confirmations": 2,
  "log": { "level": "info" }
}`;
