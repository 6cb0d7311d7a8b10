import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect } from "chai";
import { TypedDataEncoder, Wallet } from "ethers";

import { generateKeys } from "../../keepers/feed/signing/keys.ts";
import { accountAt, startTaskNetwork } from "./network.ts";
import type { TaskNetwork } from "./network.ts";
import { json, refusal } from "./outcome.ts";

const TOKEN = 10n ** 18n;
const ENDPOINT = "https://sixth.example:8571";

interface StakeReport {
  staked: string;
  unbonding: string;
  releaseAt: number | null;
  minimum: string;
  transactions: { call: string }[];
}

describe("operators' tasks of stake and seats", function () {
  this.timeout(180_000);
  let network: TaskNetwork;
  let addresses: { priceFeeds: string; governance: { token: string } };

  const run = async <T>(task: string, args: Record<string, unknown>): Promise<T> =>
    json<T>(await network.task(`operators ${task}`, { json: true, ...args }));

  before(async () => {
    network = await startTaskNetwork("stake", 1);
    // Short epochs and unbonding, so that what is due is due within the test.
    const file = path.resolve(import.meta.dirname, "../../deploy/parameters/local.json");
    const parameters = JSON.parse(await readFile(file, "utf8")) as {
      governance: { operators: Record<string, unknown> };
    };
    Object.assign(parameters.governance.operators, {
      ...{ epochSeconds: 4, changeDelaySeconds: 1, unbondingSeconds: 301 },
    });
    const own = path.join(network.folder, "parameters.json");
    await writeFile(own, JSON.stringify(parameters));
    ({ addresses } = json<{ addresses: typeof addresses }>(
      await network.deploy({ parameters: own }),
    ));
  });
  after(async () => await network.stop());

  it("stake takes exactly the amount and says what is staked", async () => {
    const report = await run<StakeReport>("stake", { amount: "1,000", account: "1" });
    expect(report.transactions.map(({ call }) => call)).to.deep.equal([
      "DodonaToken.approve(OperatorStake, 1,000 DODONA)",
      `OperatorStake.stakeFor(${accountAt(1).address}, 1,000 DODONA)`,
    ]);
    expect(report).to.include({ staked: (101_000n * TOKEN).toString(), unbonding: "0" });
    expect(
      refusal(await network.task("operators stake", { amount: "99999999", account: "1" })),
    ).to.include("holds 19,000 DODONA, less than 99,999,999 DODONA");
    expect(refusal(await network.task("operators stake", { amount: "lots" }))).to.include(
      'The amount "lots" is not an amount',
    );
  });

  it("unstake unbonds and says when the tokens are free", async () => {
    const report = await run<StakeReport>("unstake", { amount: "500", account: "1" });
    expect(report).to.include({
      staked: (100_500n * TOKEN).toString(),
      unbonding: (500n * TOKEN).toString(),
    });
    const block = await network.anvil.rpc<{ timestamp: string }>("eth_getBlockByNumber", [
      ...["latest", false],
    ]);
    expect((report.releaseAt ?? 0) - Number(block.timestamp)).to.be.within(295, 301);
    expect(
      refusal(await network.task("operators unstake", { amount: "withdraw", account: "1" })),
    ).to.match(/The tokens are free from \d{4}-\d\d-\d\d .* UTC on/);
    expect(
      refusal(await network.task("operators unstake", { amount: "all", account: "1" })),
    ).to.include("100,000 DODONA must stay");
  });

  it("rotate announces keys, and advance brings them into a new set", async () => {
    const keys = path.join(network.folder, "rotated.json");
    await writeFile(keys, JSON.stringify(generateKeys()));
    const { dueAt } = await run<{ dueAt: number }>("rotate", { keys, account: "2" });
    const { setId } = await advanced(dueAt);
    const list = await run<{ account: string; keys: { secp256k1: { x: string } } }[]>("list", {});
    const rotated = list.find(({ account }) => account === accountAt(2).address);
    const { secp256k1 } = JSON.parse(await readFile(keys, "utf8")) as { secp256k1: string };
    const publicKey = new Wallet(secp256k1).signingKey.publicKey;
    expect(rotated?.keys.secp256k1.x).to.equal(`0x${publicKey.slice(4, 68)}`);
    expect(setId).to.equal(3);
    expect(refusal(await network.task("operators rotate", { account: "2" }))).to.include(
      "--keys FILE",
    );
  });

  it("join takes a seat by stake alone, and leave gives it up", async () => {
    const keys = path.join(network.folder, "sixth.json");
    await writeFile(keys, JSON.stringify(generateKeys()));
    await run("register", { keys, endpoint: ENDPOINT, account: "6" });
    expect(refusal(await network.task("operators join", { account: "6" }))).to.include(
      "The stake is 0 DODONA, below the minimum of 100,000 DODONA",
    );
    await run("stake", { amount: "100000", account: "14", operator: "6" });
    const joins = await run<{ dueAt: number }>("join", { account: "6" });
    expect((await advanced(joins.dueAt)).operators).to.deep.equal(
      [1, 2, 3, 4, 5, 6].map((index) => accountAt(index).address),
    );
    const leaves = await run<{ dueAt: number }>("leave", { account: "6" });
    expect((await advanced(leaves.dueAt)).operators).to.have.length(5);
    expect(refusal(await network.task("operators leave", { account: "6" }))).to.include(
      "has neither a seat nor a request for one",
    );
    const { stdout } = await network.task("operators advance");
    expect(stdout).to.match(/^Nothing is due: set \d+ has the active operators\.$/m);
  });

  it("slash brings two observations of one slot, and shares what the operator loses", async () => {
    // The first operator's own key signs twice, as its process never would (EIP-712, signed here by ethers).
    const file = path.join(network.folder, "keys-0.json");
    const { secp256k1 } = JSON.parse(await readFile(file, "utf8")) as { secp256k1: string };
    const { setId } = await run<{ setId: number }>("advance", {});
    const block = await network.anvil.rpc<{ timestamp: string }>("eth_getBlockByNumber", [
      ...["latest", false],
    ]);
    const signed = async (price: bigint): Promise<[Record<string, unknown>, string]> => {
      const observation = {
        ...{ setId, slot: Number(block.timestamp), operator: 0, digest: "1" },
        prices: [price, 0n, 0n, 0n].map(String),
      };
      const domain = {
        ...{ name: "Dodona", version: "1", chainId: 31_337 },
        verifyingContract: addresses.priceFeeds,
      };
      const digest = TypedDataEncoder.hash(domain, OBSERVATION, observation);
      return [observation, new Wallet(secp256k1).signingKey.sign(digest).serialized];
    };
    const [[first, firstSignature], [second, secondSignature]] = await Promise.all([
      signed(100n),
      signed(200n),
    ]);
    const evidence = path.join(network.folder, "evidence.json");
    await writeFile(evidence, JSON.stringify({ first, firstSignature, second, secondSignature }));
    const { slashes } = await run<{ slashes: Record<string, string>[] }>("slash", {
      ...{ evidence, reporter: "7", from: "8" },
    });
    // All of the stake, bonded and unbonding: a tenth for the reporter, half burned, the rest for the treasury.
    expect(slashes).to.deep.equal([
      {
        account: accountAt(1).address,
        amount: (101_000n * TOKEN).toString(),
        reporterShare: (10_100n * TOKEN).toString(),
        burned: (50_500n * TOKEN).toString(),
        treasuryShare: (40_400n * TOKEN).toString(),
      },
    ]);
    expect(refusal(await network.task("operators slash", { evidence }))).to.match(
      /The contract refused: Equivocation punished/i,
    );
    await writeFile(
      evidence,
      JSON.stringify({ first, firstSignature, second: 5, secondSignature }),
    );
    expect(refusal(await network.task("operators slash", { evidence }))).to.include(
      "second must be an object",
    );
  });

  it("score asks the index, and says so where there is none", async () => {
    expect(refusal(await network.task("operators score"))).to.include("Scores come from the index");
  });

  const OBSERVATION = {
    Observation: [
      { name: "setId", type: "uint32" },
      { name: "slot", type: "uint32" },
      { name: "operator", type: "uint8" },
      { name: "prices", type: "uint96[]" },
      { name: "digest", type: "uint256" },
    ],
  };

  /** Calls advance as soon as a change is due. */
  async function advanced(dueAt: number): Promise<{ setId: number; operators: string[] }> {
    for (;;) {
      const block = await network.anvil.rpc<{ timestamp: string }>("eth_getBlockByNumber", [
        ...["latest", false],
      ]);
      if (Number(block.timestamp) >= dueAt) return await run("advance", {});
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
});
