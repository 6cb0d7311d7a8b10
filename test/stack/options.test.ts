import os from "node:os";

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

  const wrong: [string, string[], RegExp][] = [
    ["an unknown flag", ["--frsh"], /unknown option '--frsh'/],
    ["a word that is no flag", ["now"], /now|too many arguments/],
    ["a speed of zero", ["--data", os.tmpdir(), "--speed", "0"], /positive number/],
    ["a folder that does not exist", ["--data", "/no/such/folder"], /not a folder/],
    ["live prices and bars at once", ["--live", "--data", os.tmpdir()], /cannot be used/],
    ["a port base without room for the ports", ["--port-base", "65530"], /whole number/],
    ["a privileged port base", ["--port-base", "80"], /whole number/],
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
