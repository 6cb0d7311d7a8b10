import { z } from "zod";

import {
  addressSchema,
  listenSchema,
  logSchema,
  parentPidSchema,
  rpcUrlsSchema,
} from "../shared/config.ts";

const HOUR = 3_600;
const DAY = 86_400;

const seconds = (byDefault: number): z.ZodDefault<z.ZodInt> =>
  z
    .int()
    .min(0)
    .max(365 * DAY)
    .default(byDefault);

const warningsSchema = z.strictObject({
  /** Before a pause or a trip lapses. */
  pauseSeconds: seconds(12 * HOUR),
  /** Before the guardian's term ends. */
  termSeconds: seconds(14 * DAY),
  /** Of the minimum stake, in basis points: 11,000 warns below a tenth more than it. */
  stakeBps: z.int().min(10_000).max(1_000_000).default(11_000),
  /** After a set change was due and nobody has called `Operators.advance`. */
  overdueSeconds: seconds(60),
});

/** Schema of the watch keeper's configuration file. */
export const watchConfigSchema = z.strictObject({
  chainId: z.int().positive(),
  rpcUrls: rpcUrlsSchema,
  contracts: z.strictObject({
    slashing: addressSchema,
    operators: addressSchema,
    guardian: addressSchema.optional(),
    /** Contracts of which a pause is to be watched. */
    pausable: z.array(addressSchema).max(100).default([]),
  }),
  /** Who gets the reporter's share of a slash. */
  reporter: addressSchema.refine((address) => BigInt(address) !== 0n, {
    error: "must not be the zero address",
  }),
  metrics: listenSchema,
  /** Between two looks at operators and chain. */
  pollMs: z.int().min(50).max(60_000).default(1_000),
  /** Bound for an operator's answer. */
  askMs: z.int().min(50).max(60_000).default(2_000),
  /** For how long observations are kept beyond the evidence period. */
  marginSeconds: seconds(DAY),
  /** Blocks after which a slash is taken for final. */
  confirmations: z.int().min(0).max(1_000).default(12),
  /** Attempts to bring a piece of evidence. */
  maxAttempts: z.int().min(1).max(20).default(5),
  warnings: warningsSchema.prefault({}),
  log: logSchema.prefault({}),
  parentPid: parentPidSchema.optional(),
});

/** A configuration that works on the local chain, for --help. */
export const exampleConfig = `{
  "chainId": 31337,
  "rpcUrls": ["http://127.0.0.1:8545"],
  "contracts": {
    "slashing": "0x5fbdb2315678afecb367f032d93f642f64180aa3",
    "operators": "0xe7f1725e7734ce288f8367e1bb143e90bb3f0512",
    "guardian": "0x9fe46736679d2d9a65f0992f2272de9f3c7fa6e0",
    "pausable": ["0xe7f1725e7734ce288f8367e1bb143e90bb3f0512"]
  },
  "reporter": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
  "metrics": { "host": "127.0.0.1", "port": 8563 },
  "pollMs": 1000,
  "warnings": { "pauseSeconds": 43200, "termSeconds": 1209600, "stakeBps": 11000, "overdueSeconds": 60 },
  "log": { "level": "info" }
}`;
