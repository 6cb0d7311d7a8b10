import { optional } from "../vrf/options.ts";

export const FOLDER = optional("folder", "Folder of publications (default beside the stack file)");

export const RECOMPUTE = optional(
  "program",
  "Program file to compute the tree again with, where nobody has the published file",
);

export const ACCEPT_FINDINGS = {
  name: "acceptFindings",
  description: "Go on although the program's checks would hold it",
} as const;

/** A task's description with a command that works. */
export const example = (text: string, command: string): string =>
  `${text}, e.g. npx hardhat payouts ${command} --network local`;
