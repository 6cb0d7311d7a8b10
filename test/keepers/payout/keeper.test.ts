import { readdirSync } from "node:fs";

import { expect } from "chai";
import { id } from "ethers";

import { readAudit } from "../../../keepers/payout/audit-store.ts";
import { verifyAudit } from "../../../keepers/payout/audit.ts";
import { openPublicationFiles } from "../../../keepers/payout/files.ts";
import { decodePublication, openProofs } from "../../../keepers/payout/publication.ts";
import { readHolds, releaseHold } from "../../../keepers/payout/store.ts";
import { accountOf } from "./fixtures.ts";
import {
  approverWallets,
  chainId,
  challengeSeconds,
  pool,
  startPayoutNetwork,
  startTime,
  type PayoutKeeper,
  type PayoutNetwork,
} from "./harness.ts";

const DAY = 86_400;
const { signal } = new AbortController();

describe("payout keepers", function () {
  this.timeout(120_000);
  let network: PayoutNetwork;
  let proposers: PayoutKeeper[];
  let approvers: PayoutKeeper[];
  let watcher: PayoutKeeper;
  const [first, second] = approverWallets as [
    (typeof approverWallets)[0],
    (typeof approverWallets)[0],
  ];

  async function start(programFields: object = {}): Promise<void> {
    network = await startPayoutNetwork(programFields);
    proposers = [network.keeper("proposer"), network.keeper("proposer")];
    approvers = [network.keeper(first), network.keeper(second)];
    watcher = network.keeper("watcher");
  }
  afterEach(() => network?.stop());

  const look = (keepers: readonly PayoutKeeper[]) =>
    Promise.all(keepers.map((keeper) => keeper.look(signal)));
  const give = async (i: number, amount: bigint): Promise<void> => {
    await (await network.token.transfer(accountOf(i), amount)).wait();
  };
  const proposalsOf = async (epoch: number) =>
    network.distributor.queryFilter(network.distributor.filters.EpochProposed(undefined, epoch));

  /** From the end of a day to the activation of its epoch. */
  async function payDay(epoch: number): Promise<void> {
    const end = startTime + epoch * DAY;
    await network.goTo(end + 1);
    await network.mine(3);
    await look(proposers);
    await network.relay();
    await look([...approvers, watcher]);
    await network.relay();
    await network.goTo(end + challengeSeconds + 100);
    await look([...proposers, watcher]);
    await network.relay();
  }

  async function rowsOf(epoch: number) {
    const [log] = await proposalsOf(epoch);
    const bytes = await openPublicationFiles(network.folder).read(log!.args.dataHash);
    return decodePublication(bytes!, log!.args.dataHash);
  }

  it("pay three days, two of them late, exactly once each and to the last unit", async () => {
    await start();
    await give(1, 600n);
    await give(2, 300n);
    await payDay(1);
    expect((await network.distributor.activeEpoch()).number).to.equal(1n);
    // Pro rata of 600 : 300, then of 600 : 300 : 100, with the largest remainders.
    const expected = new Map([
      [accountOf(1), 666_667n],
      [accountOf(2), 333_333n],
    ]);
    const one = await rowsOf(1);
    expect(new Map(one.rows.map((row) => [row.account, row.cumulative]))).to.deep.equal(expected);
    await give(3, 100n);
    await network.goTo(startTime + 3 * DAY + 10);
    await payDay2();
    const two = await rowsOf(2);
    const three = await rowsOf(3);
    expect(new Map(three.rows.map((row) => [row.account, row.cumulative]))).to.deep.equal(
      new Map([
        [accountOf(1), 666_667n + 600_000n * 2n],
        [accountOf(2), 333_333n + 300_000n * 2n],
        [accountOf(3), 100_000n * 2n],
      ]),
    );
    expect(two.previous?.root).to.equal(one.root);
    expect(three.previous?.root).to.equal(two.root);
    for (const epoch of [1, 2, 3]) expect(await proposalsOf(epoch)).to.have.length(1);
    expect(three.totals).to.deep.equal([{ token: network.tokenAddress, amount: 3n * pool }]);
    for (const row of openProofs(three.rows)(accountOf(2))) {
      const { account, token, cumulative, proof } = row;
      const isIn = await network.distributor.verify(account, token, cumulative, [...proof]);
      expect(isIn).to.equal(true);
      await (await network.distributor.claimFor(account, token, cumulative, [...proof])).wait();
    }
    expect(await network.token.balanceOf(accountOf(2))).to.equal(300n + 933_333n);
    const log = { chainId, distributor: network.address };
    const anchors = [one, two, three].map(({ epoch, audit }) => ({ epoch, ...audit }));
    expect(verifyAudit(log, await readAudit(network.db.pool, log), anchors)).to.equal(null);
  });

  /** Days two and three, both over already: one after the other. */
  async function payDay2(): Promise<void> {
    await network.mine(3);
    for (let epoch = 2; epoch <= 3; epoch++) {
      await look(proposers);
      expect(proposers[0]!.health().due).to.equal(4 - epoch);
      await network.relay();
      await look([...approvers, watcher]);
      await network.relay();
      const { timestamp } = await network.anvil.rpc<{ timestamp: string }>("eth_getBlockByNumber", [
        ...["latest", false],
      ]);
      await network.goTo(Number(timestamp) + challengeSeconds + 10);
      await look([...proposers, watcher]);
      await network.relay();
      expect((await network.distributor.activeEpoch()).number).to.equal(BigInt(epoch));
    }
  }

  it("dispute and do not approve a root that a stolen proposer key proposes", async () => {
    await start();
    await give(1, 600n);
    const end = startTime + DAY;
    await network.goTo(end + 1);
    await network.mine(3);
    const stolen = {
      ...{ epoch: 1, root: id("mine"), dataHash: id("nothing"), uri: "", snapshotBlock: 5 },
      totals: [{ token: network.tokenAddress, amount: 50n * pool }],
    };
    const { distributor } = network;
    await (await distributor.connect(network.proposer).propose(stolen)).wait();
    await look([...approvers, watcher]);
    expect(approvers[0]!.health().waiting).to.contain("snapshot block: computed");
    const keys = await network.intents();
    expect(keys).to.have.length(1);
    expect(keys[0]).to.contain(":dispute:");
    await network.relay();
    const [log] = await proposalsOf(1);
    expect((await distributor.proposal(log!.args.proposalId)).state).to.equal(5n);
    await look(proposers);
    await network.relay();
    expect(await proposalsOf(1)).to.have.length(2);
    await look(approvers);
    await network.relay();
    const [, own] = await proposalsOf(1);
    expect((await distributor.proposal(own!.args.proposalId)).approvals).to.equal(2n);
  });

  it("hold what looks wrong until a person releases it", async () => {
    await start({ checks: { suddenHolder: { maxAgeHours: 100, minShareBps: 5_000 } } });
    await give(1, 600n);
    await network.goTo(startTime + DAY + 1);
    await network.mine(3);
    await look(proposers);
    await look(proposers);
    expect(await network.intents()).to.deep.equal([]);
    expect(proposers[0]!.health().waiting).to.contain("held for a person");
    const log = { chainId, distributor: network.address };
    const [hold] = await readHolds(network.db.pool, log, 1);
    expect(hold?.reasons[0]).to.contain(accountOf(1));
    await network.db.transaction((client) => releaseHold(client, log, hold!, "ada", "known", 1));
    await look(proposers);
    expect(await network.intents()).to.have.length(1);
    expect((await readAudit(network.db.pool, log)).map(({ kind }) => kind)).to.deep.equal([
      ...["held", "released", "proposed"],
    ]);
  });

  it("go on after a crash at any step of a proposal, without a second one", async () => {
    await start();
    await give(1, 600n);
    await network.goTo(startTime + DAY + 1);
    await network.mine(3);
    const files = openPublicationFiles(network.folder);
    const beforeFile = network.keeper("proposer", {
      files: { ...files, write: () => Promise.reject(new Error("killed before the file")) },
    });
    const afterFile = network.keeper("proposer", {
      files: {
        ...files,
        write: async (bytes, hash) => {
          await files.write(bytes, hash);
          throw new Error("killed after the file");
        },
      },
    });
    for (const keeper of [beforeFile, afterFile]) {
      const error = await keeper.look(signal).catch((e: Error) => e.message);
      expect(error).to.contain("killed");
      expect(await network.intents()).to.deep.equal([]);
    }
    await network.keeper("proposer").look(signal);
    await network.keeper("proposer").look(signal);
    expect(await network.intents()).to.have.length(1);
    expect(readdirSync(network.folder)).to.have.length(1);
    await network.relay();
    await network.keeper("proposer").look(signal);
    expect(await network.relay()).to.equal(0);
    expect(await proposalsOf(1)).to.have.length(1);
  });

  it("compute again when a reorganisation replaces the snapshot block", async () => {
    await start();
    await give(1, 600n);
    const end = startTime + DAY;
    await network.goTo(end - 100);
    await give(2, 200n);
    const checkpoint = await network.anvil.rpc<string>("evm_snapshot");
    await network.goTo(end - 50);
    await network.goTo(end + 1);
    await network.mine(3);
    await look(approvers);
    await network.anvil.rpc("evm_revert", [checkpoint]);
    await network.anvil.rpc("evm_setNextBlockTimestamp", [end - 40]);
    await give(2, 400n);
    await network.goTo(end + 1);
    await network.mine(3);
    await look(proposers);
    await network.relay();
    await look([...approvers, watcher]);
    expect(await network.relay()).to.equal(2);
    const { rows } = await rowsOf(1);
    expect(new Map(rows.map((row) => [row.account, row.cumulative]))).to.deep.equal(
      new Map([1, 2].map((i) => [accountOf(i), pool / 2n] as const).sort()),
    );
  });

  it("do not ask for what the distributor would refuse", async () => {
    await start({ poolPerDay: String(10n ** 25n) });
    await give(1, 600n);
    await network.goTo(startTime + DAY + 1);
    await network.mine(3);
    await look(proposers);
    expect(await network.intents()).to.deep.equal([]);
    expect(proposers[0]!.health().waiting).to.match(/would refuse: IncreaseTooBig/);
  });
});
