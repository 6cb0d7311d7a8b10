import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** Published vectors lie beside the project, not in it: where they are absent the tests on them are skipped. */
const VECTORS = path.resolve(import.meta.dirname, "../../../../shared/data/vectors");

function read(file: string): unknown {
  const found = path.join(VECTORS, file);
  if (!existsSync(found)) {
    console.log(`      skipped: no vectors at ${found}`);
    return null;
  }
  return JSON.parse(readFileSync(found, "utf8"));
}

/** Hex without 0x throughout. */
export interface SecpVector {
  readonly label: string;
  readonly sk: string;
  readonly pk: string;
  readonly alpha: string;
  readonly h: string;
  readonly h_ctr: number;
  readonly k: string;
  readonly gamma: string;
  readonly u: string;
  readonly v: string;
  readonly c: string;
  readonly s: string;
  readonly pi: string;
  readonly beta: string;
}

export interface NegativeVector {
  readonly description: string;
  readonly pk: string;
  readonly alpha: string;
  readonly pi: string;
}

/** Independent vectors of ECVRF-SECP256K1-SHA256-TAI. */
export const secpVectors = read("ecvrf_secp256k1_sha256_tai.json") as {
  vectors: SecpVector[];
  negative_vectors: NegativeVector[];
} | null;

export interface RfcVector {
  readonly suite: string;
  readonly example: number;
  readonly SK: string;
  readonly PK: string;
  readonly alpha: string;
  readonly "try_and_increment succeeded on ctr": string;
  readonly H: string;
  readonly k: string;
  readonly pi: string;
  readonly beta: string;
}

/** Secret keys of RFC 9381, B.1, which the file leaves out. */
const P256_SECRETS: Record<number, string> = {
  10: "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
  11: "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
  12: "2ca1411a41b17b24cc8c3b089cfd033f1920202a6c0de8abb97df1498d50d2c8",
};

/** The P-256 try-and-increment examples of RFC 9381, appendix B.1. */
export const p256Vectors =
  (read("rfc9381_ecvrf_vectors.json") as RfcVector[] | null)
    ?.filter(({ suite }) => suite === "ECVRF-P256-SHA256-TAI")
    .map((vector) => ({ ...vector, SK: vector.SK || P256_SECRETS[vector.example]! })) ?? null;
