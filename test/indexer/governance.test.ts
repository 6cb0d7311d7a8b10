import { expect } from "chai";
import { parseEther } from "ethers";
import pg from "pg";

import { startPostgres, type TestPostgres } from "../helpers/postgres.ts";
import {
  expectGovernanceEqualToChain,
  startGovernance,
  stateOf,
  type Governance,
} from "./governance.ts";
import { prepareIndexer, settle, type Indexer } from "./indexer.ts";
import { mined, startNetwork, type Network } from "./network.ts";

describe("index of governance", function () {
  this.timeout(120_000);
  let postgres: TestPostgres;
  let network: Network;
  let governance: Governance;
  let indexer: Indexer;
  let database: pg.Client;

  before(async () => {
    [postgres, network] = await Promise.all([startPostgres(), startNetwork(["BTC/USD"])]);
    database = new pg.Client(postgres.url);
    await database.connect();
    governance = await startGovernance(network);
    await mined(governance.token.connect(governance.alice).delegate(governance.alice.address));
    indexer = await prepareIndexer({
      rpcUrl: network.anvil.url,
      databaseUrl: postgres.url,
      contracts: { ...network.contracts, governance: governance.contracts },
    });
    await indexer.start();
  });

  after(async () => {
    await indexer?.dispose();
    await database?.end();
    await Promise.all([network?.stop(), postgres?.stop()]);
  });

  async function expectIndexed(): Promise<void> {
    await settle(indexer, network);
    await expectGovernanceEqualToChain(database, governance);
  }

  async function proposalOf(id: bigint): Promise<Record<string, unknown>> {
    await settle(indexer, network);
    const { body, status } = await indexer.get(`/governance/proposals/${id}`);
    expect(status).to.equal(200);
    return body as Record<string, unknown>;
  }

  it("contains what happened before it was started, the deployer's lost roles included", async () => {
    await expectIndexed();
    const { body } = await indexer.get("/governance");
    expect(body).to.deep.include({
      supply: String(parseEther("1000")),
      quorumPercent: 20,
      proposals: 0,
    });
    expect((body as { settings: unknown }).settings).to.include({
      votingDelay: "5",
      votingPeriod: "20",
      timelockDelay: "10",
      proposalThreshold: String(parseEther("10")),
      proposalGuardian: governance.contracts.guardian.toLowerCase(),
    });
    const access = (await indexer.get("/governance/access")).body as {
      functions: unknown[];
    };
    expect(access.functions).to.deep.equal([
      {
        target: network.contracts.priceFeeds.toLowerCase(),
        selector: governance.trip,
        role: "1",
      },
    ]);
  });

  it("follows delegations and voting power over time", async () => {
    const { alice, bob, carol, token } = governance;
    // Estimated in the second of the latest checkpoint, which is then overwritten, gas would not do for a new one.
    const enough = { gasLimit: 500_000 };
    await mined(token.connect(bob).delegate(carol.address, enough));
    await governance.pass(2);
    await mined(token.connect(alice).transfer(bob.address, parseEther("50"), enough));
    await governance.pass(2);
    await mined(token.connect(bob).delegate(bob.address, enough));
    await mined(token.connect(bob).burn(parseEther("1"), enough));
    await expectIndexed();
    const { body } = await indexer.get(`/governance/voters/${carol.address}`);
    expect((body as { power: { votes: string }[] }).power.map(({ votes }) => votes)).to.deep.equal(
      ["0", "350", "300"].map((votes) => String(parseEther(votes))),
    );
  });

  it("follows a proposal through every state that the governor gives it", async () => {
    const { alice, bob, governor } = governance;
    const id = await governance.propose(parseEther("1"), "pay Carol");
    const steps: [() => Promise<unknown>, string][] = [
      [async () => await Promise.resolve(), "pending"],
      [async () => await governance.pass(6), "active"],
      [async () => await mined(governor.connect(alice).castVote(id, 1)), "active"],
      [
        async () => await mined(governor.connect(bob).castVoteWithReason(id, 0, "too much")),
        "active",
      ],
      [async () => await governance.pass(30), "succeeded"],
      [async () => await mined(governor["queue(uint256)"](id)), "queued"],
      [async () => await governance.pass(11), "queued"],
      [async () => await mined(governor["execute(uint256)"](id)), "executed"],
    ];
    for (const [act, expected] of steps) {
      await act();
      expect(await stateOf(governance, id)).to.equal(expected);
      // The API judges by the present; the chain's clock runs ahead of it here.
      const { status, voteStart, voteEnd } = await proposalOf(id);
      if (["queued", "executed"].includes(expected)) expect(status).to.equal(expected);
      expect([voteStart, voteEnd].map(String)).to.deep.equal([
        String(await governor.proposalSnapshot(id)),
        String(await governor.proposalDeadline(id)),
      ]);
    }
    await expectIndexed();
    const { quorum, votes } = await proposalOf(id);
    expect(quorum).to.equal(String(await governor.quorum(await governor.proposalSnapshot(id))));
    expect(
      (votes as { support: string; reason: string }[]).map((one) => one.support),
    ).to.deep.equal(["for", "against"]);
  });

  it("follows a veto, and lists proposals by page", async () => {
    const { guardian, holder } = governance;
    const id = await governance.propose(parseEther("2"), "pay Carol again");
    await mined(guardian.connect(holder).veto(id));
    expect(await stateOf(governance, id)).to.equal("cancelled");
    expect((await proposalOf(id))["status"]).to.equal("cancelled");
    await expectIndexed();
    const events = (await indexer.get("/governance/guardian")).body as { kind: string }[];
    expect(events.map(({ kind }) => kind)).to.deep.equal(["vetoed", "appointed"]);
    const first = (await indexer.get("/governance/proposals?limit=1")).body as {
      proposals: { id: string }[];
      next: string;
    };
    expect(first.proposals.map((one) => one.id)).to.deep.equal([String(id)]);
    const second = (await indexer.get(`/governance/proposals?limit=1&cursor=${first.next}`))
      .body as typeof first;
    expect(second.proposals).to.have.length(1);
    expect(second.next).to.equal(null);
  });

  it("undoes what a reorg of depth 3 takes back", async () => {
    const { bob, carol, token } = governance;
    await mined(token.connect(bob).transfer(carol.address, parseEther("5"), { gasLimit: 500_000 }));
    await mined(token.connect(bob).delegate(carol.address, { gasLimit: 500_000 }));
    await settle(indexer, network);
    await network.anvil.rpc("anvil_reorg", [3, []]);
    await network.mine(1);
    await expectIndexed();
  });

  it("says what exists for an unknown proposal or account, and what is allowed for a bad question", async () => {
    const unknown = await indexer.get("/governance/proposals/7");
    expect(unknown.status).to.equal(404);
    expect((unknown.body as { newest: unknown[] }).newest).to.have.length(2);
    const nobody = `0x${"12".repeat(20)}`;
    expect((await indexer.get(`/governance/voters/${nobody}`)).status).to.equal(404);
    for (const [route, word] of [
      ["/governance/voters/bob", "40 hex digits"],
      ["/governance/voters?limit=0", "limit"],
      ["/governance/proposals?status=active", "allowed are limit, cursor"],
      ["/governance/proposals/x", "proposal id"],
    ] as const) {
      const { body, status } = await indexer.get(route);
      expect(status).to.equal(400);
      expect((body as { error: string }).error).to.include(word);
    }
  });
});
