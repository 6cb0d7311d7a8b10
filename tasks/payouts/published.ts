import {
  chooseProposal,
  readProposals,
  type ChainProposal,
} from "../../keepers/payout/chain-epochs.ts";
import {
  fileNameOf,
  openPublicationFiles,
  type PublicationFiles,
} from "../../keepers/payout/files.ts";
import type { Row } from "../../keepers/payout/model.ts";
import { decodePublication, type Publication } from "../../keepers/payout/publication.ts";
import { prepareEpochOn, readPublishedRows } from "../../keepers/payout/epoch.ts";
import { note } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { epochDeps, programAt, type Payouts } from "./open.ts";

/** The epoch that pays. */
export interface Active {
  readonly epoch: number;
  /** Unix seconds. */
  readonly activatedAt: number;
  readonly root: string;
  readonly proposalId: string;
  readonly dataHash: string;
}

/** Reads the epoch that pays; null before the first. */
export async function activeEpoch({ distributor }: Payouts): Promise<Active | null> {
  const { activatedAt, number, proposalId, root } = await distributor.activeEpoch();
  if (number === 0n) return null;
  const { dataHash } = await distributor.proposal(proposalId);
  return { epoch: Number(number), activatedAt: Number(activatedAt), root, proposalId, dataHash };
}

/** The epoch that pays. @throws {TaskError} before the first */
export async function requireActive(payouts: Payouts): Promise<Active> {
  const active = await activeEpoch(payouts);
  if (active === null) {
    throw new TaskError(
      "No epoch is active yet, so nobody is owed anything. See what comes with: npx hardhat payouts status",
    );
  }
  return active;
}

/** Proposals of an epoch, in the order of the chain. */
export async function proposalsOf(
  { address: distributor, chain, fromBlock: startBlock }: Payouts,
  epoch: number,
): Promise<ChainProposal[]> {
  return await readProposals({ chain, distributor, startBlock }, epoch);
}

/** The proposal that an epoch is known by. @throws {TaskError} that says which epochs there are */
export async function proposalOf(payouts: Payouts, epoch: number): Promise<ChainProposal> {
  const found = chooseProposal(await proposalsOf(payouts, epoch));
  if (found !== null) return found;
  const active = (await activeEpoch(payouts))?.epoch ?? 0;
  throw new TaskError(
    `Epoch ${epoch} was never proposed. ` +
      (active === 0 ? "None is active yet." : `Active are 1 to ${active}.`),
  );
}

/**
 * The folder and the API, and where the proposal says its file is. Whatever comes from there has the proposal's hash or is
 * not used.
 */
export function filesFor(
  { deployment, folder, files }: Payouts,
  { dataHash, uri }: { readonly dataHash: string; readonly uri: string },
): PublicationFiles {
  const end = `/${fileNameOf(dataHash)}`;
  if (!/^https?:\/\//.test(uri) || !uri.endsWith(end)) return files;
  const own = deployment.apiUrl === null ? [] : [`${deployment.apiUrl}/payouts/data`];
  return openPublicationFiles(folder, [...own, uri.slice(0, -end.length)]);
}

/** What is published of a proposal; null where nobody has the file. @throws PublicationError for one that is wrong */
export async function publicationOf(
  payouts: Payouts,
  proposal: { readonly dataHash: string; readonly uri: string },
): Promise<Publication | null> {
  const bytes = await filesFor(payouts, proposal).read(proposal.dataHash);
  return bytes === null ? null : decodePublication(bytes, proposal.dataHash);
}

/** Rows of the epoch that pays, and where they come from. */
export interface ActiveRows {
  readonly rows: readonly Row[];
  readonly from: "publication" | "recomputation";
}

/**
 * Rows of the epoch that pays: from its publication, else computed again with a program file.
 *
 * @throws {TaskError} when neither leads to the active root.
 */
export async function activeRows(
  payouts: Payouts,
  active: Active,
  programFile: string | undefined,
): Promise<ActiveRows> {
  const proposal = await proposalOf(payouts, active.epoch);
  const publication = await publicationOf(payouts, proposal);
  if (publication !== null) {
    if (publication.root === active.root) return { rows: publication.rows, from: "publication" };
    throw new TaskError(
      `The publication of epoch ${active.epoch} has root ${publication.root}, the chain ${active.root}: it cannot be claimed from.`,
    );
  }
  if (programFile === undefined) {
    throw new TaskError(
      `The publication of epoch ${active.epoch}, ${active.dataHash}, is neither in ${payouts.folder} nor at ${proposal.uri || "a URI"}. ` +
        "Fetch it into that folder, or compute it again from the chain with --program FILE.",
    );
  }
  note(`Nobody has the file of epoch ${active.epoch}: compute it again from the chain`);
  return { rows: await recomputedRows(payouts, active, programFile), from: "recomputation" };
}

/** Computes all epochs of a program up to the active one, from the chain alone. */
async function recomputedRows(
  payouts: Payouts,
  active: Active,
  programFile: string,
): Promise<readonly Row[]> {
  const program = programAt(programFile);
  const deps = epochDeps(payouts, program);
  let rows: readonly Row[] = [];
  if (program.firstEpoch > 1) {
    const before = await proposalOf(payouts, program.firstEpoch - 1);
    rows = await readPublishedRows(filesFor(payouts, before), before);
  }
  let root: string | null = null;
  for (let epoch = program.firstEpoch; epoch <= active.epoch; epoch++) {
    const known = rows;
    const basis = { previous: null, readRows: () => Promise.resolve(known) };
    const checkSize = epoch === active.epoch ? deps.checkSize : null;
    const { result } = await prepareEpochOn({ ...deps, checkSize }, epoch, basis);
    ({ rows, root } = result);
  }
  if (root === active.root) return rows;
  throw new TaskError(
    `Computed with ${programFile}, epoch ${active.epoch} has root ${root ?? "none"}, the chain ${active.root}: ` +
      "it is another program, or the root is wrong. See: npx hardhat payouts verify",
  );
}
