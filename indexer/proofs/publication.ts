import { keccak } from "../../keepers/shared/merkle/keccak.ts";
import { standardLeaves } from "../../keepers/shared/merkle/leaves.ts";
import { buildTree, proofOf, rootOf, type Tree } from "../../keepers/shared/merkle/tree.ts";

const ADDRESS = /^0x[0-9a-f]{40}$/;
const DIGITS = /^(0|[1-9]\d{0,77})$/;

/** A leaf of an account with its proof; amounts are decimal digits. */
export interface ProvedLeaf {
  readonly token: string;
  /** Everything ever earned; what `claim` takes. */
  readonly cumulative: string;
  /** Part of it that the epoch added. */
  readonly earned: string;
  readonly proof: readonly string[];
}

/** A published tree that proofs can be taken from. */
export interface ProofSource {
  readonly rows: number;
  /** @returns one leaf for each token that the account ever earned; none for a stranger */
  leavesOf(account: string): ProvedLeaf[];
}

/** The file is not what its name or its epoch says. */
export class WrongPublication extends Error {}

type Row = readonly [account: string, token: string, cumulative: string, earned: string];

/** @returns keccak256 of bytes, 0x-prefixed hex: a publication's name */
export function hashOf(bytes: Uint8Array): string {
  return `0x${Buffer.from(keccak(bytes)).toString("hex")}`;
}

/**
 * Opens a publication of the payout keeper: one JSON object whose `rows` are `[account, token, cumulative, earned]`.
 *
 * @param bytes Content of the file.
 * @param dataHash That they must have.
 * @param root That their tree must have: the one on chain.
 * @throws WrongPublication that says what differs
 */
export function openPublication(bytes: Uint8Array, dataHash: string, root: string): ProofSource {
  const hash = hashOf(bytes);
  if (hash !== dataHash) throw new WrongPublication(`its hash is ${hash}`);
  const rows = readRows(bytes);
  const tree = buildTree(
    standardLeaves(
      rows.map(([account, token, cumulative]) => ({
        ...{ account, token, cumulative: BigInt(cumulative) },
      })),
    ),
  );
  if (rootOf(tree) !== root) throw new WrongPublication(`its root is ${rootOf(tree)}`);
  return { rows: rows.length, leavesOf: (account) => leavesOf(rows, tree, account) };
}

function readRows(bytes: Uint8Array): Row[] {
  let file: unknown;
  try {
    file = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
  } catch {
    throw new WrongPublication("it is not JSON");
  }
  const rows = typeof file === "object" && file !== null && "rows" in file ? file.rows : null;
  if (!Array.isArray(rows) || rows.length === 0) throw new WrongPublication("it has no rows");
  rows.forEach((row: unknown, i) => {
    if (!isRow(row)) throw new WrongPublication(`row ${i} is not [account, token, amount, amount]`);
    const before = (rows as Row[])[i - 1];
    if (before !== undefined && before[0] > row[0]) {
      throw new WrongPublication(`row ${i} is not above the row before`);
    }
  });
  return rows as Row[];
}

function isRow(row: unknown): row is Row {
  if (!Array.isArray(row) || row.length !== 4) return false;
  const texts = row as unknown[];
  return texts.every(
    (text, i) => typeof text === "string" && (i < 2 ? ADDRESS : DIGITS).test(text),
  );
}

/** Rows are ascending by account, so that no index of them has to be kept. */
function leavesOf(rows: readonly Row[], tree: Tree, account: string): ProvedLeaf[] {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]![0] < account) low = middle + 1;
    else high = middle;
  }
  const leaves: ProvedLeaf[] = [];
  for (let i = low; rows[i]?.[0] === account; i++) {
    const [, token, cumulative, earned] = rows[i]!;
    leaves.push({ token, cumulative, earned, proof: proofOf(tree, i) });
  }
  return leaves;
}
