import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { expect } from "chai";

import { pathsIn, portsFrom, projectRoot } from "../../deploy/stack/layout.ts";
import { type Entry, isAlive, Ledger } from "../../deploy/stack/ledger.ts";
import { requireFreePorts } from "../../deploy/stack/ports.ts";
import { readChain } from "../../deploy/stack/rounds.ts";
import { readStackFile } from "../../deploy/stack/stack-file.ts";
import { writeBars } from "./bars.ts";
import { freePortBase } from "./network.ts";

const minute = 60_000;
const barsOfAnHour = 3600;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `npm start` without npm: what its script runs. */
class Start {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";

  constructor(args: readonly string[]) {
    this.child = spawn(
      process.execPath,
      [path.join(projectRoot, "deploy/stack/main.ts"), ...args],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.child.stdout!.on("data", (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr!.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve) =>
      this.child.once("close", (code) =>
        resolve({ code, stdout: this.stdout, stderr: this.stderr }),
      ),
    );
  }

  /** Waits for words on stdout. */
  async says(words: string, seconds = 120): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (!this.stdout.includes(words)) {
      if (Date.now() > deadline || this.child.exitCode !== null) {
        throw new Error(`never said "${words}":\n${this.stdout}\n${this.stderr}`);
      }
      await delay(100);
    }
  }
}

describe("npm start", function () {
  this.timeout(5 * minute);
  let folder: string;
  let portBase: number;
  let flags: string[];
  const starts: Start[] = [];

  const start = (...more: string[]): Start => {
    const started = new Start([...flags, ...more]);
    starts.push(started);
    return started;
  };
  const paths = () => pathsIn(path.join(folder, "state"));
  const running = (): Entry[] => new Ledger(paths().ledger).entries.filter(isAlive);
  const rounds = async () => {
    const stack = readStackFile(paths().stackFile)!;
    return readChain(stack.rpcUrl, stack.addresses.priceFeeds);
  };
  const publishes = async (feed: string, above: number): Promise<number> => {
    for (const deadline = Date.now() + 40_000; Date.now() < deadline; await delay(200)) {
      const round = (await rounds()).get(feed)?.round ?? 0;
      if (round > above) return round;
    }
    throw new Error(`${feed} has no round above ${above}`);
  };

  before(async () => {
    // mkdtemp makes a folder that only its owner may enter: as root, one that the database's user may not.
    folder = mkdtempSync(path.join(os.tmpdir(), "dodona-start-"));
    writeBars(path.join(folder, "bars"), barsOfAnHour);
    portBase = await freePortBase();
    flags = ["--data", path.join(folder, "bars"), "--state", path.join(folder, "state")];
    flags.push("--port-base", String(portBase));
  });
  after(async () => {
    for (const { child } of starts) child.kill("SIGKILL");
    for (const entry of running()) process.kill(entry.pid, "SIGKILL");
    const stack = readStackFile(paths().stackFile);
    if (stack !== undefined) {
      rmSync(path.join(projectRoot, "deploy/deployments", stack.deploymentId), {
        recursive: true,
        force: true,
      });
    }
    await delay(200);
    rmSync(folder, { recursive: true, force: true });
  });

  let priceFeeds: string;
  let reached: number;

  it("shows addresses, URLs and what to try, and Ctrl-C ends everything it started", async () => {
    const first = start();
    await first.says("Try next");
    const stack = readStackFile(paths().stackFile)!;
    priceFeeds = stack.addresses.priceFeeds;
    for (const words of [
      stack.rpcUrl,
      `${stack.apiUrl}/feeds`,
      priceFeeds,
      "npx hardhat feeds list",
      "npx hardhat vrf request",
      stack.addresses.vrfCoordinator,
    ]) {
      expect(first.stdout).to.contain(words);
    }
    reached = await publishes("BTC/USD", 1);
    const children = running();
    expect(children.length).to.be.greaterThan(8);
    first.child.kill("SIGINT");
    const { code } = await first.ended;
    expect(code).to.equal(130);
    expect(children.filter(isAlive)).to.deep.equal([]);
    await requireFreePorts(portsFrom(portBase));
  });

  it("goes on with the same chain after a clean stop", async () => {
    const second = start();
    await second.says("Try next");
    expect(readStackFile(paths().stackFile)!.addresses.priceFeeds).to.equal(priceFeeds);
    reached = await publishes("BTC/USD", reached);
    // The chain's state is on disk every five seconds.
    await delay(6_000);
    const children = running();
    second.child.kill("SIGKILL");
    await second.ended;
    expect(children.some(isAlive)).to.equal(true);
  });

  it("ends what a killed start left, goes on with the same chain, and SIGTERM ends it", async () => {
    const left = running();
    const third = start();
    await third.says("Try next");
    expect(left.filter(isAlive)).to.deep.equal([]);
    reached = await publishes("BTC/USD", reached);
    const children = running();
    third.child.kill("SIGTERM");
    expect((await third.ended).code).to.equal(143);
    expect(children.filter(isAlive)).to.deep.equal([]);
  });

  it("ends with one line and nothing left when a part dies, and refuses a second start beside it", async () => {
    const fourth = start();
    await fourth.says("Try next");
    const beside = await start().ended;
    expect(beside.code).to.equal(1);
    expect(beside.stderr.trim()).to.match(
      /^dodona: a stack already runs from this folder \(pid \d+\)/,
    );
    const children = running();
    process.kill(children.find((entry) => entry.name === "relayer")!.pid, "SIGKILL");
    const { code, stderr } = await fourth.ended;
    expect(code).to.equal(1);
    expect(stderr.trim()).to.match(/^dodona: relayer ended \(signal SIGKILL\).*$/);
    expect(children.filter(isAlive)).to.deep.equal([]);
  });

  it("names the port that is in use, in one line", async () => {
    const server = net.createServer().listen(portsFrom(portBase).api, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    try {
      const { code, stderr } = await start().ended;
      expect(code).to.equal(1);
      expect(stderr.trim()).to.match(
        new RegExp(`^dodona: port ${portBase + 10} \\(API\\) is in use.*$`),
      );
      expect(running()).to.deep.equal([]);
    } finally {
      server.close();
    }
  });

  it("refuses a wrong flag in one line", async () => {
    const { code, stderr } = await start("--frsh").ended;
    expect(code).to.equal(1);
    expect(stderr.trim().split("\n")).to.have.length(1);
    expect(stderr).to.contain("--frsh");
  });

  it("prints one JSON object as its last line once it is healthy", async () => {
    const { code, stdout, stderr } = await start(
      "--until-healthy",
      "--json",
      "--fresh",
      "--timeout",
      "120",
    ).ended;
    expect(code, stderr).to.equal(0);
    const result = JSON.parse(stdout.trim().split("\n").at(-1)!) as {
      healthy: boolean;
      feeds: {
        id: string;
        round: number;
        reason: string | null;
        source: string;
        signers: string[];
      }[];
    };
    expect(result.healthy).to.equal(true);
    const feed = (id: string) => result.feeds.find((candidate) => candidate.id === id)!;
    expect(feed("BTC/USD")).to.include({ reason: null, source: "replay" });
    expect(feed("BTC/USD").round).to.be.at.least(2);
    expect(feed("BTC/USD").signers).to.have.length.at.least(3);
    expect(feed("ETH/USD").reason).to.be.a("string");
    expect(running()).to.deep.equal([]);
    // The keys are secrets: not for other users of the machine.
    expect(readFileSync(paths().stackFile, "utf8")).to.contain("databaseUrl");
  });
});
