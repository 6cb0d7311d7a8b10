import type { Clock } from "../shared/clock.ts";
import {
  chooseProposal,
  readProposals,
  type ChainProposal,
  type DistributorPlace,
} from "./chain-epochs.ts";
import {
  NotReadyError,
  prepareEpochOn,
  readPublishedRows,
  type ActiveEpoch,
  type Basis,
  type EpochDeps,
} from "./epoch.ts";
import { judgeProposal, type Published } from "./judge.ts";
import { compareRows, type Row } from "./model.ts";
import { decodePublication } from "./publication.ts";

/** What an epoch is verified with. */
export interface VerifyDeps extends EpochDeps, DistributorPlace {
  readonly chain: EpochDeps["chain"];
  readonly distributor: string;
  readonly clock: Pick<Clock, "nowMs">;
  /**
   * Computes all epochs from the program's first on, even where the publication before is there. That one's rows are
   * otherwise taken, since the root on chain is theirs.
   */
  readonly fromFirst?: boolean;
}

/** A leaf that is another than it should be; 0 where it is missing. */
export interface Difference {
  readonly account: string;
  readonly token: string;
  /** Cumulative amounts in the token's smallest unit. */
  readonly published: bigint;
  readonly recomputed: bigint;
}

/** How an epoch on the chain compares with its recomputation. */
export interface Verification {
  readonly epoch: number;
  readonly proposal: Pick<ChainProposal, "id" | "state" | "dataHash" | "uri">;
  /** The recomputed one is null where there is nothing to pay. */
  readonly root: { readonly chain: string; readonly recomputed: string | null };
  /** Root, totals and snapshot block on chain are those that follow from the chain. */
  readonly isEqual: boolean;
  /** Ascending by account, then token; empty while the published file is not there or cannot be read. */
  readonly differences: readonly Difference[];
  /** What is not as it should be, in words: on chain, or in the file. */
  readonly problems: readonly string[];
  /** Where the rows of the epoch before came from. */
  readonly basis: "none" | "published" | "recomputed";
  /** Accounts that the epoch pays. */
  readonly recipients: number;
  readonly seconds: number;
}

/** The epoch was never proposed. */
export class UnknownEpochError extends Error {
  override readonly name = "UnknownEpochError";
}

/**
 * Computes an epoch again from the chain, and compares it with the root that is active or proposed.
 * @throws UnknownEpochError, or what `prepareEpoch` throws
 */
export async function verifyEpoch(
  deps: VerifyDeps,
  epoch: number,
  signal?: AbortSignal,
): Promise<Verification> {
  const startedMs = deps.clock.nowMs();
  const proposal = chooseProposal(await readProposals(deps, epoch, signal));
  if (proposal === null) throw new UnknownEpochError(`epoch ${epoch} was never proposed`);
  const { kind, basis } = await findBasis(deps, epoch, signal);
  const { result, content } = await prepareEpochOn(deps, epoch, basis, signal);
  const published = await readPublished(deps, proposal.dataHash, signal);
  const rows = published.kind === "read" ? published.publication.rows : null;
  const onChain = content === null ? null : judgeProposal(content, proposal, { kind: "missing" });
  const inFile = content === null ? null : judgeProposal(content, proposal, published);
  const problems = [
    ...(content === null ? ["there is nothing to pay, and a root was proposed"] : []),
    ...(onChain?.kind === "differs" ? [onChain.reason] : []),
    ...(inFile?.kind === "differs" && onChain?.kind !== "differs" ? [inFile.reason] : []),
    ...(published.kind === "missing" ? [`the file ${proposal.dataHash} is not there`] : []),
    ...(published.kind === "invalid" ? [`the file is wrong: ${published.reason}`] : []),
  ];
  const { id, state, dataHash, uri } = proposal;
  return {
    ...{ epoch, proposal: { id, state, dataHash, uri }, basis: kind },
    root: { chain: proposal.root, recomputed: result.root },
    isEqual: onChain?.kind === "unpublished",
    differences: rows === null ? [] : differencesOf(rows, result.rows),
    problems: [...new Set(problems)],
    recipients: result.recipients,
    seconds: (deps.clock.nowMs() - startedMs) / 1_000,
  };
}

/** Compares two lists of rows, both ascending by account, then token. Pure. */
export function differencesOf(published: readonly Row[], recomputed: readonly Row[]): Difference[] {
  const differences: Difference[] = [];
  let [i, j] = [0, 0];
  while (i < published.length || j < recomputed.length) {
    const [given, own] = [published[i], recomputed[j]];
    const order = given === undefined ? 1 : own === undefined ? -1 : compareRows(given, own);
    const { account, token } = (order <= 0 ? given : own)!;
    const theirs = order <= 0 ? given!.cumulative : 0n;
    const ours = order >= 0 ? own!.cumulative : 0n;
    if (theirs !== ours) differences.push({ account, token, published: theirs, recomputed: ours });
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return differences;
}

interface FoundBasis {
  readonly kind: Verification["basis"];
  readonly basis: Basis;
}

const nothing: Basis = { previous: null, readRows: () => Promise.resolve([]) };

/** Rows of the epoch before: those published under its root, or else those of a recomputation. */
async function findBasis(
  deps: VerifyDeps,
  epoch: number,
  signal?: AbortSignal,
): Promise<FoundBasis> {
  if (epoch === 1) return { kind: "none", basis: nothing };
  const { firstEpoch } = deps.program;
  const isFirst = epoch === firstEpoch;
  const previous = await activatedEpoch(deps, epoch - 1, signal);
  if (deps.fromFirst !== true || isFirst) {
    try {
      const rows = await readPublishedRows(deps.files, previous, signal);
      return { kind: "published", basis: { previous, readRows: () => Promise.resolve(rows) } };
    } catch (error) {
      if (isFirst || !(error instanceof NotReadyError)) throw error;
    }
  }
  // What was paid under another program cannot be computed with this one: the first stands on its publication.
  let { basis } = await findBasis({ ...deps, fromFirst: false }, firstEpoch, signal);
  for (let at = firstEpoch; at < epoch; at++) {
    const { rows } = (await prepareEpochOn({ ...deps, checkSize: null }, at, basis, signal)).result;
    basis = {
      previous: at === epoch - 1 ? previous : null,
      readRows: () => Promise.resolve(rows),
    };
  }
  return { kind: "recomputed", basis };
}

async function activatedEpoch(
  deps: VerifyDeps,
  epoch: number,
  signal?: AbortSignal,
): Promise<ActiveEpoch> {
  const proposals = await readProposals(deps, epoch, signal);
  const found = proposals.find(({ state }) => state === "activated");
  if (found === undefined) throw new NotReadyError(`epoch ${epoch} before it was not activated`);
  return { root: found.root, dataHash: found.dataHash };
}

async function readPublished(
  { files }: VerifyDeps,
  dataHash: string,
  signal?: AbortSignal,
): Promise<Published> {
  const bytes = await files.read(dataHash, signal);
  if (bytes === null) return { kind: "missing" };
  try {
    return { kind: "read", publication: decodePublication(bytes, dataHash) };
  } catch (error) {
    return { kind: "invalid", reason: error instanceof Error ? error.message : String(error) };
  }
}
