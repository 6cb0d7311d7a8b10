import { statSync } from "node:fs";
import path from "node:path";

import { Command, InvalidArgumentError, Option } from "commander";

import { StackFailure } from "./failure.ts";
import { defaultPortBase, projectRoot } from "./layout.ts";
import { requireProgram } from "./program.ts";

export type Prices =
  | { readonly mode: "live" }
  | { readonly mode: "replay"; readonly dir: string; readonly speed: number };

export interface Options {
  readonly prices: Prices;
  readonly fresh: boolean;
  readonly portBase: number;
  readonly state: string;
  readonly untilHealthy: boolean;
  readonly json: boolean;
  /** Seconds until `--until-healthy` gives up. */
  readonly timeoutSeconds: number;
  /** File of the deployment's parameters; the local ones when absent. */
  readonly parameters?: string;
  /** The part of the network to run; all of it but payouts' keepers when absent. */
  readonly only?: "payouts";
  /** Program file of payouts; the one used before, or a sample, when absent. */
  readonly program?: string;
}

interface Flags {
  live?: true;
  data?: string;
  only?: "payouts";
  program?: string;
  speed: number;
  fresh?: true;
  portBase: number;
  state: string;
  untilHealthy?: true;
  json?: true;
  timeout: number;
}

const maxPort = 65_535;
const portsNeeded = 50;

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError("a positive number is needed.");
  return value;
}

function portBase(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1024 || value > maxPort - portsNeeded) {
    throw new InvalidArgumentError(
      `a whole number from 1024 to ${maxPort - portsNeeded} is needed.`,
    );
  }
  return value;
}

/**
 * Reads the command line of `npm start`.
 * @param argv Words after the script's name.
 * @throws StackFailure on a wrong flag or value; commander's own exit serves --help.
 */
export function parseOptions(argv: readonly string[]): Options {
  const command = new Command("npm start --")
    .description(
      "Runs the whole oracle network on this machine: chain, database, operators, relayer, index.",
    )
    .addOption(new Option("--live", "take prices from exchanges (the default)").conflicts("data"))
    .option(
      "--data <dir>",
      "replay recorded bars: files VENUE_PAIR.csv[.gz], header ts,open,high,low,close,volume",
    )
    .option("--speed <factor>", "replay: recorded seconds per second", positive, 60)
    .addOption(
      new Option("--only <part>", "payouts: no operators, but the keepers that pay out every day")
        .choices(["payouts"])
        .conflicts(["live", "data"]),
    )
    .option("--program <file>", "with --only payouts: what is paid to whom (default a sample)")
    .option("--fresh", "forget the chain, the database and the keys of earlier starts")
    .option(
      "--port-base <port>",
      "first of the 50 ports that the stack uses",
      portBase,
      defaultPortBase,
    )
    .option("--state <dir>", "folder for chain, keys, logs", path.join(projectRoot, ".dodona"))
    .option("--until-healthy", "stop as soon as every feed that has its venues has two new rounds")
    .option("--json", "with --until-healthy: one JSON object as the last line")
    .option("--timeout <seconds>", "with --until-healthy: give up after this time", positive, 600)
    .addHelpText(
      "after",
      "\nExamples:\n  npm start\n  npm start -- --data ../bars --speed 120\n  npm start -- --only payouts --program program.json\n  npm start -- --until-healthy --json --timeout 240",
    )
    .showSuggestionAfterError()
    .configureOutput({
      outputError: () => undefined,
    })
    .exitOverride((error) => {
      if (error.exitCode === 0) process.exit(0);
      throw new StackFailure(
        `${error.message.replace(/^error: /, "").replaceAll("\n", " ")} (npm start -- --help lists the flags)`,
      );
    });
  command.parse([...argv], { from: "user" });
  if (command.args.length > 0)
    throw new StackFailure(`unknown argument '${command.args[0]}' (npm start -- --help)`);
  const flags = command.opts<Flags>();
  if (flags.json && !flags.untilHealthy) throw new StackFailure("--json goes with --until-healthy");
  if (flags.program !== undefined && flags.only !== "payouts")
    throw new StackFailure("--program goes with --only payouts");
  const program = flags.program === undefined ? undefined : path.resolve(flags.program);
  if (program !== undefined) requireProgram(program);
  return {
    prices: flags.data === undefined ? { mode: "live" } : replay(flags.data, flags.speed),
    fresh: flags.fresh ?? false,
    portBase: flags.portBase,
    state: path.resolve(flags.state),
    untilHealthy: flags.untilHealthy ?? false,
    json: flags.json ?? false,
    timeoutSeconds: flags.timeout,
    ...(flags.only === undefined ? {} : { only: flags.only }),
    ...(program === undefined ? {} : { program }),
  };
}

function replay(data: string, speed: number): Prices {
  const dir = path.resolve(data);
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) {
    throw new StackFailure(`--data: ${dir} is not a folder`);
  }
  return { mode: "replay", dir, speed };
}
