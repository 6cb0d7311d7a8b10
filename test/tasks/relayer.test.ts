import { writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";

import { migrate, openDatabase } from "../../keepers/shared/database.ts";
import type { Database } from "../../keepers/shared/database.ts";
import { createLogger } from "../../keepers/shared/log.ts";
import { startPostgres } from "../helpers/postgres.ts";
import type { TestPostgres } from "../helpers/postgres.ts";
import type { KeeperProcess } from "../helpers/keeper-process.ts";
import * as h from "../keepers/relayer/harness.ts";
import { startTaskNetwork } from "./network.ts";
import type { TaskNetwork } from "./network.ts";
import { json, refusal } from "./outcome.ts";

const account = h.accountAt(0).address.toLowerCase();

describe("relayer tasks", function () {
  this.timeout(60_000);
  let network: TaskNetwork;
  let postgres: TestPostgres;
  let db: Database;
  let relayer: KeeperProcess | undefined;

  const stackFile = (databaseUrl: string): Promise<void> =>
    writeFile(
      path.join(network.folder, "stack.json"),
      JSON.stringify({ chainId: 31_337, rpcUrl: network.anvil.url, apiUrl: null, databaseUrl }),
    );

  before(async () => {
    network = await startTaskNetwork("relayer", "instant");
    postgres = await startPostgres();
    await stackFile(postgres.url);
    db = openDatabase(postgres.url, createLogger({ name: "test", level: "silent" }));
  });
  after(async () => {
    await relayer?.kill();
    await db.close();
    await postgres.stop();
    await network.stop();
  });

  it("say in one line that no relayer has used the database, or that it does not answer", async () => {
    expect(refusal(await network.task("relayer status"))).to.match(
      /^Error: No relayer of this version has ever used the database\.\n$/,
    );
    await stackFile("postgres://me:secret@127.0.0.1:1/none");
    const message = refusal(await network.task("relayer status"));
    expect(message).to.match(/^Error: The relayers' database does not answer: /);
    expect(message).not.to.include("secret");
    await stackFile(postgres.url);
    await migrate(db);
    expect((await network.task("relayer status")).stdout).to.equal(
      "No relayer has worked on chain 31337 yet.\n",
    );
  });

  it("status shows accounts, treasury, queue and cap", async () => {
    relayer = h.startRelayer(postgres.url, [network.anvil.url], {
      accounts: h.writeKeys(1),
      treasury: {
        account: h.writeKeys(1, 9)[0],
        belowEther: 1,
        targetEther: 20_000,
        dailyCapEther: 12_000,
      },
    });
    await h.waitFor("two accounts", async () => {
      const { accounts } = json<{ accounts: { balanceWei: string }[] }>(
        await network.task("relayer status", { json: true }),
      );
      return accounts.length === 2 && accounts.every(({ balanceWei }) => balanceWei !== "0");
    });
    const { stdout } = await network.task("relayer status");
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).to.match(/^ACCOUNT +BALANCE +PENDING +NEXT NONCE +STATE$/);
    expect(lines[1]).to.match(new RegExp(`^${account} +10000 ETH +0 +0 +works$`));
    expect(lines[2]).to.match(/\(treasury\) +10000 ETH +0 +0 +works$/);
    expect(lines.slice(3)).to.deep.equal([
      "",
      "Nothing waits.",
      "Top-ups today: 0 ETH of at most 12000 ETH",
    ]);
  });

  it("topup asks the treasury, within the daily cap", async () => {
    const { stdout } = await network.task("relayer topup", { ether: "1.5" });
    expect(stdout).to.match(
      new RegExp(`^Intent \\d+: 1.5 ETH from treasury 0x[0-9a-f]{40} to ${account}`),
    );
    await h.waitFor("the money", async () => {
      const balance = await network.anvil.rpc<string>("eth_getBalance", [account, "latest"]);
      return BigInt(balance) === 10_001_500_000_000_000_000_000n;
    });
    await h.waitFor(
      "its end",
      async () =>
        json<{ backlog: unknown[] }>(await network.task("relayer status", { json: true })).backlog
          .length === 0,
    );
    expect(refusal(await network.task("relayer topup", { ether: "11999" }))).to.equal(
      "Error: The daily cap of 12000 ETH does not allow 11999 ETH: 1.5 ETH were asked for today.\n",
    );
    expect(refusal(await network.task("relayer topup", { ether: "lots" }))).to.match(
      /not an amount/,
    );
    expect(
      refusal(await network.task("relayer topup", { account: `0x${"1".repeat(40)}` })),
    ).to.match(/Name an account of the relayer with --account\. Accounts: 0x/);
  });

  it("pause holds new intents back, cancel ends one of them, resume lets the rest go", async () => {
    expect(
      json(await network.task("relayer pause", { reason: "upgrade", json: true })),
    ).to.deep.equal({
      chainId: 31_337,
      account: "*",
      paused: true,
      reason: "upgrade",
    });
    await h.enqueue(db, 1, { key: "payout:1" });
    await h.enqueue(db, 2, { key: "payout:2" });
    const status = await h.waitFor("the reason", async () => {
      const { stdout } = await network.task("relayer status");
      return stdout.includes("paused: upgrade") ? stdout : null;
    });
    expect(status).to.match(/^payouts: 2 queued, the oldest for \d+ s$/m);
    expect(status).to.match(/^The chain is paused since 20.*: upgrade$/m);
    const cancelled = await network.task("relayer cancel", {
      intent: "payout:1",
      reason: "wrong amount",
    });
    expect(cancelled.stdout).to.equal("Intent payout:1 is cancelled; it was never sent.\n");
    expect(refusal(await network.task("relayer cancel", { intent: "payout:1" }))).to.equal(
      "Error: Intent payout:1 is failed already: there is nothing to cancel.\n",
    );
    expect(refusal(await network.task("relayer cancel", { intent: "payout:9" }))).to.equal(
      'Error: There is no intent "payout:9".\n',
    );
    expect((await network.task("relayer resume")).stdout).to.equal("Chain 31337 works again.\n");
    await h.waitFor(
      "the other",
      async () => (await h.stateOf(db, "payout:2")).status === "confirmed",
    );
    expect((await network.task("relayer status")).stdout).to.match(
      /^Failed \d+ s ago: payout:1: cancelled: wrong amount$/m,
    );
    expect((await network.task("relayer resume", { account })).stdout).to.match(
      /was not paused\.$/m,
    );
  });
});
