import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { expect } from "chai";

import { StackFailure } from "../../deploy/stack/failure.ts";
import { endProcesses, isAlive, Ledger, startTimeOf } from "../../deploy/stack/ledger.ts";
import { takeOver } from "../../deploy/stack/lock.ts";

function sleeper(script = "setInterval(() => {}, 1000)"): ChildProcess {
  return spawn(process.execPath, ["-e", script], { stdio: "ignore" });
}

describe("ledger of processes", () => {
  let folder: string;
  let file: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "dodona-ledger-"));
    file = path.join(folder, "processes.json");
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  const start = (script?: string): number => {
    const child = sleeper(script);
    children.push(child);
    return child.pid!;
  };

  it("knows its processes again after it was read from disk", () => {
    const pid = start();
    new Ledger(file).add("relayer", pid);
    expect(new Ledger(file).entries).to.deep.equal([
      { name: "relayer", pid, startTime: startTimeOf(pid) },
    ]);
  });

  it("does not take another process with the same pid for its own", () => {
    const pid = start();
    expect(isAlive({ name: "relayer", pid, startTime: "1" })).to.equal(false);
    expect(isAlive({ name: "relayer", pid, startTime: startTimeOf(pid)! })).to.equal(true);
  });

  it("reads a half-written file as empty", () => {
    writeFileSync(file, '[{"name": "rel');
    expect(new Ledger(file).entries).to.deep.equal([]);
  });

  it("ends what a killed stack left, also what ignores the polite signal", async () => {
    const polite = start();
    const stubborn = start("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)");
    // Give the second one time to install its handler.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const ledger = new Ledger(file);
    ledger.add("relayer", polite);
    ledger.add("indexer", stubborn);
    const ended = await takeOver(new Ledger(file));
    expect(ended).to.have.members(["relayer", "indexer"]);
    expect(startTimeOf(polite)).to.equal(undefined);
    expect(startTimeOf(stubborn)).to.equal(undefined);
  }).timeout(15_000);

  it("refuses the folder of a stack that runs", async () => {
    new Ledger(file).add("stack", start());
    const refusal = await takeOver(new Ledger(file)).catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(StackFailure);
    expect((refusal as Error).message).to.match(/already runs/);
  });

  it("leaves processes that are not in it alone", async () => {
    const other = start();
    await endProcesses([{ name: "relayer", pid: other, startTime: "1" }], 100);
    expect(startTimeOf(other)).not.to.equal(undefined);
  });
});
