import path from "node:path";
import { z } from "zod";
import { logSchema, parentPidSchema } from "./shared/config.ts";
import type { Program } from "./supervise.ts";

/** Keepers that can be started. */
export const keepers = ["feed", "relayer", "vrf", "watch", "score", "payout", "attest"] as const;
export type Keeper = (typeof keepers)[number];

const filesSchema = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)], {
  error: "must be a file or a list of files",
});

/** Schema of the file that names each keeper's configuration. */
export const fleetSchema = z.strictObject({
  keepers: z
    .strictObject({
      feed: filesSchema.optional(),
      relayer: filesSchema.optional(),
      vrf: filesSchema.optional(),
      watch: filesSchema.optional(),
      score: filesSchema.optional(),
      payout: filesSchema.optional(),
      attest: filesSchema.optional(),
    })
    .refine((named) => Object.values(named).some((files) => files !== undefined), {
      error: `name the file of at least one of ${keepers.join(", ")}`,
    }),
  log: logSchema.prefault({}),
  parentPid: parentPidSchema.optional(),
});

/** A file that starts all keepers, for --help. */
export const exampleFleet = `{
  "keepers": {
    "relayer": "relayer.json", "vrf": "vrf.json", "feed": ["operator-1.json", "operator-2.json"], "watch": "watch.json",
    "score": "score.json", "payout": ["proposer.json", "approver.json", "watcher.json"],
    "attest": "attest.json"
  },
  "log": { "level": "info" }
}`;

/** @returns the main file of a keeper. */
export function mainOf(keeper: Keeper): URL {
  return new URL(`./${keeper}/main.ts`, import.meta.url);
}

/**
 * Lists the processes of a fleet, the relayer first: it has to be there when the others ask for transactions.
 * @param file of the configuration; paths inside count from its folder
 */
export function fleetOf(config: z.infer<typeof fleetSchema>, file: string): Program[] {
  const order: Keeper[] = ["relayer", "vrf", "feed", "watch", "score", "payout", "attest"];
  return order.flatMap((keeper) => {
    const files = [config.keepers[keeper] ?? []].flat();
    return files.map((one, index) => ({
      name: files.length === 1 ? keeper : `${keeper} ${index + 1}`,
      script: mainOf(keeper).pathname,
      args: ["--config", path.resolve(path.dirname(file), one)],
    }));
  });
}
