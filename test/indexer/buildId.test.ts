import { expect } from "chai";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildId } from "../../indexer/buildId.ts";

const SETTINGS = {
  chainId: 31337,
  contracts: {
    operators: `0x${"ab".repeat(20)}`,
    priceFeeds: `0x${"cd".repeat(20)}`,
    startBlock: 7,
  },
} as const;

describe("build id", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dodona-build-"));
    mkdirSync(join(folder, "src", "api"), { recursive: true });
    writeFileSync(join(folder, "ponder.config.ts"), "config");
    writeFileSync(join(folder, "ponder.schema.ts"), "schema");
    writeFileSync(join(folder, "src", "Feeds.ts"), "handlers");
    writeFileSync(join(folder, "src", "api", "index.ts"), "routes");
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it("is the same for the same build, whatever the letter case of addresses", () => {
    const upper = `0x${"AB".repeat(20)}` as const;
    const same = { ...SETTINGS, contracts: { ...SETTINGS.contracts, operators: upper } };
    expect(buildId(folder, "1", same)).to.equal(buildId(folder, "1", SETTINGS));
    expect(buildId(folder, "1", SETTINGS)).to.match(/^[0-9a-f]{12}$/);
  });

  it("changes with the chain, an address, the start block and Ponder's version", () => {
    const { contracts } = SETTINGS;
    const ids = [
      buildId(folder, "1", SETTINGS),
      buildId(folder, "2", SETTINGS),
      buildId(folder, "1", { ...SETTINGS, chainId: 10 }),
      buildId(folder, "1", { ...SETTINGS, contracts: { ...contracts, startBlock: 8 } }),
      buildId(folder, "1", {
        ...SETTINGS,
        contracts: { ...contracts, operators: contracts.priceFeeds },
      }),
    ];
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it("changes with the payouts' contract, tokens and first block", () => {
    const { contracts } = SETTINGS;
    const [one, two] = [contracts.operators, contracts.priceFeeds];
    const ids = [
      undefined,
      { distributor: one, tokens: [two] },
      { distributor: two, tokens: [two] },
      { distributor: one, tokens: [two, one] },
      { distributor: one, tokens: [two], startBlock: 3 },
    ].map((payouts) => buildId(folder, "1", { ...SETTINGS, contracts: { ...contracts, payouts } }));
    expect(new Set(ids).size).to.equal(ids.length);
    expect(ids[0]).to.equal(buildId(folder, "1", SETTINGS));
  });

  it("changes with what writes rows, and not with the API that only reads them", () => {
    const before = buildId(folder, "1", SETTINGS);
    writeFileSync(join(folder, "src", "api", "index.ts"), "other routes");
    expect(buildId(folder, "1", SETTINGS)).to.equal(before);
    const seen = new Set([before]);
    for (const file of ["ponder.config.ts", "ponder.schema.ts", "src/Feeds.ts", "src/More.ts"]) {
      writeFileSync(join(folder, file), "changed");
      seen.add(buildId(folder, "1", SETTINGS));
    }
    expect(seen.size).to.equal(5);
  });
});
