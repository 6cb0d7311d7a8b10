import { mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import path from "node:path";

import { expect } from "chai";
import { getBytes, hexlify } from "ethers";

import { readAudit } from "../../keepers/payout/audit-store.ts";
import { decodePublication, encodePublication } from "../../keepers/payout/publication.ts";
import { writeHold } from "../../keepers/payout/store.ts";
import { requestStruct } from "../../keepers/vrf/coordinator.ts";
import { alphaOf, openProvingKey } from "../../keepers/vrf/prove.ts";
import { IVRFCoordinator__factory } from "../../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import { payoutTree } from "../contracts/payouts/tree.ts";
import { accountAt } from "./network.ts";
import type { Outcome } from "./network.ts";
import { json, refusal } from "./outcome.ts";
import {
  CHALLENGE,
  DAY,
  lower,
  POOL,
  ROLE,
  startPayoutTasks,
  UNIT,
  type PayoutTasks,
} from "./payoutsNetwork.ts";

const URI = "https://payouts.example/{hash}.json";
const [FIRST, SECOND] = ROLE.approvers;
const CHAIN_ID = 31_337;

interface Proposed {
  proposal: string;
  dataHash: string;
  file: string;
}

describe("tasks of payouts, on who is paid at once, what is proved and what stops", function () {
  this.timeout(60_000);
  let payouts: PayoutTasks;

  const task = async (name: string, args: Record<string, unknown> = {}): Promise<Outcome> =>
    await payouts.task(name, args);
  const audit = () => ({ chainId: CHAIN_ID, distributor: payouts.address });
  const propose = async (program: string): Promise<Proposed> =>
    json<Proposed>(
      await task("propose", { program, uri: URI, from: String(ROLE.proposer), json: true }),
    );
  /** Approves as two approvers, waits out the challenge and activates. */
  const activate = async (proposal: string): Promise<void> => {
    for (const index of [FIRST, SECOND]) {
      const as = payouts.distributor.connect(accountAt(index).connect(payouts.provider));
      await (await as.approve(proposal)).wait();
    }
    await payouts.goTo((await payouts.now()) + CHALLENGE + 1);
    await (await payouts.distributor.activate(proposal)).wait();
  };

  before(async () => {
    payouts = await startPayoutTasks("payouts-proofs");
    await payouts.nameStack({ databaseUrl: payouts.databaseUrl });
    await payouts.goTo(payouts.end + 1);
    await payouts.network.anvil.rpc("anvil_mine", ["0x2"]);
    await activate((await propose(payouts.programFile)).proposal);
  });
  after(async () => await payouts?.stop());

  it("audit says that the log is whole", async () => {
    const { code, stderr, stdout } = await task("audit");
    expect(code, stderr).to.equal(0);
    expect(stdout).to.include("✓ The log is whole.");
    expect(stdout).to.match(/^Proposals +1, of which 1 name their place in the log$/m);
  });

  it("verify needs the program where nobody has the file", async () => {
    const folder = path.join(payouts.network.folder, "none");
    expect(refusal(await task("verify", { epoch: 1, folder }))).to.include("--program FILE");
    const blind = await task("verify", { epoch: 1, folder, program: payouts.programFile });
    expect(blind.code).to.equal(1);
    expect(blind.stdout).to.include("✓ The same root follows from the chain.");
    expect(blind.stderr).to.match(/the file 0x\w+ is not there/);
    const second = await task("verify", { epoch: 2 });
    expect(refusal(second)).to.include("Epoch 2 was never proposed. Active are 1 to 1.");
  });

  it("push pays everybody but the one whose transfer fails, and names it", async () => {
    const { distributor, token, tokenAddress } = payouts;
    await (await token.mark(lower(14), 1n)).wait();
    const pushed = json<{
      due: number;
      paid: number;
      amount: string;
      skipped: { account: string; reason: string }[];
      transactions: object[];
    }>(await task("push", { batch: 3, from: "2", json: true }));
    expect(pushed).to.deep.include({ due: 4, paid: 3 });
    expect(pushed.skipped.map(({ account }) => account.toLowerCase())).to.deep.equal([lower(14)]);
    expect(pushed.skipped[0]?.reason).to.equal("the token or the recipient refused the transfer");
    // 600 : 300 : 90 : 9 of 1000 tokens; an account is paid 500 in a day.
    const paid = await Promise.all(
      [12, 13, 14, 16].map(
        async (index) => (await distributor.accountState(lower(index), tokenAddress)).paid,
      ),
    );
    expect(paid).to.deep.equal([500n * UNIT, (POOL * 300n) / 999n, 0n, (POOL * 9n) / 999n]);
    expect(BigInt(pushed.amount)).to.equal(paid.reduce((sum, amount) => sum + amount, 0n));
  });

  it("push reports a batch of which nobody can be paid, and goes on", async () => {
    const { token } = payouts;
    const { code, stderr, stdout } = await task("push", { batch: 1 });
    expect(code, stderr).to.equal(0);
    expect(stdout).to.include("0 of 2 recipients were paid 0 TOK in 0 transactions.");
    expect(stdout).to.include(`${lower(14)}: none of its batch could be paid now`);
    await (await token.mark(lower(14), 0n)).wait();
    expect((await task("push", { min: (50n * UNIT).toString() })).stdout).to.match(
      /^1 of 2 recipients were paid 90\.09009 TOK in 1 transactions, \d+ gas a recipient\.$/m,
    );
    expect(refusal(await task("push", { batch: 0 }))).to.include("--batch must be from 1 to 200");
    expect(refusal(await task("push", { min: "1.5" }))).to.include("--min");
    expect(refusal(await task("push", { token: `0x${"12".repeat(20)}` }))).to.include(
      `Tokens that were earned: ${payouts.tokenAddress}`,
    );
  });

  it("verify shows the exact difference of a wrong root, and ends with 1", async () => {
    const { distributor, end, goTo, network, provider, tokenAddress } = payouts;
    await goTo(end + DAY + 1);
    await network.anvil.rpc("anvil_mine", ["0x2"]);
    const honest = await propose(payouts.programFile);
    const publication = decodePublication(await readFile(honest.file), honest.dataHash);
    // What a thief would publish: ten tokens moved from one account to another.
    const [poor, rich] = [lower(13), lower(16)];
    const rows = publication.rows.map((row) => {
      const moved = row.account === poor ? -10n * UNIT : row.account === rich ? 10n * UNIT : 0n;
      return { ...row, cumulative: row.cumulative + moved, earned: row.earned + moved };
    });
    const { root } = payoutTree(rows);
    const { bytes, dataHash } = encodePublication({ ...publication, rows, root });
    await writeFile(path.join(path.dirname(honest.file), `${dataHash}.json`), bytes);
    const thief = distributor.connect(accountAt(ROLE.proposer).connect(provider));
    const stolen = {
      ...{ epoch: 2, root, dataHash, uri: "", snapshotBlock: publication.snapshot.number },
      totals: [{ token: tokenAddress, amount: 2n * POOL }],
    };
    await (await thief.propose(stolen)).wait();
    const { proposalId } = await distributor.proposalIdOf(stolen);

    const { code, stderr, stdout } = await task("verify", { epoch: 2, json: true });
    expect(code).to.equal(1);
    expect(stderr).to.include("Epoch 2 does not verify: root: computed");
    const result = JSON.parse(stdout) as { differences: object[]; root: { recomputed: string } };
    expect(result.root.recomputed).to.equal(publication.root);
    const of = (account: string) => publication.rows.find((row) => row.account === account)!;
    expect(result.differences).to.have.deep.members([
      {
        ...{ account: poor, token: tokenAddress },
        published: String(of(poor).cumulative - 10n * UNIT),
        recomputed: String(of(poor).cumulative),
      },
      {
        ...{ account: rich, token: tokenAddress },
        published: String(of(rich).cumulative + 10n * UNIT),
        recomputed: String(of(rich).cumulative),
      },
    ]);
    const told = await task("verify", { epoch: 2, program: payouts.programFile });
    expect(told.code).to.equal(1);
    expect(told.stdout).to.include("2 accounts differ");
    expect(told.stdout).to.match(new RegExp(`^${rich} +[\\d.]+ +[\\d.]+ +\\+10$`, "m"));
    const approval = await task("approve", { program: payouts.programFile, from: "8" });
    expect(refusal(approval)).to.include(`Name one of the open proposals: ${honest.proposal}`);
    const guard = distributor.connect(accountAt(ROLE.watcher).connect(provider));
    await (await guard.dispute(proposalId, "another root")).wait();
    const dropped = { proposal: proposalId, program: payouts.programFile, from: "8" };
    expect(refusal(await task("approve", dropped))).to.include(
      `is disputed. Open proposals: ${honest.proposal}`,
    );
    await activate(honest.proposal);
    const old = { proposal: honest.proposal, program: payouts.programFile, from: "8" };
    expect(refusal(await task("approve", old))).to.include("There is no proposal");
    const fine = await task("verify", { epoch: 2, program: payouts.programFile });
    expect(fine.code, fine.stderr).to.equal(0);
  });

  it("audit finds the proposal that the log does not tell of, and a missing file", async () => {
    const { code, stderr, stdout } = await task("audit", { json: true });
    expect(code).to.equal(1);
    const result = JSON.parse(stdout) as { problems: string[]; proposals: number };
    expect(result.proposals).to.equal(3);
    expect(result.problems).to.have.length(1);
    expect(stderr).to.match(/proposal 0x\w+ of epoch 2 is not in it/);
    const empty = path.join(payouts.network.folder, "empty");
    await mkdir(empty);
    const blind = await task("audit", { folder: empty });
    expect(blind.code).to.equal(1);
    expect(blind.stderr).to.include("nobody has the file");
  });

  it("release lets a held epoch go on, under a name and for a reason, once", async () => {
    const { db } = payouts;
    await db.transaction(async (client) => {
      await writeHold(client, audit(), 3, ["one account gets half of the pool"], Date.now());
    });
    const { stdout } = await task("status");
    expect(stdout).to.include("HELD for a person: one account gets half of the pool");
    expect(stdout).to.include('npx hardhat payouts release 3 --why "…" --network local');
    expect(refusal(await task("release", { epoch: 3 }))).to.include("--why");
    expect(refusal(await task("release", { epoch: 4, why: "x" }))).to.include(
      "Epoch 4 is not held",
    );
    const why = "the treasury moved";
    const released = await task("release", { epoch: 3, why, by: "Ada" });
    expect(released.code, released.stderr).to.equal(0);
    expect(released.stdout).to.include("Epoch 3 goes on: Ada released it");
    expect(refusal(await task("release", { epoch: 3, why }))).to.include("Ada released it");
    const last = (await readAudit(db.pool, audit())).at(-1);
    expect(last).to.include({ epoch: 3, kind: "released" });
    expect(JSON.parse(last!.content)).to.include({ by: "Ada", reason: why });
    expect((await task("status")).stdout).not.to.include("HELD");
    await db.transaction(async (client) => {
      await writeHold(client, audit(), 3, ["another reason"], Date.now());
    });
    const again = json<{ by: string; released: { reasons: string[] }[] }>(
      await task("release", { epoch: 3, why, json: true }),
    );
    expect(again.released[0]?.reasons).to.deep.equal(["another reason"]);
    expect(again.by).to.equal(userInfo().username);
  });

  it("audit proves a whole log, and finds an entry that was taken out or changed", async () => {
    const { db } = payouts;
    const listed = await task("audit", { entries: true });
    expect(listed.stdout).to.match(/ +1 +\d{4}-.* +1 +proposed +\{/);
    const problemsOf = async (): Promise<string[]> =>
      (JSON.parse((await task("audit", { json: true })).stdout) as { problems: string[] }).problems;
    const known = await problemsOf();
    const tampered = async (sql: string): Promise<string[]> => {
      const client = await db.pool.connect();
      try {
        await client.query("ALTER TABLE dodona.payout_audit DISABLE TRIGGER ALL");
        await client.query("CREATE TABLE dodona.kept AS SELECT * FROM dodona.payout_audit");
        await client.query(sql);
        return (await problemsOf()).filter((problem) => !known.includes(problem));
      } finally {
        await client.query("DELETE FROM dodona.payout_audit");
        await client.query("INSERT INTO dodona.payout_audit SELECT * FROM dodona.kept");
        await client.query("DROP TABLE dodona.kept");
        await client.query("ALTER TABLE dodona.payout_audit ENABLE TRIGGER ALL");
        client.release();
      }
    };
    const first = "DELETE FROM dodona.payout_audit WHERE sequence = 1";
    expect((await tampered(first))[0]).to.equal("entry 1 is missing: the next is 2");
    const changed = "UPDATE dodona.payout_audit SET at_ms = at_ms + 1 WHERE sequence = 2";
    expect(await tampered(changed)).to.deep.equal(["entry 2 was changed: its hash is another"]);
    const cut = "DELETE FROM dodona.payout_audit";
    expect((await tampered(cut))[0]).to.include("the log ends at 0, epoch 2 was published at 1");
    expect(await problemsOf()).to.deep.equal(known);
  });

  it("a raffle's words are asked for, answered, and draw the epoch", async () => {
    const { distributor, end, goTo, network, start } = payouts;
    const { subscription, vrfKey } = await withRandomness();
    const startDay = new Date(start * 1_000).toISOString().slice(0, 10);
    expect(refusal(await task("raffle create", { sub: "1" }))).to.include("--start-day");
    expect(refusal(await task("raffle create", { startDay }))).to.include("--sub ID");
    expect(refusal(await task("raffle create", { startDay, sub: "7" }))).to.include(
      "There is no subscription 7",
    );
    const foreign = { startDay, sub: subscription, from: "3" };
    expect(refusal(await task("raffle create", foreign))).to.include(
      "who alone may add a consumer",
    );
    const { firstEnd, randomness } = json<{ firstEnd: number; randomness: { consumer: string } }>(
      await task("raffle create", { startDay, sub: subscription, json: true }),
    );
    expect(firstEnd).to.equal(end);
    expect(
      refusal(await task("raffle create", { startDay, sub: subscription, epochHour: 24 })),
    ).to.include("--epoch-hour");
    const unknown = { startDay, sub: subscription, key: `0x${"12".repeat(32)}` };
    expect(refusal(await task("raffle create", unknown))).to.include("No such proving key");
    const later = await task("raffle create", { startDay: "2999-01-01", sub: subscription });
    expect(later.code, later.stderr).to.equal(0);
    const field = /^"randomness": (\{.*\})$/m.exec(later.stdout)?.[1] ?? "";
    const rule = { kind: "raffle", weighting: "balance", prizes: [1] };
    const early = await payouts.writeProgram("early.json", {
      rule: { ...rule, randomness: JSON.parse(field) as object },
    });
    expect(refusal(await task("raffle ask", { program: early }))).to.include("The first day ends");
    expect((await task("preview", { program: early })).stdout).to.include("raffle with 1 prize,");
    const foreignKind = await payouts.writeProgram("foreign.json", {
      rule: { ...rule, randomness: { ...randomness, consumer: payouts.tokenAddress } },
    });
    expect(refusal(await task("raffle ask", { program: foreignKind }))).to.include(
      "is no RaffleRandomness",
    );
    const program = await payouts.writeProgram("raffle.json", {
      rule: { kind: "raffle", weighting: "equal", prizes: [3, 1], randomness },
    });
    await goTo(end + 2 * DAY + 1);
    await network.anvil.rpc("anvil_mine", ["0x2"]);
    const tooEarly = { program, uri: URI, from: "6" };
    expect(refusal(await task("propose", tooEarly))).to.include(
      "the raffle waits for random words",
    );
    const chances = await task("preview", { program });
    expect(chances.stdout).to.include("raffle with 2 prizes, not drawn yet");
    const { requestId } = json<{ requestId: string }>(
      await task("raffle ask", { program, from: "4", json: true }),
    );
    expect(refusal(await task("raffle ask", { program }))).to.include("can still be answered");
    await answer(vrfKey, BigInt(requestId));
    expect(refusal(await task("raffle ask", { program }))).to.include(
      "has its random word already",
    );
    expect((await task("preview", { program })).stdout).to.include("raffle with 2 prizes, drawn");
    const { proposal, dataHash, file } = await propose(program);
    const { rows } = decodePublication(await readFile(file), dataHash);
    const drawn = rows.filter(({ earned }) => earned > 0n).map(({ earned }) => earned);
    expect(drawn).to.have.members([(POOL * 3n) / 4n, POOL / 4n]);
    await activate(proposal);
    const verified = await task("verify", { epoch: 3 });
    expect(verified.code, verified.stderr).to.equal(0);
    expect((await distributor.activeEpoch()).number).to.equal(3n);
    expect(refusal(await task("raffle ask", { program: payouts.programFile }))).to.include(
      "its rule is proRata, no raffle",
    );
  });

  it("push stops when the hour's limit is used up, and says that everybody is paid", async () => {
    const { distributor, token, tokenAddress } = payouts;
    const limits = (perHour: bigint) => ({ ...{ perHour, perDay: 4_000n * UNIT }, ...rest });
    const rest = { perAccount: 4_000n * UNIT, perEpoch: 1_500n * UNIT };
    await payouts.goTo((Math.floor((await payouts.now()) / DAY) + 1) * DAY);
    await (await distributor.setLimits(tokenAddress, limits(1n * UNIT))).wait();
    const short = await task("push", { batch: 1, token: token.target });
    expect(short.code, short.stderr).to.equal(0);
    expect(short.stderr).to.include("The hour's limit is used up");
    await (await distributor.setLimits(tokenAddress, limits(4_000n * UNIT))).wait();
    expect((await task("push")).stdout).to.include("recipients were paid");
    expect((await task("push")).stdout).to.equal("Everybody has been paid for epoch 3.\n");
  });

  it("propose and approve go on by hand, without a database, with findings that are accepted", async () => {
    const { network, writeProgram } = payouts;
    await payouts.nameStack({});
    await payouts.goTo(payouts.end + 3 * DAY + 1);
    await network.anvil.rpc("anvil_mine", ["0x2"]);
    const program = await writeProgram("held.json", {
      checks: { suddenHolder: { maxAgeHours: 1_000, minShareBps: 1 } },
    });
    const long = {
      program,
      from: "6",
      acceptFindings: true,
      uri: `https://${"x".repeat(250)}/{hash}`,
    };
    expect(refusal(await task("propose", long))).to.include("it may have 256");
    const { code, stderr, stdout } = await task("propose", { ...long, uri: URI });
    expect(code, stderr).to.equal(0);
    expect(stderr).to.include("Accepted: ").and.include("this proposal pins no audit log");
    expect(stderr).to.include("Careful: refused until 1,000 TOK more are deposited");
    expect(stdout).to.match(/^Pays +1,000 TOK to \d+ accounts$/m);
    const proposal = /^Proposal +(0x\w{64})$/m.exec(stdout)?.[1];
    const keyFile = path.join(network.folder, "key.json");
    const key = JSON.stringify({ payouts: accountAt(FIRST).privateKey });
    await writeFile(keyFile, key, { mode: 0o600 });
    const args = { program, keyFile, from: "2" };
    expect(refusal(await task("approve", args))).to.include("Approve it all the same with");
    const approved = await task("approve", { ...args, acceptFindings: true });
    expect(approved.stdout).to.include("starts with the last approval that is needed");
    const last = json<{ challengeEndsAt: number; proposal: string }>(
      await task("approve", { ...{ program, from: "9", acceptFindings: true, json: true } }),
    );
    expect(last.proposal).to.equal(proposal);
    expect(last.challengeEndsAt).to.equal((await payouts.now()) + CHALLENGE);
    await payouts.goTo(last.challengeEndsAt);
    expect((await task("activate")).stderr).to.include("deposit the rest first");
    const { distributor, tokenAddress } = payouts;
    await (await distributor.deposit(tokenAddress, POOL)).wait();
    const active = json<{ epoch: number }>(await task("activate", { json: true }));
    expect(active.epoch).to.equal(4);
  });

  it("pause is the guardian's: it stops claims, and says who may end it", async () => {
    expect(refusal(await task("pause", { from: "5" }))).to.include("is not the guardian");
    const { code, stderr, stdout } = await task("pause");
    expect(code, stderr).to.equal(0);
    expect(stderr).to.include("Two pauses may begin within 30 days");
    expect(stdout).to.match(/^Payouts are paused until .* \(in 3 d\)/m);
    expect(refusal(await task("claim", { for: lower(12) }))).to.include("is paused until");
    expect((await task("status")).stdout).to.include("ARE PAUSED until");
    const renewed = json<{ contract: string; pausedUntil: number }>(
      await task("pause", { json: true }),
    );
    expect(renewed).to.include({ contract: "PayoutDistributor" });
    expect(renewed.pausedUntil).to.equal((await payouts.now()) + 3 * DAY);
  });

  it("say with --help what to type, and name the networks that exist", async () => {
    const [help, network] = await Promise.all([
      payouts.network.run("payouts", "preview", "--help"),
      payouts.network.run("payouts", "status", "--network", "nowhere"),
    ]);
    expect(help.stdout).to.include(
      "npx hardhat payouts preview program.json --top 20 --network local",
    );
    expect(network.code).to.equal(1);
    expect(network.stderr).to.match(/nowhere/);
  });

  /** A funded subscription of account 0, and the operator's proving key. */
  async function withRandomness(): Promise<{ subscription: string; vrfKey: string }> {
    const created = json<{ id: string }>(
      await payouts.network.task("vrf subscription create", { fund: "5", json: true }),
    );
    const file = await readFile(path.join(payouts.network.folder, "vrf.json"), "utf8");
    return { subscription: created.id, vrfKey: (JSON.parse(file) as { vrf: string }).vrf };
  }

  /** Fulfils a request as the operator's keeper and the relayer do. */
  async function answer(secret: string, wanted: bigint): Promise<void> {
    const { network, provider } = payouts;
    const recorded = path.join(network.deploymentFolder, "deployed_addresses.json");
    const addresses = JSON.parse(await readFile(recorded, "utf8")) as Record<string, string>;
    const coordinator = addresses["Dodona#VRFCoordinator"]!;
    const contract = IVRFCoordinator__factory.connect(coordinator, accountAt(1).connect(provider));
    const logs = await contract.queryFilter(contract.filters.RandomWordsRequested());
    const { args, blockHash, blockNumber } = logs.find((one) => one.args.requestId === wanted)!;
    const request = {
      ...{ requestId: wanted, block: blockNumber, blockHash, blockTime: 0 },
      ...{ keyHash: args.keyHash, subId: args.subId, sender: args.sender.toLowerCase() },
      callbackGasLimit: Number(args.callbackGasLimit),
      numWords: Number(args.numWords),
      confirmations: Number(args.minimumRequestConfirmations),
      terms: args.preSeed,
    };
    await network.anvil.rpc("anvil_mine", ["0x2"]);
    const key = openProvingKey(getBytes(secret));
    const proof = hexlify(key.prove(alphaOf({ chainId: CHAIN_ID, coordinator }, request)).calldata);
    await (await contract.fulfillRandomWords(proof, requestStruct(request))).wait();
    await network.anvil.rpc("anvil_mine", ["0x2"]);
  }
});
