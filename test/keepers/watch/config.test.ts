import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readConfig } from "../../../keepers/shared/config.ts";
import { exampleConfig, watchConfigSchema } from "../../../keepers/watch/config.ts";

describe("watch: configuration", () => {
  const folder = mkdtempSync(join(tmpdir(), "dodona-watch-config-"));
  const file = join(folder, "watch.json");
  after(() => rmSync(folder, { recursive: true, force: true }));

  const read = (change: object = {}) => {
    const example = JSON.parse(exampleConfig) as object;
    writeFileSync(file, JSON.stringify({ ...example, ...change }));
    return readConfig(watchConfigSchema, file);
  };

  it("accepts the example of its help, and completes what is left out", () => {
    const config = read({ pollMs: undefined, warnings: undefined });
    expect(config).to.include({ pollMs: 1_000, confirmations: 12, maxAttempts: 5 });
    expect(config.warnings).to.deep.equal({
      ...{ pauseSeconds: 43_200, termSeconds: 1_209_600, stakeBps: 11_000, overdueSeconds: 60 },
    });
  });

  it("names what is wrong, and where", () => {
    const contracts = { slashing: `0x${"1".repeat(40)}`, operators: "0x12" };
    const cases: [object, RegExp][] = [
      [{ reporter: `0x${"0".repeat(40)}` }, /reporter: must not be the zero address/],
      [{ contracts }, /contracts\.operators: must be an address/],
      [{ pollMs: 1 }, /pollMs: /],
      [{ warnings: { stakeBps: 9_999 } }, /warnings\.stakeBps: /],
      [{ keyFile: "none" }, /keyFile/],
    ];
    for (const [change, message] of cases) expect(() => read(change)).to.throw(message);
  });
});
