import { expect } from "chai";
import { createServer } from "node:net";
import pg from "pg";
import { setTimeout as sleep } from "node:timers/promises";

import { isAlive } from "../../keepers/shared/lifecycle.ts";
import { startPostgres, type TestPostgres } from "../helpers/postgres.ts";
import { expectEqualToChain, rowsOf } from "./equality.ts";
import { prepareIndexer, settle, type Indexer } from "./indexer.ts";
import { startNetwork, type Network } from "./network.ts";

const E8 = 100_000_000n;
/** Enough for Ponder to hold blocks for final: twice its 30 blocks. */
const FINALIZING_BLOCKS = 90;

describe("indexer in trouble", function () {
  this.timeout(120_000);
  let postgres: TestPostgres;
  let network: Network;
  let indexer: Indexer;

  before(async () => {
    [postgres, network] = await Promise.all([startPostgres(), startNetwork(["BTC/USD"])]);
    await network.submit([[0, 20_000n * E8]]);
    indexer = await prepareIndexer({
      rpcUrl: network.anvil.url,
      databaseUrl: postgres.url,
      contracts: network.contracts,
    });
    await indexer.start();
    await settle(indexer, network);
  });

  after(async () => {
    await indexer?.dispose();
    await Promise.all([network?.stop(), postgres?.stop()]);
  });

  async function expectIndexed(): Promise<void> {
    await settle(indexer, network);
    const database = new pg.Client(postgres.url);
    await database.connect();
    try {
      await expectEqualToChain(database, network);
    } finally {
      await database.end();
    }
  }

  it("goes on when Postgres restarts", async () => {
    await postgres.restart();
    await network.submit([[0, 20_010n * E8]]);
    await expectIndexed();
  });

  it("starts Ponder again when it dies", async () => {
    process.kill(indexer.ponderPid(), "SIGKILL");
    await network.submit([[0, 20_030n * E8]]);
    await expectIndexed();
    expect(indexer.output()).to.contain("Ponder ended; starting it again");
  });

  it("starts Ponder again when it stands still", async () => {
    process.kill(indexer.ponderPid(), "SIGSTOP");
    await network.submit([[0, 20_035n * E8]]);
    await expectIndexed();
    expect(indexer.output()).to.match(/the index does not answer, for \d+ s/);
  });

  it("rebuilds the index when the running chain goes back behind what was final", async () => {
    const snapshot = await network.anvil.rpc("evm_snapshot");
    await network.mine(FINALIZING_BLOCKS);
    await network.submit([[0, 20_040n * E8]], { after: 2 });
    await network.mine(FINALIZING_BLOCKS);
    await settle(indexer, network);
    await network.anvil.rpc("evm_revert", [snapshot]);
    await network.submit([[0, 20_050n * E8]], { after: 400 });
    await expectIndexed();
    expect(indexer.output()).to.contain("the chain is not the indexed one; rebuilding");
    await network.mine(FINALIZING_BLOCKS);
    await settle(indexer, network);
  });

  it("leaves no Ponder behind when only the launcher is killed", async () => {
    const pid = indexer.ponderPid();
    await indexer.signal("SIGKILL");
    const deadlineMs = performance.now() + 10_000;
    while (isAlive(pid) && performance.now() < deadlineMs) await sleep(20);
    expect(isAlive(pid)).to.equal(false);
  });

  it("rebuilds the index when the chain was reset, although addresses and chain id are the same", async () => {
    const database = new pg.Client(postgres.url);
    await database.connect();
    const { port } = network.anvil;
    const { contracts } = network;
    await network.stop();
    network = await startNetwork(["ETH/USD", "BTC/USD"], { port });
    expect(network.contracts).to.deep.equal(contracts);
    await network.submit([[0, 1_000n * E8]]);
    await indexer.start();
    expect(indexer.output()).to.contain("the chain is not the indexed one; rebuilding");
    await expectIndexed();
    expect(await rowsOf(database, "round", "feed")).to.have.length(1);
    await database.end();
  });

  it("refuses an endpoint of another chain and names both", async () => {
    const other = await prepareIndexer({
      rpcUrl: network.anvil.url,
      databaseUrl: postgres.url,
      contracts: network.contracts,
      chainId: 10,
    });
    const { exit } = other.launch();
    expect(await exit).to.equal(1);
    expect(other.output()).to.contain("the RPC endpoint serves chain 31337, expected 10");
    await other.dispose();
  });

  it("refuses a port that is in use", async () => {
    const other = await prepareIndexer({
      rpcUrl: network.anvil.url,
      databaseUrl: postgres.url,
      contracts: network.contracts,
    });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(other.port, "127.0.0.1", resolve));
    const { exit } = other.launch();
    expect(await exit).to.equal(1);
    expect(other.output()).to.contain(`port ${other.port} on 127.0.0.1 is in use`);
    await new Promise((resolve) => server.close(resolve));
    await other.dispose();
  });
});
