import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import {
  exampleConfig,
  readApproverKey,
  readPayoutSettings,
  uriOf,
} from "../../../keepers/payout/config.ts";
import { programFile } from "./fixtures.ts";

describe("payout configuration", () => {
  let folder: string;
  const urlBefore = process.env["DATABASE_URL"];
  const keyFile = (): string => join(folder, "key.json");
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "dodona-payout-config-"));
    process.env["DATABASE_URL"] = "postgres://user:password@127.0.0.1/dodona";
    writeFileSync(join(folder, "program.json"), JSON.stringify(programFile));
    writeFileSync(keyFile(), JSON.stringify({ payouts: `0x${"11".repeat(32)}` }), { mode: 0o600 });
  });
  after(() => {
    if (urlBefore === undefined) delete process.env["DATABASE_URL"];
    else process.env["DATABASE_URL"] = urlBefore;
    rmSync(folder, { recursive: true, force: true });
  });

  function read(fields: Record<string, unknown>, without: readonly string[] = []) {
    const example = JSON.parse(exampleConfig) as Record<string, unknown>;
    const config = { ...example, programFile: join(folder, "program.json"), ...fields };
    const kept = Object.entries(config).filter(([name]) => !without.includes(name));
    const file = join(folder, "payout.json");
    writeFileSync(file, JSON.stringify(Object.fromEntries(kept)));
    return readPayoutSettings(file);
  }

  it("takes the example of --help", () => {
    const { config, program, wallet, confirmations, pollMs } = read({});
    expect(config.role).to.equal("proposer");
    expect(program.name).to.equal(programFile["name"]);
    expect({ wallet, confirmations, pollMs }).to.deep.equal({
      ...{ wallet: null, confirmations: 1, pollMs: 500 },
    });
    expect(read({ chainId: 1 })).to.deep.include({ confirmations: 64, pollMs: 5_000 });
  });

  it("gives an approver its key, and no role the fields of another", () => {
    const approver = { role: "approver", keyFile: keyFile() };
    const { wallet } = read(approver, ["sender", "uri"]);
    // The address of the secret key 0x1111…11, as other wallets show it.
    expect(wallet?.address).to.equal("0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A");
    expect(() => read(approver)).to.throw("Unrecognized keys");
    expect(() => read({}, ["sender"])).to.throw("sender: ");
    expect(() => read({ role: "watcher" })).to.throw('Unrecognized key: "uri"');
  });

  it("puts the hash into the URI, and refuses one that is too long or has no place for it", () => {
    expect(uriOf("https://a/{hash}.json", "0x12")).to.equal("https://a/0x12.json");
    expect(() => read({ uri: "https://a/data.json" })).to.throw("uri: must contain {hash}");
    const fits = `https://a/${"x".repeat(256 - 66 - 10)}{hash}`;
    expect(read({ uri: fits }).config).to.deep.include({ uri: fits });
    expect(() => read({ uri: `${fits}x` })).to.throw("uri: must be at most 256 bytes");
  });

  it("refuses keys that others may read, or that are none, without repeating them", () => {
    const file = join(folder, "bad.json");
    const write = (content: string, mode = 0o600): void => {
      writeFileSync(file, content);
      chmodSync(file, mode);
    };
    write(JSON.stringify({ payouts: `0x${"11".repeat(32)}` }), 0o644);
    expect(() => readApproverKey(file)).to.throw("chmod 600");
    write("{0x1111");
    expect(() => readApproverKey(file)).to.throw(/is not valid JSON\.$/);
    write(JSON.stringify({ payouts: "0x12" }));
    expect(() => readApproverKey(file)).to.throw('must be {"payouts": "0x…"}');
    write(JSON.stringify({ payouts: `0x${"00".repeat(32)}` }));
    expect(() => readApproverKey(file)).to.throw("must be in [1, n)");
  });
});
