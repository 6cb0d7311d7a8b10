import { formatEther } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { openToSend } from "../shared/open.ts";
import { sendCall, sentLines } from "../shared/send.ts";
import { chooseKey, requireOperator } from "./operator.ts";
import { randomnessOf } from "./open.ts";
import { addressOf, etherOf } from "./values.ts";

interface Args {
  key: string | undefined;
  from: string | undefined;
  json: boolean;
}

/** Adds to a proving key's bond; anyone may. */
export async function depositBond(
  args: Args & { ether: string | undefined },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const value = etherOf(args.ether, "--ether");
  const opened = await openToSend(hre, settings, args.from ?? null);
  const randomness = await randomnessOf(hre, opened);
  const { coordinate, coordinator } = randomness;
  const { keyHash } = await chooseKey(randomness, args.key, opened.account);
  const { sent } = await sendCall(opened, {
    what: `VRFCoordinator.depositBond(${formatEther(value)})`,
    to: coordinate.coordinator,
    simulate: async () => await coordinator.depositBond.staticCall(keyHash, { value }),
    send: async () => await coordinator.depositBond(keyHash, { value }),
  });
  const { bond } = await coordinator.provingKey(keyHash);
  if (args.json) return printJson({ keyHash, deposited: value, bond, ...sent });
  print(`The bond of proving key ${keyHash} is ${formatEther(bond)} now.`);
  sentLines(sent).forEach(print);
}

/** Announces that bond will be taken; zero withdraws an announcement. */
export async function announceBond(
  args: Args & { ether: string | undefined },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const amount = args.ether === "0" ? 0n : etherOf(args.ether, "--ether");
  const opened = await openToSend(hre, settings, args.from ?? null);
  const randomness = await randomnessOf(hre, opened);
  const { coordinate, coordinator } = randomness;
  const key = await chooseKey(randomness, args.key, opened.account);
  requireOperator(key, opened.account);
  const { keyHash } = key;
  if (amount > key.bond) {
    throw new TaskError(
      `The bond of proving key ${keyHash} is ${formatEther(key.bond)}: ${formatEther(amount)} cannot be taken.`,
    );
  }
  const { sent } = await sendCall(opened, {
    what: `VRFCoordinator.announceBondWithdrawal(${formatEther(amount)})`,
    to: coordinate.coordinator,
    simulate: async () => await coordinator.announceBondWithdrawal.staticCall(keyHash, amount),
    send: async () => await coordinator.announceBondWithdrawal(keyHash, amount),
  });
  const { withdrawableFrom } = await coordinator.provingKey(keyHash);
  if (args.json) return printJson({ keyHash, announced: amount, withdrawableFrom, ...sent });
  print(
    amount === 0n
      ? `Nothing of the bond of proving key ${keyHash} is to be withdrawn any more.`
      : `${formatEther(amount)} of the bond can be withdrawn from block ${withdrawableFrom} on, with: npx hardhat vrf bond withdraw`,
  );
  sentLines(sent).forEach(print);
}

/** Takes announced bond once its wait is over. */
export async function withdrawBond(
  args: Args & { to: string | undefined },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToSend(hre, settings, args.from ?? null);
  const randomness = await randomnessOf(hre, opened);
  const { coordinate, coordinator } = randomness;
  const key = await chooseKey(randomness, args.key, opened.account);
  requireOperator(key, opened.account);
  const { keyHash } = key;
  const to = args.to === undefined ? opened.account : addressOf(args.to, "who is paid");
  const { withdrawableFrom, withdrawing } = await coordinator.provingKey(keyHash);
  if (withdrawing === 0n) {
    throw new TaskError(
      `No withdrawal of the bond of proving key ${keyHash} is announced: npx hardhat vrf bond announce --ether AMOUNT`,
    );
  }
  const block = BigInt(await opened.connection.ethers.provider.getBlockNumber());
  // What is sent now is in the next block at the earliest.
  if (block + 1n < withdrawableFrom) {
    throw new TaskError(
      `${formatEther(withdrawing)} can be withdrawn from block ${withdrawableFrom} on; the chain is at ${block}.`,
    );
  }
  const { sent } = await sendCall(opened, {
    what: `VRFCoordinator.withdrawBond(${to})`,
    to: coordinate.coordinator,
    simulate: async () => await coordinator.withdrawBond.staticCall(keyHash, to),
    send: async () => await coordinator.withdrawBond(keyHash, to),
  });
  const { bond } = await coordinator.provingKey(keyHash);
  const withdrawn = key.bond - bond;
  if (args.json) return printJson({ keyHash, withdrawn, to, bond, ...sent });
  print(`${formatEther(withdrawn)} went to ${to}; the bond is ${formatEther(bond)} now.`);
  sentLines(sent).forEach(print);
}
