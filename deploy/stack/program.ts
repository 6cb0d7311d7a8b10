import { copyFileSync, writeFileSync } from "node:fs";

import { readProgram } from "../../keepers/payout/program.ts";
import { rpc } from "./chain.ts";
import { StackFailure } from "./failure.ts";
import type { StackFile } from "./stack-file.ts";

const hourSeconds = 3_600;
const daySeconds = 86_400;
/** Tokens of 18 decimals that the sample pays a day. */
const poolPerDay = 1_000n * 10n ** 18n;

/**
 * Checks a program file that a person names.
 * @throws StackFailure that says in one line what is wrong with it.
 */
export function requireProgram(file: string): void {
  try {
    readProgram(file);
  } catch (error) {
    throw new StackFailure((error as Error).message.replaceAll(/\s*\n\s*/g, " "));
  }
}

/**
 * Takes a program that a person names into the stack's folder, where it stays until another is named.
 * @throws StackFailure that says what is wrong with it.
 */
export function useProgram(given: string, file: string): void {
  requireProgram(given);
  copyFileSync(given, file);
}

/**
 * Writes the sample: who holds DODONA is paid in DODONA, by how much it held for how long. Its first day ends with the next
 * full hour of the chain, so that there is something to see soon.
 * @param startBlock Of the deployment.
 */
export async function writeSample(
  file: string,
  rpcUrl: string,
  { governance, payoutDistributor }: StackFile["addresses"],
  startBlock: number,
): Promise<void> {
  const { timestamp } = (await rpc(rpcUrl, "eth_getBlockByNumber", ["latest", false])) as {
    timestamp: string;
  };
  const end = (Math.floor(Number(timestamp) / hourSeconds) + 1) * hourSeconds;
  const start = new Date((end - daySeconds) * 1_000);
  const holders = { token: governance.token, fromBlock: startBlock };
  const excluded = [
    [governance.timelock, "the treasury"],
    [governance.operatorStake, "holds what operators staked"],
    [governance.operatorRewards, "holds what operators earn"],
    [payoutDistributor, "holds what is paid out"],
  ];
  const program = {
    name: "Rewards of DODONA's holders",
    token: governance.token,
    startDay: start.toISOString().slice(0, 10),
    epochHour: start.getUTCHours(),
    poolPerDay: String(poolPerDay),
    participants: { source: "transfers", ...holders },
    holdings: holders,
    rule: { kind: "timeWeighted" },
    exclusions: excluded.map(([account, reason]) => ({ account, reason })),
  };
  writeFileSync(file, `${JSON.stringify(program, null, 2)}\n`);
}
