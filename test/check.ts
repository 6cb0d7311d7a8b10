// Format, lint, types, and generated files: everything that can be said of the sources without running them.
import { spawnSync } from "node:child_process";
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
  ["types of the indexer", bin("tsc"), ["-p", "indexer"]],
];

let failed = false;
for (const [title, command, args] of steps) {
  const started = Date.now();
  const result = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  const ok = result.status === 0;
  failed ||= !ok;
  process.stderr.write(
    `${ok ? "✓" : "✗"} ${title.padEnd(28)} ${((Date.now() - started) / 1000).toFixed(1)} s\n`,
  );
  if (!ok)
    process.stderr.write(
      `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}\n`,
    );
}
process.exit(failed ? 1 : 0);
