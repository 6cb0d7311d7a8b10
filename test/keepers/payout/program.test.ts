import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { keccak256, toUtf8Bytes } from "ethers";

import { epochsDue, windowOf } from "../../../keepers/payout/calendar.ts";
import {
  canonicalProgram,
  programHash,
  programSchema,
  readProgram,
} from "../../../keepers/payout/program.ts";
import { ConfigError } from "../../../keepers/shared/config.ts";
import { firstEnd, programFile, programOf, token } from "./fixtures.ts";

describe("payout program", () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), "dodona-program-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  function errorOf(fields: Record<string, unknown>): string {
    const file = join(folder, "program.json");
    writeFileSync(file, JSON.stringify({ ...programFile, ...fields }));
    try {
      readProgram(file);
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError);
      return (error as Error).message.replaceAll(`${file}: `, "");
    }
    throw new Error("the program was accepted");
  }

  it("takes the least that is needed", () => {
    const program = programOf();
    expect(program.poolPerDay).to.equal(1_000n);
    expect(program.firstEpoch).to.equal(1);
    expect(program.exclusions).to.deep.equal([]);
    expect(program.eligibility).to.deep.equal({ minBalance: 1n, minAgeHours: 0 });
  });

  const mistakes: Array<[string, Record<string, unknown>, RegExp]> = [
    ["an unknown field", { pool: "1" }, /Unrecognized key: "pool"/],
    ["an amount as a number", { poolPerDay: 5 }, /^poolPerDay: /],
    ["an amount with a point", { poolPerDay: "1.5" }, /^poolPerDay: must be a whole number/],
    ["an empty pool", { poolPerDay: "0" }, /^poolPerDay: must be above 0/],
    ["a pool of 2^96", { poolPerDay: String(2n ** 96n) }, /^poolPerDay: .* below 2\^96/],
    ["no address", { token: "0x12" }, /^token: must be an address/],
    ["no day", { startDay: "2026-02-30" }, /^startDay: must be a day/],
    ["hour 24", { epochHour: 24 }, /^epochHour: /],
    ["an unknown rule", { rule: { kind: "sudoku" } }, /^rule\.kind: /],
    [
      "tiers that do not ascend",
      {
        rule: {
          kind: "tiers",
          tiers: [
            { from: "10", weight: 1 },
            { from: "10", weight: 2 },
          ],
        },
      },
      /^rule\.tiers: .*ascending/,
    ],
    [
      "a raffle without randomness",
      { rule: { kind: "raffle", weighting: "equal", prizes: [1] } },
      /^rule\.randomness: /,
    ],
    [
      "a list that names an account twice",
      {
        participants: {
          source: "list",
          accounts: [token, token.toUpperCase().replace("0X", "0x")],
        },
      },
      /^participants\.accounts: names an account twice/,
    ],
    [
      "an exclusion without a reason",
      { exclusions: [{ account: token }] },
      /^exclusions\.0\.reason: /,
    ],
    [
      "a share above all",
      { checks: { suddenHolder: { maxAgeHours: 1, minShareBps: 10_001 } } },
      /^checks\.suddenHolder\.minShareBps: /,
    ],
  ];
  for (const [name, fields, message] of mistakes) {
    it(`names the field of ${name}`, () => expect(errorOf(fields)).to.match(message));
  }

  it("has one hash, whatever the order of its fields and the letter case of its addresses", () => {
    const turned = Object.fromEntries(Object.entries(programFile).reverse());
    const upper = { ...turned, token: `0x${"70".repeat(20).toUpperCase()}` };
    expect(programHash(programSchema.parse(upper))).to.equal(programHash(programOf()));
    expect(programHash(programOf({ poolPerDay: "1001" }))).not.to.equal(programHash(programOf()));
    const text = canonicalProgram(programOf());
    expect(programHash(programOf())).to.equal(keccak256(toUtf8Bytes(text)));
    expect(programSchema.parse(JSON.parse(text))).to.deep.equal(programOf());
  });

  it("pays each epoch for the 24 hours from the set hour on", () => {
    const program = programOf({ days: 3, firstEpoch: 11 });
    expect(windowOf(program, 11)).to.deep.equal({
      start: Date.parse("2026-11-01T06:00:00Z") / 1_000,
      end: Date.parse("2026-11-02T06:00:00Z") / 1_000,
    });
    expect(windowOf(program, 11)?.end).to.equal(firstEnd);
    expect(windowOf(program, 13)?.end).to.equal(Date.parse("2026-11-04T06:00:00Z") / 1_000);
    expect(windowOf(program, 10)).to.equal(null);
    expect(windowOf(program, 14)).to.equal(null);
  });

  it("counts the days that are due", () => {
    const program = programOf({ days: 3 });
    expect(epochsDue(program, 1, firstEnd - 1)).to.equal(0);
    expect(epochsDue(program, 1, firstEnd)).to.equal(1);
    expect(epochsDue(program, 1, firstEnd + 86_400)).to.equal(2);
    expect(epochsDue(program, 1, firstEnd + 86_400 * 30)).to.equal(3);
    expect(epochsDue(program, 3, firstEnd + 86_400 * 30)).to.equal(1);
    expect(epochsDue(program, 4, firstEnd + 86_400 * 30)).to.equal(0);
  });
});
