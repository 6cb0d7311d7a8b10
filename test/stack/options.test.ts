import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { expect } from "chai";

import { StackFailure } from "../../deploy/stack/failure.ts";
import { parseOptions } from "../../deploy/stack/options.ts";

describe("options of npm start", () => {
  it("takes prices from exchanges by default", () => {
    const options = parseOptions([]);
    expect(options.prices).to.deep.equal({ mode: "live" });
    expect(options.portBase).to.equal(8540);
    expect(options.fresh).to.equal(false);
    expect(options.untilHealthy).to.equal(false);
  });

  it("replays a folder of bars at the given speed", () => {
    const options = parseOptions(["--data", os.tmpdir(), "--speed", "120"]);
    expect(options.prices).to.deep.equal({ mode: "replay", dir: os.tmpdir(), speed: 120 });
  });

  it("runs payouts alone with a program that is checked at once", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "dodona-options-"));
    const program = path.join(folder, "program.json");
    try {
      const token = `0x${"1".repeat(40)}`;
      const content = {
        ...{ name: "Test", token, startDay: "2026-11-01", epochHour: 6, poolPerDay: "1" },
        participants: { source: "transfers", token },
        ...{ holdings: { token }, rule: { kind: "flat" } },
      };
      writeFileSync(program, JSON.stringify(content));
      const options = parseOptions(["--only", "payouts", "--program", program]);
      expect(options).to.include({ only: "payouts", program });
      expect(parseOptions(["--only", "payouts"])).not.to.have.property("program");
      expect(parseOptions([])).not.to.have.property("only");
      writeFileSync(program, JSON.stringify({ ...content, epochHour: 24, days: 0 }));
      expect(() => parseOptions(["--only", "payouts", "--program", program])).to.throw(
        StackFailure,
        /^[^\n]*epochHour[^\n]*days[^\n]*$/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const wrong: [string, string[], RegExp][] = [
    ["an unknown flag", ["--frsh"], /unknown option '--frsh'/],
    ["a word that is no flag", ["now"], /now|too many arguments/],
    ["a speed of zero", ["--data", os.tmpdir(), "--speed", "0"], /positive number/],
    ["a folder that does not exist", ["--data", "/no/such/folder"], /not a folder/],
    ["live prices and bars at once", ["--live", "--data", os.tmpdir()], /cannot be used/],
    ["a port base without room for the ports", ["--port-base", "65530"], /whole number/],
    ["a privileged port base", ["--port-base", "80"], /whole number/],
    ["a part that cannot run alone", ["--only", "feeds"], /payouts/],
    ["payouts alone with bars", ["--only", "payouts", "--data", os.tmpdir()], /cannot be used/],
    ["a program without payouts alone", ["--program", "p.json"], /--only payouts/],
    ["a program that is not there", ["--only", "payouts", "--program", "/no/p.json"], /p\.json/],
    ["JSON without an end", ["--json"], /--until-healthy/],
    ["a timeout that is no number", ["--until-healthy", "--timeout", "soon"], /positive number/],
  ];
  for (const [what, argv, message] of wrong) {
    it(`refuses ${what} in one line`, () => {
      expect(() => parseOptions(argv)).to.throw(StackFailure, message);
      try {
        parseOptions(argv);
      } catch (error) {
        expect((error as Error).message).not.to.contain("\n");
      }
    });
  }
});
