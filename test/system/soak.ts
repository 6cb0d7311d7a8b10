// Repeats every fault at random moments and prints what was lost or doubled.
import { setTimeout as delay } from "node:timers/promises";

import { Command, InvalidArgumentError } from "commander";

import { faults } from "./faults.ts";
import { TestNetwork } from "./network.ts";

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError("a whole number above zero is needed.");
  return value;
}

const command = new Command("npm run soak --")
  .description(
    "Runs a network and strikes it with every fault, again and again, at random moments.",
  )
  .option("--rounds <n>", "how often each fault strikes", count, 3)
  .addHelpText("after", "\nExample:\n  npm run soak -- --rounds 10")
  .parse();
const { rounds } = command.opts<{ rounds: number }>();

const network = await TestNetwork.start((line) => process.stderr.write(`${line}\n`));
const failures: string[] = [];
let stopped = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.once(signal, () => (stopped = true));
try {
  await network.healthy();
  const longestPauseMs = 8_000;
  for (let round = 1; round <= rounds && !stopped; round++) {
    for (const fault of [...faults].sort(() => Math.random() - 0.5)) {
      if (stopped) break;
      await delay(Math.random() * longestPauseMs);
      const started = Date.now();
      try {
        await fault.strike(network);
        await network.recovers();
        process.stdout.write(
          `${round}/${rounds}  ok    ${fault.name}  ${((Date.now() - started) / 1000).toFixed(1)} s\n`,
        );
      } catch (error) {
        failures.push(`${fault.name}: ${(error as Error).message}`);
        process.stdout.write(
          `${round}/${rounds}  FAIL  ${fault.name}: ${(error as Error).message}\n`,
        );
      }
      await fault.heal?.(network);
    }
  }
  await network.until("index equals chain", 30, () => network.compare());
  const books = await network.books();
  process.stdout.write(
    `rounds on chain ${books.chain}, in the index ${books.index}; lost ${books.lost}, doubled ${books.doubled}\n`,
  );
  if (books.lost + books.doubled > 0) failures.push("the index differs from the chain");
} finally {
  await network.stop();
}
process.exit(failures.length === 0 ? 0 : 1);
