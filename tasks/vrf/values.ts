import { getAddress, isAddress, parseEther } from "ethers";

import { TaskError } from "../shared/error.ts";

const MAX_UINT256 = 2n ** 256n - 1n;

/**
 * An amount of native coin in wei.
 *
 * @throws {TaskError} for anything but a decimal number above zero with at most 18 places.
 */
export function etherOf(text: string | undefined, option: string): bigint {
  if (text === undefined) throw new TaskError(`Say how much with ${option}, e.g. ${option} 1.5.`);
  const wei = /^\d{1,12}(\.\d{1,18})?$/.test(text) ? parseEther(text) : 0n;
  if (wei === 0n) throw new TaskError(`${option} "${text}" is not an amount such as 1.5.`);
  return wei;
}

/**
 * An address.
 *
 * @param what What it is of, for the error.
 * @throws {TaskError} for anything but an address, with a right checksum if it has one.
 */
export function addressOf(text: string, what: string): string {
  const isValid: boolean = isAddress(text);
  if (!isValid) throw new TaskError(`"${text}" is not the address of ${what}.`);
  return getAddress(text);
}

/**
 * Reads a subscription id from the command line.
 *
 * @throws {TaskError} for anything but an unsigned 256-bit integer.
 */
export function subscriptionIdOf(text: string): bigint {
  const value = /^(\d{1,78}|0x[0-9a-fA-F]{1,64})$/.test(text) ? BigInt(text) : null;
  if (value !== null && value <= MAX_UINT256) return value;
  throw new TaskError(
    `"${text}" is not a subscription id: it is an unsigned 256-bit integer, decimal or with 0x. List them with: npx hardhat vrf subscriptions`,
  );
}
