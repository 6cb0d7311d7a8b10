import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

import { expect } from "chai";

import { generateKeys } from "../../keepers/feed/signing/keys.ts";
import { accountAt, publish, secretOf, startTaskNetwork } from "./network.ts";
import type { TaskNetwork } from "./network.ts";
import { json, refusal } from "./outcome.ts";

const FEEDS = ["BTC/USD", "ETH/USD", "USDT/USD", "USDC/USD"];
const BTC_E8 = 6_412_345_678_901n;

describe("tasks on a deployed network", function () {
  this.timeout(120_000);
  let network: TaskNetwork;
  let priceFeeds: string;
  let secrets: bigint[];

  before(async () => {
    network = await startTaskNetwork("tasks", 1);
    const { addresses } = json<{ addresses: { priceFeeds: string } }>(
      await network.deploy({ parameters: network.plainParameters }),
    );
    priceFeeds = addresses.priceFeeds;
    secrets = await Promise.all(
      Array.from({ length: 5 }, async (_, index) => {
        const file = path.join(network.folder, `keys-${index}.json`);
        return secretOf(JSON.parse(await readFile(file, "utf8")));
      }),
    );
    await publish(network, priceFeeds, secrets, 0, BTC_E8 - 100_000_000n);
    await publish(network, priceFeeds, secrets, 0, BTC_E8);
  });
  after(async () => await network.stop());

  it("feeds list shows every feed with units", async () => {
    const { code, stdout } = await network.task("feeds list");
    expect(code).to.equal(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).to.have.length(5);
    expect(lines[0]).to.match(/^FEED +ANSWER +AGE +ROUND +STATUS +DEVIATION +HEARTBEAT +PROXY$/);
    expect(lines[1]).to.match(
      /^BTC\/USD +64,123\.45 USD +\d+ s +2 +live +0\.20 % +10 s +0x[0-9a-fA-F]{40}$/,
    );
    expect(lines[2]).to.match(/^ETH\/USD +– +– +0 +empty /);
  });

  it("feeds list --json prints all feeds as one array", async () => {
    const feeds = json<{ id: string; answer: string | null; status: string; round: number }[]>(
      await network.task("feeds list", { json: true }),
    );
    expect(feeds.map(({ id }) => id)).to.deep.equal(FEEDS);
    expect(feeds[0]).to.include({ answer: BTC_E8.toString(), status: "live", round: 2 });
    expect(feeds[1]).to.include({ answer: null, status: "empty", round: 0 });
  });

  it("feeds read shows the answer in human and raw form", async () => {
    const { stdout } = await network.task("feeds read", { feed: "btc-usd" });
    expect(stdout).to.match(/^Answer +64,123\.45678901 USD$/m);
    expect(stdout).to.match(/^Raw +6412345678901 \(8 decimals\)$/m);
    expect(stdout).to.match(/^Round +2$/m);
    expect(stdout).to.match(/^Status +live$/m);
    const feed = json<Record<string, unknown>>(
      await network.task("feeds read", { feed: "BTC/USD", json: true }),
    );
    expect(feed).to.include({ answer: BTC_E8.toString(), round: 2, trippedUntil: null });
  });

  it("feeds read answers a wrong id with the feeds there are", async () => {
    const message = refusal(await network.task("feeds read", { feed: "FOO/USD", json: true }));
    expect(message).to.equal(`Error: There is no feed "FOO/USD". Feeds: ${FEEDS.join(", ")}.\n`);
  });

  it("feeds history lists the contract's rounds, newest first, within a range", async () => {
    interface History {
      source: string;
      rounds: { round: number; answer: string; updatedAt: number }[];
    }
    const all = json<History>(await network.task("feeds history", { feed: "BTC/USD", json: true }));
    expect(all.source).to.equal("contract");
    expect(all.rounds.map(({ answer, round }) => [round, answer])).to.deep.equal([
      [2, BTC_E8.toString()],
      [1, (BTC_E8 - 100_000_000n).toString()],
    ]);
    const to = all.rounds[1]?.updatedAt.toString();
    const early = json<History>(
      await network.task("feeds history", { feed: "BTC/USD", to, json: true }),
    );
    expect(early.rounds.map(({ round }) => round)).to.deep.equal([1]);
    const one = json<History>(
      await network.task("feeds history", { feed: "BTC/USD", limit: 1, json: true }),
    );
    expect(one.rounds.map(({ round }) => round)).to.deep.equal([2]);
    expect(
      refusal(await network.task("feeds history", { feed: "BTC/USD", from: "soon" })),
    ).to.include('--from "soon" is neither unix seconds nor a date');
    expect(refusal(await network.task("feeds history", { feed: "BTC/USD", limit: 0 }))).to.include(
      "--limit must be from 1 to 1000",
    );
  });

  it("feeds history asks the indexer where a stack runs one, and the contract when that is down", async () => {
    const asked: string[] = [];
    const indexer = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end(JSON.stringify({ rounds: [{ round: 7, answer: "5", updatedAt: 1_000 }] }));
    });
    await once(indexer.listen(0, "127.0.0.1"), "listening");
    await network.nameApi(`http://127.0.0.1:${(indexer.address() as AddressInfo).port}`);
    const args = { feed: "BTC/USD", from: "100", to: "2000", limit: 3, json: true };
    expect(json(await network.task("feeds history", args))).to.deep.include({
      source: "api",
      rounds: [{ round: 7, answer: "5", updatedAt: 1_000 }],
    });
    expect(asked).to.deep.equal(["/feeds/BTC-USD/history?from=100&limit=3&to=2000"]);

    indexer.closeAllConnections();
    await new Promise((resolve) => indexer.close(resolve));
    const down = await network.task("feeds history", { feed: "BTC/USD", json: true });
    expect(json(down)).to.include({ source: "contract" });
    expect(down.stderr).to.include("does not answer");
    await network.nameApi(null);
  });

  it("feeds trip refuses a feed without answer and an account without permission, in words", async () => {
    expect(refusal(await network.task("feeds trip", { feed: "ETH/USD", json: true }))).to.include(
      "Error: Feed ETH/USD has no answer yet.",
    );
    expect(
      refusal(await network.task("feeds trip", { feed: "BTC/USD", from: "3", json: true })),
    ).to.include(`${accountAt(3).address} has no permission`);
    expect(refusal(await network.task("feeds trip", { feed: "BTC/USD", from: "99" }))).to.include(
      '"99" is neither an address nor an index from 0 to 19',
    );
  });

  it("feeds trip stops a feed and feeds reset empties it", async () => {
    const trip = await network.task("feeds trip", { feed: "BTC/USD", json: true });
    const tripped = json<{ status: string; trippedUntil: number; transaction: string }>(trip);
    expect(trip.stderr).to.include(`Send PriceFeeds.trip(BTC/USD) to ${priceFeeds}`);
    expect(tripped.trippedUntil).to.be.above(Date.now() / 1_000);
    const read = json<{ status: string; trippedUntil: number }>(
      await network.task("feeds read", { feed: "BTC/USD", json: true }),
    );
    expect(read).to.include({ status: "tripped", trippedUntil: tripped.trippedUntil });

    json(await network.task("feeds reset", { feed: "BTC/USD", json: true }));
    const after = json<{ status: string; answer: null }>(
      await network.task("feeds read", { feed: "BTC/USD", json: true }),
    );
    expect(after).to.include({ status: "empty", answer: null });
  });

  it("feeds create makes a feed with a proxy, and refuses to make it twice", async () => {
    const created = json<{ proxy: string; params: Record<string, number> }>(
      await network.task("feeds create", {
        feed: "SOL/USD",
        like: "USDC/USD",
        deviationBps: "75",
        json: true,
      }),
    );
    expect(created.params).to.include({ deviationBps: 75, minVenues: 1, heartbeat: 10 });
    const feed = json<{ proxy: string; status: string }>(
      await network.task("feeds read", { feed: "SOL/USD", json: true }),
    );
    expect(feed).to.include({ proxy: created.proxy, status: "empty" });
    expect(refusal(await network.task("feeds create", { feed: "SOL/USD" }))).to.include(
      "Feed SOL/USD exists already",
    );
    for (const [args, problem] of [
      [{ feed: "SOLUSD" }, "is not a feed id"],
      [{ feed: "X/USD", heartbeat: "1.5" }, 'heartbeat "1.5" is not a whole number'],
      [{ feed: "X/USD", minReports: "9" }, "minReports must be a whole number from 1 to 7"],
      [{ feed: "X/USD", like: "NO/USD" }, 'There is no feed "NO/USD"'],
      [{ feed: "X/USD", from: "5" }, "has no permission"],
    ] as const) {
      expect(refusal(await network.task("feeds create", { ...args }))).to.include(problem);
    }
    // A second run of the deployment leaves what it does not know alone.
    const again = json<{ transactions: number; addresses: { proxies: Record<string, string> } }>(
      await network.deploy({ parameters: network.plainParameters }),
    );
    expect(again.transactions).to.equal(0);
    expect(again.addresses.proxies["SOL/USD"]).to.equal(created.proxy);
  });

  it("operators list shows indices, endpoints and short keys", async () => {
    const { stdout } = await network.task("operators list");
    const lines = stdout.trimEnd().split("\n");
    expect(lines).to.have.length(6);
    expect(lines[1]).to.match(
      /^ +0 +0x[0-9a-fA-F]{40} +http:\/\/127\.0\.0\.1:8571 +yes +governance +– +0x[0-9a-f]{6}…[0-9a-f]{4} +0x/,
    );
    const operators = json<{ index: number; account: string }[]>(
      await network.task("operators list", { json: true }),
    );
    expect(operators.map(({ account, index }) => [index, account])).to.deep.equal(
      Array.from({ length: 5 }, (_, index) => [index, accountAt(index + 1).address]),
    );
  });

  it("operators register adds an operator that operators set makes active", async () => {
    const keys = path.join(network.folder, "sixth.json");
    await writeFile(keys, JSON.stringify(generateKeys()));
    const endpoint = "https://sixth.example:8571";
    const registered = json<{ account: string }>(
      await network.task("operators register", { keys, endpoint, account: "6", json: true }),
    );
    expect(registered.account).to.equal(accountAt(6).address);
    const list = json<{ index: number | null; account: string; active: boolean }[]>(
      await network.task("operators list", { json: true }),
    );
    expect(list[5]).to.include({ index: null, account: accountAt(6).address, active: false });

    const accounts = ["6", "1", accountAt(2).address].join(",");
    const set = json<{
      setId: number;
      quorum: number;
      operators: string[];
      transactions: unknown[];
    }>(await network.task("operators set", { accounts, json: true }));
    expect(set.quorum).to.equal(2);
    expect(set.operators).to.deep.equal([6, 1, 2].map((index) => accountAt(index).address));
    // setActive, advance, sync.
    expect(set.transactions).to.have.length(3);
    const again = json<{ setId: number; transactions: unknown[] }>(
      await network.task("operators set", { accounts, json: true }),
    );
    expect(again).to.deep.include({ setId: set.setId, transactions: [] });
  });

  it("operators register and set refuse what cannot be, in words", async () => {
    const keys = path.join(network.folder, "keys-0.json");
    const endpoint = "http://127.0.0.1:1";
    const seventh = { keys, endpoint, account: "7" };
    for (const [args, problem] of [
      [{}, "--keys FILE"],
      [{ keys }, "--endpoint URL"],
      [{ keys, endpoint: "ftp://x" }, "is not an http or https URL"],
      [{ keys: "none.json", endpoint }, "there is no such file"],
      [{ ...seventh, account: "1" }, "is registered already"],
      [seventh, `${accountAt(1).address} registered these keys already`],
    ] as const) {
      expect(refusal(await network.task("operators register", { ...args }))).to.include(problem);
    }
    for (const [args, problem] of [
      [{}, "--accounts A,B,C"],
      [{ accounts: "1,1" }, "stands twice"],
      [{ accounts: "1,8" }, `Not registered: ${accountAt(8).address}`],
      [{ accounts: "1,2", from: "3" }, "has no permission"],
      [{ accounts: "1,bob" }, '"bob" is neither an address nor an index'],
    ] as const) {
      expect(refusal(await network.task("operators set", { ...args }))).to.include(problem);
    }
  });

  it("feeds watch prints a line a change and ends with exit code 0 at Ctrl-C", async () => {
    const child = network.start("feeds", "watch", "USDC/USD", "--interval", "0.2", "--json");
    const [first] = (await once(child.stdout ?? child, "data")) as [Buffer];
    expect((JSON.parse(first.toString()) as { id: string }[])[0]?.id).to.equal("USDC/USD");
    const exited = once(child, "exit");
    child.kill("SIGINT");
    expect((await exited)[0]).to.equal(0);
  });

  it("the command line prints nothing but JSON, and names networks, arguments and settings", async () => {
    const [list, wrongNetwork, noNetwork, noUrl, noFeed, help] = await Promise.all([
      network.run("feeds", "list", "--json"),
      network.run("feeds", "list", "--json", "--network", "nowhere"),
      network.run("feeds", "list", "--network", "default"),
      network.run("feeds", "list", "--network", "remote"),
      network.run("feeds", "read"),
      network.run("feeds", "create", "--help"),
    ]);
    expect(json<unknown[]>(list)).to.have.length(5);
    expect(refusal(wrongNetwork)).to.match(
      /There is no network "nowhere"\. Networks: local, remote/,
    );
    expect(refusal(noNetwork)).to.include("Choose one with --network: local, remote");
    expect(refusal(noUrl)).to.include("DODONA_RPC_URL is not set");
    expect(refusal(noFeed)).to.include('Missing value for the task argument named "feed"');
    expect(help.code).to.equal(0);
    expect(help.stdout).to.include("npx hardhat feeds create SOL/USD --like BTC/USD");
  });

  it("says that the node is not there", async () => {
    await network.anvil.halt("SIGKILL");
    expect(refusal(await network.task("feeds list"))).to.match(
      /The node of network "local" at http:\/\/127\.0\.0\.1:\d+\/? does not answer\. Start it with: npm start/,
    );
  });
});
