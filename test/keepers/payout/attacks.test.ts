import { expect } from "chai";
import { Wallet } from "ethers";

import { signApproval, type ApprovalContent } from "../../../keepers/payout/approval.ts";
import { createDistributorReader, encodeActivate } from "../../../keepers/payout/distributor.ts";
import { openPublicationFiles } from "../../../keepers/payout/files.ts";
import { createLogSource } from "../../../keepers/payout/log-source.ts";
import {
  decodePublication,
  encodePublication,
  type Publication,
} from "../../../keepers/payout/publication.ts";
import { verifyEpoch } from "../../../keepers/payout/verify.ts";
import { systemClock } from "../../../keepers/shared/clock.ts";
import { payoutTree } from "../../contracts/payouts/tree.ts";
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
const HOUR = 3_600;
/** What a stolen root can bring: a tenth of a day's pool in an hour, all of it in a day, two days' pools in an epoch. */
const limits = {
  ...{ perHour: pool / 10n, perDay: pool, perAccount: pool / 20n, perEpoch: 2n * pool },
};
const { signal } = new AbortController();

describe("payout keepers against all approvers but one and the proposer", function () {
  this.timeout(60_000);
  let network: PayoutNetwork;
  let proposer: PayoutKeeper;
  let honest: PayoutKeeper;
  let watcher: PayoutKeeper;
  const third = new Wallet(`0x${"3".repeat(64)}`);
  const thieves = Array.from({ length: 40 }, (_, i) => accountOf(1_000 + i));

  before(async () => {
    network = await startPayoutNetwork();
    const { distributor, token, tokenAddress } = network;
    await (await distributor.setLimits(tokenAddress, limits)).wait();
    const approvers = [...approverWallets, third].map(({ address }) => address);
    await (await distributor.setApprovers(approvers, 2)).wait();
    for (const [i, amount] of [600n, 300n, 100n].entries()) {
      await (await token.transfer(accountOf(i), amount)).wait();
    }
    proposer = network.keeper("proposer");
    honest = network.keeper(third);
    watcher = network.keeper("watcher");
  });
  after(() => network?.stop());

  const now = async (): Promise<number> =>
    Number(
      (await network.anvil.rpc<{ timestamp: string }>("eth_getBlockByNumber", ["latest", false]))
        .timestamp,
    );
  const paid = async (): Promise<bigint> =>
    (await network.distributor.tokenState(network.tokenAddress)).paid;
  const endOf = async (epoch: number): Promise<void> => {
    await network.goTo(startTime + epoch * DAY + 1);
    await network.mine(3);
  };

  /** The honest publication of an epoch, which the honest proposer proposes. */
  async function honestPublication(epoch: number): Promise<Publication> {
    await proposer.look(signal);
    await network.relay();
    const { distributor } = network;
    const [log] = await distributor.queryFilter(
      distributor.filters.EpochProposed(undefined, epoch),
    );
    const { dataHash } = log!.args;
    return decodePublication(
      (await openPublicationFiles(network.folder).read(dataHash))!,
      dataHash,
    );
  }

  /** The best forgery: as published as the honest one, but with as much as an epoch allows for the thieves. */
  async function forge(publication: Publication): Promise<{ id: string; root: string }> {
    const { distributor, tokenAddress: token } = network;
    const before = publication.rows.reduce((sum, row) => sum + row.cumulative - row.earned, 0n);
    const share = (limits.perEpoch - pool) / BigInt(thieves.length);
    const loot = thieves.map((account) => ({ account, token, cumulative: share, earned: share }));
    const rows = [...publication.rows, ...loot].sort((a, b) => (a.account < b.account ? -1 : 1));
    const total = rows.reduce((sum, { cumulative }) => sum + cumulative, 0n);
    expect(total - before).to.equal(limits.perEpoch);
    const { root } = payoutTree(rows);
    const totals = [{ token, amount: total }];
    const { bytes, dataHash } = encodePublication({ ...publication, rows, root, totals });
    await openPublicationFiles(network.folder).write(bytes, dataHash);
    const content: ApprovalContent = {
      ...{ epoch: publication.epoch, attempt: 1, root, totals, dataHash },
      ...{ uri: "http://127.0.0.1/x.json", snapshotBlock: publication.snapshot.number },
    };
    const stolen = distributor.connect(network.proposer);
    await (await stolen.propose({ ...content, totals })).wait();
    const { proposalId: id } = await distributor.proposalIdOf({ ...content, totals });
    for (const wallet of approverWallets) {
      const signature = await signApproval(wallet, chainId, network.address, content);
      await (await distributor.approveBySig(id, wallet.address, signature)).wait();
    }
    return { id, root };
  }

  it("lose nothing while the watcher is awake: it disputes within challengeSeconds", async () => {
    await endOf(1);
    const publication = await honestPublication(1);
    const { id } = await forge(publication);
    const { distributor } = network;
    const { challengeEndsAt, state } = await distributor.proposal(id);
    expect(state).to.equal(2n);
    expect(Number(challengeEndsAt) - (await now())).to.be.within(
      challengeSeconds - 60,
      challengeSeconds,
    );
    await honest.look(signal);
    await watcher.look(signal);
    await network.relay();
    const info = await distributor.proposal(id);
    expect([info.state, info.approvals]).to.deep.equal([5n, 2n]);
    expect(await now()).to.be.lessThan(Number(challengeEndsAt));
    await network.goTo(Number(challengeEndsAt) + 1);
    const reader = createDistributorReader(network.chain, network.address, 0);
    expect(await reader.preflight(encodeActivate(id), null)).to.equal(`WrongState(${id}, 5)`);
    expect(await paid()).to.equal(0n);
  });

  it("let the honest root of that epoch through all the same", async () => {
    const { distributor } = network;
    const proposals = await distributor.queryFilter(
      distributor.filters.EpochProposed(undefined, 1),
    );
    const id = proposals[0]!.args.proposalId;
    expect(await distributor.hasApproved(id, third.address)).to.equal(true);
    const [second] = approverWallets;
    await (await distributor.connect(await signerOf(second!)).approve(id)).wait();
    await network.goTo((await now()) + challengeSeconds + 1);
    await proposer.look(signal);
    await network.relay();
    expect((await distributor.activeEpoch()).number).to.equal(1n);
  });

  it("lose, with the watcher asleep, perHour in an hour, perAccount each, perDay in a day", async () => {
    await endOf(2);
    const publication = await honestPublication(2);
    const { id, root } = await forge(publication);
    await honest.look(signal);
    const { distributor, tokenAddress: token } = network;
    // The honest approver signed the honest root, and only that.
    expect(await distributor.hasApproved(id, third.address)).to.equal(false);
    await network.goTo((Math.floor(((await now()) + challengeSeconds) / DAY) + 1) * DAY);
    await (await distributor.activate(id)).wait();
    expect((await distributor.activeEpoch()).root).to.equal(root);

    const loot = (limits.perEpoch - pool) / BigInt(thieves.length);
    const data = (await distributor.proposal(id)).dataHash;
    const bytes = await openPublicationFiles(network.folder).read(data);
    const { rows } = decodePublication(bytes!, data);
    const tree = payoutTree(rows);
    const leaves = rows.filter(({ account }) => thieves.includes(account));
    const raid = async (): Promise<void> => {
      const { leaves: payees, proof, proofFlags } = tree.multiProof(leaves);
      const sent = distributor.push(token, payees, proof, proofFlags, { gasLimit: 20_000_000 });
      await (await sent).wait().catch(() => undefined);
    };
    await raid();
    expect(await paid()).to.equal(limits.perHour);
    await raid();
    expect(await paid()).to.equal(limits.perHour);
    const day = Math.floor((await now()) / DAY);
    for (let hour = 1; hour < 23; hour++) {
      await network.goTo(day * DAY + hour * HOUR + 1);
      await raid();
      expect(await paid()).to.be.at.most(limits.perHour * BigInt(hour + 1));
    }
    expect(await paid()).to.equal(limits.perDay);
    for (const { account } of leaves) {
      const { paidToday } = await distributor.accountState(account, token);
      expect(paidToday <= limits.perAccount).to.equal(true);
      expect(paidToday <= loot).to.equal(true);
    }
  });

  it("are told of by anybody's recomputation, to the unit", async () => {
    const { address: distributor, chain, program } = network;
    const verification = await verifyEpoch(
      {
        ...{ chain, program, chainId, distributor, startBlock: 0, confirmations: 2 },
        ...{ source: createLogSource(chain), files: openPublicationFiles(network.folder) },
        ...{ checkSize: { all: 1_000, sample: 10 }, clock: systemClock },
      },
      2,
    );
    expect(verification.isEqual).to.equal(false);
    expect(verification.differences.map(({ account }) => account)).to.have.members(thieves);
    const wrong = verification.differences.reduce(
      (sum, { published, recomputed }) => sum + published - recomputed,
      0n,
    );
    expect(wrong).to.equal(limits.perEpoch - pool);
  });

  /** An approver with coins of its own. */
  async function signerOf(wallet: Wallet): Promise<Wallet> {
    await network.anvil.rpc("anvil_setBalance", [wallet.address, "0xde0b6b3a7640000"]);
    return wallet.connect(network.chain.provider);
  }
});
