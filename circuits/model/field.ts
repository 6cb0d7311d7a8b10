import { randomBytes } from "node:crypto";

import { poseidon2Hash } from "@zkpassport/poseidon2";

/** Scalar field of BN254: what circuits compute in. */
export const FIELD_MODULUS =
  21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** Value of a circuit's input, as noir_js takes it. */
export type CircuitValue = string | boolean | CircuitValue[] | { [name: string]: CircuitValue };

/** Inputs of a circuit by parameter name. */
export type CircuitInputs = Record<string, CircuitValue>;

/**
 * Poseidon2 sponge over field elements, as `sponge::hash` of circuits/lib.
 * @throws RangeError if an input is not a field element.
 */
export function hashFields(inputs: readonly bigint[]): bigint {
  for (const input of inputs) {
    if (input < 0n || input >= FIELD_MODULUS) throw new RangeError("not a field element");
  }
  return poseidon2Hash([...inputs]);
}

/**
 * ASCII text of 1 to 31 characters as a field element, big-endian: tags, and names of instruments.
 * @throws RangeError if it is something else.
 */
export function tagField(text: string): bigint {
  if (!/^[\x20-\x7e]{1,31}$/.test(text)) throw new RangeError("not 1 to 31 ASCII characters");
  return BigInt(`0x${Buffer.from(text, "ascii").toString("hex")}`);
}

/** A signed integer as a field element: a negative one counts down from the modulus. */
export function signedField(value: bigint): bigint {
  return value < 0n ? FIELD_MODULUS + value : value;
}

/** A field element as an input of a circuit. */
export function fieldInput(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** A random field element of 248 bits: a salt or a blinding factor that nobody guesses. */
export function randomField(): bigint {
  return BigInt(`0x${randomBytes(31).toString("hex")}`);
}
