import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { exampleConfig, readProvingKey, vrfConfigSchema } from "../../../keepers/vrf/config.ts";
import { provingKey, secret } from "./harness.ts";

describe("VRF keeper's configuration", () => {
  let folder: string;
  const write = (text: string): string => {
    const file = join(folder, "key.json");
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "dodona-vrf-config-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it("accepts the example of --help, and nothing that it does not know", () => {
    const example = JSON.parse(exampleConfig) as object;
    expect(vrfConfigSchema.safeParse(example).success).to.equal(true);
    expect(vrfConfigSchema.safeParse({ ...example, colour: "red" }).success).to.equal(false);
    expect(vrfConfigSchema.safeParse({ ...example, chainId: 0 }).success).to.equal(false);
  });

  it("reads a proving key", () => {
    expect(readProvingKey(write(JSON.stringify({ vrf: secret }))).keyHash).to.equal(
      provingKey.keyHash,
    );
  });

  it("names the mistake in a key file, never the key", () => {
    const text = (content: string): string => {
      try {
        readProvingKey(write(content));
      } catch (error) {
        return (error as Error).message;
      }
      return "accepted";
    };
    expect(text(`{"vrf": "${secret}"`)).to.match(/is not valid JSON\.$/);
    expect(text(`{"vrf": "${secret.slice(0, 20)}"}`)).to.match(/32 bytes in hex/);
    expect(text(`{"vrf": "${secret}", "more": 1}`)).to.match(/nothing else/);
    expect(text(`{"vrf": "0x${"00".repeat(32)}"}`)).to.match(/in \[1, n\)/);
    for (const content of [`{"vrf": "${secret}"`, `{"vrf": "${secret}", "more": 1}`]) {
      expect(text(content)).to.not.include(secret.slice(2, 12));
    }
  });

  it("refuses a key file that others may read", () => {
    const file = write(JSON.stringify({ vrf: secret }));
    chmodSync(file, 0o644);
    expect(() => readProvingKey(file)).to.throw("chmod 600");
  });
});
