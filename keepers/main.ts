import { Command } from "commander";
import { systemClock } from "./shared/clock.ts";
import { readConfig } from "./shared/config.ts";
import { runProcess } from "./shared/lifecycle.ts";
import { createLogger } from "./shared/log.ts";
import { exampleFleet, fleetSchema, fleetOf, keepers, mainOf } from "./fleet.ts";
import { superviseAll } from "./supervise.ts";

const descriptions = {
  feed: "An operator: observes prices, agrees with its peers on reports",
  relayer: "Sends the transactions that the others ask for",
  vrf: "Answers requests for randomness",
  watch: "Brings evidence of lying operators, and warns of what is coming",
  payout: "Proposes, approves or watches the roots of daily payouts",
  attest: "Has prices attested on chain by zero-knowledge proofs",
  score: "Posts who took part in each epoch, so that operators are paid",
} as const;

const program = new Command("npm run keeper --")
  .description(
    "Starts a keeper, or several under one supervisor. Each reads a JSON file, and DATABASE_URL from the environment.",
  )
  .addHelpText(
    "after",
    `
Examples:
  DATABASE_URL=postgres://user:password@127.0.0.1:8552/dodona npm run keeper -- relayer --config relayer.json
  DATABASE_URL=postgres://user:password@127.0.0.1:8552/dodona npm run keeper -- all --config keepers.json
  npm run keeper -- feed --help        # shows that keeper's configuration`,
  );

for (const keeper of keepers) {
  program
    .command(keeper)
    .description(descriptions[keeper])
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    // The keeper's own command line takes over in this process: it has its signals and its exit code.
    .action(async () => {
      process.argv.splice(2, 1);
      await import(mainOf(keeper).href);
    });
}

program
  .command("all")
  .description(
    "Starts every keeper that a file names, and again what dies, until it is told to stop",
  )
  .requiredOption("--config <file>", "JSON file that names each keeper's configuration")
  .addHelpText(
    "after",
    `
Every line that a keeper writes is passed on as it is. What dies is started again, later each time (1 s to 30 s) unless
it had worked for a minute. SIGTERM, SIGINT and SIGHUP stop all; when this process is killed, they stop by themselves.

Example:
  DATABASE_URL=postgres://user:password@127.0.0.1:8552/dodona npm run keeper -- all --config keepers.json

keepers.json (paths count from its own folder; one file, or a list to start several):
${exampleFleet}`,
  )
  .action(async ({ config: file }: { config: string }) => {
    await runProcess({
      name: "keepers",
      main: async (scope) => {
        const config = readConfig(fleetSchema, file);
        scope.watchParent(config.parentPid);
        const log = createLogger({ name: "keepers", level: config.log.level });
        await superviseAll({ clock: systemClock, log }, fleetOf(config, file), scope.signal);
      },
    });
  });

await program.parseAsync();
