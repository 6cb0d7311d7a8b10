import { execFileSync } from "node:child_process";

import { expect } from "chai";

import { migrate, openDatabase, type Database } from "../../../keepers/shared/database.ts";
import { createLogger } from "../../../keepers/shared/log.ts";
import type { KeeperProcess } from "../../helpers/keeper-process.ts";
import { startPostgres, type TestPostgres } from "../../helpers/postgres.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { clear, startRelayer } from "../relayer/harness.ts";
import {
  createIndex,
  feedKey,
  startAttest,
  startAttestNetwork,
  type AttestNetwork,
} from "./harness.ts";

const EVERYBODY = [0, 1, 2, 3, 4];
/** The first proof of a machine compiles the circuits. */
const PROOF_MS = 60_000;

describe("the attest keeper", function () {
  this.timeout(120_000);
  let postgres: TestPostgres;
  let db: Database;
  let network: AttestNetwork;
  const keepers: KeeperProcess[] = [];
  let relayer: KeeperProcess | null = null;

  before(async () => {
    [postgres, network] = await Promise.all([startPostgres(), startAttestNetwork()]);
    db = openDatabase(postgres.url, createLogger({ name: "test", level: "silent" }));
    await migrate(db);
    await createIndex(db);
  });
  after(async () => {
    await db.close();
    await Promise.all([postgres.stop(), network.stop()]);
  });
  beforeEach(() => network.nextPeriod());
  afterEach(async function () {
    await Promise.all(keepers.map((keeper) => keeper.kill()));
    await relayer?.kill();
    if (this.currentTest?.state === "failed")
      console.log(keepers.map((keeper) => keeper.output()).join("\n"), relayer?.output());
    keepers.length = 0;
    relayer = null;
    await clear(db);
    await db.pool.query("TRUNCATE chain.report");
  });

  const attest = async (fields: Record<string, unknown> = {}): Promise<KeeperProcess> => {
    const one = await startAttest(postgres.url, network, fields);
    keepers.push(one);
    return one;
  };
  const relay = (): void => {
    relayer = startRelayer(postgres.url, [network.anvil.url]);
  };
  /** Since `network` is one for all tests, each looks at slots from its own start on. */
  const attestedSince = async (slot: number) =>
    (await network.attested()).filter((one) => one >= slot);
  const intents = async () => {
    const { rows } = await db.pool.query<{ key: string; status: string }>(
      "SELECT key, status FROM dodona.intents ORDER BY id",
    );
    return rows;
  };
  const keyOf = async (slot: number) =>
    `attest:31337:${(await network.attestations.getAddress()).toLowerCase()}:${network.setId}:${slot}`;
  it("has a report's answers attested on chain, once", async () => {
    const published = await network.publish(db);
    published.show([0, 3]);
    relay();
    const one = await attest();
    await waitFor(
      "the attestation",
      async () => (await attestedSince(published.slot)).length === 1,
      PROOF_MS,
    );
    for (const [feed, answer] of published.answers.entries()) {
      const latest = await network.attestations.latestAttested(feedKey(feed));
      expect(latest.answer).to.equal(answer);
      expect(Number(latest.updatedAt)).to.equal(published.slot);
    }
    await waitFor("its end", async () => (await intents())[0]?.status === "confirmed");
    expect((await intents()).map(({ key }) => key)).to.deep.equal([await keyOf(published.slot)]);
    const url = await one.metricsUrl();
    await waitFor("its words", async () => {
      const health = (await (await fetch(`${url}/health`)).json()) as {
        ok: boolean;
        state: string;
      };
      return health.ok && health.state === "every feed of this period is attested";
    });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).to.match(/dodona_attest_age_seconds\{feed="ETH\/USD".*\} \d+/);
    expect(metrics).to.match(/dodona_attest_proof_seconds_count\{.*\} 1/);
    expect(metrics).to.match(/dodona_attest_waiting\{.*\} 0/);
    expect(metrics).to.match(/dodona_attest_prover_memory_bytes\{.*\} \d{8,}/);
    // Another one, whose database knows of nothing, sees what the chain has.
    await one.kill();
    await clear(db);
    const second = await attest();
    await waitFor("its words", () =>
      second.output().includes('"state":"every feed of this period is attested"'),
    );
    expect(await intents()).to.deep.equal([]);
  });

  it("asks the relayer once, however often it is killed and however many of them run, and leaves no prover behind", async () => {
    const published = await network.publish(db);
    published.show(EVERYBODY);
    for (let kill = 0; kill < 2; kill++) {
      const one = await attest();
      await waitFor("its work", () => one.output().includes('"state":"attests slot'));
      // Each is killed a little later in its work than the one before.
      await new Promise((resolve) => setTimeout(resolve, 500 * kill));
      const provers = childrenOf(one.pid);
      await one.kill();
      await waitFor("its prover's end", () => provers.every((pid) => !isRunning(pid)));
    }
    await Promise.all([attest(), attest()]);
    relay();
    await waitFor(
      "the attestation",
      async () => (await attestedSince(published.slot)).length === 1,
      PROOF_MS,
    );
    await waitFor("its end", async () => (await intents())[0]?.status === "confirmed");
    expect((await intents()).map(({ key }) => key)).to.deep.equal([await keyOf(published.slot)]);
  });

  it("takes the next report where an observation is missing, and says why it waits for one", async () => {
    const hidden = await network.publish(db);
    const one = await attest();
    await waitFor("the reason", () =>
      one
        .output()
        .includes(`operators show 0 observations of slot ${hidden.slot}, below the quorum of 3`),
    );
    expect(await intents()).to.deep.equal([]);
    const shown = await network.publish(db);
    shown.show([2]);
    relay();
    await waitFor(
      "the attestation",
      async () => (await attestedSince(hidden.slot)).length > 0,
      PROOF_MS,
    );
    expect(await attestedSince(hidden.slot)).to.deep.equal([shown.slot]);
  });

  it("goes by the honest copy where an operator shows a proof that nobody made", async () => {
    const published = await network.publish(db);
    published.show([0, 1], (one) => ({ ...one, proof: { s: 1n, e: 1n } }));
    published.show([4]);
    network.operators[2]!.answer = "<html>";
    relay();
    await attest();
    await waitFor(
      "the attestation",
      async () => (await attestedSince(published.slot)).length === 1,
      PROOF_MS,
    );
    network.operators[2]!.answer = null;
  });
});

function childrenOf(pid: number): number[] {
  try {
    return execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" })
      .split("\n")
      .map(Number)
      .filter((one) => one > 0);
  } catch {
    return [];
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
