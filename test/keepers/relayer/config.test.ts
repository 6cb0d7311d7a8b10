import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Transaction, Wallet } from "ethers";
import { exampleConfig, relayerConfigSchema, settingsOf } from "../../../keepers/relayer/config.ts";
import { openSigner } from "../../../keepers/relayer/signer.ts";
import { readConfig } from "../../../keepers/shared/config.ts";
import { anvilKeys } from "../../helpers/anvil.ts";

describe("relayer: config and signer", () => {
  const folder = mkdtempSync(join(tmpdir(), "dodona-config-"));
  const write = (name: string, text: string, mode = 0o600): string => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode });
    return file;
  };
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("accepts the example of its help, and turns gwei into wei", () => {
    const config = readConfig(relayerConfigSchema, write("example.json", exampleConfig));
    expect(config.networks[0]?.fees).to.deep.equal({
      baseFeeMultiplier: 2,
      tip: "fixed",
      tipGwei: 1_000_000_000n,
      maxFeeGwei: 500_000_000_000n,
      bumpPercent: 12.5,
    });
    expect(settingsOf(config.networks[0]!).groupReplaceMs).to.equal(250);
  });

  it("names file, path and mistake for each mistake", () => {
    const file = write(
      "wrong.json",
      JSON.stringify({
        networks: [{ chainId: 0, rpcUrls: [], accounts: [], colour: 1 }],
        metrics: { port: 70_000 },
      }),
    );
    expect(() => readConfig(relayerConfigSchema, file)).to.throw(
      /networks\.0\.chainId.*\n(.*\n)*.*networks\.0\.rpcUrls: name at least/,
    );
    expect(() => readConfig(relayerConfigSchema, file)).to.throw(`${file}: metrics.port`);
    expect(() => readConfig(relayerConfigSchema, file)).to.throw(/Unrecognized key: "colour"/);
    expect(() => readConfig(relayerConfigSchema, join(folder, "none.json"))).to.throw(
      /cannot be read \(ENOENT\)/,
    );
    expect(() => readConfig(relayerConfigSchema, write("broken.json", "{"))).to.throw(
      /is not valid JSON/,
    );
  });

  const unsigned = {
    chainId: 1,
    nonce: 7,
    to: "0x00000000000000000000000000000000000000aa",
    data: "0x1234",
    valueWei: 3n,
    gasLimit: 50_000n,
    fees: { maxFeeWei: 9n, tipWei: 2n },
  };

  it("signs with a key from a file, with or without 0x", async () => {
    for (const text of [anvilKeys[0], `${anvilKeys[0].slice(2)}\n`]) {
      const signer = await openSigner({ keyFile: write("hex.key", text) });
      const { raw, hash } = await signer.sign(unsigned);
      const parsed = Transaction.from(raw);
      expect(parsed.from?.toLowerCase()).to.equal("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
      expect(parsed.hash).to.equal(hash);
      expect([
        parsed.nonce,
        parsed.maxFeePerGas,
        parsed.maxPriorityFeePerGas,
        parsed.value,
        parsed.chainId,
      ]).to.deep.equal([7, 9n, 2n, 3n, 1n]);
    }
  });

  it("signs with an encrypted keystore and its password file", async function () {
    this.timeout(20_000);
    const keystore = await new Wallet(anvilKeys[1]).encrypt("open sesame", undefined);
    const key = write("keystore.json", keystore);
    const signer = await openSigner({
      keyFile: key,
      passwordFile: write("password", "open sesame\n"),
    });
    expect(signer.address).to.equal("0x70997970c51812dc3a010c7d01b50e0d17dc79c8");
    expect(Transaction.from((await signer.sign(unsigned)).raw).from?.toLowerCase()).to.equal(
      signer.address,
    );
    const wrong = await openSigner({ keyFile: key, passwordFile: write("wrong", "no") }).catch(
      (error: unknown) => error,
    );
    expect(String(wrong)).to.match(/does not open with the password/);
    const none = await openSigner({ keyFile: key }).catch((error: unknown) => error);
    expect(String(none)).to.match(/name its password file/);
  });

  it("refuses a key that others may read, and never shows a key in an error", async () => {
    const open = await openSigner({ keyFile: write("open.key", anvilKeys[0], 0o644) }).catch(
      (error: unknown) => error,
    );
    expect(String(open)).to.match(/mode is 644, other users may read it. Run: chmod 600/);
    const bad = await openSigner({ keyFile: write("bad.key", `${anvilKeys[0]}ff`) }).catch(
      (error: unknown) => error,
    );
    expect(String(bad)).to.match(/is neither a private key/);
    expect(String(bad)).to.not.contain(anvilKeys[0].slice(4, 20));
  });
});
