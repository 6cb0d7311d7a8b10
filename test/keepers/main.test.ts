import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { exampleFleet, fleetOf, fleetSchema } from "../../keepers/fleet.ts";
import { readConfig } from "../../keepers/shared/config.ts";
import { isAlive } from "../../keepers/shared/lifecycle.ts";
import { waitFor } from "../helpers/wait-for.ts";

const main = new URL("../../keepers/main.ts", import.meta.url).pathname;
const supervise = new URL("../../keepers/supervise.ts", import.meta.url).href;
const lifecycle = new URL("../../keepers/shared/lifecycle.ts", import.meta.url).href;
const shared = new URL("../../keepers/shared/", import.meta.url).href;

interface Running {
  child: ChildProcess;
  output: () => string;
  exited: Promise<number | null>;
}

describe("keepers: main", function () {
  this.timeout(30_000);
  const folder = mkdtempSync(join(tmpdir(), "dodona-keepers-"));
  const running: Running[] = [];
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const run = (...args: string[]): Running => {
    const child = spawn(process.execPath, args, {
      env: { ...process.env, DATABASE_URL: "" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const exited = once(child, "close").then(([code]) => code as number | null);
    const one = { child, output: () => text, exited };
    running.push(one);
    return one;
  };
  const pids = (output: string): number[] =>
    [...output.matchAll(/^up (\d+)$/gm)].map(([, pid]) => Number(pid));

  /** A supervisor of scripts; each says "up" and its process id. */
  function supervisor(scripts: string[]): Running {
    const programs = scripts.map((script, index) => ({
      name: `keeper ${index}`,
      script,
      args: [],
    }));
    const code = `import { runProcess } from ${JSON.stringify(lifecycle)};
      import { superviseAll } from ${JSON.stringify(supervise)};
      import { systemClock } from "${shared}clock.ts";
      import { createLogger } from "${shared}log.ts";
      await runProcess({ name: "keepers", main: (scope) => superviseAll(
        { clock: systemClock, log: createLogger({ name: "keepers", level: "info" }), backoffMs: 50 },
        ${JSON.stringify(programs)}, scope.signal) });`;
    return run("--input-type=module", "-e", code);
  }
  const worker = (): string =>
    write(
      "worker.ts",
      `import { runProcess } from ${JSON.stringify(lifecycle)};
       await runProcess({ name: "worker", main: (scope) => new Promise((resolve) => {
         const keep = setInterval(() => {}, 1000);
         scope.signal.addEventListener("abort", () => { clearInterval(keep); console.log("down"); resolve(); });
         console.log("up " + process.pid);
       }) });`,
    );

  afterEach(() => running.splice(0).forEach(({ child }) => void child.kill("SIGKILL")));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("shows each keeper, and each keeper's own help", async () => {
    const help = run(main, "--help");
    expect(await help.exited).to.equal(0);
    for (const word of [
      "feed",
      "relayer",
      "vrf",
      "watch",
      "score",
      "all",
      "--config",
      "DATABASE_URL=",
    ])
      expect(help.output()).to.contain(word);
    const relayer = run(main, "relayer", "--help");
    expect(await relayer.exited).to.equal(0);
    expect(relayer.output()).to.match(/^Usage: relayer [\s\S]*"networks"/);
    const all = run(main, "all", "--help");
    expect(await all.exited).to.equal(0);
    expect(all.output()).to.contain('"keepers": {');
  });

  it("starts one keeper in its own process, with its errors and exit code", async () => {
    const relayer = run(main, "relayer", "--config", join(folder, "none.json"));
    expect(await relayer.exited).to.equal(1);
    expect(relayer.output()).to.match(/^relayer: .*none\.json: cannot be read \(ENOENT\)/);
  });

  it("accepts the example of its help; the relayer starts first, paths count from the file", () => {
    const file = write("keepers.json", exampleFleet);
    const programs = fleetOf(readConfig(fleetSchema, file), file);
    expect(programs.map(({ name }) => name)).to.deep.equal([
      ...["relayer", "vrf", "feed 1", "feed 2", "watch", "score"],
      ...["payout 1", "payout 2", "payout 3", "attest"],
    ]);
    expect(programs[0]?.args).to.deep.equal(["--config", join(folder, "relayer.json")]);
    expect(() => readConfig(fleetSchema, write("empty.json", '{ "keepers": {} }'))).to.throw(
      /name the file of at least one of feed, relayer, vrf, watch, score, payout, attest/,
    );
  });

  it("starts again what died, and leaves the others alone", async () => {
    const script = worker();
    const parent = supervisor([script, script]);
    const [first, second] = await waitFor("two", () => {
      const up = pids(parent.output());
      return up.length === 2 ? up : null;
    });
    process.kill(first!, "SIGKILL");
    await waitFor("a third", () => pids(parent.output()).length === 3);
    expect(parent.output()).to.match(/"how":"signal SIGKILL"/);
    expect(isAlive(second!)).to.equal(true);
  });

  it("waits longer each time with what dies at once", async () => {
    const parent = supervisor([write("broken.ts", "process.exit(1);")]);
    await waitFor("four ends", () => parent.output().split('"how":"exit code 1"').length > 4);
    const waits = [...parent.output().matchAll(/"backoffMs":(\d+)/g)].map(([, ms]) => Number(ms));
    expect(waits.slice(0, 4)).to.deep.equal([50, 100, 200, 400]);
  });

  it("stops all on a signal, politely, and ends with 0", async () => {
    const script = worker();
    const parent = supervisor([script, script]);
    await waitFor("two", () => pids(parent.output()).length === 2);
    parent.child.kill("SIGTERM");
    expect(await parent.exited).to.equal(0);
    expect(parent.output().split("down")).to.have.length(3);
    expect(pids(parent.output()).some(isAlive)).to.equal(false);
  });

  it("leaves nothing behind when it is killed with -9", async () => {
    const parent = supervisor([worker()]);
    await waitFor("one", () => pids(parent.output()).length === 1);
    const [pid] = pids(parent.output());
    parent.child.kill("SIGKILL");
    await waitFor("its end", () => !isAlive(pid!));
  });
});
