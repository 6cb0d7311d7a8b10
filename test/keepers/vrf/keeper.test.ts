import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { createLogger } from "../../../keepers/shared/log.ts";
import { migrate, openDatabase, type Database } from "../../../keepers/shared/database.ts";
import { openChain, type Chain } from "../../../keepers/shared/rpc.ts";
import { pause, resume, wholeChain } from "../../../keepers/relayer/control.ts";
import type { Coordinate } from "../../../keepers/vrf/model.ts";
import { openQueue } from "../../../keepers/vrf/queue.ts";
import { replay } from "../../../keepers/vrf/replay.ts";
import { readSnapshot } from "../../../keepers/vrf/snapshot.ts";
import { describeRequest } from "../../../keepers/vrf/status.ts";
import { verifyRequest } from "../../../keepers/vrf/verify.ts";
import type { KeeperProcess } from "../../helpers/keeper-process.ts";
import { startPostgres, type TestPostgres } from "../../helpers/postgres.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { startRelayer, writeKeys } from "../relayer/harness.ts";
import {
  chainId,
  provingKey,
  startIndex,
  startKeeper,
  startVrfNetwork,
  type TestIndex,
  type TestNetwork,
} from "./harness.ts";

const log = createLogger({ name: "test", level: "silent" });

describe("VRF keeper on a chain", function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let db: Database;
  let network: TestNetwork;
  let index: TestIndex;
  let relayer: KeeperProcess;
  let chain: Chain;
  let coordinate: Coordinate;
  let keepers: KeeperProcess[] = [];
  let stopMining = (): void => undefined;
  let stopFollowing = async (): Promise<void> => undefined;

  const keeper = (fields: Record<string, unknown> = {}): KeeperProcess => {
    const { anvil, address } = network;
    const started = startKeeper(postgres.url, anvil.url, address, index.url, fields);
    keepers.push(started);
    return started;
  };

  /** Ids of requests that are new since the last call. */
  let known = 0;
  const newIds = async (count: number): Promise<bigint[]> => {
    const ids = await waitFor(`${count} requests`, async () => {
      const found = await network.requestIds();
      return found.length >= known + count ? found.slice(known) : null;
    });
    known += count;
    return ids;
  };

  const calledOnce = (ids: readonly bigint[], timeoutMs = 30_000): Promise<true> =>
    waitFor(
      `${ids.length} callbacks`,
      async () => {
        const counts = await Promise.all(ids.map((id) => network.callbacks(id)));
        return counts.every((count) => count === 1) || null;
      },
      timeoutMs,
    );

  const rowsOf = async <T>(text: string, values: unknown[] = []): Promise<T[]> =>
    (await db.pool.query(text, values)).rows as T[];

  const folder = mkdtempSync(join(tmpdir(), "dodona-vrf-test-"));
  after(() => rmSync(folder, { recursive: true }));

  before(async () => {
    postgres = await startPostgres();
    db = openDatabase(postgres.url, log);
    await migrate(db);
    network = await startVrfNetwork();
    index = await startIndex(db, network);
    chain = openChain({ chainId, rpcUrls: [network.anvil.url], log });
    coordinate = { chainId, coordinator: network.address };
    stopFollowing = index.follow(50);
    stopMining = network.mineEvery(200);
    relayer = startRelayer(postgres.url, [network.anvil.url], { accounts: writeKeys(3) });
  });

  afterEach(async () => {
    await Promise.all(keepers.map((one) => one.kill()));
    keepers = [];
  });

  after(async () => {
    stopMining();
    await stopFollowing();
    await relayer.kill();
    chain.close();
    await index.stop();
    await db.close();
    await network.stop();
    await postgres.stop();
  });

  it("fulfils fifty requests of a block in the first blocks that may hold their words", async () => {
    keeper();
    await waitFor("a keeper", () => keepers[0]!.output().includes("serves requests"));
    stopMining();
    await network.request(50, { confirmations: 3 });
    await network.mine();
    const ids = await newIds(50);
    await network.mine();
    await index.sync();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await rowsOf("SELECT 1 FROM dodona.vrf_proofs"), "before the time").to.deep.equal([]);
    // The next block is the third after the request's: the words are handed over now.
    await network.mine();
    const intents = await waitFor("transactions", async () => {
      const proofs = await rowsOf("SELECT 1 FROM dodona.vrf_proofs");
      const sent = await rowsOf<{ status: string }>("SELECT status FROM dodona.intents");
      const isSent = sent.every(({ status }) => status === "sent");
      return proofs.length === 50 && isSent ? sent : null;
    });
    expect(intents.length).to.be.below(10);
    await waitFor("the pool", async () => {
      const { pending } = await network.anvil.rpc<{ pending: string }>("txpool_status");
      return Number(pending) === intents.length;
    });
    await network.mine(2);
    await calledOnce(ids);
    stopMining = network.mineEvery(200);
  });

  it("leaves what anybody can check from the chain alone", async () => {
    const [id] = await network.requestIds();
    const { ok, checks, fulfilment } = await verifyRequest(chain, coordinate, id!, {
      logBlocks: 7,
    });
    expect(ok, JSON.stringify(checks)).to.equal(true);
    expect(fulfilment!.words).to.have.length(2);
    expect(fulfilment!.words).to.deep.equal([
      ...(await network.coordinator.wordsOf(BigInt(fulfilment!.output!), 2)),
    ]);
    const unknown = await verifyRequest(chain, coordinate, 1n);
    expect(unknown.checks).to.deep.equal([{ name: "request", ok: false, detail: "no such event" }]);
  });

  it("is found out when a proof, an output or a confirmation is not what it should be", async () => {
    const [id] = await network.requestIds();
    const failing = async (change: Partial<Chain>): Promise<string[]> => {
      const { ok, checks } = await verifyRequest({ ...chain, ...change }, coordinate, id!);
      expect(ok).to.equal(false);
      return checks.filter((one) => !one.ok).map(({ name }) => name);
    };
    const spoiled = await failing({
      async send(method, params) {
        const answer = await chain.send(method, params);
        if (method !== "eth_getTransactionByHash") return answer;
        const { input } = answer as { input: string };
        // The scalar of each proof follows its Γ: the key's two coordinates and 33 bytes lie before it.
        const y = provingKey.y.toString(16).padStart(64, "0");
        const at = new RegExp(`${y}[0-9a-f]{66}`, "g");
        return { input: input.replace(at, (before) => `${before.slice(0, -2)}00`) };
      },
    });
    expect(spoiled).to.deep.equal(["proof", "output"]);
    const rootless = await failing({
      async send(method, params) {
        return method === "eth_getTransactionByHash" ? { input: "0x" } : chain.send(method, params);
      },
    });
    expect(rootless).to.deep.equal(["proof"]);
  });

  it("says in words where requests stand", async () => {
    const at = async (id: bigint) => {
      await index.sync();
      const deps = { db: db.pool, chain, coordinate, indexBlock: index.block() };
      return describeRequest(await readSnapshot(deps, id));
    };
    const [done] = await network.requestIds();
    expect((await at(done!)).text).to.match(
      /^fulfilled in block \d+ by 0x[0-9a-f]{64} for 0\.\d+ /,
    );
    expect((await at(1n)).kind).to.equal("unknown");
    stopMining();
    await network.request(1, { confirmations: 5 });
    await network.mine();
    const [id] = await newIds(1);
    expect((await at(id!)).text).to.match(/^waits for 4 more blocks/);
    await network.mine(4);
    await db.pool.query("UPDATE dodona.vrf_keepers SET updated_at = now() - interval '1 minute'");
    expect((await at(id!)).text).to.match(/is offline: it was last at work 6\d s ago$/);
    const runs = keeper();
    await waitFor("a keeper", () => runs.output().includes("handed"));
    await waitFor("the transaction", async () => (await at(id!)).kind === "sending");
    stopMining = network.mineEvery(200);
    await calledOnce([id!]);
    expect((await at(id!)).kind).to.equal("fulfilled");
  });

  it("shares two hundred requests among processes that are killed, losing and doubling none", async () => {
    keeper();
    const second = keeper();
    await waitFor("both keepers", () => keepers.every((one) => one.output().includes("serves")));
    const survivors = [keepers[0]!, second];
    for (let burst = 0; burst < 4; burst++) {
      await network.request(50);
      const victim = survivors[burst % 2]!;
      await waitFor("work", async () => {
        const active = await rowsOf("SELECT 1 FROM pgboss.job WHERE state = 'active'");
        return active.length > 0 || victim.output().includes("handed");
      });
      await victim.kill("SIGKILL");
      survivors[burst % 2] = keeper();
    }
    const ids = await newIds(200);
    await calledOnce(ids);
    const proofs = await rowsOf<{ request_id: string; attempt: number }>(
      "SELECT request_id, attempt FROM dodona.vrf_proofs WHERE request_id = ANY($1::numeric[])",
      [ids.map(String)],
    );
    expect(proofs.length).to.equal(200);
    expect(proofs.every(({ attempt }) => attempt === 1)).to.equal(true);
    const reverted = await rowsOf("SELECT 1 FROM dodona.intents WHERE status = 'failed'");
    expect(reverted).to.deep.equal([]);
  });

  it("drops a request that a reorganisation removed, and serves it once it is back in another block", async () => {
    stopMining();
    const runs = keeper();
    await waitFor("a keeper", () => runs.output().includes("serves requests"));
    // Nothing is sent: what was handed over for a request that is gone then waits in the relayer's queue.
    await pause(db.pool, chainId, wholeChain, "test");
    await network.request(1, { confirmations: 3 });
    await network.mine(3);
    const [id] = await newIds(1);
    await waitFor("the proof", async () => {
      const found = await rowsOf("SELECT 1 FROM dodona.vrf_proofs WHERE request_id = $1", [
        String(id),
      ]);
      return found.length === 1;
    });
    await network.anvil.rpc("anvil_reorg", [3, []]);
    await network.mine(4);
    await index.sync();
    expect(await network.requestIds()).to.not.include(id);
    const [withdrawn] = await waitFor("the intent's end", async () => {
      const ended = await rowsOf<{ reason: string }>(
        `SELECT i.reason FROM dodona.intents i JOIN dodona.vrf_proofs p ON p.intent_key = i.key
         WHERE p.request_id = $1 AND i.status = 'failed'`,
        [String(id)],
      );
      return ended.length === 1 ? ended : null;
    });
    expect(withdrawn!.reason).to.match(/^cancelled: a reorganisation replaced block \d+, /);
    await resume(db.pool, chainId, wholeChain);
    await network.request(1, { confirmations: 3 });
    await network.mine();
    expect((await network.requestIds()).at(-1)).to.equal(id);
    stopMining = network.mineEvery(200);
    await calledOnce([id!]);
    const proofs = await rowsOf<{ block_hash: string }>(
      "SELECT block_hash FROM dodona.vrf_proofs WHERE request_id = $1",
      [String(id)],
    );
    expect(proofs.length, "one proof for each block").to.equal(2);
  });

  it("gives up after its attempts with the reason, and delivers after a replay", async () => {
    const code = await network.provider.getCode(network.address);
    const runs = keeper({ maxAttempts: 2 });
    await waitFor("a keeper", () => runs.output().includes("serves requests"));
    stopMining();
    await network.request(1);
    await network.mine();
    const [second] = await newIds(1);
    // Whatever is sent to it reverts.
    await network.anvil.rpc("anvil_setCode", [network.address, "0x5f5ffd"]);
    stopMining = network.mineEvery(200);
    const settings = { expireSeconds: 5, archiveDays: 7 };
    const queue = await openQueue(postgres.url, coordinate, provingKey.keyHash, settings, log);
    try {
      const [letter] = await waitFor("a dead letter", async () => {
        const letters = await queue.dead();
        return letters.length > 0 ? letters : null;
      });
      expect(letter!.request.requestId).to.equal(second);
      expect(letter!.reason).to.match(/^given up after 2 deliveries: reverted in block \d+/);
      await network.anvil.rpc("anvil_setCode", [network.address, code]);
      const deps = { databaseUrl: postgres.url, coordinate, keyHash: provingKey.keyHash, log };
      expect(await replay(deps, second!)).to.deep.equal([{ reason: letter!.reason, attempt: 3 }]);
      await calledOnce([second!]);
      expect(await queue.dead()).to.deep.equal([]);
      expect(await replay(deps, second!)).to.deep.equal([]);
    } finally {
      await queue.stop();
    }
  });

  it("goes on after Postgres was restarted, and waits for an index that is behind", async () => {
    const runs = keeper();
    await waitFor("a keeper", () => runs.output().includes("serves requests"));
    await network.request(30);
    const before = await newIds(30);
    await postgres.restart();
    await calledOnce(before);
    index.freeze(1);
    await waitFor("the keeper to wait", () => runs.output().includes("waits for the index"));
    await network.request(1);
    const [id] = await newIds(1);
    await waitFor("the row", async () => {
      const found = await rowsOf("SELECT 1 FROM chain.vrf_request WHERE id = $1", [String(id)]);
      return found.length === 1;
    });
    await network.mine(3);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await network.callbacks(id!)).to.equal(0);
    index.freeze(null);
    await calledOnce([id!]);
    const health = await fetch(`${await runs.metricsUrl()}/health`);
    expect(health.status).to.equal(200);
  });

  it("gives up what nobody served in time, and waits with a key that is not registered", async () => {
    stopMining();
    await network.request(1);
    await network.mine();
    const [id] = await newIds(1);
    await network.anvil.rpc("anvil_mine", ["0xc9"]);
    await index.sync();
    stopMining = network.mineEvery(200);
    const runs = keeper();
    await waitFor("the letter", () => runs.output().includes("request given up"));
    await waitFor("a refund", async () => {
      const deps = { db: db.pool, chain, coordinate, indexBlock: index.block() };
      const { kind, hints } = describeRequest(await readSnapshot(deps, id!));
      return kind === "expired" && hints.some((hint) => hint.startsWith("what the operator says"));
    });

    const keyFile = join(folder, "other.json");
    writeFileSync(keyFile, JSON.stringify({ vrf: `0x${"01".repeat(32)}` }), { mode: 0o600 });
    const other = keeper({ keyFile });
    await waitFor("what to do", () => other.output().includes("call registerProvingKey("));
    expect((await fetch(`${await other.metricsUrl()}/health`)).status).to.equal(503);
    await other.kill("SIGTERM");
    expect(await other.exited).to.equal(0);
  });
});
