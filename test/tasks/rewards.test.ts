import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { expect } from "chai";
import { JsonRpcProvider } from "ethers";

import { OperatorRewards__factory } from "../../types/ethers-contracts/factories/operators/OperatorRewards__factory.ts";
import { DodonaToken__factory } from "../../types/ethers-contracts/factories/governance/DodonaToken__factory.ts";
import { accountAt, startTaskNetwork } from "./network.ts";
import type { Outcome, TaskNetwork } from "./network.ts";
import { json, refusal } from "./outcome.ts";

const TOKEN = 10n ** 18n;
const EPOCH_SECONDS = 6;
const SCORER = 18;

interface Addresses {
  readonly accessManager: string;
  readonly operators: string;
  readonly priceFeeds: string;
  readonly vrfCoordinator: string;
  readonly governance: Record<
    | "token"
    | "timelock"
    | "governor"
    | "guardian"
    | "operatorStake"
    | "slashing"
    | "operatorRewards",
    string
  >;
  readonly proxies: Record<string, string>;
}

interface Listed {
  readonly operators: {
    readonly account: string;
    readonly claimable: string;
    readonly challenged: string;
    readonly rewards: { readonly epoch: number; readonly amount: string }[];
  }[];
  readonly available: string;
}

describe("operators' tasks on rewards and on this machine's keys", function () {
  this.timeout(180_000);
  let network: TaskNetwork;
  let provider: JsonRpcProvider;
  let addresses: Addresses;

  const rewards = async <T>(args: Record<string, unknown> = {}): Promise<T> =>
    json<T>(await network.task("operators rewards", { json: true, ...args }));
  const now = async () => (await provider.getBlock("latest"))!.timestamp;

  before(async () => {
    network = await startTaskNetwork("rewards", 1);
    provider = new JsonRpcProvider(network.anvil.url, undefined, {
      ...{ cacheTimeout: -1, pollingInterval: 100 },
    });
    const file = path.resolve(import.meta.dirname, "../../deploy/parameters/local.json");
    const parameters = JSON.parse(await readFile(file, "utf8")) as {
      governance: { operators: Record<string, unknown> };
    };
    Object.assign(parameters.governance.operators, {
      ...{ epochSeconds: EPOCH_SECONDS, changeDelaySeconds: 1 },
    });
    const own = path.join(network.folder, "parameters.json");
    await writeFile(own, JSON.stringify(parameters));
    ({ addresses } = json<{ addresses: Addresses }>(await network.deploy({ parameters: own })));
  });
  after(async () => {
    provider.destroy();
    await network.stop();
  });

  it("rewards says that nothing is owed, and by whom it is funded", async () => {
    const { code, stderr, stdout } = await network.task("operators rewards");
    expect([code, stdout]).to.deep.equal([0, "Nothing is owed.\n"]);
    expect(stderr).to.include("An epoch pays at most 100 DODONA; 0 DODONA are there");
    expect(
      refusal(await network.task("operators rewards", { claim: true, account: "1" })),
    ).to.include(`${accountAt(1).address} is owed nothing`);
  });

  it("rewards shows what is owed, and pays it once its challenge is over", async () => {
    const { operatorRewards, token } = addresses.governance;
    const dodona = DodonaToken__factory.connect(token, accountAt(14).connect(provider));
    await (await dodona.transfer(operatorRewards, 1_000n * TOKEN)).wait();
    const contract = OperatorRewards__factory.connect(
      operatorRewards,
      accountAt(SCORER).connect(provider),
    );
    const epoch = Math.floor((await now()) / EPOCH_SECONDS);
    while (Math.floor((await now()) / EPOCH_SECONDS) === epoch) await delay(100);
    const [low, high] = [accountAt(1).address, accountAt(2).address].sort((a, b) =>
      BigInt(a) < BigInt(b) ? -1 : 1,
    ) as [string, string];
    await (await contract.postWeights(epoch, [low, high], [10_000, 5_000])).wait();

    const listed = await rewards<Listed>();
    // 100 tokens an epoch, two thirds and one third of them, rounded down.
    const [most, least] = [(200n * TOKEN) / 3n, (100n * TOKEN) / 3n];
    expect(listed.available).to.equal((1_000n * TOKEN - most - least).toString());
    expect(listed.operators.map(({ account }) => account)).to.have.members([low, high]);
    expect(listed.operators.find(({ account }) => account === low)).to.deep.include({
      ...{ claimable: "0", challenged: most.toString() },
    });
    expect(
      refusal(await network.task("operators rewards", { claim: true, operator: low })),
    ).to.match(/is owed 66\.66\d* DODONA, the first of it from \d{4}-/);

    const { claimableAt } = await contract.epochOf(epoch);
    while (BigInt(await now()) < claimableAt) await delay(100);
    const before = await dodona.balanceOf(low);
    // Anybody may have it paid.
    const paid = await rewards<{ account: string; amount: string; epochs: number[] }>({
      ...{ claim: true, operator: low, account: "7" },
    });
    expect(paid).to.deep.include({ account: low, amount: most.toString(), epochs: [epoch] });
    expect((await dodona.balanceOf(low)) - before).to.equal(most);
    const { operators } = await rewards<Listed>();
    expect(operators.map(({ account }) => account)).to.deep.equal([high]);
    const { stdout } = await network.task("operators rewards", { operator: high });
    expect(stdout).to.match(new RegExp(`^ ?${high} +33\\.3+ DODONA +0 DODONA +1$`, "m"));
  });

  it("rotate makes keys for an operator of this machine, where its process looks for them", async () => {
    const account = accountAt(3).address;
    const files = {
      keyFile: path.join(network.folder, "keys-2.json"),
      nextKeyFile: path.join(network.folder, "next-2.json"),
    };
    const stack = {
      ...{ chainId: 31_337, rpcUrl: network.anvil.url, apiUrl: "", databaseUrl: "", pid: 1 },
      ...{ deploymentId: network.deploymentId, addresses },
      operators: [{ account, endpoint: "http://127.0.0.1:1", ...files }],
    };
    await writeFile(path.join(network.folder, "stack.json"), JSON.stringify(stack));
    const rotate = async (args: Record<string, unknown> = {}): Promise<Outcome> =>
      await network.task("operators rotate", { account: "3", ...args });
    const { stdout } = await rotate();
    expect(stdout).to.include(
      `The new keys are in ${files.nextKeyFile}, where the operator's process finds them within a minute.`,
    );
    expect(refusal(await rotate())).to.match(/are announced already: they take over at \d{4}-/);
    const first = await readFile(files.nextKeyFile, "utf8");

    // The next rotation moves the keys that are in use by then, and makes others.
    for (let code: number | null = 1; code !== 0; await delay(200)) {
      await network.task("operators advance", {});
      ({ code } = await rotate({ json: true }));
    }
    expect(JSON.parse(await readFile(files.keyFile, "utf8"))).to.deep.equal(JSON.parse(first));
    expect(JSON.parse(await readFile(files.nextKeyFile, "utf8"))).not.to.deep.equal(
      JSON.parse(first),
    );
    expect(existsSync(`${files.nextKeyFile}.new`)).to.equal(false);
  });

  it("rotate says where the keys of another machine's operator belong", async () => {
    const keys = path.join(network.folder, "other.json");
    const { generateKeys } = await import("../../keepers/feed/signing/keys.ts");
    await writeFile(keys, JSON.stringify(generateKeys()));
    const { code, stderr, stdout } = await network.task("operators rotate", { keys, account: "4" });
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^0x15d3\w+ signs with its old keys until .* UTC \(in \d+ s\)/m);
    expect(stdout).to.include(
      `1. Put ${keys} where the operator's configuration names nextKeyFile`,
    );
  });
});
