import { emptyTask, task } from "hardhat/config";
import type { TaskDefinition } from "hardhat/types/tasks";

import type { TaskSettings } from "./shared/action.ts";
import { runAction } from "./shared/action.ts";
import { FROM, JSON_FLAG, optional } from "./vrf/options.ts";

const example = (text: string, command: string): string =>
  `${text}, e.g. npx hardhat proofs ${command}`;
const OUT = optional("out", "Write the proof to this file instead of sending it");

/** `npx hardhat proofs …`: attest, performance, verify, circuits. */
export function proofsTasks(settings: TaskSettings): TaskDefinition[] {
  return [
    emptyTask("proofs", "Prove prices and trading records, and check proofs").build(),
    task(
      ["proofs", "attest"],
      example(
        "Prove that a round's answers are the medians of signed observations",
        "attest --round 12 --feed BTC/USD --network local",
      ),
    )
      .addOption(optional("round", "Round of the feed (default its latest)"))
      .addOption(optional("feed", "Feed that the round is of (default the first)"))
      .addOption(OUT)
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { attestRound } = await import("./proofs/attest.ts");
            await attestRound(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["proofs", "performance"],
      example(
        "Prove profit, wins and drawdown of a ledger without showing a trade",
        "performance --ledger fills.csv --instrument BTC-USD --capital 1000000 --network local",
      ),
    )
      .addOption(
        optional("ledger", "Fills: .csv with the columns side,quantity,price,fee,time, or .json"),
      )
      .addOption(optional("instrument", "What was traded, for a .csv"))
      .addOption(optional("capital", "What profit is measured by, in units of value, for a .csv"))
      .addOption(optional("account", "Whose fills they are (default the sending account)"))
      .addOption(
        optional(
          "serviceKey",
          "File with the ingestion service's key, where it is yours (default the local network's)",
        ),
      )
      .addOption(
        optional("secret", "File with your secret (default LEDGER.secret, made if need be)"),
      )
      .addOption(OUT)
      .addOption(FROM)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { provePerformance } = await import("./proofs/performance.ts");
            await provePerformance(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["proofs", "verify"],
      example(
        "Check a proof's file with the deployed verifier, or say what is attested of a slot",
        "verify proof.json --network local (or --slot 1795248612)",
      ),
    )
      .addPositionalArgument({
        name: "file",
        description: "File that attest or performance wrote",
        defaultValue: "",
      })
      .addOption(optional("slot", "Slot to look at (default each feed's latest attested one)"))
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { verifyProof } = await import("./proofs/verify.ts");
            await verifyProof(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["proofs", "circuits"],
      example("List the circuits and what follows from them", "circuits"),
    )
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args) =>
          await runAction(async () => {
            const { listCircuits } = await import("./proofs/circuits.ts");
            listCircuits(args);
          }),
      )
      .build(),
  ];
}
