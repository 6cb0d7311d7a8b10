import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Artifact } from "@nomicfoundation/ignition-core";
import { expect } from "chai";
import { getAddress, ZeroAddress } from "ethers";
import type { ArtifactManager } from "hardhat/types/artifacts";

import { storedCeremonySrs } from "../../circuits/build/srs.ts";
import { isOfCeremony } from "../../circuits/prover/points.ts";
import { checkProofs } from "../../deploy/parameters/proofs.ts";
import { refuseDevelopment, verifiersFor } from "../../deploy/verifiers.ts";
import { accountAt, startTaskNetwork, type TaskNetwork } from "../tasks/network.ts";

const SERVICE_ACCOUNT = 21;
const ROOT = path.resolve(import.meta.dirname, "../..");

/** The committed verifiers as they were compiled. */
const committed = {
  readArtifact: async (name: string) => {
    const file = path.join(ROOT, `artifacts/contracts/verifiers/${name}.sol/${name}.json`);
    return JSON.parse(await readFile(file, "utf8")) as Artifact;
  },
} as unknown as ArtifactManager;

async function failureOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}

describe("deployment of verifiers", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "dodona-verifiers-"));
  });
  after(async () => await rm(folder, { recursive: true, force: true }));

  const fake = { abi: [], bytecode: "0x6001", contractName: "DevelopmentPriceBatchVerifier" };

  it("takes the committed ones on every chain but a local one, whatever this machine has", async () => {
    for (const chainId of [1, 10, 8_453, 11_155_111]) {
      const { artifacts, points } = await verifiersFor(chainId, committed, folder);
      expect(points).to.equal("ceremony");
      for (const [name, { bytecode }] of Object.entries(artifacts)) {
        const { bytecode: expected } = await committed.readArtifact(name);
        expect(bytecode).to.equal(expected);
        expect(isOfCeremony(bytecode)).to.equal(true);
      }
    }
  });

  it("refuses verifiers of development points on every chain but a local one, also begun ones", async () => {
    const artifacts = { PriceBatchVerifier: fake as unknown as Artifact };
    for (const chainId of [1, 31_338, 11_155_111]) {
      expect(await failureOf(() => refuseDevelopment(chainId, { artifacts }))).to.match(
        /^PriceBatchVerifier is not of the ceremony's points: .* Chain \d+ takes the committed verifiers only\.$/,
      );
    }
    for (const chainId of [1_337, 31_337]) await refuseDevelopment(chainId, { artifacts });
    const begun = path.join(folder, "begun");
    await mkdir(path.join(begun, "artifacts"), { recursive: true });
    const file = path.join(begun, "artifacts/Proofs#PriceBatchVerifier.json");
    await writeFile(file, JSON.stringify(fake));
    expect(await failureOf(() => verifiersFor(1, committed, begun))).to.match(
      /not of the ceremony/,
    );
    // On a local chain it goes on with what it began with.
    const { artifacts: kept, points } = await verifiersFor(31_337, committed, begun);
    expect(points).to.equal("development");
    expect(kept["PriceBatchVerifier"]).to.deep.equal(fake);
  });

  it("reads the section of a parameters file, and names what is wrong with it", async () => {
    const service = accountAt(1).address;
    expect(checkProofs({ service: service.toLowerCase() }, "x")).to.deep.equal({ service });
    expect(checkProofs({}, "x")).to.deep.equal({ service: ZeroAddress });
    expect(await failureOf(() => checkProofs({ service: "0x12" }, "x"))).to.equal(
      'x: service must be an address, not "0x12".',
    );
    expect(await failureOf(() => checkProofs({ services: service }, "x"))).to.equal(
      'x: unknown field "services"; known are service.',
    );
    expect(await failureOf(() => checkProofs([], "x"))).to.equal("x must be an object.");
  });
});

describe("deployment of proofs", function () {
  this.timeout(60_000);
  let network: TaskNetwork;
  before(async () => {
    network = await startTaskNetwork("proofs-deploy", "instant");
  });
  after(async () => await network.stop());

  it("deploys them, links Slashing, names the service, and tells who may change it", async () => {
    const { code, stderr, stdout } = await network.deploy();
    expect(code, stderr).to.equal(0);
    const { addresses } = JSON.parse(stdout) as {
      addresses: Record<"priceAttestations" | "traderRegistry", string>;
    };
    for (const name of ["priceAttestations", "traderRegistry"] as const) {
      expect(addresses[name]).to.equal(getAddress(addresses[name]));
    }
    expect(stderr.includes("of development points")).to.equal(storedCeremonySrs() === null);
    expect(stderr).to.contain("let proofs of wrong medians be punished");
    const service = await network.anvil.rpc<string>("eth_call", [
      // service()
      { to: addresses.traderRegistry, data: "0xd598d4c9" },
      "latest",
    ]);
    expect(getAddress(`0x${service.slice(-40)}`)).to.equal(accountAt(SERVICE_ACCOUNT).address);
    const shown = await network.task("access show", { json: true });
    const { powers } = JSON.parse(shown.stdout) as {
      powers: { role: string; holderName: string; functions: string[] }[];
    };
    const admin = powers.find(({ role }) => role === "0 admin");
    expect(admin?.holderName).to.equal("TimelockController");
    expect(admin?.functions).to.include("TraderRegistry.setService");
    expect(admin?.functions).to.include("Slashing.setPenalties, setMedianProofs");

    const again = await network.deploy();
    expect(again.code, again.stderr).to.equal(0);
    expect(JSON.parse(again.stdout)).to.include({ transactions: 0 });
  });

  it("says what the file names otherwise, and wants the section once there are proofs", async () => {
    const file = path.join(network.folder, "changed.json");
    const local = await readFile(path.join(ROOT, "deploy/parameters/local.json"), "utf8");
    const given = JSON.parse(local) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...given, proofs: { service: accountAt(3).address } }));
    const changed = await network.deploy({ parameters: file });
    expect(changed.code, changed.stderr).to.equal(0);
    const { warnings } = JSON.parse(changed.stdout) as { warnings: string[] };
    expect(warnings).to.deep.equal([
      `proofs: service is ${accountAt(SERVICE_ACCOUNT).address} on chain and ${accountAt(3).address} in the file`,
    ]);
    await writeFile(file, JSON.stringify({ ...given, proofs: undefined }));
    const without = await network.deploy({ parameters: file });
    expect(without.code).to.equal(1);
    expect(without.stderr).to.contain(
      'has proofs, so its parameters file must have the section "proofs" too',
    );
  });
});
