// Makes a fresh clone ready to run. Every npm script calls it first, on whatever Node the host has (20 or later),
// so it is plain JavaScript and imports nothing that must be installed. It talks on stderr only.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(
  import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
  "..",
);
const modules = path.join(root, "node_modules");
const marker = path.join(modules, ".dodona-installed");
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
  const started = Date.now();
  const line = () => `dodona: installing packages, ${Math.round((Date.now() - started) / 1000)} s`;
  const tty = process.stderr.isTTY === true;
  process.stderr.write(
    tty ? line() : "dodona: installing packages, about a minute with a cold cache\n",
  );
  const timer = tty ? setInterval(() => process.stderr.write(`\r${line()}`), 1000) : undefined;
  return new Promise((resolve) => {
    // npm's own prints go to stderr: stdout belongs to the script that follows.
    const child = spawn(process.execPath, [...command, ...options], {
      cwd: root,
      stdio: ["ignore", 2, 2],
    });
    const stop = (signal) => child.kill(signal);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, stop);
    child.once("exit", (code, signal) => {
      clearInterval(timer);
      if (tty) process.stderr.write("\n");
      if (code === 0) {
        process.stderr.write(
          `dodona: packages installed in ${Math.round((Date.now() - started) / 1000)} s\n`,
        );
        resolve();
        return;
      }
      rmSync(lock, { force: true });
      fail(
        signal === null
          ? `npm install failed with code ${code}; its message is above. Is the npm registry reachable and the disk not full?`
          : `npm install was stopped by ${signal}`,
      );
    });
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
const expected = fingerprint();
if (!installed(expected)) {
  await withLock(async () => {
    if (installed(expected)) return;
    await install();
    writeFileSync(marker, expected);
  });
}
