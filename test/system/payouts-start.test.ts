import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { expect } from "chai";

import { rpc } from "../../deploy/stack/chain.ts";
import { payoutKeepers, pathsIn, projectRoot } from "../../deploy/stack/layout.ts";
import { type Entry, isAlive, Ledger } from "../../deploy/stack/ledger.ts";
import { readPayouts } from "../../deploy/stack/payouts.ts";
import { readStackFile } from "../../deploy/stack/stack-file.ts";
import { freePortBase } from "./network.ts";

const minute = 60_000;
const hourSeconds = 3_600;

describe("npm start -- --only payouts", function () {
  this.timeout(4 * minute);
  let folder: string;
  let flags: string[];
  let child: ChildProcess | undefined;
  let stdout = "";
  let stderr = "";

  const start = (...more: string[]): Promise<number | null> => {
    const main = path.join(projectRoot, "deploy/stack/main.ts");
    const started = spawn(process.execPath, [main, ...flags, ...more], { stdio: "pipe" });
    [child, stdout, stderr] = [started, "", ""];
    started.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    started.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    return new Promise((resolve) => started.once("close", resolve));
  };
  const paths = () => pathsIn(path.join(folder, "state"));
  const running = (): Entry[] => new Ledger(paths().ledger).entries.filter(isAlive);
  const until = async (what: string, check: () => Promise<boolean> | boolean): Promise<void> => {
    for (const deadline = Date.now() + 90_000; Date.now() < deadline; await delay(100)) {
      if (await Promise.resolve(check()).catch(() => false)) return;
    }
    throw new Error(`${what}: never\n${stdout}\n${stderr}`);
  };

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), "dodona-start-payouts-"));
    flags = ["--only", "payouts", "--state", path.join(folder, "state")];
    flags.push("--port-base", String(await freePortBase()));
  });
  after(() => {
    child?.kill("SIGKILL");
    for (const entry of running()) process.kill(entry.pid, "SIGKILL");
    const id = readStackFile(paths().stackFile)?.deploymentId ?? "none";
    for (const item of [path.join(projectRoot, "deploy/deployments", id), folder])
      rmSync(item, { recursive: true, force: true });
  });

  it("is healthy when index and keepers are, and prints one JSON object", async () => {
    const code = await start("--fresh", "--until-healthy", "--json", "--timeout", "120");
    expect(code, stderr).to.equal(0);
    const result = JSON.parse(stdout.trim().split("\n").at(-1)!) as {
      healthy: boolean;
      feeds: unknown[];
      payouts: { index: boolean; keepers: { name: string; healthy: boolean }[] };
      addresses: { payoutDistributor: string };
    };
    expect(result).to.deep.include({ healthy: true, feeds: [] });
    expect(result.payouts.index).to.equal(true);
    expect(result.payouts.keepers.map(({ name }) => name)).to.deep.equal(payoutKeepers);
    expect(result.payouts.keepers.every(({ healthy }) => healthy)).to.equal(true);
    expect(result.addresses.payoutDistributor).to.match(/^0x[0-9a-fA-F]{40}$/);
    expect(running()).to.deep.equal([]);
    for (const name of [1, 2, 3].map((i) => `approver-${i}.json`)) {
      expect(statSync(path.join(paths().keys, name)).mode & 0o777).to.equal(0o600);
    }
  });

  it("goes on with the same chain and program, pays the sample's first day, and Ctrl-C ends it", async () => {
    const before = readStackFile(paths().stackFile)!;
    const program = readFileSync(paths().program, "utf8");
    const ended = start();
    await until("shows what to try", () => stdout.includes("npx hardhat payouts status"));
    const stack = readStackFile(paths().stackFile)!;
    expect(stack.addresses).to.deep.equal(before.addresses);
    expect(readFileSync(paths().program, "utf8")).to.equal(program);

    await rpc(stack.rpcUrl, "evm_increaseTime", [hourSeconds]);
    await until("pays", async () => (await readPayouts(stack.apiUrl, 1)).activeEpoch === 1);
    const { tokens } = await readPayouts(stack.apiUrl, 1);
    const paid = tokens.find(
      ({ token }) => token === stack.addresses.governance.token.toLowerCase(),
    );
    expect(paid).to.deep.include({ paid: 0n, owed: 1_000n * 10n ** 18n });
    expect(paid?.free).to.equal(99_000n * 10n ** 18n);

    const children = running();
    expect(children.map(({ name }) => name)).to.include.members([...payoutKeepers, "relayer"]);
    expect(children.filter(({ name }) => name.startsWith("operator-"))).to.deep.equal([]);
    child?.kill("SIGINT");
    expect(await ended).to.equal(130);
    expect(children.filter(isAlive)).to.deep.equal([]);
  });
});
