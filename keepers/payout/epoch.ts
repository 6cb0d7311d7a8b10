import type { Chain } from "../shared/rpc.ts";
import { findSnapshotBlock, readBlock } from "./blocks.ts";
import { windowOf } from "./calendar.ts";
import { computeEpoch, type EpochResult } from "./compute.ts";
import { crossCheck, type CheckSize } from "./cross-check.ts";
import type { PublicationFiles } from "./files.ts";
import type { Row, SnapshotBlock } from "./model.ts";
import type { Program } from "./program.ts";
import { decodePublication, PublicationError, type Publication } from "./publication.ts";
import type { HoldingsSource } from "./source.ts";
import { findWords } from "./words.ts";

/** What an epoch is computed with. */
export interface EpochDeps {
  readonly chain: Pick<Chain, "send">;
  readonly source: HoldingsSource;
  readonly files: PublicationFiles;
  readonly program: Program;
  readonly chainId: number;
  /** Lower case. */
  readonly distributor: string;
  /** Blocks after which one counts as final. */
  readonly confirmations: number;
  /** null where no balances are compared: a node without history cannot tell those of old blocks. */
  readonly checkSize: CheckSize | null;
}

/** The epoch that pays now, as the chain has it. */
export interface ActiveEpoch {
  readonly root: string;
  readonly dataHash: string;
}

/** An epoch, computed from the chain and the publication before. */
export interface PreparedEpoch {
  readonly result: EpochResult;
  /** What is published, but for the place of the proposer's audit log; null when there is nothing to pay. */
  readonly content: Omit<Publication, "audit"> | null;
  /** Accounts whose balances were compared with the token's own answer. */
  readonly checked: number;
}

/** Something is not there yet. Worth trying again. */
export class NotReadyError extends Error {
  override readonly name = "NotReadyError";
}

/** A raffle's words were not requested yet, or not answered. */
export class WordsNotReadyError extends NotReadyError {
  /** Who has to request them. */
  readonly consumer: string;

  constructor(message: string, consumer: string) {
    super(message);
    this.consumer = consumer;
  }
}

/** What an epoch adds to. */
export interface Basis {
  /** The epoch before; null for the first. */
  readonly previous: ActiveEpoch | null;
  /** Rows of that epoch, empty for the first. Asked for once the snapshot is final. */
  readRows(): Promise<readonly Row[]>;
}

/**
 * Computes an epoch from the chain.
 * @param active the epoch before, which the rows add to; null for the first
 * @throws NotReadyError while the snapshot block is not final, words are missing, or the publication before is not there
 * @throws CrossCheckError when the token's own answer differs
 */
export async function prepareEpoch(
  deps: EpochDeps,
  epoch: number,
  active: ActiveEpoch | null,
  signal?: AbortSignal,
): Promise<PreparedEpoch> {
  const readRows = async (): Promise<readonly Row[]> =>
    active === null ? [] : await readPublishedRows(deps.files, active, signal);
  return await prepareEpochOn(deps, epoch, { previous: active, readRows }, signal);
}

/**
 * Computes an epoch from the chain, on rows of the caller's.
 * @throws as {@link prepareEpoch} does
 */
export async function prepareEpochOn(
  deps: Omit<EpochDeps, "files">,
  epoch: number,
  basis: Basis,
  signal?: AbortSignal,
): Promise<PreparedEpoch> {
  const { chain, program, chainId, distributor } = deps;
  const window = windowOf(program, epoch);
  if (window === null) throw new NotReadyError(`the program does not pay in epoch ${epoch}`);
  const block = await findSnapshotBlock(chain, window.end, deps.confirmations);
  if (block === null) {
    throw new NotReadyError(
      `the last block before ${window.end} (unix seconds) is not final: ${deps.confirmations} blocks have to follow`,
    );
  }
  const words = await wordsOf(deps, block);
  const active = basis.previous;
  const previous = await basis.readRows();
  const snapshot = await deps.source.holdings(program, block, window, signal);
  const { token } = program.holdings;
  const size = deps.checkSize;
  const checked = size === null ? 0 : await crossCheck(chain, token, snapshot, size, signal);
  const result = computeEpoch({ program, distributor, epoch, snapshot, previous, words });
  const { root, totals, rows } = result;
  const content =
    root === null
      ? null
      : {
          ...{ chainId, distributor, epoch, program, snapshot: block, words, root, totals, rows },
          previous: active === null ? null : { root: active.root, dataHash: active.dataHash },
        };
  return { result, content, checked };
}

async function wordsOf(
  deps: Pick<EpochDeps, "chain" | "program" | "confirmations">,
  block: SnapshotBlock,
): Promise<bigint[] | null> {
  const { rule } = deps.program;
  if (rule.kind !== "raffle") return null;
  const head = await readBlock(deps.chain, "latest");
  const final = (head?.number ?? 0) - deps.confirmations;
  const words = await findWords(deps.chain, rule.randomness, block, final);
  if (words === null) {
    throw new WordsNotReadyError(
      `the raffle waits for random words: ${rule.randomness.consumer} has to request them after block ${block.number}`,
      rule.randomness.consumer,
    );
  }
  return words;
}

/**
 * Reads the rows of an epoch's publication, and holds them against the epoch's root.
 * @throws NotReadyError when nobody has the file
 * @throws PublicationError when it is another epoch's, or none
 */
export async function readPublishedRows(
  files: Pick<PublicationFiles, "read">,
  { root, dataHash }: ActiveEpoch,
  signal?: AbortSignal,
): Promise<readonly Row[]> {
  const bytes = await files.read(dataHash, signal);
  if (bytes === null) {
    throw new NotReadyError(
      `the publication of the active epoch, ${dataHash}, is neither in the folder nor at a mirror`,
    );
  }
  const publication = decodePublication(bytes, dataHash);
  if (publication.root !== root) {
    throw new PublicationError(
      `the active root is ${root}, its publication's is ${publication.root}`,
    );
  }
  return publication.rows;
}
