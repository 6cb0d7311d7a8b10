import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";
import {
  getAddress,
  Interface,
  keccak256,
  parseEther,
  parseUnits,
  type Result as Decoded,
  SigningKey,
} from "ethers";

import { IVRFCoordinator__factory } from "../../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import { accountAt, startTaskNetwork } from "../tasks/network.ts";
import type { TaskNetwork } from "../tasks/network.ts";

interface Result {
  chainId: number;
  deploymentId: string;
  addresses: {
    accessManager: string;
    operators: string;
    priceFeeds: string;
    vrfCoordinator: string;
    governance: Record<string, string> | null;
    proxies: Record<string, string>;
  };
  startBlock: number;
  setId: number;
  transactions: number;
  warnings: string[];
}

interface Parameters {
  payouts: { challengeSeconds: number; tokens: Record<string, unknown> };
  admin?: string;
  guardian?: string;
  governance?: Record<string, unknown>;
  feeds: Record<string, Record<string, number>>;
  vrf?: Record<string, unknown>;
}

/**
 * 11 contracts and 4 proxies; 3 roles named, 6 functions given, the guardian's role; setActive, sync, createFeeds,
 * registerProvingKey; setGovernor, setStake, the slasher's and the scorer's role; the admin's role and two of the timelock
 * given, both admin's roles renounced. For payouts one contract, 2 roles named and given, 4 functions given and 2 tokens
 * listed; for proofs 4 contracts, and Slashing told of one of them.
 */
const DEPLOYER_TRANSACTIONS = 11 + 4 + 3 + 6 + 1 + 4 + 4 + 3 + 2 + (1 + 2 * 2 + 4 + 2) + (4 + 1);

describe("hardhat deploy", function () {
  this.timeout(60_000);
  let network: TaskNetwork;

  const resultOf = (stdout: string): Result => JSON.parse(stdout) as Result;
  const blockNumber = async (): Promise<number> =>
    Number(await network.anvil.rpc<string>("eth_blockNumber"));
  const nonceOf = async (index: number, block = "latest"): Promise<number> =>
    Number(
      await network.anvil.rpc<string>("eth_getTransactionCount", [accountAt(index).address, block]),
    );

  afterEach(async () => await network.stop());

  it("deploys from scratch, prints one JSON object and changes nothing the second time", async () => {
    network = await startTaskNetwork("scratch", "instant");
    const first = await network.deploy();
    expect(first.code, first.stderr).to.equal(0);
    const result = resultOf(first.stdout);
    expect(result.chainId).to.equal(31_337);
    expect(result.deploymentId).to.equal(network.deploymentId);
    expect(result.warnings).to.deep.equal([]);
    expect(result.startBlock).to.equal(1);
    expect(Object.keys(result.addresses.proxies).sort()).to.deep.equal([
      "BTC/USD",
      "ETH/USD",
      "USDC/USD",
      "USDT/USD",
    ]);
    const { governance, proxies, ...contracts } = result.addresses;
    for (const address of [contracts, governance ?? {}, proxies].flatMap(Object.values<string>)) {
      expect(address).to.equal(getAddress(address));
      expect(await network.anvil.rpc("eth_getCode", [address, "latest"])).to.have.length.above(100);
    }

    const before = await blockNumber();
    const second = await network.deploy();
    expect(second.code, second.stderr).to.equal(0);
    expect(resultOf(second.stdout)).to.deep.equal({ ...result, transactions: 0 });
    expect(await blockNumber()).to.equal(before);
  });

  it("finishes what a killed run began, without deploying anything twice", async () => {
    network = await startTaskNetwork("killed", 1);
    const child = network.start(
      "deploy",
      "--deployment-id",
      network.deploymentId,
      "--operators",
      network.operatorsFile,
      "--no-compile",
      "--json",
    );
    const exited = once(child, "exit");
    // PriceFeeds, the third contract, has left and waits for its block.
    while ((await nonceOf(0, "pending")) < 3) await sleep(20);
    child.kill("SIGKILL");
    await exited;

    const { code, stderr, stdout } = await network.deploy();
    expect(code, stderr).to.equal(0);
    expect(Object.keys(resultOf(stdout).addresses.proxies)).to.have.length(4);
    expect(await nonceOf(0)).to.equal(DEPLOYER_TRANSACTIONS);
    // register, approve, stake, and the first one's bond.
    expect(await nonceOf(1)).to.equal(4);
    for (let index = 2; index <= 5; index++) expect(await nonceOf(index)).to.equal(3);
  });

  /** Takes what followed the reservation of the last nonce out of the journal, as a kill at that moment leaves it. */
  const forgetLastTransaction = async (): Promise<void> => {
    const journal = path.join(network.deploymentFolder, "journal.jsonl");
    const lines = (await readFile(journal, "utf8")).trim().split("\n");
    const prepared = lines.findLastIndex((line) => line.includes('"TRANSACTION_PREPARE_SEND"'));
    const { futureId } = JSON.parse(lines[prepared] ?? "") as { futureId: string };
    const kept = lines.filter(
      (line, index) => index <= prepared || !line.includes(`"futureId":"${futureId}"`),
    );
    await writeFile(journal, `${kept.join("\n")}\n`);
    const file = path.join(network.deploymentFolder, "deployed_addresses.json");
    const addresses = JSON.parse(await readFile(file, "utf8")) as Record<string, string>;
    delete addresses[futureId];
    await writeFile(file, JSON.stringify(addresses));
  };

  it("finds a transaction that left before it was recorded", async () => {
    network = await startTaskNetwork("left", "instant");
    const { addresses } = resultOf((await network.deploy()).stdout);
    await forgetLastTransaction();
    const { code, stderr, stdout } = await network.deploy();
    expect(code, stderr).to.equal(0);
    expect(resultOf(stdout).addresses).to.deep.equal(addresses);
    expect(await nonceOf(0)).to.equal(DEPLOYER_TRANSACTIONS);
  });

  it("sends a transaction whose nonce was reserved but that never left", async () => {
    network = await startTaskNetwork("unsent", "instant");
    const snapshot = await network.anvil.rpc<string>("evm_snapshot");
    await network.deploy();
    const journal = path.join(network.deploymentFolder, "journal.jsonl");
    const lines = (await readFile(journal, "utf8")).split("\n");
    const prepared = lines.findIndex((line) => line.includes('"TRANSACTION_PREPARE_SEND"'));
    await writeFile(journal, `${lines.slice(0, prepared + 1).join("\n")}\n`);
    await writeFile(path.join(network.deploymentFolder, "deployed_addresses.json"), "{}");
    await network.anvil.rpc("evm_revert", [snapshot]);

    const { code, stderr, stdout } = await network.deploy();
    expect(code, stderr).to.equal(0);
    expect(Object.keys(resultOf(stdout).addresses.proxies)).to.have.length(4);
    // One empty transaction took the reserved nonce.
    expect(await nonceOf(0)).to.equal(DEPLOYER_TRANSACTIONS + 1);
  });

  it("begins again with a contract of which nothing but the intention was recorded", async () => {
    network = await startTaskNetwork("begun", "instant");
    const snapshot = await network.anvil.rpc<string>("evm_snapshot");
    await network.deploy();
    const journal = path.join(network.deploymentFolder, "journal.jsonl");
    const lines = (await readFile(journal, "utf8")).split("\n");
    const begun = lines.findIndex((line) => line.includes("_EXECUTION_STATE_INITIALIZE"));
    await writeFile(journal, `${lines.slice(0, begun + 1).join("\n")}\n`);
    await writeFile(path.join(network.deploymentFolder, "deployed_addresses.json"), "{}");
    await network.anvil.rpc("evm_revert", [snapshot]);

    const { code, stderr, stdout } = await network.deploy();
    expect(code, stderr).to.equal(0);
    expect(Object.keys(resultOf(stdout).addresses.proxies)).to.have.length(4);
    expect(await nonceOf(0)).to.equal(DEPLOYER_TRANSACTIONS);
  });

  it("says that the chain was started over, and starts over with --fresh", async () => {
    network = await startTaskNetwork("wiped", "instant");
    await network.deploy();
    await network.anvil.restart("SIGKILL");
    const refused = await network.deploy();
    expect(refused.code).to.equal(1);
    expect(refused.stdout).to.equal("");
    expect(refused.stderr).to.match(/this chain has no contract there.*--fresh/s);
    expect(refused.stderr).not.to.include("    at ");

    const { code, stderr, stdout } = await network.deploy({ fresh: true });
    expect(code, stderr).to.equal(0);
    expect(resultOf(stdout).startBlock).to.equal(1);
  });

  it("says that the contracts have changed since they were deployed", async () => {
    network = await startTaskNetwork("changed", "instant");
    await network.deploy();
    const file = path.join(network.deploymentFolder, "artifacts/Dodona#PriceFeeds.json");
    const artifact = JSON.parse(await readFile(file, "utf8")) as { bytecode: string };
    const bytecode = artifact.bytecode.replace("0x60", "0x61");
    await writeFile(file, JSON.stringify({ ...artifact, bytecode }));
    const { code, stderr, stdout } = await network.deploy();
    expect(code, stderr).to.equal(0);
    expect(resultOf(stdout).warnings).to.have.length(1);
    expect(stderr).to.include("Warning: PriceFeeds was deployed from other sources than today's");
  });

  const changedParameters = async (
    change: (parameters: Parameters) => Partial<Parameters>,
  ): Promise<string> => {
    const local = path.resolve(import.meta.dirname, "../../deploy/parameters/local.json");
    const parameters = JSON.parse(await readFile(local, "utf8")) as Parameters;
    const file = path.join(network.folder, "parameters.json");
    await writeFile(file, JSON.stringify({ ...parameters, ...change(parameters) }));
    return file;
  };

  it("reports changed parameters and leaves the chain alone", async () => {
    network = await startTaskNetwork("drift", "instant");
    await network.deploy();
    const parameters = await changedParameters(({ feeds }) => ({
      feeds: { ...feeds, "BTC/USD": { ...feeds["BTC/USD"], heartbeat: 30 } },
    }));
    const { code, stderr, stdout } = await network.deploy({ parameters });
    expect(code, stderr).to.equal(0);
    expect(resultOf(stdout)).to.deep.include({
      transactions: 0,
      warnings: ["BTC/USD: heartbeat is 10 on chain and 30 in the file"],
    });
  });

  it("reports changed payouts and leaves them to governance", async () => {
    network = await startTaskNetwork("payouts", "instant");
    await network.deploy();
    const parameters = await changedParameters(({ payouts }) => ({
      payouts: {
        ...payouts,
        challengeSeconds: 60,
        tokens: {
          ...payouts.tokens,
          native: { perHour: "1", perDay: "2", perAccount: "1", perEpoch: "3" },
        },
      },
    }));
    const { code, stderr, stdout } = await network.deploy({ parameters });
    expect(code, stderr).to.equal(0);
    const ether = (amount: bigint): string => String(amount * 10n ** 18n);
    expect(resultOf(stdout)).to.deep.include({
      transactions: 0,
      warnings: [
        "payouts: challengeSeconds is 5 on chain and 60 in the file",
        ...(
          [
            ["perHour", 10n, 1n],
            ["perDay", 50n, 2n],
            ["perEpoch", 10n, 3n],
          ] as const
        ).map(
          ([name, present, given]) =>
            `payouts: the native coin: ${name} is ${ether(present)} on chain and ${ether(given)} in the file`,
        ),
      ],
    });
    const refused = await network.deploy({
      parameters: await changedParameters(() => ({ payouts: undefined as never })),
    });
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.include('must have the section "payouts" too');
  });

  const coordinatorAbi = IVRFCoordinator__factory.createInterface();
  const provingKey = async (coordinator: string): Promise<Record<string, unknown>> => {
    const { vrf } = JSON.parse(await readFile(path.join(network.folder, "vrf.json"), "utf8")) as {
      vrf: string;
    };
    const keyHash = keccak256(`0x${SigningKey.computePublicKey(vrf, false).slice(4)}`);
    const data = coordinatorAbi.encodeFunctionData("provingKey", [keyHash]);
    const answer = await network.anvil.rpc<string>("eth_call", [{ to: coordinator, data }]);
    const [key] = coordinatorAbi.decodeFunctionResult("provingKey", answer) as unknown as [Decoded];
    return key.toObject();
  };

  it("registers the operator's proving key with the file's terms and deposits its bond", async () => {
    network = await startTaskNetwork("vrf", "instant");
    const { addresses } = resultOf((await network.deploy()).stdout);
    const key = await provingKey(addresses.vrfCoordinator);
    expect(key).to.include({ operator: accountAt(1).address, active: true });
    expect(key["bond"]).to.equal(parseEther("10"));
    expect((key["terms"] as Decoded).toObject()).to.deep.equal({
      maxGasPrice: parseUnits("100", "gwei"),
      premium: parseEther("0.0001"),
      bondShare: parseEther("0.01"),
    });
    const parameters = await changedParameters(({ vrf }) => ({
      vrf: { ...vrf, overheadGas: 120_000, premiumEther: "0.0002", bondEther: "12" },
    }));
    const { code, stderr, stdout } = await network.deploy({ parameters });
    expect(code, stderr).to.equal(0);
    const again = resultOf(stdout);
    expect(again.addresses).to.deep.equal(addresses);
    expect(again.warnings).to.have.length(2);
    expect(again.warnings[0]).to.equal(
      "vrf: overheadGas is 100000 on chain and 120000 in the file",
    );
    expect(again.warnings[1]).to.match(
      /^vrf key 0x[0-9a-f]{64}: premium is 0\.0001 ether on chain and 0\.0002 ether in the file$/,
    );
    // Filling up the bond is all that it sent.
    expect(again.transactions).to.equal(1);
    expect((await provingKey(addresses.vrfCoordinator))["bond"]).to.equal(parseEther("12"));
  });

  it("deploys feeds alone where the file has no randomness", async () => {
    network = await startTaskNetwork("feeds", "instant");
    const parameters = await changedParameters(() => ({
      governance: undefined as never,
      vrf: undefined as never,
      payouts: undefined as never,
    }));
    const { code, stderr, stdout } = await network.deploy({ parameters });
    expect(code, stderr).to.equal(0);
    expect(resultOf(stdout).addresses.vrfCoordinator).to.equal(null);
    const later = await network.deploy({ parameters: network.plainParameters });
    expect(later.code, later.stderr).to.equal(0);
    expect(resultOf(later.stdout).addresses.vrfCoordinator).to.match(/^0x/);
  });

  it("hands over to a named admin, and then says what governance must do instead of doing it", async () => {
    network = await startTaskNetwork("handover", "instant");
    const [admin, guardian] = [accountAt(8).address, accountAt(9).address];
    const parameters = await changedParameters(({ payouts }) => ({
      admin,
      guardian,
      governance: undefined as never,
      payouts: { ...payouts, tokens: { native: payouts.tokens["native"] } },
    }));
    const first = await network.deploy({ parameters });
    expect(first.code, first.stderr).to.equal(0);
    const { accessManager } = resultOf(first.stdout).addresses;
    const manager = new Interface([
      "function hasRole(uint64, address) view returns (bool, uint32)",
    ]);
    const hasRole = async (role: number, account: string): Promise<unknown> => {
      const data = manager.encodeFunctionData("hasRole", [role, account]);
      const answer = await network.anvil.rpc<string>("eth_call", [{ to: accessManager, data }]);
      return manager.decodeFunctionResult("hasRole", answer)[0];
    };
    expect(await hasRole(0, admin)).to.equal(true);
    expect(await hasRole(1, guardian)).to.equal(true);
    expect(await hasRole(0, accountAt(0).address)).to.equal(false);
    expect(resultOf((await network.deploy({ parameters })).stdout).transactions).to.equal(0);

    const more = await changedParameters(({ feeds, payouts }) => ({
      admin,
      guardian,
      governance: undefined as never,
      payouts: { ...payouts, tokens: { native: payouts.tokens["native"] } },
      feeds: { ...feeds, "SOL/USD": feeds["ETH/USD"] ?? {} },
    }));
    const refused = await network.deploy({ parameters: more });
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.include("so governance must: create SOL/USD.");
  });
});
