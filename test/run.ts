// Runs the tests, several files at once, and ends with one line that counts them all.
import { type ChildProcess, spawn } from "node:child_process";
import { globSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { parseArgs, styleText } from "node:util";

import logUpdate from "log-update";

import { compileCache } from "../deploy/stack/layout.ts";

const root = path.resolve(import.meta.dirname, "..");
const mocha = path.join(root, "node_modules/mocha/bin/mocha.js");
const hardhat = path.join(root, "node_modules/hardhat/dist/src/cli.js");

/** Tests that one process runs. */
interface Job {
  readonly suite: string;
  /** File or folder. */
  readonly name: string;
  readonly args: readonly string[];
  /** Whether it runs a whole network, which needs two cores to keep its hours. */
  readonly isNetwork: boolean;
}

interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

// Tests wait for blocks more than they compute.
const most = Math.max(2, availableParallelism() + 1);
const mostNetworks = Math.max(1, Math.floor(availableParallelism() / 2));
const help = `Usage: npm test -- [options] [words]

Runs every test, or those whose suite or file contains one of the words. What passes is a line a file; what fails is shown.

Options:
  --all   shows what passes too
  --help  this text

Example: npm test -- relayer test/tasks/gov.test.ts
`;

const { values, positionals } = parseArgs({
  options: { all: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  allowPositionals: true,
});
if (values.help === true) {
  process.stdout.write(help);
  process.exit(0);
}

/** A process for each file. The biggest files come first: they take longest. */
function perFile(suite: string, pattern: string, isNetwork = false): Job[] {
  return globSync(pattern, { cwd: root })
    .toSorted((a, b) => statSync(path.join(root, b)).size - statSync(path.join(root, a)).size)
    .map((name) => ({ suite, name, args: [mocha, name], isNetwork }));
}

/** A process for each folder: Hardhat takes seconds to start. */
function perFolder(suite: string, folder: string): Job[] {
  const files = globSync(`${folder}/**/*.test.ts`, { cwd: root });
  const folders = new Map<string, string[]>();
  for (const file of files) {
    const [first = ""] = path.relative(folder, file).split(path.sep);
    const name = path.join(folder, first);
    folders.set(name, [...(folders.get(name) ?? []), file]);
  }
  return [...folders].map(([name, tests]) => ({
    ...{ suite, name, isNetwork: false },
    args: [hardhat, "test", "mocha", "--no-compile", ...tests.toSorted()],
  }));
}

/** Longest first. */
const jobs: readonly Job[] = [
  ...perFile("system", "test/system/*.test.ts", true),
  ...perFile("deployment and tasks", "test/{deploy,tasks}/**/*.test.ts"),
  ...perFolder("contracts", "test/contracts"),
  {
    suite: "contracts (Solidity)",
    name: "test/**/*.t.sol",
    args: [hardhat, "test", "solidity", "--no-compile"],
    isNetwork: false,
  },
  ...perFile("circuits", "test/circuits/**/*.test.ts"),
  ...perFile("indexer", "test/indexer/**/*.test.ts"),
  ...perFile("keepers", "test/keepers/**/*.test.ts"),
  ...perFile("stack", "test/stack/**/*.test.ts"),
];

const wanted = jobs.filter(
  ({ suite, name }) =>
    positionals.length === 0 ||
    positionals.some((word) => suite.startsWith(word) || name.includes(word)),
);
if (wanted.length === 0) {
  const suites = [...new Set(jobs.map(({ suite }) => suite))].join(", ");
  process.stderr.write(`no test of that name; a word of a file's path, or one of: ${suites}\n`);
  process.exit(1);
}

const started = Date.now();
const running = new Map<Job, ChildProcess>();
const isWatched = process.stdout.isTTY === true;
let done = 0;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    for (const child of running.values()) child.kill("SIGTERM");
    process.exit(130);
  });
}

/** Compiles once, for all: two builds at once would write the same files. */
await new Promise<void>((resolve) => {
  const args = [hardhat, "build", "--quiet"];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.once("close", (code) => {
    if (code === 0) {
      resolve();
      return;
    }
    process.stderr.write(text);
    process.exit(code ?? 1);
  });
});
const timer = isWatched ? setInterval(showProgress, 1_000) : undefined;
const outcomes = await runAll();
clearInterval(timer);
logUpdate.clear();
const total = (key: keyof Outcome): number => outcomes.reduce((sum, one) => sum + one[key], 0);
process.stdout.write(`\n${total("passed")} passed, ${total("failed")} failed\n`);
process.exit(total("failed") === 0 ? 0 : 1);

/** Starts what fits, until nothing is left. */
async function runAll(): Promise<Outcome[]> {
  const waiting = [...wanted];
  const outcomes: Promise<Outcome>[] = [];
  const numbers = Array.from({ length: most }, (_, index) => index);
  let wake = (): void => undefined;
  while (waiting.length > 0) {
    const networks = [...running.keys()].filter(({ isNetwork }) => isNetwork).length;
    const next = waiting.findIndex(({ isNetwork }) => !isNetwork || networks < mostNetworks);
    const number = next === -1 ? undefined : numbers.shift();
    if (number === undefined) {
      await new Promise<void>((resolve) => (wake = resolve));
      continue;
    }
    const [job] = waiting.splice(next, 1) as [Job];
    const outcome = run(job, number).finally(() => {
      numbers.push(number);
      wake();
    });
    outcomes.push(outcome);
  }
  return await Promise.all(outcomes);
}

/** @param number no other job has at the same time: tests take their fixed ports from it. */
async function run(job: Job, number: number): Promise<Outcome> {
  const startedMs = Date.now();
  const child = spawn(process.execPath, job.args, {
    cwd: root,
    env: {
      ...process.env,
      DODONA_TEST_WORKER: String(number),
      HARDHAT_NO_TYPECHAIN: "true",
      // Tests start a thousand processes: compiling the same libraries anew would be a third of each start.
      NODE_COMPILE_CACHE: compileCache,
      ...(isWatched ? { FORCE_COLOR: "1" } : {}),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.set(job, child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  }
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  running.delete(job);
  done += 1;
  const [passed, failing] = [sum(text, "passing"), sum(text, "failing")];
  // Tests skip what needs recorded data that is not on this machine.
  const skipped = sum(text, "pending");
  // A process that ended badly without saying so, or that ran nothing, has failed.
  const isEmpty = passed === 0 && skipped === 0;
  const failed = failing === 0 && (code !== 0 || isEmpty) ? 1 : failing;
  const mark = failed === 0 ? styleText("green", "✓") : styleText("red", "✗");
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1).padStart(6);
  const others = [
    failed === 0 ? [] : [`, ${failed} failed`],
    skipped === 0 ? [] : [`, ${skipped} skipped`],
  ];
  const counts = `${String(passed).padStart(4)} passed${others.flat().join("")}`;
  logUpdate.clear();
  process.stdout.write(`${mark} ${job.name.padEnd(46)} ${seconds} s ${counts}\n`);
  if (failed > 0 || values.all === true) process.stdout.write(`${text.trimEnd()}\n\n`);
  return { passed, failed };
}

function sum(text: string, word: string): number {
  const found = text.matchAll(new RegExp(`^(?:\\x1b\\[\\d+m|\\s)*(\\d+) ${word}\\b`, "gm"));
  return [...found].reduce((total, [, count]) => total + Number(count), 0);
}

function showProgress(): void {
  const seconds = Math.round((Date.now() - started) / 1000);
  const names = [...running.keys()].map(({ name }) => path.basename(name)).join(", ");
  logUpdate(`${done} of ${wanted.length} done, ${seconds} s, running: ${names}`);
}
