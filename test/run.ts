// Runs every suite, one after the other, and ends with one line that counts them all.
import { spawn } from "node:child_process";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
const mocha = path.join(root, "node_modules/mocha/bin/mocha.js");
const hardhat = path.join(root, "node_modules/hardhat/dist/src/cli.js");

interface Suite {
  readonly name: string;
  readonly args: readonly string[];
}

const suites: readonly Suite[] = [
  { name: "contracts (Solidity)", args: [hardhat, "test", "solidity"] },
  { name: "contracts", args: [hardhat, "test", "mocha"] },
  { name: "keepers", args: [mocha, "test/keepers/**/*.test.ts"] },
  { name: "indexer", args: [mocha, "test/indexer/**/*.test.ts"] },
  { name: "deployment and tasks", args: [mocha, "test/{deploy,tasks}/**/*.test.ts"] },
  { name: "stack", args: [mocha, "test/stack/**/*.test.ts"] },
  { name: "system", args: [mocha, "test/system/**/*.test.ts"] },
];

interface Count {
  readonly passed: number;
  readonly failed: number;
}

function sum(text: string, word: string): number {
  const found = text.matchAll(new RegExp(`^\\s*(\\d+) ${word}\\b`, "gm"));
  return [...found].reduce((total, [, count]) => total + Number(count), 0);
}

function run(suite: Suite): Promise<Count> {
  const started = Date.now();
  process.stdout.write(`\n== ${suite.name}\n`);
  const child = spawn(process.execPath, suite.args, {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    process.stdout.write(chunk);
  });
  return new Promise((resolve) => {
    child.once("close", (code) => {
      const failed = sum(text, "failing");
      const passed = sum(text, "passing");
      process.stdout.write(`== ${suite.name}: ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
      // A suite that ended badly without saying so, or that ran nothing, has failed.
      resolve({ passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed });
    });
  });
}

const chosen = process.argv.slice(2);
const wanted = suites.filter(
  (suite) => chosen.length === 0 || chosen.some((word) => suite.name.startsWith(word)),
);
if (wanted.length === 0) {
  process.stderr.write(
    `no such suite; there are: ${suites.map((suite) => suite.name).join(", ")}\n`,
  );
  process.exit(1);
}
let passed = 0;
let failed = 0;
for (const suite of wanted) {
  const count = await run(suite);
  passed += count.passed;
  failed += count.failed;
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
