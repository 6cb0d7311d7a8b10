import { execFileSync } from "node:child_process";
import path from "node:path";

import { expect } from "chai";
import type { CompilerInput, CompilerOutput } from "hardhat/types/solidity";

import { merge, split } from "../../deploy/compiler.ts";

const projectRoot = path.resolve(import.meta.dirname, "../..");
const pragma = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\n";

/** What makes code of one file depend on another: inheritance, creation, a linked library, an immutable. */
const sources: Record<string, string> = {
  "ILight.sol": `${pragma}interface ILight { event Lit(uint256 at); function on() external; }`,
  "Times.sol": `${pragma}library Times { function twice(uint256 x) external pure returns (uint256) { return 2 * x; } }`,
  "Light.sol": `${pragma}import {ILight} from "./ILight.sol"; import {Times} from "./Times.sol";
    contract Light is ILight { uint256 public immutable since = block.timestamp; uint256 public count;
      function on() external { count = Times.twice(count + 1); emit Lit(since); } }`,
  "House.sol": `${pragma}import {Light} from "./Light.sol";
    contract House { Light public light = new Light(); }
    contract Tower is House { Light public top = new Light(); }`,
  "Noted.sol": `${pragma}contract Noted { function unused(uint256 x) external { } }`,
};

function inputOf(files: Record<string, string>): CompilerInput {
  return {
    language: "Solidity",
    sources: Object.fromEntries(
      Object.entries(files).map(([name, content]) => [name, { content }]),
    ),
    settings: {
      viaIR: true,
      optimizer: { enabled: true, runs: 1_000_000 },
      evmVersion: "cancun",
      outputSelection: {
        "*": {
          "": ["ast"],
          "*": ["abi", "metadata", "evm.bytecode", "evm.deployedBytecode", "evm.methodIdentifiers"],
        },
      },
    },
  };
}

function compile(input: CompilerInput): CompilerOutput {
  const solc = path.join(projectRoot, "node_modules/solc/solc.js");
  const printed = execFileSync(process.execPath, [solc, "--standard-json"], {
    input: JSON.stringify(input),
    stdio: ["pipe", "pipe", "ignore"],
    maxBuffer: 64 * 1024 * 1024,
  });
  // The program prints a line about a debugger first.
  const text = printed.toString();
  return JSON.parse(text.slice(text.indexOf("{"))) as CompilerOutput;
}

const sorted = (output: CompilerOutput): CompilerOutput => ({
  ...output,
  errors: (output.errors ?? []).toSorted((a, b) =>
    JSON.stringify(a).localeCompare(JSON.stringify(b)),
  ),
});

describe("compiling on all cores", function () {
  this.timeout(120_000);

  it("gives what one compiler gives", () => {
    const input = inputOf(sources);
    const whole = compile(input);
    expect(whole.errors).to.have.length.greaterThan(0);
    expect(whole.errors?.filter(({ severity }) => severity === "error")).to.deep.equal([]);
    for (const most of [2, 3]) {
      expect(sorted(merge(split(input, most).map(compile)))).to.deep.equal(sorted(whole));
    }
  });

  it("says an error once", () => {
    const input = inputOf({
      ...sources,
      "Wrong.sol": `${pragma}contract Wrong { function f() external { missing(); } }`,
    });
    const errors = (merge(split(input, 3).map(compile)).errors ?? []).filter(
      ({ severity }) => severity === "error",
    );
    expect(errors.map(({ message }) => message)).to.deep.equal(["Undeclared identifier."]);
  });

  it("deals out every file once, in no more parts than there are files", () => {
    const input = inputOf(sources);
    for (const most of [1, 3, 5, 64]) {
      const parts = split(input, most);
      expect(parts).to.have.length(Math.min(most, 5));
      const files = parts.flatMap(({ settings }) => Object.keys(settings.outputSelection));
      expect(files.toSorted()).to.deep.equal(Object.keys(sources).toSorted());
      for (const part of parts) expect(part.sources).to.equal(input.sources);
    }
  });

  it("leaves a selection of single files alone", () => {
    const input = inputOf(sources);
    input.settings.outputSelection = { "House.sol": { "*": ["abi"] } };
    expect(split(input, 4)).to.deep.equal([input]);
  });
});
