import { expect } from "chai";
import { Interface, JsonRpcProvider } from "ethers";

import { accountAt, startTaskNetwork } from "./network.ts";
import type { Outcome, TaskNetwork } from "./network.ts";
import { json, refusal } from "./outcome.ts";

const [VOTER, HOLDER] = [14, 17];
const TOKEN = 10n ** 18n;

interface Proposed {
  proposal: { number: number; id: string; votingStarts: number; votingEnds: number };
  title: string;
  calls: {
    contract: string | null;
    function: string;
    args: Record<string, unknown>;
    words: string;
  }[];
  simulation: { passes: boolean; gasUsed?: string; call?: number; reason?: string };
}
interface Shown {
  number: number;
  state: string;
  title: string;
  description: string;
  votes: { for: string; against: string; abstain: string };
  vetoedBy: string | null;
}

describe("gov, guardian and access tasks", function () {
  this.timeout(180_000);
  let network: TaskNetwork;

  const propose = async (args: Record<string, unknown>): Promise<Outcome> =>
    await network.task("gov propose", { why: "because", json: true, ...args });
  const dryRun = async (args: Record<string, unknown>): Promise<Proposed> =>
    json<Proposed>(await propose({ dryRun: true, ...args }));
  const show = async (proposal: number): Promise<Shown> =>
    json<Shown>(await network.task("gov show", { proposal: String(proposal), json: true }));
  const heartbeat = async (): Promise<number> => {
    const feed = json<{ params: { heartbeat: number } }>(
      await network.task("feeds read", { feed: "BTC/USD", json: true }),
    );
    return feed.params.heartbeat;
  };

  before(async () => {
    network = await startTaskNetwork("gov", 1);
    const { code, stderr } = await network.deploy();
    expect(code, stderr).to.equal(0);
  });
  after(async () => await network.stop());

  it("changes a feed's heartbeat: propose, vote, queue, execute", async () => {
    expect(await network.task("gov list")).to.include({ code: 0 });
    const proposed = await propose({
      setFeed: "btc-usd",
      heartbeat: "60",
      why: "fewer transactions",
    });
    const { calls, proposal, simulation, title } = json<Proposed>(proposed);
    expect(title).to.equal("Set BTC/USD: heartbeat 10 s → 60 s");
    expect(proposal.number).to.equal(1);
    expect(simulation.passes).to.equal(true);
    expect(calls).to.have.length(1);
    expect(calls[0]).to.include({ contract: "PriceFeeds" });
    expect(calls[0]?.words).to.match(/^PriceFeeds\.setParams\(BTC\/USD, \{heartbeat: 60, /);
    // A person sees the call and the simulation before anything is sent.
    const { stderr } = proposed;
    expect(stderr.indexOf("PriceFeeds.setParams")).to.be.below(
      stderr.indexOf("Simulated on a fork"),
    );
    expect(stderr.indexOf("Simulated on a fork")).to.be.below(
      stderr.indexOf("Send DodonaGovernor.propose"),
    );
    expect(await heartbeat()).to.equal(10);

    const early = refusal(await network.task("gov queue", { proposal: "1" }));
    expect(early).to.match(/Proposal 1 is (pending: voting starts|active: voting ends) at \d{4}-/);
    const vote = { proposal: "1", support: "for", as: "all", wait: true, json: true };
    const { votes } = json<{ votes: { voter: string; weight: string }[] }>(
      await network.task("gov vote", vote),
    );
    expect(votes.map(({ voter }) => voter)).to.deep.equal(
      [14, 15, 16].map((index) => accountAt(index).address),
    );
    expect(votes[0]?.weight).to.equal((19_800_000n * TOKEN).toString());
    expect(refusal(await network.task("gov vote", { proposal: "1", support: "for" }))).to.include(
      "has voted on proposal 1 already",
    );

    json(await network.task("gov queue", { proposal: "1", wait: true, json: true }));
    expect(refusal(await network.task("gov execute", { proposal: "1" }))).to.match(
      /Proposal 1 can be executed from \d{4}-\d\d-\d\d .* UTC \(in \d+ s\)/,
    );
    const text = (await network.task("gov show", { proposal: "1" })).stdout;
    expect(text).to.match(/^State +queued$/m);
    expect(text).to.match(/^For +59,300,000 DODONA$/m);
    expect(text).to.match(/^Quorum +4,000,000 DODONA for or abstaining \(reached\)$/m);
    expect(text).to.include("fewer transactions");
    json(await network.task("gov execute", { proposal: "1", wait: true, json: true }));
    expect(await heartbeat()).to.equal(60);
    expect(await show(1)).to.include({ state: "executed" });
    const { stdout } = await network.task("gov list");
    expect(stdout).to.match(/^ 1 +executed +59,300,000 DODONA +0 DODONA +– +Set BTC\/USD/m);
  });

  it("shows what every kind of proposal would call", async () => {
    const { addresses } = json<{ addresses: { governance: { timelock: string } } }>(
      await network.deploy(),
    );
    const to = accountAt(9).address;
    for (const [args, words] of [
      [{ createFeed: "SOL/USD", like: "BTC/USD" }, /^PriceFeeds\.createFeeds\(\[SOL\/USD\], \[\{/],
      [{ resetFeed: "ETH/USD" }, /^PriceFeeds\.reset\(ETH\/USD\)$/],
      [
        { setOperators: "1,2,3,4" },
        /^Operators\.setActive\(\[0x7099\w+, 0x3C44\w+, 0x90F7\w+, 0x15d3\w+\]\)$/,
      ],
      [{ minStake: "5,000" }, /^OperatorStake\.setMinimumStake\(5000000000000000000000\)$/],
      [{ equivocationBps: "5000" }, /^Slashing\.setPenalties\(5000, 10000\)$/],
      [{ epochBudget: "20" }, /^OperatorRewards\.setEpochBudget\(20000000000000000000\)$/],
      [
        { send: "1000", token: "DODONA", to: "OperatorRewards" },
        /^DodonaToken\.transfer\(OperatorRewards, 1000000000000000000000\)$/,
      ],
      [{ appointGuardian: "9" }, new RegExp(`^Guardian\\.appoint\\(${to}\\)$`)],
      [{ dismissGuardian: true }, /^Guardian\.dismiss\(\)$/],
      [{ renewGuardian: true }, /^Guardian\.renew\(\)$/],
      [
        { call: "DodonaGovernor:setVotingPeriod(uint32):60" },
        /^DodonaGovernor\.setVotingPeriod\(60\)$/,
      ],
      [{ call: "TimelockController:updateDelay:20" }, /^TimelockController\.updateDelay\(20\)$/],
    ] as const) {
      const { calls, simulation } = await dryRun({ ...args });
      expect(calls[0]?.words).to.match(words);
      expect(simulation.passes, calls[0]?.words).to.equal(true);
    }
    await network.anvil.rpc("anvil_setBalance", [
      addresses.governance.timelock,
      "0xde0b6b3a7640000",
    ]);
    const { calls, simulation } = await dryRun({ send: "0.5", to: "9" });
    expect(calls[0]?.words).to.equal(`send 0.5 ether to ${to}`);
    expect(simulation.passes).to.equal(true);
    expect(json<unknown[]>(await network.task("gov list", { json: true }))).to.have.length(1);
  });

  it("simulates the calls of a proposal in order, each on what the one before left", async () => {
    const { calls, simulation } = await dryRun({
      dismissGuardian: true,
      call: "Guardian:renew()",
      force: true,
    });
    expect(calls.map(({ words }) => words)).to.deep.equal([
      "Guardian.dismiss()",
      "Guardian.renew()",
    ]);
    expect(simulation).to.deep.include({ passes: false, call: 2 });
    expect(simulation.reason).to.equal("Nobody holds the guardian");
  });

  it("refuses what would fail, in words, unless it is forced", async () => {
    const message = refusal(await propose({ unpause: "Operators" }));
    expect(message).to.include(
      "Execution would fail at call 1: The contract is not paused. Propose it all the same with --force.",
    );
    const { proposal, simulation } = json<Proposed>(
      await propose({ unpause: "Operators", force: true }),
    );
    expect(simulation.passes).to.equal(false);
    expect(await show(proposal.number)).to.include({
      state: "pending",
      title: "Unpause Operators",
    });
    const cancelled = await network.task("gov cancel", {
      proposal: String(proposal.number),
      json: true,
    });
    expect(json(cancelled)).to.include({ state: "cancelled" });
    expect(await show(proposal.number)).to.include({ state: "cancelled", vetoedBy: null });
  });

  it("refuses wishes that make no sense, before anything is sent", async () => {
    const before = await network.anvil.rpc<string>("eth_getTransactionCount", [
      accountAt(VOTER).address,
      "latest",
    ]);
    for (const [args, problem] of [
      [{}, "Say what to propose"],
      [{ why: undefined, renewGuardian: true }, '--why "…"'],
      [{ setFeed: "BTC/USD" }, "Say what changes"],
      [{ setFeed: "NO/USD", heartbeat: "5" }, 'There is no feed "NO/USD"'],
      [{ setFeed: "BTC/USD", minReports: "9" }, "minReports must be a whole number from 1 to 7"],
      [{ setFeed: "BTC/USD", deviationBps: "20" }, "BTC/USD has these parameters already"],
      [{ createFeed: "BTC/USD" }, "Feed BTC/USD exists already"],
      [{ setOperators: "1,9" }, `Not registered: ${accountAt(9).address}`],
      [{ send: "1" }, "--to ADDRESS"],
      [{ send: "x", to: "1" }, '--send "x" is not an amount'],
      [{ minStake: "0.1" }, "Execution would fail at call 1"],
      [{ registerKey: "0x12", operator: "1" }, "must be a secp256k1 public key"],
      [{ setKey: "0x12" }, "is not a key hash"],
      [{ setLimits: "DODONA" }, "DODONA has these limits already"],
      [{ setLimits: "native", perDay: "1e3" }, '--per-day "1e3" is not an amount'],
      [{ setLimits: "WETH", perDay: "1" }, '--set-limits "WETH" is no address'],
      [{ setLimits: "native", perHour: "51" }, "Execution would fail at call 1"],
      [{ setApprovers: "8", threshold: "2" }, "2 of 1 approvers cannot be"],
      [{ withdraw: "1", token: "DODONA" }, "--to ADDRESS"],
      [{ withdraw: "1", to: "3" }, "--token TOKEN"],
      [{ withdraw: "100001", token: "DODONA", to: "3" }, "Execution would fail at call 1"],
      [{ reassign: "3", token: "DODONA" }, "--to ADDRESS"],
      [{ reassign: "3", withdraw: "1", token: "DODONA", to: "4" }, "proposals of their own"],
      [{ unpause: "Nothing" }, 'There is no contract "Nothing"'],
      [{ call: "nonsense" }, "is no call"],
      [{ call: "Guardian:renew(uint256):1,2" }, "takes 1 arguments, not 2"],
      [{ call: "0x12:f():" }, '"0x12" is no address'],
      [
        { renewGuardian: true, from: "0" },
        "has 0 DODONA of votes and a proposer needs 1,000 DODONA",
      ],
      [{ renewGuardian: true, as: "7" }, 'There is no voter "7"'],
    ] as const) {
      expect(refusal(await propose({ ...args })), JSON.stringify(args)).to.include(problem);
    }
    expect(
      await network.anvil.rpc("eth_getTransactionCount", [accountAt(VOTER).address, "latest"]),
    ).to.equal(before);
    expect(refusal(await network.task("gov show", { proposal: "99" }))).to.include(
      "numbers 1 to 2",
    );
    expect(refusal(await network.task("gov vote", { proposal: "1", support: "maybe" }))).to.include(
      "say for, against or abstain",
    );
    expect(refusal(await network.task("gov cancel", { proposal: "1", from: "15" }))).to.include(
      "who alone may cancel it",
    );
  });

  it("delegates votes, which count from the next proposal on", async () => {
    const to = accountAt(VOTER).address;
    const outcome = json<{ votesOfDelegate: string }>(
      await network.task("gov delegate", { to: String(VOTER), from: "15", json: true }),
    );
    expect(outcome.votesOfDelegate).to.equal((39_600_000n * TOKEN).toString());
    expect(refusal(await network.task("gov delegate", { to, from: "15" }))).to.include("already");
    const { code, stdout } = await network.task("gov delegate", { to: "self", from: "15" });
    expect(code).to.equal(0);
    expect(stdout).to.include("19,800,000 DODONA of votes to itself");
  });

  it("says which command has the power that the deployer has not", async () => {
    for (const [id, args, instead] of [
      ["feeds trip", { feed: "BTC/USD" }, "npx hardhat guardian trip BTC/USD --network local"],
      [
        "feeds reset",
        { feed: "BTC/USD" },
        'npx hardhat gov propose --reset-feed BTC/USD --why "…" --network local',
      ],
      [
        "feeds create",
        { feed: "SOL/USD" },
        'npx hardhat gov propose --create-feed SOL/USD --why "…" --network local',
      ],
      [
        "operators set",
        { accounts: "1" },
        `npx hardhat gov propose --set-operators ${accountAt(1).address}`,
      ],
    ] as const) {
      expect(refusal(await network.task(id, { ...args })), id).to.include(instead);
    }
  });

  it("proposes everything that governance may do about payouts", async () => {
    const [from, to] = [accountAt(3).address, accountAt(4).address];
    for (const [args, titles, words] of [
      [
        { setLimits: "native", perDay: "60", perEpoch: "12.5" },
        "Limit payouts of the native coin: 10 ether an hour, 50 ether → 60 ether a day, 1 ether an account and day, 10 ether → 12.5 ether an epoch",
        /^PayoutDistributor\.setLimits\(0x0{40}, \{perHour: 10000000000000000000, perDay: 60000000000000000000, perAccount: 1000000000000000000, perEpoch: 12500000000000000000\}\)$/,
      ],
      [
        { setApprovers: "8,9", threshold: "1" },
        `Let 1 of 2 approve payouts: ${accountAt(8).address}, ${accountAt(9).address}; open proposals become void`,
        /^PayoutDistributor\.setApprovers\(\[0x\w{40}, 0x\w{40}\], 1\)$/,
      ],
      [
        { withdraw: "1,000", token: "dodona", to: "TimelockController" },
        "Take 1,000 DODONA of deposits for payouts back, to TimelockController",
        /^PayoutDistributor\.withdraw\(DodonaToken, TimelockController, 1000000000000000000000\)$/,
      ],
      [
        { reassign: "3", token: "DODONA", to: "4" },
        `Give the claims of ${from} of DODONA to ${to}`,
        new RegExp(`^PayoutDistributor\\.reassign\\(${from}, DodonaToken, ${to}\\)$`),
      ],
    ] as const) {
      const { calls, simulation, title } = await dryRun({ ...args });
      expect(title).to.equal(titles);
      expect(calls.map((call) => call.words)).to.have.length(1);
      expect(calls[0]?.words).to.match(words);
      expect(simulation.passes, title).to.equal(true);
    }
  });

  it("guardian dispute drops a proposed root of payouts, named by id or epoch", async () => {
    const { addresses } = json<{ addresses: { payoutDistributor: string } }>(
      await network.deploy(),
    );
    const abi = new Interface([
      "function propose((uint32 epoch, bytes32 root, (address token, uint96 amount)[] totals, bytes32 dataHash, string uri, uint64 snapshotBlock) proposed)",
      "event EpochProposed(bytes32 indexed proposalId, uint32 indexed epoch, address indexed proposer, uint32 attempt, bytes32 root, (address token, uint96 amount)[] totals, bytes32 dataHash, string uri, uint64 snapshotBlock)",
      "function stateOf(bytes32) view returns (uint8)",
    ]);
    const provider = new JsonRpcProvider(network.anvil.url, undefined, { cacheTimeout: -1 });
    const to = addresses.payoutDistributor;
    const proposed = async (root: string): Promise<string> => {
      const data = abi.encodeFunctionData("propose", [
        [1, root, [], `0x${"00".repeat(32)}`, "", 1],
      ]);
      const sent = await accountAt(6).connect(provider).sendTransaction({ to, data });
      const receipt = await sent.wait();
      return receipt?.logs[0]?.topics[1] ?? "";
    };
    const dispute = async (proposal: string, more: object = {}): Promise<Outcome> =>
      await network.task("guardian dispute", { proposal, json: true, why: "wrong", ...more });
    try {
      expect(refusal(await dispute("1"))).to.include("Epoch 1 has no open proposal");
      const first = await proposed(`0x${"01".repeat(32)}`);
      expect(refusal(await dispute("1", { why: " " }))).to.include('Say why with --why "…"');
      expect(refusal(await dispute("1", { from: "3" }))).to.include("holds the guardian, not");
      expect(json(await dispute("1"))).to.include({
        ...{ proposal: first, epoch: 1, state: "disputed", reason: "wrong" },
      });
      const state = await provider.call({ to, data: abi.encodeFunctionData("stateOf", [first]) });
      expect(BigInt(state)).to.equal(5n);
      expect(refusal(await dispute(first))).to.include("is disputed: there is nothing to dispute");
      const second = await proposed(`0x${"02".repeat(32)}`);
      await proposed(`0x${"03".repeat(32)}`);
      expect(refusal(await dispute("1"))).to.include("several open proposals: name one");
      expect(json(await dispute(second))).to.include({ proposal: second });
      expect(refusal(await dispute(`0x${"07".repeat(32)}`))).to.include("There is no proposal");
      expect(refusal(await dispute("x"))).to.include('"x" is no proposal');
    } finally {
      provider.destroy();
    }
  });

  it("guardian veto cancels a proposal for good, but not one that replaces the guardian", async () => {
    const { proposal } = json<Proposed>(await propose({ minStake: "7", from: String(VOTER) }));
    expect(
      refusal(
        await network.task("guardian veto", { proposal: String(proposal.number), from: "3" }),
      ),
    ).to.include(`${accountAt(HOLDER).address} holds the guardian, not ${accountAt(3).address}`);
    const veto = await network.task("guardian veto", {
      proposal: String(proposal.number),
      json: true,
    });
    expect(json(veto)).to.include({ state: "cancelled" });
    expect(await show(proposal.number)).to.include({
      state: "cancelled",
      vetoedBy: accountAt(HOLDER).address,
    });
    const { proposal: removal } = json<Proposed>(await propose({ dismissGuardian: true }));
    expect(
      refusal(await network.task("guardian veto", { proposal: String(removal.number) })),
    ).to.include("The proposal only replaces or removes the guardian");
  });

  it("guardian pause stops a contract for 72 hours, and trip needs an answer", async () => {
    // More blocks than a fork stays behind the head where it is not told its block.
    await network.anvil.rpc("anvil_mine", ["0x200"]);
    const paused = json<{ contract: string; pausedUntil: number }>(
      await network.task("guardian pause", { contract: "operators", json: true }),
    );
    expect(paused.contract).to.equal("Operators");
    const block = await network.anvil.rpc<{ timestamp: string }>("eth_getBlockByNumber", [
      "latest",
      false,
    ]);
    expect(paused.pausedUntil - Number(block.timestamp)).to.be.within(72 * 3_600 - 5, 72 * 3_600);
    expect((await dryRun({ unpause: "Operators" })).simulation.passes).to.equal(true);
    expect(json(await network.task("payouts pause", { json: true }))).to.include({
      contract: "PayoutDistributor",
    });
    const { calls } = await dryRun({ unpause: "payoutdistributor" });
    expect(calls[0]?.words).to.equal("PayoutDistributor.unpause()");
    expect(refusal(await network.task("guardian pause", { contract: "PriceFeeds" }))).to.include(
      '"PriceFeeds" cannot be paused. What can: Operators, VRFCoordinator, PayoutDistributor, OperatorRewards.',
    );
    expect(refusal(await network.task("guardian trip", { feed: "BTC/USD" }))).to.include(
      "Feed BTC/USD has no answer yet",
    );
  });

  it("access show lists every power and none of the deployer", async () => {
    const { code, stdout } = await network.task("access show");
    expect(code).to.equal(0);
    expect(stdout).not.to.include(accountAt(0).address);
    expect(stdout).to.match(/^0 admin +TimelockController +0x\w{40} +none +AccessManager: all$/m);
    expect(stdout).to.match(/^1 guardian +Guardian +0x\w{40} +none +PriceFeeds\.trip$/m);
    expect(stdout).to.match(/^2 slasher +Slashing +0x\w{40} +none +OperatorStake\.slash$/m);
    expect(stdout).to.match(
      new RegExp(
        `^3 scorer +an account +${accountAt(18).address} +none +OperatorRewards.postWeights$`,
        "m",
      ),
    );
    expect(stdout).to.match(
      new RegExp(
        `^4 proposer +an account +${accountAt(6).address} +none +PayoutDistributor.propose$`,
        "m",
      ),
    );
    expect(stdout).to.match(
      new RegExp(
        `^5 watcher +an account +${accountAt(7).address} +none +PayoutDistributor.dispute$`,
        "m",
      ),
    );
    expect(stdout).to.match(/^timelock executor +anyone +– +10 s /m);
    expect(stdout).to.match(
      new RegExp(`^guardian holder +an account +${accountAt(HOLDER).address} +none +Guardian`, "m"),
    );
    expect(stdout).to.match(/^Voting period +20 s$/m);
    const { powers } = json<{ powers: { holder: string | null }[] }>(
      await network.task("access show", { json: true }),
    );
    expect(powers.map(({ holder }) => holder)).not.to.include(accountAt(0).address);
    expect(powers).to.have.length(13);
  });

  it("the command line helps with examples", async () => {
    const [gov, guardian] = await Promise.all([
      network.run("gov", "propose", "--help"),
      network.run("guardian", "veto", "--help"),
    ]);
    expect(gov.stdout).to.include("npx hardhat gov propose --set-feed BTC/USD --heartbeat 60");
    expect(guardian.stdout).to.include("npx hardhat guardian veto 1 --network local");
  });
});
