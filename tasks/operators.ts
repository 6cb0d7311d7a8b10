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
const JSON_FLAG = { name: "json", description: "Print one JSON document on stdout" } as const;
const example = (text: string, command: string): string =>
  `${text}, e.g. npx hardhat operators ${command}`;

/** `npx hardhat operators …`: list, register, set. */
export function operatorsTasks(settings: TaskSettings): TaskDefinition[] {
  return [
    emptyTask("operators", "List, register and choose operators").build(),
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
  ];
}
