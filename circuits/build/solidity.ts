import type { Circuit } from "./circuits.ts";

const PRAGMA = "pragma solidity 0.8.37;";
const IMPORT = 'import {IVerifier} from "./IVerifier.sol";';
/** The ceremony's τ·G2, as `g2Words` gives it. */
export const CEREMONY_G2 = [
  "260e01b251f6f1c7e7ff4e580791dee8ea51d87a358e038b4efe30fac09383c1",
  "0118c4d5b837bcc2bc89b5b398b5974e9f5944073b32078b7e231fec938883b0",
  "04fc6369f7110fe3d25156c1bb9a72859cf2a04641f99ba4ee413c80da6a5fe4",
  "22febda3c0c0632a56475b4214e5615e11e6dd3f96e6cea2854a87d4dacc5e55",
] as const;

/**
 * The library's verifier as a contract of this project: its own name, the project's compiler, the shared interface.
 * @param g2 Words of τ·G2: the library writes the ceremony's whatever the points are.
 * @throws if the source does not look as expected: then the library has changed and this must be looked at.
 */
export function verifierContract(
  { verifier }: Circuit,
  source: string,
  g2: readonly string[],
): string {
  const edits: readonly (readonly [RegExp, string])[] = [
    [/^pragma solidity [^;]+;$/m, `${PRAGMA}\n\n${IMPORT}`],
    [/^interface IVerifier \{[^}]*\}\n+/m, ""],
    ...CEREMONY_G2.map((word, i) => [new RegExp(`0x${word}`, "g"), `0x${g2[i]!}`] as const),
    [/^contract HonkVerifier is IVerifier \{$/m, `contract ${verifier} is IVerifier {`],
  ];
  const edited = edits.reduce((text, [pattern, replacement]) => {
    if (!pattern.test(text)) throw new Error(`the generated verifier has no ${pattern.source}`);
    return text.replace(pattern, replacement);
  }, source);
  return `${edited.trim()}\n`;
}

/** The four words of the point τ·G2 that a verifier carries, which tell the points it belongs to. */
export function g2Words(point: Uint8Array): string[] {
  const words = [0, 32, 64, 96].map((start) =>
    Buffer.from(point.subarray(start, start + 32)).toString("hex"),
  );
  // The file holds (x0, x1), (y0, y1); the precompile takes the imaginary parts first.
  return [words[1]!, words[0]!, words[3]!, words[2]!];
}
