import { z } from "zod";

import { addressSchema } from "../shared/config.ts";
import { canonicalJson, hashOf, type Canonical } from "./canonical.ts";
import { totalsOf } from "./compute.ts";
import { standardLeaves } from "../shared/merkle/leaves.ts";
import { compareRows, type Row, type SnapshotBlock, type Total } from "./model.ts";
import { canonicalProgram, programHash, programSchema, type Program } from "./program.ts";
import { buildTree, proofOf, rootOf } from "../shared/merkle/tree.ts";

const FORMAT = "dodona-payout-1";

/** What is published of an epoch. Its bytes are canonical: equal content has one form, and one hash. */
export interface Publication {
  readonly chainId: number;
  readonly distributor: string;
  readonly epoch: number;
  readonly program: Program;
  readonly snapshot: SnapshotBlock;
  /** The publication that the rows add to; null for the first. */
  readonly previous: { readonly root: string; readonly dataHash: string } | null;
  /** The VRF's words, for a raffle. */
  readonly words: readonly bigint[] | null;
  /** How far the proposer's audit log was, and the hash of its last entry. */
  readonly audit: { readonly sequence: number; readonly head: string };
  readonly root: string;
  readonly totals: readonly Total[];
  /** Ascending by account, then token. */
  readonly rows: readonly Row[];
}

/** A file that is not a publication, or not in canonical form. */
export class PublicationError extends Error {
  override readonly name = "PublicationError";
}

const hashSchema = z.string().regex(/^0x[0-9a-f]{64}$/);
const digitsSchema = z.string().regex(/^(0|[1-9]\d*)$/);
const addressPattern = /^0x[0-9a-f]{40}$/;
const digitsPattern = /^(0|[1-9]\d{0,77})$/;

const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  chainId: z.int().positive(),
  distributor: addressSchema,
  epoch: z.int().positive(),
  program: programSchema,
  programHash: hashSchema,
  snapshot: z.strictObject({ number: z.int().min(0), hash: hashSchema, time: z.int().min(0) }),
  previous: z.strictObject({ root: hashSchema, dataHash: hashSchema }).nullable(),
  words: z.array(digitsSchema).nullable(),
  audit: z.strictObject({ sequence: z.int().min(0), head: hashSchema }),
  root: hashSchema,
  totals: z.array(z.tuple([addressSchema, digitsSchema])),
  rows: z.array(z.unknown()),
});

/**
 * Writes a publication as bytes: canonical JSON on two lines and one for each row, `[account, token, cumulative, earned]`.
 * @returns the bytes, and keccak256 of them: the proposal's data hash, and the file's name
 */
export function encodePublication(publication: Publication): {
  readonly bytes: Uint8Array;
  readonly dataHash: string;
} {
  const bytes = bytesOf(publication);
  return { bytes, dataHash: hashOf(bytes) };
}

function bytesOf(publication: Publication): Uint8Array {
  const { rows, program, totals, ...rest } = publication;
  const head = canonicalJson({
    ...rest,
    format: FORMAT,
    program: JSON.parse(canonicalProgram(program)) as Canonical,
    programHash: programHash(program),
    totals: totals.map(({ token, amount }) => [token, amount]),
  } as unknown as Canonical);
  const lines = rows.map(
    ({ account, token, cumulative, earned }) =>
      `["${account}","${token}","${cumulative}","${earned}"]`,
  );
  const text = `${head.slice(0, -1)},"rows":[\n${lines.join(",\n")}\n]}\n`;
  return new Uint8Array(Buffer.from(text, "utf8"));
}

/**
 * Reads and checks a publication: form, order, sums and root.
 * @param dataHash that the bytes must have
 * @throws PublicationError that says what is wrong
 */
export function decodePublication(bytes: Uint8Array, dataHash: string): Publication {
  const actual = hashOf(bytes);
  if (actual !== dataHash) throw new PublicationError(`its hash is ${actual}, not ${dataHash}`);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new PublicationError("it is not JSON");
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new PublicationError(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is wrong"}`);
  }
  const file = parsed.data;
  const publication: Publication = {
    ...{ chainId: file.chainId, distributor: file.distributor, epoch: file.epoch },
    ...{ program: file.program, snapshot: file.snapshot, previous: file.previous },
    words: file.words === null ? null : file.words.map(BigInt),
    ...{ audit: file.audit, root: file.root },
    totals: file.totals.map(([token, amount]) => ({ token, amount: BigInt(amount) })),
    rows: file.rows.map(toRow),
  };
  checkContent(publication, file.programHash);
  if (Buffer.compare(bytesOf(publication), bytes) !== 0) {
    throw new PublicationError("it is not in canonical form");
  }
  return publication;
}

/** A leaf with its proof, as `claim` takes it. */
export interface ProvedRow extends Row {
  readonly proof: readonly string[];
}

/** Prepares proofs; building the tree takes as long as computing the root. */
export function openProofs(rows: readonly Row[]): (account: string) => ProvedRow[] {
  const tree = buildTree(standardLeaves(rows));
  const positions = new Map<string, number[]>();
  rows.forEach(({ account }, i) => {
    const known = positions.get(account);
    if (known === undefined) positions.set(account, [i]);
    else known.push(i);
  });
  return (account) =>
    (positions.get(account.toLowerCase()) ?? []).map((i) => ({
      ...rows[i]!,
      proof: proofOf(tree, i),
    }));
}

function toRow(value: unknown, index: number): Row {
  const [account, token, cumulative, earned] = Array.isArray(value) ? (value as unknown[]) : [];
  const isRow =
    Array.isArray(value) &&
    value.length === 4 &&
    [account, token].every((text) => typeof text === "string" && addressPattern.test(text)) &&
    [cumulative, earned].every((text) => typeof text === "string" && digitsPattern.test(text));
  if (!isRow) throw new PublicationError(`rows.${index}: is not [account, token, amount, amount]`);
  return {
    ...{ account: account as string, token: token as string },
    ...{ cumulative: BigInt(cumulative as string), earned: BigInt(earned as string) },
  };
}

function checkContent(publication: Publication, givenProgramHash: string): void {
  const { rows, totals, root, program } = publication;
  const hash = programHash(program);
  if (hash !== givenProgramHash) {
    throw new PublicationError(`programHash: is ${givenProgramHash}, the program's is ${hash}`);
  }
  rows.forEach((row, i) => {
    const before = rows[i - 1];
    if (before !== undefined && compareRows(before, row) >= 0) {
      throw new PublicationError(`rows.${i}: is not above the row before`);
    }
    if (row.cumulative === 0n || row.earned > row.cumulative) {
      throw new PublicationError(`rows.${i}: ${row.earned} of ${row.cumulative} cannot be`);
    }
  });
  const sums = canonicalJson(totalsOf(rows) as unknown as Canonical);
  if (sums !== canonicalJson(totals as unknown as Canonical)) {
    throw new PublicationError(`totals: differ from the rows' sums, ${sums}`);
  }
  const actual = rows.length === 0 ? null : rootOf(buildTree(standardLeaves(rows)));
  if (actual !== root) throw new PublicationError(`root: is ${root}, the rows' is ${actual}`);
}
