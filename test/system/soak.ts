// Strikes a network with every fault, many times at random moments, and prints what it recovered from.
import { setTimeout as delay } from "node:timers/promises";

import { Command, InvalidArgumentError } from "commander";

import { formatTable } from "../../tasks/shared/format.ts";
import { createDice } from "./dice.ts";
import { faults } from "./faults.ts";
import { TestNetwork } from "./network.ts";
import { kills, randomFaults, reorg } from "./randomFaults.ts";
import { Rig } from "./rig.ts";

const longestPauseMs = 4_000;
const killsAtOnce = 10;
const deepestReorg = 10;
/** What did not recover in its time gets this long before the next fault. */
const secondChanceSeconds = 120;

/** One strike: a line of the table, how often it counts, and what it does. */
interface Strike {
  readonly row: string;
  readonly times: number;
  readonly run: () => Promise<void>;
}

function whole(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < min)
      throw new InvalidArgumentError(`a whole number from ${min} is needed.`);
    return value;
  };
}

const command = new Command("npm run soak --")
  .description(
    "Runs a network and strikes feeds, randomness and relayer with every fault, again and again, at random moments.\n" +
      "Ends with a table of what it recovered from; the exit code is 0 only when that is everything.",
  )
  .option("--rounds <n>", "how often each fault strikes, and reorgs of each depth", whole(1), 3)
  .option("--kills <n>", "how often keepers of randomness are killed, in all rounds", whole(0), 100)
  .option("--seed <n>", "repeats the choices of another run", whole(0))
  .addHelpText("after", "\nExample:\n  npm run soak -- --rounds 10 --seed 7")
  .parse();
const options = command.opts<{ rounds: number; kills: number; seed?: number }>();
const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
const dice = createDice(seed);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
say(`seed ${seed}`);

const network = await TestNetwork.start((line) => process.stderr.write(`${line}\n`));
let rig: Rig | undefined;
let stopped = false;
let broken = false;
network.stack.broken.catch(() => (broken = true));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.once(signal, () => (stopped = true));

const results = new Map<string, { struck: number; recovered: number }>();
const failures: string[] = [];

/** The strikes of a round, in random order. */
function strikesOf(round: number, on: Rig): Strike[] {
  const strikes: Strike[] = [];
  for (const fault of faults) {
    strikes.push({
      ...{ row: fault.name, times: 1 },
      run: async () => {
        // It begins with feeds that publish: how soon they go on is what is measured.
        await network.recovers(secondChanceSeconds);
        on.forgetSent();
        if (fault.restartsChain === true) await on.quiet();
        else await on.send(dice.from(1, 3));
        await fault.strike(network);
        on.markFloor(await network.eventually(() => on.dapp.provider.getBlockNumber()));
        await on.send(dice.from(1, 3));
        await network.recovers();
        await fault.heal?.(network);
      },
    });
  }
  for (const { name, strike } of randomFaults)
    strikes.push({ row: name, times: 1, run: () => strike(on) });
  for (let depth = 1; depth <= deepestReorg; depth++) {
    const { strike } = reorg(depth, dice.pick(["pending", "fulfilled", "both"] as const));
    strikes.push({ row: `the chain goes back by ${depth}`, times: 1, run: () => strike(on) });
  }
  const done = Math.floor((options.kills * (round - 1)) / options.rounds);
  let left = Math.floor((options.kills * round) / options.rounds) - done;
  for (; left > 0; left -= killsAtOnce) {
    const times = Math.min(left, killsAtOnce);
    const run = (): Promise<void> => kills(times).strike(on);
    strikes.push({ row: "keeper and relayer are killed", times, run });
  }
  return dice.shuffled(strikes);
}

async function strikeOnce({ row, times, run }: Strike, on: Rig, round: number): Promise<void> {
  const result = results.get(row) ?? { struck: 0, recovered: 0 };
  results.set(row, result);
  result.struck += times;
  const started = Date.now();
  const progress = (how: string, what: string): void =>
    say(`${round}/${options.rounds}  ${how.padEnd(4)}  ${what}`);
  try {
    await run();
    await on.settles();
    result.recovered += times;
    progress("ok", `${row}  ${((Date.now() - started) / 1000).toFixed(1)} s`);
  } catch (error) {
    failures.push(`${row}: ${(error as Error).message}`);
    progress("FAIL", `${row}: ${(error as Error).message}`);
    await on.mend();
    await on.settles(secondChanceSeconds).catch(() => undefined);
  }
}

try {
  await network.healthy();
  rig = await Rig.start(network, dice);
  for (let round = 1; round <= options.rounds; round++) {
    for (const strike of strikesOf(round, rig)) {
      if (stopped || broken) break;
      await delay(dice.real() * longestPauseMs);
      await strikeOnce(strike, rig, round);
    }
  }
  if (broken) failures.push(await network.stack.broken.catch((error: Error) => error.message));
  await network.until("index equals chain", 30, () => network.compare());
  const reports = await network.books();
  const words = await rig.tally();
  const columns = [
    { title: "FAULT", align: "left" as const },
    { title: "STRUCK", align: "right" as const },
    { title: "RECOVERED", align: "right" as const },
  ];
  const rows = [...results].map(([row, { struck, recovered }]) => [
    row,
    String(struck),
    String(recovered),
  ]);
  say("");
  formatTable(columns, rows.sort()).forEach(say);
  say("");
  say(`reports ${reports.chain}: lost ${reports.lost}, doubled ${reports.doubled}`);
  say(`requests ${words.requests}: lost ${words.lost}, doubled ${words.doubled}`);
  say(`seed ${seed}`);
  if (reports.lost + reports.doubled > 0) failures.push("the index differs from the chain");
  if (words.lost + words.doubled > 0) failures.push("requests were lost or doubled");
} catch (error) {
  failures.push((error as Error).message);
} finally {
  await rig?.stop();
  await network.stop();
}
failures.forEach((failure) => say(`failed: ${failure}`));
process.exit(failures.length === 0 ? 0 : 1);
