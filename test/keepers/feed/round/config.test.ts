import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { feedConfigSchema, readFeedSettings } from "../../../../keepers/feed/config.ts";
import { generateKeys } from "../../../../keepers/feed/signing/keys.ts";

const CONFIG = {
  chainId: 31337,
  rpcUrls: ["http://127.0.0.1:8545"],
  contracts: { priceFeeds: `0x${"11".repeat(20)}`, operators: `0x${"22".repeat(20)}` },
  keyFile: "key.json",
  account: `0x${"AB".repeat(20)}`,
  listen: { host: "127.0.0.1", port: 8571 },
  metrics: { host: "127.0.0.1", port: 8581 },
  prices: { mode: "live" },
};
const problems = (change: object): string[] => {
  const parsed = feedConfigSchema.safeParse({ ...CONFIG, ...change });
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
};

describe("an operator's configuration", () => {
  it("is complete with little: the rest has defaults", () => {
    const config = feedConfigSchema.parse(CONFIG);
    expect(config.account).to.equal(`0x${"ab".repeat(20)}`);
    expect(config.timing).to.include({ observeMs: 250, nonceMs: 200, signMs: 400 });
    expect(config.log.level).to.equal("info");
  });

  it("takes recorded and invented prices on the local chain only", () => {
    const replay = { mode: "replay", dir: "bars", speed: 60, startedAtMs: 1 };
    const simulator = { mode: "simulator", seed: 7 };
    for (const prices of [replay, simulator]) {
      expect(problems({ prices })).to.deep.equal([]);
      const [problem] = problems({ prices, chainId: 1 });
      expect(problem).to.include("prices.mode").and.include("chain 31337 only, not on 1");
    }
    expect(problems({ chainId: 1 })).to.deep.equal([]);
  });

  it("refuses unknown fields and values out of range", () => {
    expect(problems({ more: 1 })).to.have.length(1);
    expect(problems({ prices: { mode: "guess" } })).to.have.length(1);
    expect(problems({ timing: { handoverMs: 9_000 } })).to.deep.equal([
      "timing.handoverMs: must be below reportTimeoutMs",
    ]);
    expect(problems({ account: "0x12" })).to.have.length(1);
  });

  describe("with its key file", () => {
    let folder: string;
    let url: string | undefined;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "dodona-config-"));
      url = process.env["DATABASE_URL"];
      process.env["DATABASE_URL"] = "postgres://u:p@localhost:1/d";
    });
    afterEach(() => {
      rmSync(folder, { recursive: true });
      if (url === undefined) delete process.env["DATABASE_URL"];
      else process.env["DATABASE_URL"] = url;
    });

    function read(content: string, mode: number): () => unknown {
      const keyFile = join(folder, "key.json");
      rmSync(keyFile, { force: true });
      writeFileSync(keyFile, content, { mode });
      const file = join(folder, "config.json");
      writeFileSync(file, JSON.stringify({ ...CONFIG, keyFile }));
      return () => readFeedSettings(file);
    }

    it("gives the keys", () => {
      const settings = read(JSON.stringify(generateKeys()), 0o600)();
      expect(settings).to.have.nested.property("keys.secp256k1").with.length(32);
    });

    it("is refused when others may read it, or when it holds no keys, without repeating them", () => {
      const keys = generateKeys();
      expect(read(JSON.stringify(keys), 0o644)).to.throw("chmod 600");
      expect(read(`{"secp256k1":"${keys.secp256k1}"`, 0o600)).to.throw(/not valid JSON\.$/);
      expect(read(JSON.stringify({ ...keys, grumpkin: "0x0" }), 0o600)).to.throw(
        "grumpkin in the key file",
      );
    });
  });
});
