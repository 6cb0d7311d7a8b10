import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { expect } from "chai";
import { encodeBytes32String, formatUnits, JsonRpcProvider, Wallet } from "ethers";

import { localAccount } from "../../deploy/stack/configs.ts";
import { readChain } from "../../deploy/stack/rounds.ts";
import { Stack } from "../../deploy/stack/stack.ts";
import { DodonaToken__factory } from "../../types/ethers-contracts/factories/governance/DodonaToken__factory.ts";
import { IOperators__factory } from "../../types/ethers-contracts/factories/interfaces/IOperators__factory.ts";
import { IPriceFeeds__factory } from "../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { ISlashing__factory } from "../../types/ethers-contracts/factories/interfaces/ISlashing__factory.ts";
import { OperatorRewards__factory } from "../../types/ethers-contracts/factories/operators/OperatorRewards__factory.ts";
import { OperatorStake__factory } from "../../types/ethers-contracts/factories/operators/OperatorStake__factory.ts";
import { hardhat } from "./command.ts";
import { carryThrough, Equivocator, longestGap, Records } from "./governance.ts";
import { heartbeatSeconds, TestNetwork } from "./network.ts";

const minute = 60_000;
const voters = [14, 15, 16] as const;
const deployer = localAccount(0).address;
const [firstRotated, secondRotated, liar] = [2, 3, 5] as const;
const reporter = localAccount(19).address;
/**
 * A feed is due when its heartbeat is over: its report is of that slot, or of the next one where that slot's leader does not
 * lead, because it is dead or was refused by peers that had not read a new set yet.
 */
const toleranceSeconds = 2;
/** Blocks from the moment at which both signatures are public. */
const mostBlocks = 3;
const shortHeartbeat = 4;
const recoverySeconds = 40;

interface Proposal {
  readonly proposal: { readonly number: number };
}

describe("governance of a running network", function () {
  this.timeout(4 * minute);
  let network: TestNetwork;
  let provider: JsonRpcProvider;
  let records: Records;
  let equivocator: Equivocator;
  /** The same network, started once more. */
  let again: Stack | undefined;
  /** Slot from which on every heartbeat counts. */
  let fromSlot: number;
  let pids: Map<string, number | undefined>;
  let proposed: Promise<number>;
  let carried: Promise<void>;
  let rotated: Promise<{ account: string; keys: string; before: number; after: number }[]>;

  const task = async <T>(...args: string[]): Promise<T> =>
    JSON.parse(await hardhat(network.stack.paths.stackFile, ...args, "--json")) as T;
  const addresses = () => network.stack.file.addresses;
  const feeds = () => IPriceFeeds__factory.connect(addresses().priceFeeds, provider);
  const now = async () => (await provider.getBlock("latest"))!.timestamp;

  before(async () => {
    // Shorter epochs than the local ones, so that two rotations one after the other fit into the test.
    network = await TestNetwork.start(undefined, undefined, (parameters) => {
      const { governance } = parameters;
      const operators = { ...governance.operators, epochSeconds: 30, changeDelaySeconds: 15 };
      return { ...parameters, governance: { ...governance, operators } };
    });
    await network.healthy();
    provider = new JsonRpcProvider(network.stack.file.rpcUrl, undefined, {
      ...{ staticNetwork: true, cacheTimeout: -1, pollingInterval: 200 },
    });
    records = new Records(network.stack);
    pids = new Map(network.stack.operatorNames.map((name) => [name, network.stack.pidOf(name)]));
    fromSlot = await now();
    // What takes its time goes on at the same time, as on a network with many people.
    proposed = proposeByTask();
    carried = proposeByStockClient();
    rotated = rotateBoth();
    for (const work of [proposed, carried, rotated]) work.catch(() => undefined);
    equivocator = await replaceEndpoint();
    await fundRewards();
  });
  after(async () => {
    await Promise.allSettled([proposed, carried, rotated]);
    await equivocator?.stop();
    provider?.destroy();
    await again?.stop();
    await network?.stop();
  });

  async function proposeByTask(): Promise<number> {
    const changes = ["--set-feed", "USDC/USD", "--heartbeat", String(shortHeartbeat)];
    const { proposal } = await task<Proposal>("gov", "propose", ...changes, "--why", "fresher");
    const number = String(proposal.number);
    await task("gov", "vote", number, "for", "--as", "all", "--wait");
    await task("gov", "queue", number, "--wait");
    await task("gov", "execute", number, "--wait");
    return now();
  }

  async function proposeByStockClient(): Promise<void> {
    const feed = encodeBytes32String("USDT/USD");
    const present = await feeds().params(feed);
    const { bandBps, cooldown, cosignToleranceBps, deviationBps, dormancy } = present;
    const { history, minReports, minVenues, tau } = present;
    const params = {
      ...{ bandBps, cooldown, cosignToleranceBps, deviationBps, dormancy },
      ...{ history, minReports, minVenues, tau, heartbeat: 5n },
    };
    await carryThrough(provider, addresses().governance.governor, voters, {
      target: addresses().priceFeeds,
      data: feeds().interface.encodeFunctionData("setParams", [feed, params]),
      description: "USDT/USD: heartbeat 5 s",
    });
  }

  /** The set that is active, with each operator's key. */
  async function currentSet(): Promise<{ setId: number; keys: Map<string, bigint> }> {
    const { setId } = await feeds().currentSet();
    const [accounts, keys] = await feeds().describeSet(setId);
    return {
      setId: Number(setId),
      keys: new Map(accounts.map((account, index) => [account.toLowerCase(), keys[index]![0]])),
    };
  }

  async function rotate(index: number) {
    const account = localAccount(index).address.toLowerCase();
    const old = (await currentSet()).keys.get(account)!;
    const { keys } = await task<{ keys: string }>(
      "operators",
      "rotate",
      "--account",
      String(index),
    );
    for (;;) {
      const { keys: present, setId } = await currentSet();
      if (present.get(account) !== old) return { account, keys, before: setId - 1, after: setId };
      await delay(500);
    }
  }

  async function rotateBoth() {
    return [await rotate(firstRotated), await rotate(secondRotated)];
  }

  async function replaceEndpoint(): Promise<Equivocator> {
    const { endpoint } = network.stack.file.operators[liar - 1]!;
    const one = await Equivocator.start(endpoint);
    const operators = IOperators__factory.connect(
      addresses().operators,
      localAccount(liar).connect(provider),
    );
    await (await operators.setEndpoint(one.url)).wait();
    return one;
  }

  /** Anybody may. */
  async function fundRewards(): Promise<void> {
    const { operatorRewards, token } = addresses().governance;
    const own = DodonaToken__factory.connect(token, localAccount(1).connect(provider));
    await (await own.transfer(operatorRewards, 10n ** 21n)).wait();
  }

  async function gaps(from: number): Promise<[string, number][]> {
    await network.until("index equals chain", 20, () => network.compare());
    return [...(await records.answers(from))].map(([feed, slots]) => [feed, longestGap(slots)]);
  }

  it("lists no power of the deployer", async () => {
    const access = await task<{ powers: { holder: string | null; role: string }[] }>(
      ...["access", "show"],
    );
    expect(access.powers.length).to.be.greaterThan(8);
    expect(access.powers.filter(({ holder }) => holder === deployer)).to.deep.equal([]);
    // Whatever it lists besides.
    expect(JSON.stringify(access).toLowerCase()).not.to.include(deployer.toLowerCase());
  });

  it("carries a proposal through by tasks, and operators follow the new heartbeat without a restart", async () => {
    const executedAt = await proposed;
    const { heartbeat } = await feeds().params(encodeBytes32String("USDC/USD"));
    expect(heartbeat).to.equal(BigInt(shortHeartbeat));
    const settled = executedAt + 2 * toleranceSeconds;
    await network.until("three rounds at the new pace", 40, async () => {
      const slots = (await records.answers(settled)).get("USDC/USD") ?? [];
      return slots.length > 3 || `${slots.length} rounds`;
    });
    const slots = (await records.answers(settled)).get("USDC/USD")!;
    expect(longestGap(slots)).to.be.at.most(shortHeartbeat + toleranceSeconds);
    for (const [name, pid] of pids) expect(network.stack.pidOf(name), name).to.equal(pid);
  });

  it("carries a proposal through by a client that knows OpenZeppelin's published interface alone", async () => {
    await carried;
    const { heartbeat } = await feeds().params(encodeBytes32String("USDT/USD"));
    expect(heartbeat).to.equal(5n);
  });

  it("changes two operators' keys while feeds run, and misses no heartbeat", async () => {
    for (const { account, after, before, keys } of await rotated) {
      const { secp256k1 } = JSON.parse(readFileSync(keys, "utf8")) as { secp256k1: string };
      const key = BigInt(`0x${new Wallet(secp256k1).signingKey.publicKey.slice(4, 68)}`);
      expect((await currentSet()).keys.get(account), "the set has the new key").to.equal(key);
      // The contract has verified each report against the sum of its signers' keys in the report's own set.
      const signedIn = async (isSet: (setId: number) => boolean) =>
        (await records.reports(fromSlot)).filter(
          ({ setId, signers }) => isSet(setId) && signers.includes(account),
        ).length;
      expect(await signedIn((setId) => setId <= before), "signed with the old key").to.be.above(0);
      await network.until("reports signed with the new key", 20, async () => {
        return (await signedIn((setId) => setId >= after)) > 0 || "none";
      });
    }
    const found = await gaps(fromSlot);
    console.log(
      `      longest time between answers: ${found.map(([feed, gap]) => `${feed} ${gap} s`).join(", ")}`,
    );
    expect(found.map(([feed]) => feed)).to.include.members(["BTC/USD", "USDC/USD", "USDT/USD"]);
    for (const [feed, gap] of found) {
      expect(gap, feed).to.be.at.most(heartbeatSeconds + toleranceSeconds);
    }
    for (const [name, pid] of pids) expect(network.stack.pidOf(name), name).to.equal(pid);
  });

  it("slashes an operator that says two things about a slot, without a person", async () => {
    const account = localAccount(liar).address;
    const { governance, priceFeeds } = addresses();
    const stake = OperatorStake__factory.connect(governance.operatorStake, provider);
    const slashing = ISlashing__factory.connect(governance.slashing, provider);
    const token = DodonaToken__factory.connect(governance.token, provider);
    const staked = await stake.stakeOf(account);
    const supply = await token.totalSupply();
    expect(staked).to.be.above(0n);
    await network.until("the watch keeper asks the new endpoint", 40, () =>
      Promise.resolve(equivocator.asked > 0 || "not asked"),
    );
    const { keys, setId } = await currentSet();
    const index = [...keys.keys()].indexOf(account.toLowerCase());
    let truth: Awaited<ReturnType<Equivocator["latest"]>> = null;
    await network.until("an observation of its own", 20, async () => {
      truth = await equivocator.latest(setId, index);
      return truth !== null || "none";
    });
    const keyFile = path.join(network.stack.paths.keys, `operator-${liar}.json`);
    const publicAt = await provider.getBlockNumber();
    const publicMs = Date.now();
    equivocator.lie(truth!, keyFile, priceFeeds);
    const slashes = () => slashing.queryFilter(slashing.filters.EquivocationSlashed());
    await network.until("the slash", 20, async () => (await slashes()).length > 0 || "none");
    const [slash] = await slashes();
    const blocks = slash!.blockNumber - publicAt;
    const seconds = ((Date.now() - publicMs) / 1000).toFixed(1);
    console.log(`      slashed ${blocks} blocks after both signatures were public (${seconds} s)`);
    expect(blocks).to.be.at.most(mostBlocks);
    expect(slash!.args.account).to.equal(account);
    // All of it: a tenth for the reporter, half burned.
    expect(await stake.stakeOf(account)).to.equal(0n);
    expect(await token.balanceOf(reporter)).to.equal(staked / 10n);
    expect(supply - (await token.totalSupply())).to.equal(staked / 2n);
    await network.until("its seat is gone", 30, async () => {
      return !(await currentSet()).keys.has(account.toLowerCase()) || "still there";
    });
    await network.recovers();
    for (const [feed, gap] of await gaps(fromSlot)) {
      expect(gap, feed).to.be.at.most(heartbeatSeconds + toleranceSeconds);
    }
  });

  it("pays for an epoch by what the index counted, without a person", async () => {
    const { operatorRewards } = addresses().governance;
    const rewards = OperatorRewards__factory.connect(operatorRewards, provider);
    const posted = () => rewards.queryFilter(rewards.filters.EpochWeightsPosted());
    await network.until(
      "an epoch is posted",
      100,
      async () => (await posted()).length > 0 || "none",
    );
    const [first] = await posted();
    expect((await first!.getTransaction()).from).to.equal(localAccount(18).address);
    expect(first!.args.accounts.length).to.be.at.least(3);
    const { operators } = await task<{ operators: { account: string; challenged: string }[] }>(
      ...["operators", "rewards"],
    );
    expect(operators.map(({ account }) => account)).to.include.members([...first!.args.accounts]);
    console.log(
      `      epoch ${first!.args.epoch}: ${formatUnits(first!.args.allocated, 18)} DODONA for ${first!.args.accounts.length} operators`,
    );
  });

  it("goes on after a restart with the keys that were changed to, and without the operator that lied", async () => {
    const { stack } = network;
    const [first] = await rotated;
    const keys = first!.keys;
    const next = readFileSync(keys, "utf8");
    await stack.stop();
    again = await Stack.open({ ...stack.options, fresh: false }, () => undefined);
    await again.start((_, work) => work());
    expect(existsSync(keys)).to.equal(false);
    expect(readFileSync(path.join(again.paths.keys, "operator-2.json"), "utf8")).to.equal(next);
    const rounds = () => readChain(again!.file.rpcUrl, addresses().priceFeeds);
    const before = (await rounds()).get("USDC/USD")!.round;
    const deadline = Date.now() + recoverySeconds * 1_000;
    while ((await rounds()).get("USDC/USD")!.round < before + 2) {
      expect(Date.now(), "two new rounds in time").to.be.below(deadline);
      await delay(250);
    }
    expect((await currentSet()).keys.size).to.equal(4);
  });
});
