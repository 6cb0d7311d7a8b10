import { readFile, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

import { expect } from "chai";
import { hexlify, JsonRpcProvider, toBeHex } from "ethers";

import { tagField } from "../../circuits/model/field.ts";
import manifest from "../../circuits/manifest.json" with { type: "json" };
import { parseKeys, type OperatorKeys } from "../../keepers/feed/signing/keys.ts";
import {
  observationRoot,
  signObservation,
  type SignedObservation,
} from "../../keepers/feed/signing/observation.ts";
import { encodeReport, reportDigest } from "../../keepers/feed/signing/report.ts";
import { IOperators__factory } from "../../types/ethers-contracts/factories/interfaces/IOperators__factory.ts";
import { IPriceFeeds__factory } from "../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { ITraderRegistry__factory } from "../../types/ethers-contracts/factories/interfaces/ITraderRegistry__factory.ts";
import { publicKey, signTogether, zInverse } from "../helpers/schnorr.ts";
import { wireSlots } from "../keepers/watch/fixtures.ts";
import {
  accountAt,
  secretOf,
  startTaskNetwork,
  type Outcome,
  type TaskNetwork,
} from "./network.ts";

const BTC_E8 = 6_123_456_000_000n;
const START_MS = 1_700_000_000_000;

/**
 * Bought 10 at 1,000, sold 4 at 1,100 and 6 at 900: 4 × 100 − 6 × 100 = −200, less 5 + 5 + 0 of fees = −210. After the first
 * sale the equity is 10,000 − 5 + 395 = 10,390, its highest; at the end it is 9,790, 600 below, which is 5.774… % of it.
 */
const FIRST = ["buy,10,1000,5", "sell,4,1100,5", "sell,6,900,0"];
/** Sold short 2 at 1,000 and bought back at 990, with a rebate of 3: 20 + 3 = 23. */
const SECOND = ["sell,2,1000,0", "buy,2,990,-3"];

describe("hardhat proofs", function () {
  this.timeout(120_000);
  let network: TaskNetwork;
  let provider: JsonRpcProvider;
  let operator: Server;
  let addresses: Record<
    "operators" | "priceFeeds" | "priceAttestations" | "traderRegistry",
    string
  >;
  let keys: OperatorKeys[];
  let slot = 0;
  let shown: readonly SignedObservation[] = [];

  const file = (name: string): string => path.join(network.folder, name);
  const run = (id: string, args: Record<string, unknown> = {}): Promise<Outcome> =>
    network.task(`proofs ${id}`, args);
  const json = async <T>(id: string, args: Record<string, unknown> = {}): Promise<T> => {
    const { code, stderr, stdout } = await run(id, { json: true, ...args });
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as T;
  };
  const csv = async (name: string, rows: readonly string[]): Promise<string> => {
    const lines = rows.map((row, index) => `${row},${START_MS + 1_000 * index}`);
    await writeFile(file(name), ["side,quantity,price,fee,time", ...lines].join("\n"));
    return file(name);
  };

  /** Three operators' observations of this moment, and a report with their medians that the chain accepts. */
  async function publish(): Promise<void> {
    const priceFeeds = IPriceFeeds__factory.connect(
      addresses.priceFeeds,
      accountAt(9).connect(provider),
    );
    const domain = { chainId: 31_337n, priceFeeds: addresses.priceFeeds };
    const setId = Number((await priceFeeds.currentSet()).setId);
    slot = ((await provider.getBlock("latest"))?.timestamp ?? 0) + 1;
    shown = [0, 1, 2].map((index) => {
      const pricesE8 = [BTC_E8 + BigInt(index), 0n, 0n, 0n];
      return signObservation({ setId, slot, operator: index, pricesE8 }, keys[index]!, domain);
    });
    const report = encodeReport({
      ...{ setId, slot, signers: 0b111, observationRoot: observationRoot(shown, domain) },
      entries: [{ feedIndex: 0, count: 3, answerE8: BTC_E8 + 1n }],
    });
    const secrets = await Promise.all(
      [0, 1, 2].map(async (i) =>
        secretOf(JSON.parse(await readFile(file(`keys-${i}.json`), "utf8"))),
      ),
    );
    const digest = hexlify(reportDigest(report, domain));
    const signature = {
      ...signTogether(secrets, digest),
      zInverse: zInverse(secrets.map(publicKey)),
    };
    await provider.send("evm_setNextBlockTimestamp", [slot]);
    await (await priceFeeds.submit(report, signature)).wait();
  }

  before(async () => {
    network = await startTaskNetwork("proofs", "instant");
    provider = new JsonRpcProvider(network.anvil.url, undefined, { cacheTimeout: -1 });
    const deployed = await network.deploy({ parameters: network.plainParameters });
    expect(deployed.code, deployed.stderr).to.equal(0);
    ({ addresses } = JSON.parse(deployed.stdout) as { addresses: typeof addresses });
    keys = await Promise.all(
      [0, 1, 2].map(async (i) =>
        parseKeys(JSON.parse(await readFile(file(`keys-${i}.json`), "utf8"))),
      ),
    );
    operator = createServer((_, response) => void response.end(JSON.stringify(wireSlots(shown))));
    await new Promise<void>((resolve) => operator.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(operator.address() as AddressInfo).port}`;
    for (let index = 1; index <= 5; index++) {
      const registry = IOperators__factory.connect(
        addresses.operators,
        accountAt(index).connect(provider),
      );
      await (await registry.setEndpoint(endpoint)).wait();
    }
    await publish();
  });
  after(async () => {
    provider.destroy();
    operator.close();
    await network.stop();
  });

  it("circuits lists what is committed", async () => {
    const listed = await json<{ circuits: { name: string; gates: number; audit: string }[] }>(
      "circuits",
    );
    expect(listed.circuits.map(({ gates, name }) => [name, gates])).to.deep.equal(
      Object.entries(manifest.circuits).map(([name, { gates }]) => [name, gates]),
    );
    const { stdout } = await run("circuits");
    for (const { verifier } of Object.values(manifest.circuits))
      expect(stdout).to.contain(verifier);
    expect(stdout).to.match(/price_batch .* no +inside the publisher's audits/);
    expect(stdout).to.match(/performance .* yes +outside the publisher's audits/);
  });

  it("attest proves a round, and verify checks its file and says what the chain has", async () => {
    const nothing = await run("verify");
    expect(nothing.stderr).to.contain("Nothing is attested. Prove it with:");
    const out = file("round.json");
    const written = await run("attest", { round: "1", feed: "BTC/USD", out });
    expect(written.code, written.stderr).to.equal(0);
    const checked = await run("verify", { file: out });
    expect(checked.code, checked.stderr).to.equal(0);
    expect(checked.stdout).to.match(/✓ proof of chunk 0 of slot \d+, by 0x/);
    expect(checked.stdout).to.contain("✓ BTC/USD 61,234.56 USD, median of 3");
    const text = await readFile(out, "utf8");
    await writeFile(out, text.replace(String(BTC_E8 + 1n), String(BTC_E8 + 2n)));
    const lie = await run("verify", { file: out });
    expect(lie.code).to.equal(1);
    expect(lie.stdout).to.contain("✗ BTC/USD 61,234.56 USD");
    const { proofs } = JSON.parse(text) as { proofs: { proof: string }[] };
    const flipped = proofs[0]!.proof.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
    await writeFile(out, text.replace(proofs[0]!.proof, flipped));
    expect((await run("verify", { file: out })).stdout).to.match(/✗ proof of chunk 0/);

    const sent = await json<{ slot: number; included: number[]; gasUsed: string }>("attest");
    expect(sent).to.deep.include({ slot, included: [0, 1, 2] });
    expect(Number(sent.gasUsed)).to.be.below(1_100_000);
    const again = await run("attest", { round: "1" });
    expect(again.stdout).to.contain(`Slot ${slot} was attested at`);
    const [said] = await json<unknown[]>("verify", { slot: String(slot) });
    expect(said).to.deep.include({
      ...{ feed: "BTC/USD", slot, answer: String(BTC_E8 + 1n) },
      ...{ values: 3, signers: 3, included: 3 },
    });
    expect((await run("verify")).stdout).to.match(/BTC\/USD +61,234\.56 USD +\d+ +3 +3/);
  });

  it("attest says why a round cannot be attested", async () => {
    await publish();
    const [first] = shown;
    shown = [first!];
    const missing = await run("attest");
    expect(missing.code).to.equal(1);
    expect(missing.stderr).to.match(
      /Round 2 cannot be attested: operators show 1 observations of slot \d+, below the quorum of 3\. Operators show their last ten minutes\./,
    );
    expect((await run("attest", { round: "9" })).stderr).to.contain("Error: ");
    expect((await run("attest", { round: "first" })).stderr).to.contain('"first" is not a round.');
  });

  it("performance proves a ledger period after period, without a state to keep", async () => {
    const options = { instrument: "BTC-USD", capital: "10000", from: "6" };
    const ledger = await csv("fills.csv", FIRST);
    const first = await json<{ periods: object[] }>("performance", { ledger, ...options });
    expect(first.periods).to.have.length(1);
    // 600 of 10,390, rounded up.
    expect(first.periods[0]).to.deep.include({
      ...{ index: 0, count: 3, profitBps: "-210", wins: 1, closes: 2, drawdownBps: 578 },
    });
    expect((await stat(`${ledger}.secret`)).mode & 0o777).to.equal(0o600);
    const done = await run("performance", { ledger, ...options });
    expect(done.stderr).to.contain("All 3 fills are recorded already.");

    await csv("fills.csv", [...FIRST, ...SECOND]);
    const wrong = await run("performance", { ledger, ...options, capital: "10001" });
    expect(wrong.stderr).to.contain(
      "The fills, the capital or the secret are not those that the 1 recorded periods were proved with.",
    );
    const out = file("second.json");
    const second = await json<{ periods: object[] }>("performance", { ledger, ...options, out });
    expect(second.periods[0]).to.deep.include({
      ...{ index: 1, count: 2, profitBps: "23", wins: 1, closes: 1 },
    });
    const checked = await run("verify", { file: out });
    expect(checked.code, checked.stdout + checked.stderr).to.equal(0);
    expect(checked.stdout).to.contain("✓ period 1: 2 fills, profit 0.23 %, 1 of 1 won");
    const text = await readFile(out, "utf8");
    await writeFile(out, text.replace('"profitBps": "23"', '"profitBps": "24"'));
    expect((await run("verify", { file: out })).stdout).to.contain("✗ period 1: 2 fills");
    await json("performance", { ledger, ...options });

    const registry = ITraderRegistry__factory.connect(addresses.traderRegistry, provider);
    const account = accountAt(6).address;
    const chain = await registry.chainOf(account, toBeHex(tagField("BTC-USD"), 32));
    expect([chain.periods, chain.fills, chain.profitBps]).to.deep.equal([2n, 5n, -187n]);
  });

  it("performance takes batches that the service signed, and nobody else's", async () => {
    const service = accountAt(9);
    const stranger = file("stranger.key");
    await writeFile(stranger, service.privateKey, { mode: 0o600 });
    const options = { instrument: "ETH-USD", capital: "10000", from: "7" };
    const ledger = await csv("other.csv", FIRST);
    const refused = await run("performance", { ledger, ...options, serviceKey: stranger });
    expect(refused.stderr).to.match(/must be signed by the ingestion service 0x02484cb5/);

    const out = file("signed.json");
    await json("performance", { ledger, ...options, out });
    const { periods } = JSON.parse(await readFile(out, "utf8")) as {
      periods: { signature: string; publicInputs: string[]; end: number }[];
    };
    const [side, quantity, price, fee] = ["side", "quantity", "price", "fee"];
    const fills = FIRST.map((row, index) => {
      const cells = row.split(",");
      const named = [side, quantity, price, fee].map((name, i) => [name, cells[i]]);
      return { ...Object.fromEntries(named), time: START_MS + 1_000 * index } as object;
    });
    const json2 = {
      ...{ account: "7", instrument: "ETH-USD", capital: "10000", fills },
      // A salt that the service did not commit to: its signature is of other fills.
      batches: [{ count: 3, end: START_MS + 2_000, salt: "5", signature: periods[0]!.signature }],
    };
    await writeFile(file("batches.json"), JSON.stringify(json2));
    const other = await run("performance", { ledger: file("batches.json"), from: "7" });
    expect(other.code).to.equal(1);
    expect(other.stderr).to.match(/The contract refused: Wrong service/);
  });

  it("says what is wrong with a ledger or a proof's file", async () => {
    const cases: [string, Record<string, unknown>, string][] = [
      ["performance", {}, "Name the file with the fills with --ledger FILE."],
      ["performance", { ledger: file("none.csv") }, "Cannot read "],
      ["performance", { ledger: await csv("bad.csv", ["hold,1,2,3"]) }, "bad.csv:2: side must be"],
      [
        "performance",
        { ledger: await csv("half.csv", ["buy,1.5,2,3"]), instrument: "A", capital: "1" },
        'half.csv:2: quantity must be a whole number, not "1.5".',
      ],
      ["performance", { ledger: await csv("ok.csv", FIRST) }, "--capital"],
      ["verify", { file: file("none.json") }, "Cannot read "],
      ["verify", { file: file("operators.json") }, "is no proof"],
      ["verify", { slot: "soon" }, '"soon" is not a slot'],
    ];
    for (const [id, args, words] of cases) {
      const { code, stderr } = await run(id, args);
      expect(code).to.equal(1);
      expect(stderr).to.contain(words);
    }
  });

  it("has help with an example for each task", async () => {
    const { stdout } = await network.run("proofs", "--help");
    for (const id of ["attest", "performance", "verify", "circuits"]) {
      expect(stdout).to.match(new RegExp(`proofs ${id} .*e\\.g\\. npx hardhat proofs ${id}`));
    }
  });
});
