// Makes a fresh clone ready to run. Every npm script calls it first, on whatever Node the host has (20 or later),
// so it is plain JavaScript and imports nothing that must be installed. It talks on stderr only.
// With --tests it also compiles what only tests and benchmarks use, which takes as long again.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(
  import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
  "..",
);
const modules = path.join(root, "node_modules");
const marker = path.join(modules, ".dodona-installed");
const compiledMarker = path.join(root, "types/.dodona-compiled");
const lock = path.join(root, ".dodona-install.lock");
const manifests = [
  "package.json",
  "keepers/package.json",
  "indexer/package.json",
  "package-lock.json",
];

function fail(message) {
  process.stderr.write(`dodona: ${message}\n`);
  process.exit(1);
}

function fingerprint() {
  const hash = createHash("sha256").update(`${process.platform}-${process.arch}`);
  for (const file of manifests) hash.update(file).update(readFileSync(path.join(root, file)));
  return hash.digest("hex");
}

/** An install is whole when its fingerprint is today's and the parts that npm may skip silently are there. */
function installed(expected) {
  const { devDependencies } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  if (!existsSync(marker) || readFileSync(marker, "utf8") !== expected) return false;
  return [...Object.keys(devDependencies), "node/bin/node", "@nomicfoundation/edr"].every((name) =>
    existsSync(path.join(modules, name)),
  );
}

function npmCli() {
  const cli = process.env.npm_execpath;
  if (cli === undefined || !cli.endsWith(".js")) {
    fail("run this through npm, for example: npm start");
  }
  return cli;
}

/** What is running now, each with its own children in a process group. */
const running = new Set();

function start(command, args, stdio) {
  const child = spawn(command, args, { cwd: root, detached: true, stdio });
  child.once("spawn", () => running.add(child));
  child.once("close", () => running.delete(child));
  return child;
}

/** Signals whole groups: a compiler outlives whoever started it otherwise. */
function signalRunning(signal) {
  for (const { pid } of running) {
    try {
      process.kill(-pid, signal);
    } catch {
      // It ended by itself.
    }
  }
}

/** Runs a long step on stderr, with its seconds while a person watches. `words` says what failed. */
function step(title, command, args, words) {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const tty = process.stderr.isTTY === true;
  process.stderr.write(`dodona: ${title}${tty ? "" : "\n"}`);
  const timer = tty
    ? setInterval(() => process.stderr.write(`\rdodona: ${title}, ${seconds()} s`), 1000)
    : undefined;
  return new Promise((resolve) => {
    let said = "";
    // What the step prints is shown only if it fails, and on stderr: stdout belongs to the script that follows.
    const child = start(command, args, ["ignore", "pipe", "pipe"]);
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => (said += chunk));
    child.once("close", (code, signal) => {
      clearInterval(timer);
      process.stderr.write(
        `${tty ? "\r" : ""}dodona: ${title}: ${code === 0 ? "done" : "failed"} after ${seconds()} s\n`,
      );
      if (code === 0) {
        resolve();
        return;
      }
      rmSync(lock, { force: true });
      if (signal === null) process.stderr.write(said);
      fail(signal === null ? words : `stopped by ${signal}`);
    });
  });
}

function install() {
  const cli = npmCli();
  const npx = path.join(path.dirname(cli), "npx-cli.js");
  const { devDependencies } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  // npm skips optional packages whose engines exclude the Node that runs it, and Hardhat's are among them on
  // Node 20: so the install itself runs on the Node of the project.
  const command = [npx, "-y", `node@${devDependencies.node}`, cli, "install"];
  const options = ["--no-audit", "--no-fund", "--no-save", "--loglevel=error"];
  // The lock file was made on linux-x64 and names that platform's packages only.
  const locked = process.platform === "linux" && process.arch === "x64";
  if (!locked) options.push("--no-package-lock");
  return step(
    "installing packages (about a minute with a cold cache)",
    process.execPath,
    [...command, ...options],
    "npm install failed; its message is above. Is the npm registry reachable and the disk not full?",
  );
}

/** Solidity sources below a folder, from the root. */
function solidityBelow(folder) {
  return readdirSync(path.join(root, folder), { recursive: true })
    .filter((file) => file.endsWith(".sol"))
    .map((file) => path.join(folder, file))
    .sort();
}

/** What is compiled: the contracts that are deployed, or all and the tests in Solidity. */
function sources(withTests) {
  const contracts = solidityBelow("contracts");
  const tests = path.join("contracts", "test") + path.sep;
  if (withTests) return [...contracts, ...solidityBelow("test")];
  return contracts.filter((file) => !file.startsWith(tests));
}

/** Names every source that a build depends on, by content. */
function contractsFingerprint(withTests) {
  const hash = createHash("sha256");
  for (const file of sources(withTests))
    hash.update(file).update(readFileSync(path.join(root, file)));
  return hash.update(readFileSync(path.join(root, "hardhat.config.ts"))).digest("hex");
}

/** Sources import the contracts' typings, so nothing runs before these exist. */
function compile(withTests) {
  return step(
    "compiling contracts",
    path.join(modules, "node/bin/node"),
    [
      ...[path.join(modules, "hardhat/dist/src/cli.js"), "build", "--quiet"],
      ...(withTests ? [] : ["--no-tests", ...sources(false)]),
    ],
    "the contracts do not compile; the compiler's message is above",
  );
}

/**
 * A local chain of a machine without the ceremony's points has verifiers of its own, which take seconds to build: that is
 * done while the contracts compile. Whoever needs them builds what is missing, so nothing depends on how this ends.
 */
function buildVerifiers() {
  return new Promise((resolve) => {
    const script = path.join(root, "circuits/build/development.ts");
    const args = [script, "--unless-ceremony"];
    const child = start(path.join(modules, "node/bin/node"), args, "ignore");
    child.once("error", resolve);
    child.once("close", resolve);
  });
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Two npm scripts started at once must not install into one folder; a lock whose holder died is taken over. */
async function withLock(work) {
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") fail(`cannot write to ${root}: ${error.message}`);
      const holder = existsSync(lock) ? Number(readFileSync(lock, "utf8")) : 0;
      if (holder > 0 && !alive(holder)) rmSync(lock, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

if (Number(process.versions.node.split(".")[0]) < 20) {
  fail(
    `Node ${process.versions.node} is too old: install Node 20 or later from https://nodejs.org`,
  );
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (running.size === 0) fail(`stopped by ${signal}`);
    signalRunning(signal);
  });
}
process.on("exit", () => signalRunning("SIGTERM"));
const withTests = process.argv.includes("--tests");
const expected = fingerprint();
const [deployed, all] = [contractsFingerprint(false), contractsFingerprint(true)];
// What was compiled for tests will do for everything else.
const isCompiled = () => {
  const compiled = existsSync(compiledMarker) ? readFileSync(compiledMarker, "utf8") : "";
  return compiled === all || (!withTests && compiled === deployed);
};
if (!installed(expected) || !isCompiled()) {
  await withLock(async () => {
    if (!installed(expected)) {
      await install();
      writeFileSync(marker, expected);
    }
    if (!isCompiled()) {
      await Promise.all([compile(withTests), buildVerifiers()]);
      writeFileSync(compiledMarker, withTests ? all : deployed);
    }
  });
}
