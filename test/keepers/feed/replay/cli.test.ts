import { spawnSync } from "node:child_process";
import path from "node:path";

import { expect } from "chai";

import { csv, folder, OPEN_TS } from "./fixtures.ts";

const CLI = path.resolve(import.meta.dirname, "../../../../keepers/feed/replay/cli.ts");

function replay(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

function within(files: Readonly<Record<string, string>>, check: (dir: string) => void): void {
  const { dir, remove } = folder(files);
  try {
    check(dir);
  } finally {
    remove();
  }
}

const good = csv([OPEN_TS, 100, 1], [OPEN_TS + 60, 101, 2]);

describe("replay command", function () {
  this.timeout(30_000);

  it("prints a JSON object for every step and a summary as the last line", () => {
    within({ "a_BTCUSD.csv": good, "b_BTCUSD.csv.gz": good, "c_BTCUSD.csv": good }, (dir) => {
      const { status, stdout, stderr } = replay("--data", dir, "--feed", "BTC/USD", "--json");
      expect([status, stderr]).to.deep.equal([0, ""]);
      const lines = stdout
        .trimEnd()
        .split("\n")
        .map((text) => JSON.parse(text) as unknown);
      const venues = { a: "used", b: "used", c: "used" };
      expect(lines).to.deep.equal([
        ...[100, 101].map((price, index) => ({
          ts: OPEN_TS + 60 + index * 60,
          price,
          reason: "median of 3 venues",
          venues,
          answer: price,
          status: "live",
          published: true,
        })),
        {
          summary: { steps: 2, published: 2, missing: 0, suspended: 0, maxGapSeconds: 60 },
          incidents: [],
        },
      ]);
    });
  });

  it("tells people the same without JSON", () => {
    within({ "a_BTCUSD.csv": good }, (dir) => {
      const { status, stdout } = replay("--data", dir, "--feed", "BTC/USD", "--min-venues", "1");
      expect(status).to.equal(0);
      expect(stdout).to.contain("At the end: live, answer 101.");
    });
  });

  it("goes on without a price and says why", () => {
    within({ "a_BTCUSD.csv": good }, (dir) => {
      const { status, stdout } = replay("--data", dir, "--feed", "BTC/USD", "--json");
      expect(status).to.equal(0);
      const first = JSON.parse(stdout.split("\n")[0]!) as Record<string, unknown>;
      expect(first).to.include({
        price: null,
        reason: "too few venues: 1 live, 3 needed",
        status: "empty",
      });
    });
  });

  const failures: Record<string, [files: Record<string, string>, args: string[], message: RegExp]> =
    {
      "a malformed row": [
        { "a_BTCUSD.csv": good.replace("101,2", "101,x") },
        [],
        /a_BTCUSD\.csv line 3: volume is not a number: "x"/,
      ],
      "a folder without usable files": [{ "readme.txt": "" }, [], /has no usable files/],
      "times without overlap": [
        { "a_BTCUSD.csv": good },
        ["--from", "2020-01-01", "--to", "2020-01-02"],
        /no overlap: bars of BTC end from/,
      ],
      "a time it cannot read": [
        { "a_BTCUSD.csv": good },
        ["--from", "noon"],
        /--from.*expected unix seconds/,
      ],
      "an unknown flag": [{ "a_BTCUSD.csv": good }, ["--fast"], /unknown option '--fast'/],
    };
  for (const [name, [files, args, message]] of Object.entries(failures)) {
    it(`ends with one clear line and exit code 1 for ${name}`, () => {
      within(files, (dir) => {
        const { status, stdout, stderr } = replay("--data", dir, "--feed", "BTC/USD", ...args);
        expect(status).to.equal(1);
        expect(stdout).to.equal("");
        expect(stderr).to.match(message);
        expect(stderr.trimEnd().split("\n")).to.have.length(1);
      });
    });
  }

  it("explains itself with an example", () => {
    const { status, stdout } = replay("--help");
    expect(status).to.equal(0);
    expect(stdout).to.match(/Example:\n\s+npm run replay -- --data/);
  });
});
