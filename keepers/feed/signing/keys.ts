import { fromHex, toHex } from "./bytes.ts";
import type { Point } from "./curve.ts";
import { pointAddress, randomScalar, SECP_ORDER, Secp, secpKey } from "./curve.ts";
import { FQ, Grumpkin } from "./grumpkin.ts";
import { possessionDigest } from "./report.ts";
import type { SchnorrSignature } from "./schnorr.ts";
import { signSchnorr } from "./schnorr.ts";

/** An operator's two secrets, 32 bytes each, big-endian. */
export interface OperatorKeys {
  readonly secp256k1: Uint8Array;
  readonly grumpkin: Uint8Array;
}

/** The public halves. */
export interface PublicKeys {
  readonly secp256k1: Point;
  readonly grumpkin: Point;
}

/** Content of a key file: 0x-prefixed hex of 32 bytes each. The file belongs to its owner alone (mode 0600). */
export interface KeyFile {
  readonly secp256k1: string;
  readonly grumpkin: string;
}

/** What `Operators.register` takes besides the endpoint. */
export interface Registration {
  /** x, y of the secp256k1 key, then of the grumpkin key. */
  readonly keys: readonly [x: bigint, y: bigint, proofX: bigint, proofY: bigint];
  readonly possession: SchnorrSignature;
}

/** New keys from the system's generator, usable on chain (x of the secp256k1 key below n). */
export function generateKeys(): KeyFile {
  for (;;) {
    const keys = { secp256k1: randomScalar(SECP_ORDER), grumpkin: randomScalar(FQ) };
    const { x } = publicKeys(keys).secp256k1.toAffine();
    if (x < SECP_ORDER) return { secp256k1: toHex(keys.secp256k1), grumpkin: toHex(keys.grumpkin) };
  }
}

/**
 * Reads the content of a key file.
 * @param content Parsed JSON.
 * @throws Error that names the field, never its value.
 */
export function parseKeys(content: unknown): OperatorKeys {
  if (typeof content !== "object" || content === null) {
    throw new Error("the key file must be a JSON object {secp256k1, grumpkin}");
  }
  const extra = Object.keys(content).find((name) => name !== "secp256k1" && name !== "grumpkin");
  if (extra !== undefined) throw new Error(`the key file has an unknown field ${extra}`);
  const fields = content as Partial<Record<keyof KeyFile, unknown>>;
  const keys = {
    secp256k1: parseScalar("secp256k1", fields.secp256k1, SECP_ORDER),
    grumpkin: parseScalar("grumpkin", fields.grumpkin, FQ),
  };
  secpKey(publicKeys(keys).secp256k1.toAffine());
  return keys;
}

/** The public halves of an operator's keys. */
export function publicKeys(keys: OperatorKeys): PublicKeys {
  return {
    secp256k1: Secp.BASE.multiply(Secp.Fn.fromBytes(keys.secp256k1)),
    grumpkin: Grumpkin.BASE.multiply(Grumpkin.Fn.fromBytes(keys.grumpkin)),
  };
}

/** Address of the secp256k1 key: what ecrecover gives for the operator's observations, lower case. */
export function signerAddress(keys: OperatorKeys): string {
  return pointAddress(publicKeys(keys).secp256k1);
}

/**
 * Public keys and proof of possession, to be sent to `Operators.register` from `account`. The proof is worthless for
 * any other account, chain or contract.
 */
export function registrationOf(
  keys: OperatorKeys,
  target: { readonly account: string; readonly chainId: bigint; readonly operators: string },
): Registration {
  const { secp256k1, grumpkin } = publicKeys(keys);
  const { x, y } = secp256k1.toAffine();
  const { x: proofX, y: proofY } = grumpkin.toAffine();
  const digest = possessionDigest(target.account, target.chainId, target.operators);
  return { keys: [x, y, proofX, proofY], possession: signSchnorr(keys.secp256k1, digest) };
}

function parseScalar(name: string, value: unknown, order: bigint): Uint8Array {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]{64}$/.test(value)) {
    throw new Error(`${name} in the key file must be 0x and 64 hex digits`);
  }
  const scalar = BigInt(value);
  if (scalar === 0n || scalar >= order) {
    throw new Error(`${name} in the key file is not a secret key of its curve`);
  }
  return fromHex(value, 32);
}
