import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";
import { id, Wallet } from "ethers";

import { windowOf } from "../../keepers/payout/calendar.ts";
import { distributorAbi } from "../../keepers/payout/distributor.ts";
import { openPublicationFiles } from "../../keepers/payout/files.ts";
import { createIndexSource } from "../../keepers/payout/index-source.ts";
import { createLogSource } from "../../keepers/payout/log-source.ts";
import { decodePublication } from "../../keepers/payout/publication.ts";
import { verifyEpoch, type VerifyDeps } from "../../keepers/payout/verify.ts";
import { systemClock } from "../../keepers/shared/clock.ts";
import { standardLeaves } from "../../keepers/shared/merkle/leaves.ts";
import { buildTree, multiProofOf } from "../../keepers/shared/merkle/tree.ts";
import { accountOf } from "../keepers/payout/fixtures.ts";
import {
  approverWallets,
  chainId,
  challengeSeconds,
  pool,
  startPayoutNetwork,
  startTime,
  type PayoutKeeper,
  type PayoutNetwork,
} from "../keepers/payout/harness.ts";
import { prepareIndexer, settle, type Indexer } from "./indexer.ts";

const DAY = 86_400;
const LIFETIME = 3 * DAY;
/** `IPayoutDistributor.State` by number. */
const STATES = [
  ...["unknown", "proposed", "approved", "ready", "activated"],
  ...["disputed", "superseded", "void", "expired"],
];
const { signal } = new AbortController();

interface AccountBody {
  readonly isActive: boolean;
  readonly tokens: ReadonlyArray<
    Record<"token" | "amount" | "earned" | "claimed" | "owed" | "claimable", string> & {
      readonly beneficiary: string;
      readonly proof: string[];
    }
  >;
}

describe("index of payouts", function () {
  this.timeout(120_000);
  let network: PayoutNetwork;
  let indexer: Indexer;
  let proposer: PayoutKeeper;
  let approvers: PayoutKeeper[];

  before(async () => {
    network = await startPayoutNetwork();
    const nobody = `0x${"0e".repeat(20)}`;
    indexer = await prepareIndexer({
      rpcUrl: network.anvil.url,
      databaseUrl: network.databaseUrl,
      contracts: {
        ...{ operators: nobody, priceFeeds: nobody, startBlock: 0 },
        payouts: { distributor: network.address, tokens: [network.tokenAddress] },
      },
      payoutsFolder: network.folder,
    });
    proposer = network.keeper("proposer");
    approvers = approverWallets.slice(0, 2).map((wallet) => network.keeper(wallet));
    await give(1, 600n);
    await give(2, 300n);
    await payDay(1);
    await indexer.start();
    const source = createIndexSource({ chain: network.chain, db: network.db, chainId });
    proposer = network.keeper("proposer", { source });
  });

  after(async () => {
    await indexer?.dispose();
    await network?.stop();
  });

  const give = async (i: number, amount: bigint): Promise<void> => {
    await (await network.token.transfer(accountOf(i), amount)).wait();
  };
  const indexed = () => settle(indexer, { provider: network.chain.provider });

  /** From the end of a day to the activation of its epoch. */
  async function payDay(epoch: number): Promise<void> {
    const end = startTime + epoch * DAY;
    await network.goTo(end + 1);
    await network.mine(3);
    if (epoch > 1) await indexed();
    await proposer.look(signal);
    await network.relay();
    await Promise.all(approvers.map((keeper) => keeper.look(signal)));
    await network.relay();
    await network.goTo(end + challengeSeconds + 100);
    await proposer.look(signal);
    await network.relay();
  }

  async function get<T = Record<string, unknown>>(path: string, status = 200): Promise<T> {
    const answer = await indexer.get(path);
    expect(answer.status, JSON.stringify(answer.body)).to.equal(status);
    return answer.body as T;
  }

  const accountIn = (epoch: number, i: number) =>
    get<AccountBody>(`/payouts/${epoch}/${accountOf(i)}`);

  /** Holds tables and answers against what the contract says in the latest block. */
  async function expectEqualToChain(): Promise<void> {
    await indexed();
    const { distributor, tokenAddress, db, token } = network;
    const [state, limits, active, known, leaves] = await Promise.all([
      distributor.tokenState(tokenAddress),
      distributor.limitsOf(tokenAddress),
      distributor.activeEpoch(),
      distributor.approvers(),
      db.pool.query<{ account: string; paid: string; beneficiary: string | null }>(
        "SELECT account, paid, beneficiary FROM chain.payout_account",
      ),
    ]);
    const body = await get<{ tokens: unknown[]; approvers: object; activeEpoch: number }>(
      "/payouts",
    );
    expect(body.activeEpoch).to.equal(Number(active.number));
    expect(body.approvers).to.deep.equal({
      ...{ version: Number(known.version), threshold: Number(known.threshold) },
      accounts: known.accounts.map((account) => account.toLowerCase()),
    });
    expect(body.tokens).to.have.length(1);
    expect(body.tokens[0]).to.deep.include({
      ...{ token: tokenAddress, deposited: String(state.deposited) },
      ...{ approved: String(state.approved), paid: String(state.paid) },
      owed: String(state.approved - state.paid),
      free: String(state.deposited - state.approved),
      limits: {
        ...{ perHour: String(limits.perHour), perDay: String(limits.perDay) },
        ...{ perAccount: String(limits.perAccount), perEpoch: String(limits.perEpoch) },
      },
      left: { thisHour: String(state.leftThisHour), today: String(state.leftToday) },
    });
    for (const { account, paid, beneficiary } of leaves.rows) {
      const onChain = await distributor.accountState(account, tokenAddress);
      expect(paid).to.equal(String(onChain.paid));
      expect(beneficiary ?? account).to.equal(onChain.beneficiary.toLowerCase());
    }
    const proposed = await distributor.queryFilter(distributor.filters.EpochProposed());
    for (const { args } of proposed) {
      const epoch = await get<{ proposals: Array<Record<string, unknown>> }>(
        `/payouts/${args.epoch}`,
      );
      const found = epoch.proposals.find((proposal) => proposal["id"] === args.proposalId)!;
      const info = await distributor.proposal(args.proposalId);
      expect(found).to.include({
        state: STATES[Number(info.state)],
        ...{ approvals: Number(info.approvals), attempt: Number(info.attempt), root: info.root },
        ...{ dataHash: info.dataHash, proposedAt: Number(info.proposedAt) },
        expiresAt: Number(info.expiresAt),
        challengeEndsAt: info.challengeEndsAt === 0n ? null : Number(info.challengeEndsAt),
      });
      expect((found["approvedBy"] as unknown[]).length).to.equal(Number(info.approvals));
    }
    const transfers = await token.queryFilter(token.filters.Transfer());
    const { rows } = await db.pool.query<Record<string, string | number>>(
      `SELECT block, log_index, block_hash, "from", "to", value FROM chain.payout_transfer
        WHERE token = $1 ORDER BY block, log_index`,
      [tokenAddress],
    );
    expect(rows.map((row) => Object.values(row).map(String))).to.deep.equal(
      transfers.map(({ blockNumber, index, blockHash, args }) => [
        ...[String(blockNumber), String(index), blockHash],
        ...[args.from.toLowerCase(), args.to.toLowerCase(), String(args.value)],
      ]),
    );
  }

  const propose = async (label: string, amount: bigint) => {
    const epoch = Number((await network.distributor.activeEpoch()).number) + 1;
    const totals = [{ token: network.tokenAddress, amount }];
    const content = { epoch, root: id(label), totals, dataHash: id(label), uri: "" };
    const sent = await network.distributor
      .connect(network.proposer)
      .propose({ ...content, snapshotBlock: 5 });
    const receipt = await sent.wait();
    const log = receipt!.logs
      .map((one) => distributorAbi.parseLog(one))
      .find((one) => one !== null);
    return String(log!.args[0]);
  };

  it("contains what happened before it was started", async () => {
    await expectEqualToChain();
    const { epochs } = await get<{ epochs: Array<Record<string, unknown>> }>("/payouts");
    expect(epochs).to.have.length(1);
    expect(epochs[0]).to.deep.include({
      epoch: 1,
      totals: [{ token: network.tokenAddress, total: String(pool), added: String(pool) }],
    });
    const { tokens } = await get<{ tokens: Array<{ fundingDays: number }> }>("/payouts");
    // A hundred pools were deposited, one is spoken for.
    expect(tokens[0]!.fundingDays).to.equal(99);
  });

  it("gives a keeper the holdings that the chain's logs give, and epochs that anyone can verify", async () => {
    await give(3, 100n);
    await payDay(2);
    expect((await network.distributor.activeEpoch()).number).to.equal(2n);
    await expectEqualToChain();
    const { chain, program, db } = network;
    const snapshots = await Promise.all(
      [1, 2].map(async (epoch) => {
        const { activation } = await get<{ activation: { dataHash: string } }>(`/payouts/${epoch}`);
        const bytes = await openPublicationFiles(network.folder).read(activation.dataHash);
        return decodePublication(bytes!, activation.dataHash).snapshot;
      }),
    );
    const index = createIndexSource({ chain, db, chainId });
    for (const [i, block] of snapshots.entries()) {
      const window = windowOf(program, i + 1)!;
      expect(await index.holdings(program, block, window)).to.deep.equal(
        await createLogSource(chain).holdings(program, block, window),
      );
    }
    const deps: VerifyDeps = {
      ...{ chain, program, chainId, distributor: network.address, startBlock: 0 },
      ...{ source: createLogSource(chain), files: openPublicationFiles(network.folder) },
      ...{ confirmations: 2, checkSize: { all: 100, sample: 10 }, clock: systemClock },
    };
    const verified = await verifyEpoch(deps, 2);
    expect(verified).to.deep.include({ isEqual: true, differences: [], problems: [] });
    expect(verified.recipients).to.equal(3);
    expect(verified.basis).to.equal("published");
    const alone = { read: () => Promise.resolve(null) };
    const recomputed = await verifyEpoch({ ...deps, files: { ...deps.files, ...alone } }, 2);
    expect(recomputed).to.deep.include({ isEqual: true, basis: "recomputed" });
    expect(recomputed.root).to.deep.equal(verified.root);
  });

  it("serves leaves with proofs that the contract takes, and what is still owed", async () => {
    const [leaf] = (await accountIn(2, 2)).tokens;
    // 333,333 of the first day, and 300 of 1,000 of the second.
    expect(leaf).to.deep.include({
      ...{ token: network.tokenAddress, amount: "633333", earned: "300000" },
      ...{ claimed: "0", owed: "633333", claimable: "633333", beneficiary: accountOf(2) },
    });
    const { distributor, token, tokenAddress } = network;
    const { amount, proof } = leaf!;
    await (await distributor.claimFor(accountOf(2), tokenAddress, amount, proof)).wait();
    expect(await token.balanceOf(accountOf(2))).to.equal(300n + 633_333n);
    await indexed();
    const after = await accountIn(2, 2);
    expect(after.isActive).to.equal(true);
    expect(after.tokens[0]).to.deep.include({ claimed: amount, owed: "0", claimable: "0" });
    expect((await accountIn(1, 2)).isActive).to.equal(false);
    const other = Wallet.createRandom().address.toLowerCase();
    await (await distributor.reassign(accountOf(1), tokenAddress, other)).wait();
    await expectEqualToChain();
    expect((await accountIn(2, 1)).tokens[0]!.beneficiary).to.equal(other);
  });

  it("tells claims from pushes, and whom a push left out", async () => {
    const { distributor, tokenAddress, db } = network;
    const leaves = await Promise.all([1, 2].map(async (i) => (await accountIn(2, i)).tokens[0]!));
    const proofs = await readProofs([1, 2]);
    const payees = proofs.order.map((at) => ({
      account: accountOf([1, 2][at]!),
      cumulative: leaves[at]!.amount,
    }));
    await (
      await distributor.push(tokenAddress, payees, [...proofs.proof], [...proofs.proofFlags])
    ).wait();
    await expectEqualToChain();
    const { rows } = await db.pool.query<Record<string, string | null>>(
      "SELECT account, method, skipped, amount FROM chain.payout_claim ORDER BY block, log_index",
    );
    const [claim, ...pushed] = rows;
    expect(claim).to.deep.equal({
      ...{ account: accountOf(2), method: "claimFor", skipped: null, amount: "633333" },
    });
    const byAccount = (a: { account?: string | null }, b: { account?: string | null }) =>
      a.account! < b.account! ? -1 : 1;
    expect(pushed.sort(byAccount)).to.deep.equal(
      [
        { account: accountOf(1), method: "push", skipped: null, amount: leaves[0]!.amount },
        { account: accountOf(2), method: "push", skipped: "nothingOwed", amount: "0" },
      ].sort(byAccount),
    );
  });

  async function readProofs(accounts: readonly number[]) {
    const { activation } = await get<{ activation: { dataHash: string } }>("/payouts/2");
    const bytes = await openPublicationFiles(network.folder).read(activation.dataHash);
    const { rows } = decodePublication(bytes!, activation.dataHash);
    const at = accounts.map((i) => rows.findIndex(({ account }) => account === accountOf(i)));
    const proof = multiProofOf(buildTree(standardLeaves(rows)), at);
    return { ...proof, order: proof.order.map((leaf) => at.indexOf(leaf)) };
  }

  it("follows proposals through every state that the contract gives them", async () => {
    const { distributor, watcher } = network;
    const disputed = await propose("disputed", 2n * pool);
    await (await distributor.connect(watcher).dispute(disputed, "wrong root")).wait();
    const approved = await propose("approved", 2n * pool);
    for (const wallet of approverWallets.slice(0, 2)) {
      const signature = wallet.signingKey.sign(approved).serialized;
      await (await distributor.approveBySig(approved, wallet.address, signature)).wait();
    }
    await propose("void", 2n * pool);
    await expectEqualToChain();
    const latest = await network.chain.provider.getBlock("latest");
    await network.goTo(latest!.timestamp + challengeSeconds);
    await expectEqualToChain();
    await (
      await distributor.setApprovers(
        approverWallets.map(({ address }) => address),
        2,
      )
    ).wait();
    await propose("expired", 2n * pool);
    await expectEqualToChain();
    await network.goTo((await network.chain.provider.getBlock("latest"))!.timestamp + LIFETIME);
    await propose("superseded", 2n * pool);
    await expectEqualToChain();
    const { proposals } = await get<{ proposals: Array<Record<string, unknown>> }>("/payouts/3");
    expect(proposals.map(({ state }) => state)).to.deep.equal([
      ...["disputed", "void", "void", "expired", "proposed"],
    ]);
    expect(proposals[0]).to.include({
      disputedBy: watcher.address.toLowerCase(),
      disputeReason: "wrong root",
    });
    const winner = await propose("winner", 2n * pool + 5n);
    for (const wallet of approverWallets.slice(0, 2)) {
      const signature = wallet.signingKey.sign(winner).serialized;
      await (await distributor.approveBySig(winner, wallet.address, signature)).wait();
    }
    await network.goTo(
      (await network.chain.provider.getBlock("latest"))!.timestamp + challengeSeconds,
    );
    await (await distributor.activate(winner)).wait();
    await (await distributor.withdraw(network.tokenAddress, watcher.address, 7n)).wait();
    await expectEqualToChain();
    const page = await get<{ epochs: Array<{ epoch: number }>; next: string }>("/payouts?limit=2");
    expect(page.epochs.map(({ epoch }) => epoch)).to.deep.equal([3, 2]);
    const rest = await get<typeof page>(`/payouts?limit=2&cursor=${page.next}`);
    expect(rest.epochs.map(({ epoch }) => epoch)).to.deep.equal([1]);
    expect(rest.next).to.equal(null);
  });

  it("undoes what a reorg of depth 3 takes back", async () => {
    await give(4, 50n);
    await (await network.distributor.deposit(network.tokenAddress, 3n)).wait();
    await indexed();
    await network.anvil.rpc("anvil_reorg", [3, []]);
    await network.mine(1);
    await expectEqualToChain();
  });

  it("serves published files by their hash alone, unchanged for ever", async () => {
    const { activation } = await get<{ activation: { data: string; dataHash: string } }>(
      "/payouts/1",
    );
    const { data, dataHash } = activation;
    const response = await fetch(indexer.url + data);
    expect(response.status).to.equal(200);
    expect(response.headers.get("cache-control")).to.equal("public, max-age=31536000, immutable");
    expect(response.headers.get("content-type")).to.contain("application/json");
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(decodePublication(bytes, dataHash).epoch).to.equal(1);
    const etag = response.headers.get("etag")!;
    const again = await fetch(indexer.url + data, { headers: { "if-none-match": etag } });
    expect(again.status).to.equal(304);
  });

  it("serves no file that is not what its name says, and none outside the folder", async () => {
    const { activation } = await get<{ activation: { dataHash: string } }>("/payouts/2");
    const real = join(network.folder, `${activation.dataHash}.json`);
    const forged = id("forged");
    copyFileSync(real, join(network.folder, `${forged}.json`));
    await get(`/payouts/data/${forged}.json`, 404);
    await get(`/payouts/data/${id("nothing")}.json`, 404);
    writeFileSync(join(network.folder, "secret.json"), readFileSync(real));
    for (const name of [
      "secret.json",
      "..%2f..%2fetc%2fpasswd",
      `..%2f${activation.dataHash}.json`,
      `${activation.dataHash.toUpperCase()}.json`,
      `${activation.dataHash}.json%00`,
      activation.dataHash,
    ]) {
      const { error } = await get<{ error: string }>(`/payouts/data/${name}`, 400);
      expect(error).to.contain("64 lower-case hex digits");
    }
  });

  it("says what exists for an unknown epoch or account, and what is allowed for a bad question", async () => {
    expect(await get("/payouts/9", 404)).to.deep.include({ activeEpoch: 3, latestProposed: 3 });
    expect(await get(`/payouts/9/${accountOf(1)}`, 404)).to.include({ activeEpoch: 3 });
    const stranger = await get(`/payouts/2/${accountOf(99)}`, 404);
    expect(stranger["error"]).to.equal(`${accountOf(99)} has nothing in epoch 2`);
    // The third epoch's root is of no file.
    const missing = await get(`/payouts/3/${accountOf(1)}`, 404);
    expect(missing["error"]).to.contain("not in this index's folder");
    for (const [route, word] of [
      ["/payouts/0", "epoch"],
      ["/payouts/x", "epoch"],
      ["/payouts/2/bob", "40 hex digits"],
      ["/payouts?limit=0", "limit"],
      ["/payouts?page=2", "allowed are limit, cursor"],
      ["/payouts?cursor=7", "cursor"],
    ] as const) {
      expect((await get(route, 400))["error"]).to.include(word);
    }
  });
});
