// Format, lint, types, and generated files: everything that can be said of the sources without running them.
import { spawn } from "node:child_process";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
const bin = (name: string) => path.join(root, "node_modules/.bin", name);

const steps: readonly [title: string, command: string, args: readonly string[]][] = [
  [
    "contracts compile, typings",
    process.execPath,
    [path.join(root, "node_modules/hardhat/dist/src/cli.js"), "compile", "--quiet"],
  ],
  ["format", bin("prettier"), ["--log-level", "warn", "--check", "."]],
  ["lint TypeScript", bin("eslint"), ["--max-warnings", "0", "."]],
  ["lint Solidity", bin("solhint"), ["--max-warnings", "0", "--noPrompt", "contracts/**/*.sol"]],
  ["types", bin("tsc"), ["-p", "."]],
  ["circuits", process.execPath, [path.join(root, "circuits/build/main.ts"), "--check"]],
  ["types of the indexer", bin("tsc"), ["-p", "indexer"]],
];

/** Runs a step and says how it went; what it printed is shown only if it failed. */
async function run([title, command, args]: (typeof steps)[number]): Promise<boolean> {
  const started = Date.now();
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  }
  const ok = await new Promise<boolean>((resolve) => {
    child.once("error", (error) => {
      text += error.message;
      resolve(false);
    });
    child.once("close", (code) => resolve(code === 0));
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stderr.write(
    `${ok ? "✓" : "✗"} ${title.padEnd(28)} ${seconds} s\n${ok ? "" : `${text}\n`}`,
  );
  return ok;
}

// The others read what the first one generates, and nothing of each other.
const [first, ...others] = steps;
const results = [await run(first!), ...(await Promise.all(others.map(run)))];
process.exit(results.every(Boolean) ? 0 : 1);
