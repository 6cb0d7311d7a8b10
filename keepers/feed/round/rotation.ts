import type { PublicKeys } from "../signing/keys.ts";

/** x and y of the secp256k1 key, then of the grumpkin key. */
export type Coordinates = readonly [bigint, bigint, bigint, bigint];

/** What the chain and the key files say of an operator's keys. */
export interface KeyFacts {
  /** Public halves of the key files, oldest first: the last of several is the one that follows, or is in use by now. */
  readonly own: readonly PublicKeys[];
  /** Keys of the account in Operators, null if it is not registered. */
  readonly registered: Coordinates | null;
  /** Keys that were announced to replace them, and when they may, unix seconds. */
  readonly announced: { readonly dueAt: number; readonly keys: Coordinates } | null;
  readonly files: { readonly keyFile: string; readonly nextKeyFile: string | null };
}

/** What to do about a rotation, in words. */
export interface KeyAdvice {
  readonly level: "info" | "warn";
  readonly text: string;
}

/** Says what to do next about a rotation of keys; null when there is nothing to do. */
export function keyAdvice({ announced, files, own, registered }: KeyFacts): KeyAdvice | null {
  const next = own.length > 1 ? own.at(-1) : undefined;
  const nextFile = files.nextKeyFile ?? "a key file named by nextKeyFile";
  if (announced !== null) {
    const due = new Date(announced.dueAt * 1_000).toISOString();
    if (own.some((keys) => areSame(keys, announced.keys))) {
      const text = `announced keys take over at ${due} or soon after; both key files stay until then`;
      return { level: "info", text };
    }
    return {
      level: "warn",
      text:
        `other keys are announced for this account and take over at ${due}, and no key file here has them. ` +
        `Put them into ${nextFile} before then`,
    };
  }
  if (next === undefined || registered === null) return null;
  if (areSame(next, registered)) {
    return {
      level: "info",
      text: `the keys of ${nextFile} are in use. Move it over ${files.keyFile} at the next restart`,
    };
  }
  return {
    level: "warn",
    text: `the keys of ${nextFile} are not announced yet: npx hardhat operators rotate`,
  };
}

/** Whether public keys have these coordinates. */
export function areSame({ grumpkin, secp256k1 }: PublicKeys, keys: Coordinates): boolean {
  const { x, y } = secp256k1.toAffine();
  const { x: proofX, y: proofY } = grumpkin.toAffine();
  return [x, y, proofX, proofY].every((coordinate, position) => coordinate === keys[position]);
}
