import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";
import { id, Interface, JsonRpcProvider, ZeroAddress, ZeroHash } from "ethers";

import { accountAt, startTaskNetwork } from "../tasks/network.ts";
import type { TaskNetwork } from "../tasks/network.ts";

interface Addresses {
  accessManager: string;
  operators: string;
  priceFeeds: string;
  vrfCoordinator: string;
  payoutDistributor: string;
  governance: Record<
    | "token"
    | "timelock"
    | "governor"
    | "guardian"
    | "operatorStake"
    | "slashing"
    | "operatorRewards",
    string
  >;
}

// From the interfaces that OpenZeppelin publishes, not from what the deployment reads with.
const MANAGER = new Interface([
  "event RoleGranted(uint64 indexed roleId, address indexed account, uint32 delay, uint48 since, bool newMember)",
  "event RoleRevoked(uint64 indexed roleId, address indexed account)",
  "event RoleAdminChanged(uint64 indexed roleId, uint64 indexed admin)",
  "event RoleGuardianChanged(uint64 indexed roleId, uint64 indexed guardian)",
  "event TargetClosed(address indexed target, bool closed)",
  "event TargetFunctionRoleUpdated(address indexed target, bytes4 selector, uint64 indexed roleId)",
  "event TargetAdminDelayUpdated(address indexed target, uint32 delay, uint48 since)",
]);
const TIMELOCK = new Interface([
  "event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)",
  "event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender)",
]);
const READS = new Interface([
  "function hasRole(uint64, address) view returns (bool, uint32)",
  "function getMinDelay() view returns (uint256)",
  "function votingDelay() view returns (uint256)",
  "function votingPeriod() view returns (uint256)",
  "function proposalThreshold() view returns (uint256)",
  "function quorumNumerator() view returns (uint256)",
  "function proposalGuardian() view returns (address)",
  "function timelock() view returns (address)",
  "function holder() view returns (address)",
  "function governor() view returns (address)",
  "function authority() view returns (address)",
  "function totalSupply() view returns (uint256)",
  "function balanceOf(address) view returns (uint256)",
  "function getVotes(address) view returns (uint256)",
  "function stakeOf(address) view returns (uint256)",
  "function tokens() view returns (address[])",
  "function limitsOf(address) view returns (tuple(uint96 perHour, uint96 perDay, uint96 perAccount, uint96 perEpoch))",
  "function tokenState(address) view returns (tuple(uint96 deposited, uint96 approved, uint96 paid, uint96 leftThisHour, uint96 leftToday))",
  "function approvers() view returns (uint32 version, address[] accounts, uint8 threshold)",
  "function config() view returns (tuple(uint32 challengeSeconds, uint32 lifetimeSeconds, uint32 epochSeconds))",
]);
const ROLES = { admin: 0, guardian: 1, slasher: 2, scorer: 3, proposer: 4, watcher: 5 };
const TOKEN = 10n ** 18n;
const [HOLDER, SCORER] = [accountAt(17).address, accountAt(18).address];
const [PROPOSER, WATCHER] = [accountAt(6).address, accountAt(7).address];

describe("deployment with governance", function () {
  this.timeout(120_000);
  let network: TaskNetwork;
  let provider: JsonRpcProvider;
  /** Transactions of the deployer in a whole deployment. */
  let whole = 40;

  const open = async (name: string, mining: "instant" | number): Promise<void> => {
    network = await startTaskNetwork(name, mining);
    provider = new JsonRpcProvider(network.anvil.url, undefined, { cacheTimeout: -1 });
  };
  const deploy = async (): Promise<{ addresses: Addresses; transactions: number }> => {
    const { code, stderr, stdout } = await network.deploy();
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as { addresses: Addresses; transactions: number };
  };
  const read = async (to: string, name: string, ...args: unknown[]): Promise<unknown> => {
    const answer = await provider.call({ to, data: READS.encodeFunctionData(name, args) });
    return READS.decodeFunctionResult(name, answer)[0];
  };

  afterEach(async () => {
    provider.destroy();
    await network.stop();
  });

  /** Every role with its holders and delays, from all events that ever were: "role holder delay". */
  const rolesOf = async (contract: Interface, address: string): Promise<Set<string>> => {
    const held = new Set<string>();
    for (const log of await provider.getLogs({ address, fromBlock: 0 })) {
      const event = contract.parseLog(log);
      const { account, delay, role, roleId } = event?.args.toObject() ?? {};
      const key = `${role ?? roleId} ${account} ${delay ?? 0n}`;
      if (event?.name === "RoleGranted") held.add(key);
      if (event?.name === "RoleRevoked") held.delete(key);
    }
    return held;
  };

  const expectHandedOver = async ({ accessManager, governance }: Addresses): Promise<void> => {
    const { governor, guardian, slashing, timelock } = governance;
    expect([...(await rolesOf(MANAGER, accessManager))].sort()).to.deep.equal(
      [
        `${ROLES.admin} ${timelock} 0`,
        `${ROLES.guardian} ${guardian} 0`,
        `${ROLES.slasher} ${slashing} 0`,
        `${ROLES.scorer} ${SCORER} 0`,
        `${ROLES.proposer} ${PROPOSER} 0`,
        `${ROLES.watcher} ${WATCHER} 0`,
      ].sort(),
    );
    expect([...(await rolesOf(TIMELOCK, timelock))].sort()).to.deep.equal(
      [
        `${ZeroHash} ${timelock} 0`,
        `${id("PROPOSER_ROLE")} ${governor} 0`,
        `${id("CANCELLER_ROLE")} ${governor} 0`,
        `${id("EXECUTOR_ROLE")} ${ZeroAddress} 0`,
      ].sort(),
    );
  };

  it("leaves exactly the expected roles, holders and delays, and nothing to the deployer", async () => {
    await open("roles", "instant");
    const { addresses } = await deploy();
    const { accessManager, governance, operators, priceFeeds, vrfCoordinator } = addresses;
    const { payoutDistributor } = addresses;
    const { governor, guardian, operatorRewards, operatorStake, slashing, timelock, token } =
      governance;
    const deployer = accountAt(0).address;
    whole = await provider.getTransactionCount(deployer);
    await expectHandedOver(addresses);
    for (const role of Object.values(ROLES)) {
      expect(await read(accessManager, "hasRole", role, deployer)).to.equal(false);
    }

    const logs = await provider.getLogs({ address: accessManager, fromBlock: 0 });
    const events = logs.map((log) => MANAGER.parseLog(log)).filter((event) => event !== null);
    const unexpected = ["RoleAdminChanged", "RoleGuardianChanged", "TargetClosed"];
    expect(events.filter(({ name }) => unexpected.includes(name))).to.deep.equal([]);
    const given = events
      .filter(({ name }) => name === "TargetFunctionRoleUpdated")
      .map(({ args: [target, selector, role] }) => `${target} ${selector} ${role}`);
    const may = (target: string, signature: string, role: number): string =>
      `${target} ${id(signature).slice(0, 10)} ${role}`;
    expect(given.sort()).to.deep.equal(
      [
        may(priceFeeds, "trip(bytes32)", ROLES.guardian),
        may(operators, "pause()", ROLES.guardian),
        may(vrfCoordinator, "pause()", ROLES.guardian),
        may(operatorRewards, "pause()", ROLES.guardian),
        may(operatorStake, "slash(address,uint256,address)", ROLES.slasher),
        may(operatorRewards, "postWeights(uint48,address[],uint16[])", ROLES.scorer),
        may(payoutDistributor, "pause()", ROLES.guardian),
        may(payoutDistributor, "guardianDispute(bytes32,string)", ROLES.guardian),
        may(
          payoutDistributor,
          "propose((uint32,bytes32,(address,uint96)[],bytes32,string,uint64))",
          ROLES.proposer,
        ),
        may(payoutDistributor, "dispute(bytes32,string)", ROLES.watcher),
      ].sort(),
    );

    for (const managed of [
      ...[operators, priceFeeds, vrfCoordinator, guardian],
      ...[operatorStake, slashing, operatorRewards, payoutDistributor],
    ]) {
      expect(await read(managed, "authority")).to.equal(accessManager);
    }
    expect(await read(governor, "timelock")).to.equal(timelock);
    expect(await read(governor, "proposalGuardian")).to.equal(guardian);
    expect(await read(guardian, "holder")).to.equal(HOLDER);
    expect(await read(guardian, "governor")).to.equal(governor);
    expect(await read(timelock, "getMinDelay")).to.equal(10n);
    expect(await read(governor, "votingDelay")).to.equal(5n);
    expect(await read(governor, "votingPeriod")).to.equal(20n);
    expect(await read(governor, "proposalThreshold")).to.equal(1_000n * TOKEN);
    expect(await read(governor, "quorumNumerator")).to.equal(4n);

    expect(await read(token, "totalSupply")).to.equal(100_000_000n * TOKEN);
    expect(await read(token, "balanceOf", timelock)).to.equal(40_000_000n * TOKEN);
    expect(await read(token, "balanceOf", deployer)).to.equal(0n);
    expect(await read(token, "getVotes", deployer)).to.equal(0n);
    // The last voter funded payouts.
    for (const [voter, tokens] of [
      ...[
        [14, 19_800_000n],
        [15, 19_800_000n],
      ],
      [16, 19_700_000n],
    ] as const) {
      const votes = await read(token, "getVotes", accountAt(voter).address);
      expect(votes).to.equal(tokens * TOKEN);
    }
    const paidOut = async (name: string, ...args: unknown[]): Promise<bigint[]> => [
      ...((await read(payoutDistributor, name, ...args)) as bigint[]),
    ];
    expect(await paidOut("tokens")).to.have.members([token, ZeroAddress]);
    expect(await paidOut("config")).to.deep.equal([5n, 259_200n, 0n]);
    expect(await paidOut("limitsOf", token)).to.deep.equal(
      [20_000n, 100_000n, 10_000n, 20_000n].map((tokens) => tokens * TOKEN),
    );
    expect(await paidOut("limitsOf", ZeroAddress)).to.deep.equal(
      [10n, 50n, 1n, 10n].map((ether) => ether * TOKEN),
    );
    expect((await paidOut("tokenState", token)).slice(0, 3)).to.deep.equal([
      ...[100_000n * TOKEN, 0n, 0n],
    ]);
    const approvers = READS.decodeFunctionResult(
      "approvers",
      await provider.call({
        to: payoutDistributor,
        data: READS.encodeFunctionData("approvers"),
      }),
    );
    expect([...(approvers[1] as string[])]).to.deep.equal(
      [8, 9, 20].map((index) => accountAt(index).address),
    );
    expect(approvers[2]).to.equal(2n);
    for (let index = 1; index <= 5; index++) {
      const staked = await read(operatorStake, "stakeOf", accountAt(index).address);
      expect(staked).to.equal(100_000n * TOKEN);
    }
  });

  // The deployer's transactions in order: contracts, then roles and settings, proxies, and the handover last.
  for (const [when, nonceOf] of [
    ["while it deploys governance", () => 8],
    ["while it gives roles", () => 18],
    ["while it lists what is paid out", (whole: number) => whole - 12],
    ["while it hands over", (whole: number) => whole - 2],
  ] as const) {
    it(`finishes a run that was killed ${when}, and changes nothing after that`, async () => {
      const nonce = nonceOf(whole);
      await open(`killed-${nonce}`, 1);
      const child = network.start(
        ...["deploy", "--deployment-id", network.deploymentId],
        ...["--operators", network.operatorsFile, "--no-compile", "--json"],
      );
      const exited = once(child, "exit");
      while ((await provider.getTransactionCount(accountAt(0).address, "pending")) < nonce) {
        await sleep(20);
      }
      child.kill("SIGKILL");
      await exited;

      const { addresses } = await deploy();
      await expectHandedOver(addresses);
      expect((await deploy()).transactions).to.equal(0);
    });
  }

  it("gives every restricted function of the sources to a role that access show knows", async () => {
    await open("functions", "instant");
    await deploy();
    const { code, stderr, stdout } = await network.task("access show", { json: true });
    expect(code, stderr).to.equal(0);
    const { powers } = JSON.parse(stdout) as { powers: { functions: string[] }[] };
    const shown = new Set(
      powers.flatMap(({ functions }) =>
        functions.flatMap((entry) => {
          const [target = "", names = ""] = entry.split(".");
          return names.split(", ").map((name) => `${target}.${name}`);
        }),
      ),
    );
    const sources = path.resolve(import.meta.dirname, "../../contracts");
    const files = (await readdir(sources, { recursive: true })).filter((file) =>
      file.endsWith(".sol"),
    );
    const code_ = new Map(
      await Promise.all(
        files.map(async (file) => {
          const source = await readFile(path.join(sources, file), "utf8");
          return [path.basename(file, ".sol"), source] as const;
        }),
      ),
    );
    const restricted = (name: string): string[] => {
      const source = code_.get(name) ?? "";
      const parents = new RegExp(`contract ${name} is ([^{]+)\\{`).exec(source)?.[1] ?? "";
      const inherited = parents.split(",").map((parent) => parent.trim().replace(/\(.*/s, ""));
      const own = [...source.matchAll(/function (\w+)\([^)]*\)([^{;]*)\{/g)]
        .filter(([, , modifiers]) => /\brestricted\b/.test(modifiers ?? ""))
        .map(([, called]) => called ?? "");
      return [...own, ...inherited.filter((parent) => code_.has(parent)).flatMap(restricted)];
    };
    for (const contract of [
      ...["Operators", "PriceFeeds", "VRFCoordinator", "Guardian"],
      ...["OperatorStake", "Slashing", "OperatorRewards", "PayoutDistributor"],
    ]) {
      const names = restricted(contract);
      expect(names, contract).not.to.be.empty;
      for (const name of names) expect(shown, contract).to.include(`${contract}.${name}`);
    }
  });
});
