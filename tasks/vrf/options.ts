import { ArgumentType } from "hardhat/types/arguments";

/** An option that may be left out. */
export const optional = <Name extends string>(name: Name, description: string) => ({
  name,
  description,
  type: ArgumentType.STRING_WITHOUT_DEFAULT as const,
  defaultValue: undefined,
});

/** A whole number with a default. */
export const number = <Name extends string>(
  name: Name,
  description: string,
  defaultValue: number,
) => ({
  name,
  description,
  type: ArgumentType.INT as const,
  defaultValue,
});

export const JSON_FLAG = {
  name: "json",
  description: "Print one JSON document on stdout",
} as const;

export const FROM = optional("from", "Sending account: address or index (default the first)");

/** A task's description with a command that works. */
export const example = (text: string, command: string): string =>
  `${text}, e.g. npx hardhat vrf ${command} --network local`;
