import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { attestConfigSchema, exampleConfig } from "../../../keepers/attest/config.ts";
import { readConfig } from "../../../keepers/shared/config.ts";

describe("attest: configuration", () => {
  const folder = mkdtempSync(join(tmpdir(), "dodona-attest-config-"));
  const file = join(folder, "attest.json");
  after(() => rmSync(folder, { recursive: true, force: true }));

  const read = (change: object = {}) => {
    const example = JSON.parse(exampleConfig) as object;
    writeFileSync(file, JSON.stringify({ ...example, ...change }));
    return readConfig(attestConfigSchema, file);
  };

  it("accepts the example of its help, and completes what is left out", () => {
    const config = read({ everySeconds: undefined, pollMs: undefined });
    expect(config).to.include({ everySeconds: 3_600, pollMs: 10_000, maxAttempts: 5 });
  });

  it("names what is wrong, and where", () => {
    const contracts = { priceAttestations: `0x${"1".repeat(40)}`, operators: "0x12" };
    const cases: [object, RegExp][] = [
      [{ contracts }, /contracts\.operators: must be an address/],
      [{ everySeconds: 9 }, /everySeconds: /],
      [{ proveMs: 10 }, /proveMs: /],
      [{ keyFile: "none" }, /keyFile/],
    ];
    for (const [change, message] of cases) expect(() => read(change)).to.throw(message);
  });
});
