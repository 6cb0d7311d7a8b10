import { existsSync, rmSync } from "node:fs";

import { StackFailure } from "./failure.ts";
import { endProcesses, isAlive, type Ledger } from "./ledger.ts";

/** Name of the stack's own entry in the ledger. */
const stackName = "stack";

/**
 * Takes the state folder for this process: refuses while another stack runs there, ends what a killed one left.
 * @returns Names of the leftovers that were ended.
 */
export async function takeOver(ledger: Ledger): Promise<string[]> {
  const running = ledger.entries.find((entry) => entry.name === stackName && isAlive(entry));
  if (running !== undefined && running.pid !== process.pid) {
    throw new StackFailure(
      `a stack already runs from this folder (pid ${running.pid}): stop it first, or use --state`,
    );
  }
  const leftovers = ledger.entries.filter((entry) => entry.name !== stackName && isAlive(entry));
  // Last-in first-out, as in a clean stop: the chain and the database outlive what uses them.
  const dependants = leftovers.filter(
    (entry) => entry.name !== "chain" && entry.name !== "postgres",
  );
  await endProcesses(dependants, 3_000);
  await endProcesses(leftovers, 8_000);
  for (const entry of ledger.entries) ledger.remove(entry.pid);
  ledger.add(stackName, process.pid);
  return leftovers.map((entry) => entry.name);
}

/** Gives the state folder back after a clean stop. */
export function release(file: string): void {
  if (existsSync(file)) rmSync(file);
}
