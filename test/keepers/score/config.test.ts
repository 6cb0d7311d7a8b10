import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { exampleConfig, scoreConfigSchema } from "../../../keepers/score/config.ts";
import { readConfig } from "../../../keepers/shared/config.ts";

describe("score: configuration", () => {
  const folder = mkdtempSync(join(tmpdir(), "dodona-score-config-"));
  const file = join(folder, "score.json");
  after(() => rmSync(folder, { recursive: true, force: true }));

  const read = (change: object = {}) => {
    const example = JSON.parse(exampleConfig) as object;
    writeFileSync(file, JSON.stringify({ ...example, ...change }));
    return readConfig(scoreConfigSchema, file);
  };

  it("accepts the example of its help, and completes what is left out", () => {
    const left = { pollMs: undefined, settleSeconds: undefined, confirmations: undefined };
    expect(read(left)).to.include({
      ...{ pollMs: 2_000, settleSeconds: 60, confirmations: 12, maxAttempts: 5 },
    });
  });

  it("names what is wrong, and where", () => {
    const cases: [object, RegExp][] = [
      [{ account: "0x12" }, /account: must be an address/],
      [{ contracts: {} }, /contracts\.operatorRewards: /],
      [{ indexUrl: "ftp://x" }, /indexUrl: must be an http or https URL/],
      [{ settleSeconds: -1 }, /settleSeconds: /],
      [{ keyFile: "none" }, /keyFile/],
    ];
    for (const [change, message] of cases) expect(() => read(change)).to.throw(message);
  });
});
