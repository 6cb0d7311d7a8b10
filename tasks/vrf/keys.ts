import { formatEther, formatUnits } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { formatTable } from "../shared/format.ts";
import { openToRead } from "../shared/open.ts";
import type { Randomness } from "./open.ts";
import { randomnessOf } from "./open.ts";

/** A proving key as the chain has it; amounts in wei. */
export interface KeyView {
  keyHash: string;
  operator: string;
  active: boolean;
  /** Coordinates of the public key, 32-byte hex. */
  x: string;
  y: string;
  maxGasPrice: bigint;
  premium: bigint;
  bondShare: bigint;
  rewards: bigint;
  bond: bigint;
}

/** Every key that was ever registered, oldest first. */
export async function readKeys({ coordinator, fromBlock }: Randomness): Promise<KeyView[]> {
  const logs = await coordinator.queryFilter(coordinator.filters.ProvingKeyRegistered(), fromBlock);
  const keys = new Map(logs.map(({ args }) => [args.keyHash, args]));
  return await Promise.all(
    [...keys].map(async ([keyHash, { x, y }]) => {
      const { active, bond, operator, rewards, terms } = await coordinator.provingKey(keyHash);
      const { bondShare, maxGasPrice, premium } = terms;
      return {
        ...{ keyHash, operator, active, x: hex(x), y: hex(y) },
        ...{ maxGasPrice, premium, bondShare, rewards, bond },
      };
    }),
  );
}

/** Prints every proving key with its terms. */
export async function listKeys(
  { json }: { json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToRead(hre, settings);
  const keys = await readKeys(await randomnessOf(hre, opened));
  if (json) return printJson(keys);
  if (keys.length === 0) return print("No proving key is registered.");
  formatTable(
    [
      { title: "KEY HASH", align: "left" },
      { title: "OPERATOR", align: "left" },
      { title: "ACTIVE", align: "left" },
      { title: "MAX GAS PRICE", align: "right" },
      { title: "PREMIUM", align: "right" },
      { title: "BOND", align: "right" },
      { title: "BOND SHARE", align: "right" },
      { title: "REWARDS", align: "right" },
    ],
    keys.map((key) => [
      key.keyHash,
      key.operator,
      key.active ? "yes" : "no",
      `${formatUnits(key.maxGasPrice, "gwei")} gwei`,
      ...[key.premium, key.bond, key.bondShare, key.rewards].map(formatEther),
    ]),
  ).forEach(print);
}

function hex(value: bigint): string {
  return `0x${value.toString(16).padStart(64, "0")}`;
}
