import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

import { z } from "zod";

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);

const stackSchema = z.object({
  chainId: z.number().int(),
  rpcUrl: z.string(),
  apiUrl: z.string(),
  databaseUrl: z.string(),
  deploymentId: z.string(),
  pid: z.number().int(),
  addresses: z.object({
    accessManager: address,
    operators: address,
    priceFeeds: address,
    vrfCoordinator: address,
    governance: z.object({
      token: address,
      timelock: address,
      governor: address,
      guardian: address,
      operatorStake: address,
      slashing: address,
      operatorRewards: address,
    }),
    payoutDistributor: address.nullable().default(null),
    priceAttestations: address.nullable().default(null),
    traderRegistry: address.nullable().default(null),
    proxies: z.record(z.string(), address),
  }),
  /** With the files of their keys: `operators rotate` puts new ones where the operator's process finds them. */
  operators: z.array(
    z.object({
      account: address,
      endpoint: z.string(),
      keyFile: z.string(),
      nextKeyFile: z.string(),
    }),
  ),
  /** Where recorded time starts, for `--data`: shared by all operators and kept over restarts. */
  replay: z.object({ dir: z.string(), speed: z.number(), startedAtMs: z.number() }).optional(),
  /** Program file that payouts follow, where their keepers run. */
  program: z.string().optional(),
});

/** What a running stack is and where; read by `--network local` and by the next start. */
export type StackFile = z.infer<typeof stackSchema>;

/** The stack file, or undefined when there is none that can be used. */
export function readStackFile(file: string): StackFile | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return stackSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}

/** Replaces the stack file whole; it holds the database's password, so only its owner may read it. */
export function writeStackFile(file: string, stack: StackFile): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
