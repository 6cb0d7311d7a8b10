import { canonicalJson, type Canonical } from "./canonical.ts";
import type { Total } from "./model.ts";
import { programHash } from "./program.ts";
import type { Publication } from "./publication.ts";

/** What a proposal says on chain, as far as it is recomputed. */
export interface ProposalContent {
  readonly epoch: number;
  readonly root: string;
  readonly totals: readonly Total[];
  readonly snapshotBlock: number;
}

/** What became of the file that a proposal's data hash names. */
export type Published =
  | { readonly kind: "read"; readonly publication: Publication }
  | { readonly kind: "missing" }
  /** It has the hash, but is no publication. */
  | { readonly kind: "invalid"; readonly reason: string };

/** How a proposal compares with what was computed here. */
export type Verdict =
  | { readonly kind: "same" }
  | { readonly kind: "differs"; readonly reason: string }
  /** Root and totals are right, but nobody could claim: the file is not there. */
  | { readonly kind: "unpublished" };

/**
 * Compares a proposal with an independent computation of the same epoch. Only the audit log's place is taken from the
 * published file: it is the proposer's own.
 * @param own what was computed here
 */
export function judgeProposal(
  own: Omit<Publication, "audit">,
  proposal: ProposalContent,
  published: Published,
): Verdict {
  const first =
    differenceOf("epoch", own.epoch, proposal.epoch) ??
    differenceOf("snapshot block", own.snapshot.number, proposal.snapshotBlock) ??
    differenceOf("root", own.root, proposal.root) ??
    differenceOf("totals", textOf(own.totals), textOf(proposal.totals));
  if (first !== null) return first;
  if (published.kind === "missing") return { kind: "unpublished" };
  if (published.kind === "invalid") {
    return { kind: "differs", reason: `its file is wrong: ${published.reason}` };
  }
  const { publication } = published;
  return (
    differenceOf("chain", own.chainId, publication.chainId) ??
    differenceOf("distributor", own.distributor, publication.distributor) ??
    differenceOf("epoch", own.epoch, publication.epoch) ??
    differenceOf("program", programHash(own.program), programHash(publication.program)) ??
    differenceOf("snapshot", textOf(own.snapshot), textOf(publication.snapshot)) ??
    differenceOf("previous epoch", textOf(own.previous), textOf(publication.previous)) ??
    differenceOf("random words", textOf(own.words), textOf(publication.words)) ??
    differenceOf("root", own.root, publication.root) ??
    rowDifference(own, publication) ?? { kind: "same" }
  );
}

/** Equal roots mean equal leaves; what a row earned in this epoch is in no leaf. */
function rowDifference(
  own: Pick<Publication, "rows">,
  publication: Pick<Publication, "rows">,
): Verdict | null {
  const at = own.rows.findIndex((row, i) => row.earned !== publication.rows[i]?.earned);
  const account = own.rows[at]?.account;
  return account === undefined
    ? null
    : { kind: "differs", reason: `what ${account} earned in the epoch is another` };
}

function differenceOf(name: string, own: string | number, given: string | number): Verdict | null {
  return own === given
    ? null
    : { kind: "differs", reason: `${name}: computed ${own}, proposed ${given}` };
}

function textOf(value: unknown): string {
  return canonicalJson(value as Canonical);
}
