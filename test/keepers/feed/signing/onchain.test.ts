import { readFileSync } from "node:fs";

import { expect } from "chai";
import type { JsonRpcSigner } from "ethers";
import { Contract, ContractFactory, encodeBytes32String, JsonRpcProvider } from "ethers";

import { createChainReader } from "../../../../keepers/feed/round/chain-reader.ts";
import type { ActiveSet } from "../../../../keepers/feed/round/set.ts";
import { intentOf } from "../../../../keepers/feed/round/submit.ts";
import { fromHex, toHex } from "../../../../keepers/feed/signing/bytes.ts";
import type { OperatorKeys } from "../../../../keepers/feed/signing/keys.ts";
import { publicKeys, registrationOf } from "../../../../keepers/feed/signing/keys.ts";
import type { Multisignature } from "../../../../keepers/feed/signing/multisig.ts";
import {
  combine,
  SigningSession,
  signingContext,
} from "../../../../keepers/feed/signing/multisig.ts";
import type { Report } from "../../../../keepers/feed/signing/report.ts";
import {
  encodeReport,
  possessionDigest,
  reportDigest,
  signerBitmap,
} from "../../../../keepers/feed/signing/report.ts";
import { standingOf } from "../../../../keepers/feed/round/standing.ts";
import type { TestAnvil } from "../../../helpers/anvil.ts";
import { startAnvil } from "../../../helpers/anvil.ts";
import { freshKeys } from "./helpers.ts";

const ROOT = new URL("../../../../", import.meta.url);
const OPERATORS = 5;
const PARAMS = {
  heartbeat: 10,
  deviationBps: 20,
  cosignToleranceBps: 50,
  bandBps: 1000,
  tau: 3600,
  cooldown: 120,
  minReports: 3,
  dormancy: 604800,
  minVenues: 3,
  history: 8,
};

interface Artifact {
  abi: [];
  bytecode: string;
}

function artifact(path: string): Artifact {
  return JSON.parse(readFileSync(new URL(path, ROOT), "utf8")) as Artifact;
}

async function deploy(path: string, signer: JsonRpcSigner, args: unknown[]): Promise<Contract> {
  const { abi, bytecode } = artifact(path);
  const contract = await new ContractFactory(abi, bytecode, signer).deploy(...args);
  await contract.waitForDeployment();
  return new Contract(await contract.getAddress(), abi, signer);
}

describe("what signing makes, before the contracts", function () {
  this.timeout(60_000);
  let anvil: TestAnvil;
  let provider: JsonRpcProvider;
  let operators: Contract;
  let priceFeeds: Contract;
  let set: ActiveSet;
  let domain: { chainId: bigint; priceFeeds: string };
  const keys: OperatorKeys[] = Array.from({ length: OPERATORS }, freshKeys);
  const accounts: string[] = [];

  before(async () => {
    anvil = await startAnvil();
    provider = new JsonRpcProvider(anvil.url, 31337, { staticNetwork: true, cacheTimeout: -1 });
    const admin = await provider.getSigner(0);
    const manager = await deploy(
      "node_modules/@openzeppelin/contracts/build/contracts/AccessManager.json",
      admin,
      [admin.address],
    );
    operators = await deploy("artifacts/contracts/operators/Operators.sol/Operators.json", admin, [
      await manager.getAddress(),
      60,
      0,
    ]);
    const registry = await operators.getAddress();
    priceFeeds = await deploy("artifacts/contracts/feeds/PriceFeeds.sol/PriceFeeds.json", admin, [
      await manager.getAddress(),
      registry,
    ]);
    domain = { chainId: 31337n, priceFeeds: await priceFeeds.getAddress() };
    for (const [index, own] of keys.entries()) {
      const signer = await provider.getSigner(index + 1);
      accounts.push(signer.address);
      const target = { account: signer.address, chainId: 31337n, operators: registry };
      const registration = registrationOf(own, target);
      const asOperator = operators.connect(signer) as Contract;
      await call(
        asOperator,
        "register",
        registration.keys,
        registration.possession,
        `http://o${index}`,
      );
    }
    await call(operators, "setActive", accounts);
    await call(priceFeeds, "createFeeds", ["BTC/USD", "ETH/USD"].map(encodeBytes32String), [
      PARAMS,
      PARAMS,
    ]);
    await call(priceFeeds, "sync");
    const reader = createChainReader(provider, {
      priceFeeds: domain.priceFeeds,
      operators: registry,
    });
    set = await reader.describe((await reader.snapshot()).setId);
  });
  after(async () => {
    provider.destroy();
    await anvil.stop();
  });

  async function call(contract: Contract, method: string, ...args: unknown[]): Promise<void> {
    const transaction = await contract.getFunction(method).send(...args);
    await transaction.wait();
  }

  function signAs(
    signers: readonly number[],
    report: Report,
  ): { bytes: Uint8Array; signature: Multisignature } {
    const bytes = encodeReport(report);
    const sessions = signers.map((index) => new SigningSession(index));
    const context = signingContext(
      reportDigest(bytes, domain),
      sessions.map(({ commitment }) => ({
        ...commitment,
        key: set.operators[commitment.index]!.secp256k1,
      })),
    );
    const partials = new Map(
      sessions.map((session) => [
        session.commitment.index,
        session.sign(keys[session.commitment.index]!.secp256k1, context),
      ]),
    );
    return { bytes, signature: combine(context, partials)! };
  }

  async function reportFor(signers: readonly number[]): Promise<Report> {
    await provider.send("evm_increaseTime", [5]);
    await provider.send("evm_mine", []);
    const block = await provider.getBlock("latest");
    return {
      setId: set.id,
      slot: block!.timestamp,
      signers: signerBitmap(signers),
      observationRoot: 123n,
      entries: [
        { feedIndex: 0, count: 4, answerE8: 6_000_000_000_000n },
        { feedIndex: 1, count: 3, answerE8: 300_000_000_000n },
      ],
    };
  }

  it("proves possession of every operator's key", async () => {
    const { accounts: active } = (await operators.getFunction("active")()) as unknown as {
      accounts: string[];
    };
    expect(active).to.deep.equal(accounts);
  });

  it("has the digests that the contracts compute", async () => {
    const bytes = encodeReport(await reportFor([0, 1, 2]));
    expect(await priceFeeds.getFunction("reportDigest")(bytes)).to.equal(
      toHex(reportDigest(bytes, domain)),
    );
    const account = accounts[0]!;
    const registry = await operators.getAddress();
    expect(await operators.getFunction("possessionDigest")(account)).to.equal(
      toHex(possessionDigest(account, 31337n, registry)),
    );
  });

  it("is read back as the set that was registered", () => {
    expect(set.quorum).to.equal(3);
    expect(set.feeds.map(({ feedId }) => feedId)).to.deep.equal(["BTC/USD", "ETH/USD"]);
    set.operators.forEach(({ account, secp256k1, grumpkin }, index) => {
      expect(account).to.equal(accounts[index]!.toLowerCase());
      expect(secp256k1.equals(publicKeys(keys[index]!).secp256k1)).to.equal(true);
      expect(grumpkin.equals(publicKeys(keys[index]!).grumpkin)).to.equal(true);
    });
  });

  it("is accepted from any quorum of signers, and updates the feeds", async () => {
    for (const signers of [
      [0, 1, 2],
      [1, 3, 4],
      [0, 2, 3, 4],
      [0, 1, 2, 3, 4],
    ]) {
      const report = await reportFor(signers);
      const { bytes, signature } = signAs(signers, report);
      await call(priceFeeds, "submit", bytes, signature);
      const { states } = await createChainReader(provider, {
        priceFeeds: domain.priceFeeds,
        operators: await operators.getAddress(),
      }).snapshot();
      expect(states.map(({ answer }) => answer)).to.deep.equal([
        6_000_000_000_000n,
        300_000_000_000n,
      ]);
      expect(states[0]!.lastReportAt).to.equal(report.slot);
    }
  });

  it("goes on chain as the transaction that the relayer is asked for", async () => {
    const report = await reportFor([2, 3, 4]);
    const { bytes, signature } = signAs([2, 3, 4], report);
    const intent = intentOf(
      { report, bytes, signature },
      { chainId: 31337, priceFeeds: domain.priceFeeds },
    );
    expect(intent).to.include({
      key: `feed:31337:${domain.priceFeeds.toLowerCase()}:${report.slot}:${set.id}`,
      ordinal: BigInt(report.slot),
      expiresAtMs: (report.slot + 60) * 1000,
    });
    const signer = await provider.getSigner(9);
    const { to, data, value, gasLimit } = intent;
    const receipt = await (await signer.sendTransaction({ to, data, value, gasLimit })).wait();
    expect(receipt?.status).to.equal(1);
  });

  it("is rejected with another response, commitment, inverse, message or signer list", async () => {
    const report = await reportFor([0, 1, 2]);
    const { bytes, signature } = signAs([0, 1, 2], report);
    const submit = priceFeeds.getFunction("submit");
    const other = encodeReport({ ...report, observationRoot: 124n });
    const shifted = encodeReport({ ...report, signers: signerBitmap([0, 1, 3]) });
    const cases: [Uint8Array, Multisignature][] = [
      [bytes, { ...signature, s: signature.s + 1n }],
      [bytes, { ...signature, commitment: accounts[0]! }],
      [bytes, { ...signature, zInverse: signature.zInverse + 1n }],
      [other, signature],
      [shifted, signature],
    ];
    for (const [data, given] of cases) {
      const failed = await submit.staticCall(data, given).then(
        () => false,
        () => true,
      );
      expect(failed).to.equal(true);
    }
    await submit.staticCall(fromHex(toHex(bytes)), signature);
  });

  it("tells an operator what to do when its key or account is not what the chain has", async () => {
    const reader = createChainReader(provider, {
      priceFeeds: domain.priceFeeds,
      operators: await operators.getAddress(),
    });
    const registered = await reader.registeredKeys(accounts[1]!);
    const standing = (account: string, own: OperatorKeys, known: typeof registered) =>
      standingOf(set, account.toLowerCase(), [publicKeys(own)], known);
    expect(standing(accounts[1]!, keys[1]!, null)).to.deep.equal({ kind: "active", index: 1 });
    expect(standing(accounts[1]!, keys[2]!, registered))
      .to.have.property("problem")
      .that.includes("other keys");
    const stranger = (await provider.getSigner(8)).address;
    expect(await reader.registeredKeys(stranger)).to.equal(null);
    expect(standing(stranger, keys[1]!, null))
      .to.have.property("problem")
      .that.includes("not registered");
    const inactive = { ...set, operators: set.operators.slice(2) };
    expect(standingOf(inactive, accounts[1]!.toLowerCase(), [publicKeys(keys[1]!)], registered))
      .to.have.property("problem")
      .that.includes("not in the active set");
  });
});
