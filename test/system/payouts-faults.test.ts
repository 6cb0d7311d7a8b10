import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { expect } from "chai";
import type { PoolClient } from "pg";

import { projectRoot } from "../../deploy/stack/layout.ts";
import { holderAt, PayoutNetwork, pool } from "./payouts.ts";

const minute = 60_000;
const proposer = "payout-proposer";
const approvers = [1, 2, 3].map((i) => `payout-approver-${i}`);
/** Tokens of each holder: shares of the pool that divide without a remainder. */
const holders = [1, 2, 3, 4].map((i) => ({ account: holderAt(i), amount: 250n }));

interface Step {
  readonly step: string;
  readonly attempt: number;
  readonly status: string;
  readonly subject: string;
}

describe("faults of payouts", function () {
  this.timeout(3 * minute);
  let network: PayoutNetwork;
  let epoch = 0;
  const earned = new Map<string, bigint>();

  before(async function () {
    this.timeout(4 * minute);
    network = await PayoutNetwork.start({ rule: { kind: "proRata" } });
    await network.goTo(network.firstDay + 60);
    await network.move(holders.map(({ account, amount }) => ({ from: null, to: account, amount })));
  });
  after(async () => network?.stop());
  beforeEach(() => void epoch++);
  // Whatever failed, the next epoch has the one before active.
  afterEach(async function () {
    if (this.currentTest?.state === "passed") return;
    await mining(true);
    await revive("relayer", proposer, ...approvers, "payout-watcher");
    await network.activate(epoch);
  });

  const mining = async (isOn: boolean): Promise<void> =>
    void (await network.rpc("evm_setIntervalMining", [isOn ? 1 : 0]));
  const kill = async (...names: string[]): Promise<void> =>
    void (await Promise.all(
      names.map(async (name) => {
        if (network.stack.pidOf(name) !== undefined) await network.stack.kill(name);
      }),
    ));
  const revive = async (...names: string[]): Promise<void> =>
    void (await Promise.all(
      names.map(async (name) => {
        if (network.stack.pidOf(name) === undefined) await network.stack.revive(name);
      }),
    ));
  const steps = async (): Promise<Step[]> =>
    network.query<Step & Record<string, unknown>>(
      `SELECT s.step, s.subject, s.attempt, i.status FROM dodona.payout_steps s
       LEFT JOIN dodona.intents i ON i.key = s.intent_key WHERE s.epoch = $1`,
      [epoch],
    );
  const committed = async (step: string, count: number): Promise<void> =>
    network.until(`${step} is committed`, 30, async () => {
      const found = (await steps()).filter((known) => known.step === step);
      return found.length >= count || `${found.length} of ${count}`;
    });
  const sent = async (count: number): Promise<void> =>
    network.until("transactions are sent", 30, async () => {
      const { pending } = await network.rpc<{ pending: string }>("txpool_status");
      return Number(pending) >= count || `${Number(pending)} of ${count}`;
    });
  /** Waits for a state without making blocks or moving the clock. */
  const reaches = async (state: string, approvals = 0): Promise<void> =>
    network.until(`epoch ${epoch} is ${state}`, 30, async () => {
      const [proposal] = await network.proposals(epoch);
      if (proposal?.state !== state) return proposal?.state ?? "nothing proposed";
      const info = await network.distributor.proposal(proposal.id);
      return Number(info.approvals) >= approvals || `${info.approvals} approvals`;
    });
  const challengeEnd = async (): Promise<number> =>
    (await network.proposals(epoch))[0]?.challengeEndsAt ?? 0;
  const dayEnds = async (): Promise<void> => {
    await network.goTo(network.endOf(epoch) + 2);
    await network.mine(2);
  };

  /** Keepers cannot write a step: who comes stops inside its transaction. */
  const withSteps = async (
    isLocked: (waiting: (count: number) => Promise<void>) => Promise<void>,
    before: () => Promise<void> = async () => undefined,
  ): Promise<void> => {
    const client: PoolClient = await network.connect();
    try {
      await client.query("BEGIN");
      await client.query("LOCK TABLE dodona.payout_steps IN EXCLUSIVE MODE");
      await before();
      await isLocked((count) =>
        network.until("keepers wait for the lock", 30, async () => {
          const [row] = await network.query<{ count: string }>(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
          );
          return Number(row?.count) >= count || `${row?.count} of ${count}`;
        }),
      );
    } finally {
      await client.query("ROLLBACK");
      client.release();
    }
  };

  /** Root after one more day, by hand and with OpenZeppelin's tree. */
  const rootOfDay = (): string => {
    for (const { account, amount } of holders)
      earned.set(account, (earned.get(account) ?? 0n) + (pool * amount) / 1_000n);
    return StandardMerkleTree.of(
      [...earned].map(([account, sum]) => [account, network.paid, String(sum)]),
      ["address", "address", "uint256"],
    ).root;
  };

  /** One proposal, what every approver signed once, one activation; and the root that everybody can compute. */
  const paidOnce = async (): Promise<void> => {
    await network.activate(epoch);
    const proposals = await network.proposals(epoch);
    expect(proposals).to.have.length(1);
    expect(proposals[0]).to.include({ state: "activated", root: rootOfDay() });
    const { distributor } = network;
    const id = proposals[0]?.id;
    const [approved, activated] = await Promise.all([
      distributor.queryFilter(distributor.filters.ProposalApproved(id)),
      distributor.queryFilter(distributor.filters.EpochActivated(epoch)),
    ]);
    const accounts = approved.map(({ args }) => args.approver);
    expect(new Set(accounts).size).to.equal(accounts.length);
    expect(accounts.length).to.be.at.least(2);
    expect(activated).to.have.length(1);
    expect((await steps()).filter(({ step }) => step === "propose")).to.have.length(1);
    expect(new Set((await steps()).map(({ attempt }) => attempt))).to.deep.equal(new Set([1]));
  };

  it("kill -9 inside the transaction of each step loses nothing and does nothing twice", async () => {
    await withSteps(async (waiting) => {
      await dayEnds();
      await waiting(1);
      await kill(proposer);
    });
    expect(await steps()).to.deep.equal([]);
    await revive(proposer);
    await mining(false);
    await committed("propose", 1);
    await withSteps(
      async (waiting) => {
        await waiting(3);
        await kill(...approvers);
      },
      async () => mining(true),
    );
    expect((await steps()).map(({ step }) => step)).to.deep.equal(["propose"]);
    await revive(...approvers);
    await reaches("approved", 3);
    await withSteps(async (waiting) => {
      await network.goTo(await challengeEnd());
      await waiting(1);
      await kill(proposer);
    });
    expect((await steps()).map(({ step }) => step)).not.to.include("activate");
    await revive(proposer);
    await paidOnce();
  });

  it("kill -9 of each step after it is committed and before it is sent loses nothing and does nothing twice", async () => {
    await kill("relayer");
    await dayEnds();
    await committed("propose", 1);
    await kill(proposer);
    expect(await network.proposals(epoch)).to.deep.equal([]);
    await revive(proposer);
    await mining(false);
    await revive("relayer");
    await sent(1);
    await kill("relayer");
    await network.mine();
    await mining(true);
    await committed("approve", 3);
    await kill(...approvers);
    await reaches("proposed");
    await revive("relayer", ...approvers);
    await reaches("approved", 3);
    await kill("relayer");
    await network.goTo(await challengeEnd());
    await committed("activate", 1);
    await kill(proposer);
    expect(await network.activeEpoch()).to.equal(epoch - 1);
    await revive("relayer", proposer);
    await paidOnce();
  });

  it("kill -9 of keeper and relayer between broadcast and block loses nothing and does nothing twice", async () => {
    await mining(false);
    await dayEnds();
    await sent(1);
    await kill(proposer, "relayer");
    await revive(proposer, "relayer");
    await network.mine();
    await sent(3);
    await kill(...approvers, "relayer");
    await revive(...approvers, "relayer");
    await network.mine();
    await reaches("approved", 3);
    await network.goTo(await challengeEnd());
    await sent(1);
    await kill(proposer, "relayer");
    await revive(proposer, "relayer");
    await mining(true);
    await paidOnce();
  });

  it("two proposers that come at once make one proposal", async () => {
    const { paths, file } = network.stack;
    const config = JSON.parse(
      readFileSync(path.join(paths.config, `${proposer}.json`), "utf8"),
    ) as object;
    const other = path.join(paths.config, "other.json");
    writeFileSync(other, JSON.stringify({ ...config, metrics: { host: "127.0.0.1", port: 0 } }));
    const child: ChildProcess = spawn(
      process.execPath,
      [path.join(projectRoot, "keepers/payout/main.ts"), "--config", other],
      {
        env: { ...process.env, DATABASE_URL: file.databaseUrl },
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
    try {
      let said = "";
      child.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
      await network.until("a second proposer", 30, () =>
        Promise.resolve(said.includes("keeper started") || said.slice(-200)),
      );
      await withSteps(async (waiting) => {
        await dayEnds();
        await waiting(2);
      });
      await reaches("approved", 3);
      await withSteps(async (waiting) => {
        await network.goTo(await challengeEnd());
        await waiting(2);
      });
      await paidOnce();
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });

  it("a reorganisation that replaces the snapshot block pays by the new one, and the old root never", async () => {
    const [from, to] = [holders[0]!.account, holders[1]!.account];
    const end = network.endOf(epoch);
    await network.goTo(end - 20);
    await mining(false);
    const before = Number(await network.rpc<string>("eth_blockNumber"));
    await network.move([{ from, to, amount: 250n }]);
    await kill(...approvers, "payout-watcher");
    await network.goTo(end + 2);
    await network.mine(2);
    await sent(1);
    await network.mine();
    const [old] = await network.proposals(epoch);
    expect(old?.state).to.equal("proposed");
    await network.until(
      "the relayer saw its block",
      30,
      async () => (await steps())[0]?.status === "confirmed" || "not confirmed",
    );

    // The transfer is gone for good; the relayer brings its transaction again.
    const head = Number(await network.rpc<string>("eth_blockNumber"));
    await network.rpc("anvil_reorg", [head - before, []]);
    await network.goTo(end + 2);
    await network.mine(2);
    await mining(true);
    await revive(...approvers, "payout-watcher");
    const stateOf = async (root: string | undefined): Promise<string | undefined> =>
      (await network.proposals(epoch)).find((proposal) => proposal.root === root)?.state;
    await network.until("the old root is disputed", 30, async () => {
      const state = await stateOf(old?.root);
      return state === "disputed" || (state ?? "not proposed again");
    });
    await network.activate(epoch);
    const root = rootOfDay();
    expect((await network.distributor.activeEpoch()).root).to.equal(root);
    expect(await stateOf(root)).to.equal("activated");
    expect(await stateOf(old?.root)).to.equal("disputed");
    const proposed = (await steps()).filter(({ step }) => step === "propose");
    expect(proposed.map(({ attempt }) => attempt).sort()).to.deep.equal([1, 2]);
    const { distributor } = network;
    expect(await distributor.queryFilter(distributor.filters.EpochActivated(epoch))).to.have.length(
      1,
    );
  });
});
