import { emptyTask, task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { TaskDefinition } from "hardhat/types/tasks";

import type { TaskSettings } from "./shared/action.ts";
import { runAction } from "./shared/action.ts";

const optional = <Name extends string>(name: Name, description: string) => ({
  name,
  description,
  type: ArgumentType.STRING_WITHOUT_DEFAULT as const,
  defaultValue: undefined,
});
const ACCOUNT = optional("account", "Acting account: address or index (default the first)");
const JSON_FLAG = { name: "json", description: "Print one JSON document on stdout" } as const;
const example = (text: string, command: string): string =>
  `${text}, e.g. npx hardhat operators ${command}`;

/** `npx hardhat operators …`: list, register, set, stake, unstake, join, leave, rotate, advance, slash, score, rewards. */
export function operatorsTasks(settings: TaskSettings): TaskDefinition[] {
  return [
    emptyTask("operators", "List, register, choose, stake and judge operators").build(),
    task(["operators", "list"], example("List all operators", "list --network local"))
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { listOperators } = await import("./operators/list.ts");
            await listOperators(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["operators", "register"],
      example(
        "Register an account as operator",
        "register --keys keys.json --endpoint https://oracle.example:8571 --network local",
      ),
    )
      .addOption(optional("keys", "The operator's key file: {secp256k1, grumpkin}"))
      .addOption(optional("endpoint", "URL where its peers reach it"))
      .addOption(optional("account", "Registering account: address or index (default the first)"))
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { registerOperator } = await import("./operators/register.ts");
            await registerOperator(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["operators", "set"],
      example(
        "Choose the active operators, as governance",
        "set --accounts 1,2,3,4,5 --network local",
      ),
    )
      .addOption(
        optional("accounts", "Operators in order of their signer bits, separated by commas"),
      )
      .addOption(optional("from", "Sending account: address or index (default the first)"))
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { setOperators } = await import("./operators/set.ts");
            await setOperators(args, hre, settings);
          }),
      )
      .build(),
    stakeTask(settings),
    task(
      ["operators", "unstake"],
      example(
        "Unbond stake: an amount in DODONA, all, or withdraw what is free",
        "unstake 500 --account 1 --network local",
      ),
    )
      .addPositionalArgument({ name: "amount", description: "DODONA, all, or withdraw" })
      .addOption(ACCOUNT)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { unstakeTokens } = await import("./operators/stake.ts");
            await unstakeTokens(args, hre, settings);
          }),
      )
      .build(),
    seatTask("join", "Ask for a seat by stake", settings),
    seatTask("leave", "Give up a seat, or take a request back", settings),
    task(
      ["operators", "rotate"],
      example(
        "Announce keys that replace an operator's own",
        "rotate --account 1 --network local (elsewhere with --keys new-keys.json)",
      ),
    )
      .addOption(
        optional("keys", "The new key file: {secp256k1, grumpkin}; the local stack makes its own"),
      )
      .addOption(ACCOUNT)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { rotateKeys } = await import("./operators/rotate.ts");
            await rotateKeys(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["operators", "advance"],
      example("Apply what is due and take it into a new set", "advance --network local"),
    )
      .addOption(ACCOUNT)
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { advanceOperators } = await import("./operators/seat.ts");
            await advanceOperators(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["operators", "slash"],
      example("Bring evidence against an operator", "slash --evidence lie.json --network local"),
    )
      .addOption(optional("evidence", "File with the arguments of Slashing's functions"))
      .addOption(optional("reporter", "Who gets the reporter's share (default the sender)"))
      .addOption(optional("from", "Sending account: address or index (default the first)"))
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { slashOperator } = await import("./operators/slash.ts");
            await slashOperator(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["operators", "score"],
      example("Show the operators' reputation of the last day", "score --network local"),
    )
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { scoreOperators } = await import("./operators/score.ts");
            await scoreOperators(args, hre, settings);
          }),
      )
      .build(),
    task(
      ["operators", "rewards"],
      example(
        "Show what operators have earned by epoch, or pay it",
        "rewards --claim --account 1 --network local",
      ),
    )
      .addFlag({ name: "claim", description: "Pay what is due to the operator" })
      .addOption(
        optional("operator", "Who is paid: address or index (default the sending account)"),
      )
      .addOption(optional("account", "Sending account: address or index (default the first)"))
      .addFlag(JSON_FLAG)
      .setInlineAction(
        async (args, hre) =>
          await runAction(async () => {
            const { operatorRewards } = await import("./operators/rewards.ts");
            await operatorRewards(args, hre, settings);
          }),
      )
      .build(),
  ];
}

function stakeTask(settings: TaskSettings): TaskDefinition {
  return task(
    ["operators", "stake"],
    example("Stake tokens", "stake 1000 --account 1 --network local"),
  )
    .addPositionalArgument({ name: "amount", description: "Amount in DODONA" })
    .addOption(optional("operator", "Account that the stake is for (default the payer)"))
    .addOption(ACCOUNT)
    .addFlag(JSON_FLAG)
    .setInlineAction(
      async (args, hre) =>
        await runAction(async () => {
          const { stakeTokens } = await import("./operators/stake.ts");
          await stakeTokens(args, hre, settings);
        }),
    )
    .build();
}

function seatTask(
  action: "join" | "leave",
  description: string,
  settings: TaskSettings,
): TaskDefinition {
  return task(["operators", action], example(description, `${action} --account 6 --network local`))
    .addOption(ACCOUNT)
    .addFlag(JSON_FLAG)
    .setInlineAction(
      async (args, hre) =>
        await runAction(async () => {
          const { changeSeat } = await import("./operators/seat.ts");
          await changeSeat(action, args, hre, settings);
        }),
    )
    .build();
}
