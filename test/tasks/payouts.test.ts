import { readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

import { expect } from "chai";
import { id, ZeroAddress } from "ethers";

import { readAudit } from "../../keepers/payout/audit-store.ts";
import { decodePublication } from "../../keepers/payout/publication.ts";
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

const [FIRST, SECOND] = ROLE.approvers;

interface Preview {
  obstacles: string[];
  top: { account: string; earned: string }[];
  out: { account: string; reason: string }[];
  holds: { check: string }[];
}

interface Status {
  active: { epoch: number } | null;
  epoch: number;
  proposals: { id: string; approvedBy: string[] }[];
  tokens: { unit: { symbol: string } }[];
  holds: unknown[] | null;
}

describe("tasks of payouts, from a program to people who are paid", function () {
  this.timeout(60_000);
  let payouts: PayoutTasks;
  let api: Server | undefined;

  const task = async (name: string, args: Record<string, unknown> = {}): Promise<Outcome> =>
    await payouts.task(name, args);
  const status = async (): Promise<Status> => json<Status>(await task("status", { json: true }));

  before(async () => {
    payouts = await startPayoutTasks("payouts");
  });
  after(async () => {
    api?.close();
    await payouts?.stop();
  });

  it("status shows an empty distributor with money and limits", async () => {
    const { active, epoch, holds, tokens } = await status();
    expect([active, epoch, holds]).to.deep.equal([null, 1, null]);
    const [native, tok] = tokens;
    expect(native?.unit.symbol).to.equal("native coin");
    expect(tok).to.deep.include({
      owed: "0",
      free: (3_000n * UNIT).toString(),
      fundedEpochs: null,
    });
    const { stdout } = await task("status");
    expect(stdout).to.match(/^Active epoch +none yet$/m);
    expect(stdout).to.match(/^TOK +3,000 +0 +0 +0 +3,000 +2,000 +4,000 +–$/m);
    expect(stdout).to.include("Approvals     2 of 3 approvers are needed");
  });

  it("say what to do where the deployment has no distributor", async () => {
    const file = path.join(payouts.network.deploymentFolder, "deployed_addresses.json");
    const recorded = await readFile(file, "utf8");
    await writeFile(file, recorded.replace("Payouts#PayoutDistributor", "Payouts#Gone"));
    for (const name of ["status", "claim", "pause"]) {
      expect(refusal(await task(name))).to.match(/Deployment \S+ has no PayoutDistributor/);
    }
    await writeFile(file, recorded);
  });

  it("preview shows, before the day is over, whom it would pay as things are", async () => {
    const preview = json<Preview>(
      await task("preview", { program: payouts.programFile, json: true }),
    );
    expect(preview).to.deep.include({ epoch: 1, isOver: false, recipients: 4 });
    // 600 : 300 : 99 of 1000 tokens.
    expect(preview.top.map(({ account }) => account)).to.deep.equal([12, 13, 14, 16].map(lower));
    // 600.6…, 300.3…, 99.09…: the first has the largest remainder and gets the last unit.
    expect(BigInt(preview.top[0]!.earned)).to.equal((POOL * 600n) / 999n + 1n);
    expect(BigInt(preview.top[1]!.earned)).to.equal((POOL * 300n) / 999n);
    const earned = preview.top.reduce((sum, row) => sum + BigInt(row.earned), 0n);
    expect(earned).to.equal(POOL);
    const reasons = new Map(preview.out.map(({ account, reason }) => [account, reason]));
    expect(reasons.get(lower(15))).to.equal(`holds ${UNIT}, less than ${2n * UNIT}`);
    expect(reasons.get(lower(0))).to.equal("excluded: the deployer");
    expect(preview.obstacles).to.have.length(1);
    expect(preview.obstacles[0]).to.match(/^slow: .* 600\.6006 TOK, .* 500 TOK in a day.* 2 d$/);
  });

  it("preview tells a person the same, and one account's reason", async () => {
    const { code, stdout } = await task("preview", {
      program: payouts.programFile,
      account: lower(15),
    });
    expect(code).to.equal(0);
    expect(stdout).to.include('Epoch 1 of "Holders"');
    expect(stdout).to.include("as if nobody moved anything until the day ends");
    expect(stdout).to.match(new RegExp(`^${lower(13)} +300\\.3003 +30\\.03 % +300\\.3003$`, "m"));
    expect(stdout).to.include("Out: 3");
    expect(stdout).to.include("1 × excluded: the deployer");
    expect(stdout).to.include(`${lower(15)} is out: holds ${UNIT}, less than ${2n * UNIT}.`);
    expect(stdout).to.include("No check would hold it.");
  });

  it("preview names checks and limits that would stop the epoch", async () => {
    const file = await payouts.writeProgram("greedy.json", {
      poolPerDay: (4_001n * UNIT).toString(),
      checks: { suddenHolder: { maxAgeHours: 48, minShareBps: 5_000 } },
    });
    const preview = json<Preview>(await task("preview", { program: file, top: 1, json: true }));
    expect(preview.top).to.have.length(1);
    expect(preview.holds.map(({ check }) => check)).to.deep.equal(["suddenHolder"]);
    const told = await task("preview", { program: file, top: 1 });
    expect(told.stdout).to.include("Top 1 of 4");
    expect(told.stdout).to.match(/The checks would hold it for a person:\n {2}suddenHolder: /);
    const text = preview.obstacles.join("\n");
    expect(text).to.include("the total rises by 4,001 TOK, the limit per epoch is 1,500 TOK");
    expect(text).to.include("refused until 1,001 TOK more are deposited: 3,000 TOK are there");
    expect(text).to.include("a day's pool is 4,001 TOK, and at most 4,000 TOK are paid in a day");
  });

  it("name the wrong field of a program file, and what is missing", async () => {
    const wrong = await payouts.writeProgram("wrong.json", { poolPerDay: "1.5" });
    expect(refusal(await task("preview", { program: wrong }))).to.match(
      /wrong\.json.*poolPerDay.*whole number/s,
    );
    expect(refusal(await task("preview", { program: wrong, top: -1 }))).to.include("--top");
    const gone = path.join(payouts.network.folder, "gone.json");
    expect(refusal(await task("preview", { program: gone }))).to.include("gone.json");
    const late = await payouts.writeProgram("late.json", { firstEpoch: 3 });
    expect(refusal(await task("preview", { program: late }))).to.include(
      '"Holders" pays in epochs 3 on',
    );
    const done = await payouts.writeProgram("done.json", { firstEpoch: 3, days: 2 });
    expect(refusal(await task("preview", { program: done }))).to.include("in epochs 3 to 4");
    const unlisted = await payouts.writeProgram("unlisted.json", { token: `0x${"77".repeat(20)}` });
    const { obstacles } = json<Preview>(await task("preview", { program: unlisted, json: true }));
    expect(obstacles[0]).to.include("does not list the token 0x7777");
    const idle = await payouts.writeProgram("idle.json", {
      participants: { source: "list", accounts: [lower(15)] },
    });
    const { stdout } = await task("preview", { program: idle });
    expect(stdout).to.include("none: there is nothing to pay");
    expect(stdout).to.match(/^ {2}nobodyEligible: /m);
  });

  it("claim, push, verify and activate say that there is nothing yet", async () => {
    expect(refusal(await task("claim"))).to.include("No epoch is active yet");
    expect(refusal(await task("push"))).to.include("No epoch is active yet");
    expect(refusal(await task("verify", { epoch: 1 }))).to.include(
      "Epoch 1 was never proposed. None is active yet.",
    );
    expect(refusal(await task("verify", { epoch: 0 }))).to.include("counted from 1");
    expect(refusal(await task("activate"))).to.include("Epoch 1 has no approved proposal");
    expect(refusal(await task("approve", { program: payouts.programFile, from: "8" }))).to.include(
      "No proposal for epoch 1 waits for approval",
    );
    expect(refusal(await task("audit"))).to.include("DATABASE_URL");
    expect(refusal(await task("release", { epoch: 1, why: "x" }))).to.include("DATABASE_URL");
  });

  let proposal: string;

  it("propose refuses who may not, and a day that is not over", async () => {
    const uri = "https://payouts.example/{hash}.json";
    const args = { program: payouts.programFile, uri };
    expect(refusal(await task("propose", { ...args, from: "5" }))).to.include(
      `${accountAt(5).address} is no proposer`,
    );
    expect(refusal(await task("propose", { ...args, from: "6" }))).to.include("is not final");
    await payouts.goTo(payouts.end + 1);
    await payouts.network.anvil.rpc("anvil_mine", ["0x2"]);
    expect(refusal(await task("propose", { program: payouts.programFile, from: "6" }))).to.include(
      "--uri",
    );
    expect(refusal(await task("propose", { ...args, uri: "x", from: "6" }))).to.include("{hash}");
    const held = await payouts.writeProgram("held.json", {
      checks: { suddenHolder: { maxAgeHours: 48, minShareBps: 5_000 } },
    });
    expect(refusal(await task("propose", { ...args, program: held, from: "6" }))).to.include(
      "hold this epoch for a person",
    );
  });

  it("propose has nothing to say where nobody was ever paid", async () => {
    const program = path.join(payouts.network.folder, "idle.json");
    const idle = { program, uri: "https://x/{hash}", from: "6" };
    expect(refusal(await task("propose", idle))).to.include("nothing to pay, and never was");
  });

  it("propose publishes the file and pins the keeper's audit log", async () => {
    await payouts.nameStack({ databaseUrl: payouts.databaseUrl });
    const made = json<{ proposal: string; dataHash: string; uri: string; file: string }>(
      await task("propose", {
        ...{ program: payouts.programFile, uri: "https://payouts.example/{hash}.json", from: "6" },
        json: true,
      }),
    );
    ({ proposal } = made);
    expect(made.uri).to.equal(`https://payouts.example/${made.dataHash}.json`);
    const publication = decodePublication(await readFile(made.file), made.dataHash);
    expect(publication.totals).to.deep.equal([{ token: payouts.tokenAddress, amount: POOL }]);
    expect((await payouts.distributor.proposal(proposal)).root).to.equal(publication.root);
    const again = await task("propose", {
      program: payouts.programFile,
      uri: "https://x/{hash}",
      from: "6",
    });
    expect(refusal(again)).to.include(`Proposal ${proposal} has this root and is proposed already`);
  });

  it("approve computes first, and signs nothing that differs", async () => {
    const other = await payouts.writeProgram("other.json", { rule: { kind: "flat" } });
    expect(refusal(await task("approve", { program: other, from: "8" }))).to.match(
      /is not right: root: computed 0x\w+, proposed 0x\w+\. Nothing is signed/,
    );
    expect(refusal(await task("approve", { program: payouts.programFile, from: "5" }))).to.include(
      `${accountAt(5).address} is no approver. 2 of these have to approve: ${accountAt(FIRST).address}`,
    );
    expect(refusal(await task("approve", { from: "8" }))).to.include("--program FILE");
    const idle = path.join(payouts.network.folder, "idle.json");
    expect(refusal(await task("approve", { program: idle, from: "8" }))).to.include(
      "There is nothing to pay, and a root was proposed",
    );
    const unknown = { proposal: id("none"), program: payouts.programFile, from: "8" };
    expect(refusal(await task("approve", unknown))).to.include(`Open proposals: ${proposal}`);
    const folder = path.join(payouts.network.folder, "empty");
    const unpublished = { program: payouts.programFile, from: "8", folder };
    expect(refusal(await task("approve", unpublished))).to.include("nobody could claim");
  });

  it("approve --signature-only prints a signature that somebody else brings", async () => {
    const keyFile = path.join(payouts.network.folder, "approver.json");
    const key = JSON.stringify({ payouts: accountAt(FIRST).privateKey });
    await writeFile(keyFile, key, { mode: 0o600 });
    const args = { program: payouts.programFile, keyFile, signatureOnly: true };
    const printed = await task("approve", args);
    expect(printed.code, printed.stderr).to.equal(0);
    const signature = printed.stdout.trim();
    expect(signature).to.match(/^0x[0-9a-f]{130}$/);
    expect((await payouts.distributor.proposal(proposal)).approvals).to.equal(0n);
    const approver = accountAt(FIRST).address;
    expect(refusal(await task("approve", { signature }))).to.include("--approver");
    expect(refusal(await task("approve", { signature: "0x1", approver }))).to.include(
      "hexadecimal",
    );
    const wrong = await task("approve", { signature, approver: accountAt(SECOND).address });
    expect(refusal(wrong)).to.include(
      `The signature is not ${accountAt(SECOND).address}'s over ${proposal}`,
    );
    const log = await readAudit(payouts.db.pool, { chainId: 31_337, distributor: payouts.address });
    expect(log.map(({ kind }) => kind)).to.deep.equal(["proposed", "approved"]);
    expect(JSON.parse(log[1]!.content)).to.include({ proposal, approver: approver.toLowerCase() });
    const brought = await task("approve", { signature, approver, from: "3", json: true });
    expect(json<object>(brought)).to.deep.include({ approvals: "1", challengeEndsAt: null });
    expect(refusal(await task("approve", args))).to.include("has approved proposal");
  });

  it("approve sends an approver's own approval, and the challenge begins", async () => {
    const printed = json<{ approver: string; signature: string }>(
      await task("approve", {
        ...{ proposal, program: payouts.programFile, from: "9", signatureOnly: true, json: true },
      }),
    );
    expect(printed.approver).to.equal(accountAt(SECOND).address);
    const { code, stderr, stdout } = await task("approve", {
      program: payouts.programFile,
      from: "9",
    });
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^Approvals +2 of 2$/m);
    expect(stdout).to.match(/^Challenge +ends .* \(in 10 min\); then anyone may activate it$/m);
    const { proposals } = await status();
    expect(proposals).to.have.length(1);
    expect(proposals[0]).to.deep.include({ id: proposal, state: "approved", approvals: 2 });
    expect(proposals[0]!.approvedBy).to.have.members(
      [FIRST, SECOND].map((index) => accountAt(index).address),
    );
  });

  it("activate waits for the end of the challenge", async () => {
    expect(refusal(await task("activate"))).to.match(/when its challenge ends: .* \(in \d+ min/);
    await payouts.goTo((await payouts.now()) + CHALLENGE + 1);
    const { stdout } = await task("activate");
    expect(stdout).to.include("Epoch 1 is active");
    const { active, tokens } = await status();
    expect(active?.epoch).to.equal(1);
    expect(tokens[1]).to.deep.include({ owed: POOL.toString(), fundedEpochs: 2 });
  });

  it("verify computes the same root again, and ends with 0", async () => {
    const result = json<Record<string, unknown>>(await task("verify", { epoch: 1, json: true }));
    expect(result).to.deep.include({
      isEqual: true,
      isRight: true,
      differences: [],
      recipients: 4,
    });
    const own = await task("verify", { epoch: 1, program: payouts.programFile, fromFirst: true });
    expect(own.code, own.stderr).to.equal(0);
    expect(own.stdout).to.include("✓ The same root follows from the chain.");
  });

  it("claim pays the sender what a limit allows, and says what is left", async () => {
    const before = await payouts.token.balanceOf(lower(12));
    const { code, stderr, stdout } = await task("claim", { from: "12" });
    expect(code, stderr).to.equal(0);
    expect(stdout).to.include(`500 TOK were paid for ${accountAt(12).address}.`);
    expect(stdout).to.include("100.6006 TOK more are owed: a limit allows no more now");
    expect((await payouts.token.balanceOf(lower(12))) - before).to.equal(500n * UNIT);
    expect(refusal(await task("claim", { from: "12" }))).to.match(
      /is paid no more before \d{4}-\d\d-\d\d 00:00:00 UTC/,
    );
  });

  it("claim --to pays the sender's earnings to another address", async () => {
    const to = accountAt(17).address;
    const paid = json<{ proofFrom: string; claims: { amount: string; left: string }[] }>(
      await task("claim", { from: "14", to, json: true }),
    );
    expect(paid.proofFrom).to.equal("publication");
    const [claim] = paid.claims;
    expect(claim).to.deep.include({ left: "0" });
    expect(await payouts.token.balanceOf(to)).to.equal(BigInt(claim!.amount));
    expect(refusal(await task("claim", { from: "14" }))).to.include("is paid");
    expect(refusal(await task("claim", { from: "3", for: lower(13), to }))).to.include("signature");
  });

  it("claim says who earned nothing, and in which token", async () => {
    expect(refusal(await task("claim", { for: lower(15) }))).to.include(
      `earned nothing up to epoch 1. Why: npx hardhat payouts preview FILE --account`,
    );
    expect(refusal(await task("claim", { for: lower(13), token: ZeroAddress }))).to.include(
      `Tokens that it earned: ${payouts.tokenAddress}`,
    );
    expect(refusal(await task("claim", { for: "nobody" }))).to.include("is neither an address");
  });

  it("claim takes the API's proof if the chain confirms it, and no other", async () => {
    // Shares of 999, and the last unit to the largest remainder; the tree is built here, too.
    const leaves = [600n, 300n, 90n, 9n].map((held, i) => ({
      account: lower([12, 13, 14, 16][i]!),
      token: payouts.tokenAddress,
      cumulative: (POOL * held) / 999n + (i === 0 ? 1n : 0n),
    }));
    const tree = payoutTree(leaves);
    let isLying = true;
    let isMissing = false;
    api = createServer(({ url }, response) => {
      if (isMissing) return void response.writeHead(404).end();
      const leaf = leaves.find(({ account }) => url === `/payouts/1/${account}`)!;
      const proof = isLying ? [id("lie")] : tree.proof(leaf);
      const { cumulative, token } = leaf;
      response.end(JSON.stringify({ tokens: [{ token, amount: String(cumulative), proof }] }));
    });
    await new Promise<void>((resolve) => api!.listen(0, "127.0.0.1", resolve));
    const apiUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    await payouts.nameStack({ apiUrl, databaseUrl: payouts.databaseUrl });
    const claim = async (index: number): Promise<{ proofFrom: string }> =>
      json(await task("claim", { from: "2", for: lower(index), json: true }));
    expect((await claim(13)).proofFrom).to.equal("publication");
    isLying = false;
    expect((await claim(16)).proofFrom).to.equal("api");
    expect(await payouts.token.balanceOf(lower(16))).to.equal(9n * UNIT + leaves[3]!.cumulative);
    isMissing = true;
    expect(refusal(await task("claim", { for: lower(16) }))).to.include("is paid");
    await payouts.nameStack({ databaseUrl: payouts.databaseUrl });
  });

  it("a keeper's database that does not answer is told of", async () => {
    const gone = payouts.databaseUrl.replace(/:\d+\//, ":1/");
    await payouts.nameStack({ databaseUrl: gone });
    expect(refusal(await task("audit"))).to.include("The keepers' database does not answer");
    await payouts.nameStack({ databaseUrl: payouts.databaseUrl });
  });

  it("claim computes the tree again where nobody has the file", async () => {
    const folder = path.join(payouts.network.folder, "nothing");
    await payouts.goTo((Math.floor((await payouts.now()) / DAY) + 1) * DAY);
    expect(refusal(await task("claim", { for: lower(12), folder }))).to.include("--program FILE");
    const other = await payouts.writeProgram("flat.json", { rule: { kind: "flat" } });
    expect(refusal(await task("claim", { for: lower(12), folder, program: other }))).to.include(
      "it is another program, or the root is wrong",
    );
    const paid = json<{ proofFrom: string; claims: { left: string }[] }>(
      await task("claim", { for: lower(12), folder, program: payouts.programFile, json: true }),
    );
    expect(paid.proofFrom).to.equal("recomputation");
    expect(paid.claims[0]?.left).to.equal("0");
  });
});
