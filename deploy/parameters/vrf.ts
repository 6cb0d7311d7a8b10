import { getAddress, isAddress, parseUnits, SigningKey, ZeroAddress } from "ethers";

import { DeploymentError, objectAt, stringAt } from "../files.ts";
import { countsAt, refuseUnknown, type Range } from "./fields.ts";

/** Configuration of the coordinator, named and bounded as `IVRFCoordinator.Config`. */
export interface VrfConfig {
  minConfirmations: number;
  maxConfirmations: number;
  maxCallbackGas: number;
  deadlineBlocks: number;
  overheadGas: number;
  /** Wei per gas. */
  tipCap: bigint;
  /** Zero where there is no data fee. */
  l1DataFee: string;
}

/** Terms of a proving key, all in wei, named as `IVRFCoordinator.KeyTerms`. */
export interface KeyTerms {
  maxGasPrice: bigint;
  premium: bigint;
  bondShare: bigint;
}

/** A proving key that governance registers. */
export interface ProvingKey {
  x: bigint;
  y: bigint;
  /** Account that withdraws rewards and bond. */
  operator: string;
}

/** The section `vrf` of a parameters file. */
export interface VrfParameters {
  config: VrfConfig;
  /** Terms of every key that is registered. */
  terms: KeyTerms;
  /** Bond in wei that an operator of this machine deposits. */
  bond: bigint;
  keys: readonly ProvingKey[];
}

const COUNTS = {
  minConfirmations: [1, 65_535],
  maxConfirmations: [1, 65_535],
  maxCallbackGas: [1, 4_294_967_295],
  deadlineBlocks: [2, 4_294_967_295],
  overheadGas: [1, 4_294_967_295],
} satisfies Record<Exclude<keyof VrfConfig, "tipCap" | "l1DataFee">, Range>;
const AMOUNTS = ["tipCapGwei", "maxGasPriceGwei", "premiumEther", "bondShareEther", "bondEther"];
const OTHERS = ["l1DataFee", "keys"];

/**
 * Checks the section of randomness. Amounts are decimal texts in the unit of their name; what the contract bounds
 * further it says itself.
 *
 * @param where Named in errors.
 * @throws {DeploymentError} naming the field that is missing, unknown or out of range.
 */
export function checkVrf(given: unknown, where: string): VrfParameters {
  const fields = objectAt(given, where);
  refuseUnknown(fields, [...Object.keys(COUNTS), ...AMOUNTS, ...OTHERS], where);
  const counts = countsAt(fields, COUNTS, where);
  const { deadlineBlocks, maxConfirmations, minConfirmations } = counts;
  if (minConfirmations > maxConfirmations || maxConfirmations >= deadlineBlocks) {
    throw new DeploymentError(
      `${where}: minConfirmations (${minConfirmations}) must not exceed maxConfirmations (${maxConfirmations}), which must be below deadlineBlocks (${deadlineBlocks}).`,
    );
  }
  const gwei = (name: string): bigint => amountAt(fields[name], 9, `${where}: ${name}`);
  const ether = (name: string): bigint => amountAt(fields[name], 18, `${where}: ${name}`);
  return {
    config: {
      ...counts,
      tipCap: gwei("tipCapGwei"),
      l1DataFee: addressAt(fields["l1DataFee"] ?? ZeroAddress, `${where}: l1DataFee`),
    },
    terms: {
      maxGasPrice: gwei("maxGasPriceGwei"),
      premium: ether("premiumEther"),
      bondShare: ether("bondShareEther"),
    },
    bond: ether("bondEther"),
    keys: keysAt(fields["keys"] ?? [], `${where}: keys`),
  };
}

/**
 * Coordinates of a secp256k1 public key.
 *
 * @param publicKey 33 or 65 bytes in hex, as SEC 1 writes them.
 * @throws {DeploymentError} when it is none.
 */
export function pointOf(publicKey: string, where: string): { x: bigint; y: bigint } {
  try {
    const plain = SigningKey.computePublicKey(publicKey, false);
    return { x: BigInt(`0x${plain.slice(4, 68)}`), y: BigInt(`0x${plain.slice(68)}`) };
  } catch {
    throw new DeploymentError(
      `${where} must be a secp256k1 public key: 33 or 65 bytes in hex, as SEC 1 writes them.`,
    );
  }
}

function keysAt(value: unknown, where: string): ProvingKey[] {
  if (!Array.isArray(value)) throw new DeploymentError(`${where} must be an array.`);
  return value.map((entry: unknown, index) => {
    const fields = objectAt(entry, `${where}[${index}]`);
    const publicKey = stringAt(fields["publicKey"], `${where}[${index}].publicKey`);
    return {
      ...pointOf(publicKey, `${where}[${index}].publicKey`),
      operator: addressAt(fields["operator"], `${where}[${index}].operator`),
    };
  });
}

function amountAt(value: unknown, decimals: number, where: string): bigint {
  if (typeof value !== "string" || !/^\d{1,12}(\.\d{1,18})?$/.test(value)) {
    throw new DeploymentError(
      `${where} must be an amount in quotes, for example "0.5", not ${JSON.stringify(value) ?? "missing"}.`,
    );
  }
  try {
    return parseUnits(value, decimals);
  } catch {
    throw new DeploymentError(`${where} has more than ${decimals} decimals: "${value}".`);
  }
}

function addressAt(value: unknown, where: string): string {
  if (typeof value !== "string" || !isAddress(value)) {
    throw new DeploymentError(`${where} must be an address, not ${JSON.stringify(value)}.`);
  }
  return getAddress(value);
}
