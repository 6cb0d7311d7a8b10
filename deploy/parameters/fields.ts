import { getAddress, isAddress } from "ethers";

import { DeploymentError } from "../files.ts";

/** Bounds of a whole number, both inclusive. */
export type Range = readonly [min: number, max: number];

/**
 * Refuses an object with a field that nobody reads.
 *
 * @throws {DeploymentError} naming `where`, the field and those that are known.
 */
export function refuseUnknown(
  fields: Record<string, unknown>,
  known: readonly string[],
  where: string,
): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new DeploymentError(
      `${where}: unknown field "${unknown}"; known are ${known.join(", ")}.`,
    );
  }
}

/**
 * Narrows a JSON value to a whole number within bounds.
 *
 * @param unit Of the bounds, as shown to people.
 * @throws {DeploymentError} naming `where` and the bounds.
 */
export function countAt(value: unknown, [min, max]: Range, where: string, unit = ""): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
    const range = `${min} to ${max}${unit === "" ? "" : ` ${unit}`}`;
    throw new DeploymentError(
      `${where} must be a whole number from ${range}, not ${JSON.stringify(value) ?? "missing"}.`,
    );
  }
  return value;
}

/**
 * The whole numbers among an object's fields, each within its bounds.
 *
 * @throws {DeploymentError} naming `where`, the first field that is none, and its bounds.
 */
export function countsAt<Name extends string>(
  fields: Record<string, unknown>,
  ranges: Record<Name, Range>,
  where: string,
): Record<Name, number> {
  return Object.fromEntries(
    Object.entries<Range>(ranges).map(([name, range]) => [
      name,
      countAt(fields[name], range, `${where}: ${name}`),
    ]),
  ) as Record<Name, number>;
}

/**
 * Narrows a JSON value to an address.
 *
 * @returns It with its checksum.
 * @throws {DeploymentError} naming `where`.
 */
export function addressAt(value: unknown, where: string): string {
  if (typeof value !== "string" || !isAddress(value)) {
    throw new DeploymentError(
      `${where} must be an address, not ${JSON.stringify(value) ?? "missing"}.`,
    );
  }
  return getAddress(value);
}
