import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

const lifecycle = new URL("../../../keepers/shared/lifecycle.ts", import.meta.url).href;

function run(body: string): ChildProcess {
  const code = `import { runProcess, RetryableError } from ${JSON.stringify(lifecycle)};
    await runProcess({ name: "sample", main: async (scope) => { ${body} } });`;
  return spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function finish(
  child: ChildProcess,
): Promise<{ code: number | null; out: string; err: string }> {
  let [out, err] = ["", ""];
  child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}

const untilAborted = `await new Promise((resolve) => { const keep = setInterval(() => {}, 1000);
  scope.signal.addEventListener("abort", () => { clearInterval(keep); resolve(); }); console.log("up"); });`;

describe("lifecycle", function () {
  this.timeout(15_000);

  it("ends with 0 after main, releases last-in first-out", async () => {
    const child = run(
      `scope.defer(() => console.log("first")); scope.defer(async () => console.log("second"));`,
    );
    expect(await finish(child)).to.deep.equal({ code: 0, out: "second\nfirst\n", err: "" });
  });

  it("ends with 1 and one line on standard error after a fatal error, resources released", async () => {
    const child = run(
      `scope.defer(() => console.log("released")); throw new Error("postgres://me:secret@host is bad");`,
    );
    expect(await finish(child)).to.deep.equal({
      code: 1,
      out: "released\n",
      err: "sample: postgres://***@host is bad\n",
    });
  });

  it("ends with 75 after an error that is worth a new start", async () => {
    expect((await finish(run(`throw new RetryableError("later");`))).code).to.equal(75);
    const refused = run(`throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });`);
    expect((await finish(refused)).code).to.equal(75);
  });

  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    it(`aborts the scope on ${signal} and ends with 0`, async () => {
      const child = run(`scope.defer(() => console.log("released")); ${untilAborted}`);
      child.stdout?.once("data", () => child.kill(signal));
      expect(await finish(child)).to.deep.equal({ code: 0, out: "up\nreleased\n", err: "" });
    });
  }

  it("ends when the watched process is gone", async () => {
    const watched = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const child = run(`scope.watchParent(${watched.pid}); ${untilAborted}`);
    child.stdout?.once("data", () => watched.kill("SIGKILL"));
    expect((await finish(child)).code).to.equal(0);
  });
});
