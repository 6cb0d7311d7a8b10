import { userInfo } from "node:os";

import { Signature, type Signer } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { approvalDigest, signApproval } from "../../keepers/payout/approval.ts";
import { appendAudit } from "../../keepers/payout/audit-store.ts";
import type { ChainProposal } from "../../keepers/payout/chain-epochs.ts";
import { readApproverKey } from "../../keepers/payout/config.ts";
import { prepareEpoch } from "../../keepers/payout/epoch.ts";
import { judgeProposal, type Published } from "../../keepers/payout/judge.ts";
import type { Finding } from "../../keepers/payout/model.ts";
import { PublicationError } from "../../keepers/payout/publication.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatFields, formatMoment } from "../shared/format.ts";
import { accountsOf, resolveAccount } from "../shared/open.ts";
import { sendCall, sentLines, type Sent } from "../shared/send.ts";
import { auditOf, withDatabase } from "./database.ts";
import {
  epochDeps,
  programAt,
  readingPayouts,
  sendingPayouts,
  type Payouts,
  type SendingPayouts,
} from "./open.ts";
import { refuseFindings } from "./propose.ts";
import { activeEpoch, proposalsOf, publicationOf } from "./published.ts";

interface Args {
  proposal: string | undefined;
  program: string | undefined;
  keyFile: string | undefined;
  signatureOnly: boolean;
  signature: string | undefined;
  approver: string | undefined;
  acceptFindings: boolean;
  from: string | undefined;
  folder: string | undefined;
  json: boolean;
}

const openStates = ["proposed", "approved", "ready"];

/** Approves a proposal of the next epoch after computing it again, or brings somebody else's signature. */
export async function approveProposal(
  args: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const { approver, keyFile, signature, signatureOnly } = args;
  if ((signature === undefined) !== (approver === undefined)) {
    throw new TaskError("Bring a signature with both --signature and --approver ACCOUNT.");
  }
  if (signature !== undefined) return await bringSignature(args, hre, settings);
  // Signing with a key file alone needs no account of the network.
  if (signatureOnly && keyFile !== undefined && args.from === undefined) {
    return await readingPayouts(hre, settings, args, async (payouts) => {
      await printSignature(payouts, args, readApproverKey(keyFile));
    });
  }
  await sendingPayouts(hre, settings, args, async (payouts) => {
    const signer = keyFile === undefined ? payouts.signer : readApproverKey(keyFile);
    if (signatureOnly) return await printSignature(payouts, args, signer);
    const { findings, proposal } = await judged(payouts, args, await signer.getAddress());
    const sent =
      keyFile === undefined
        ? await approve(payouts, proposal)
        : await approveBySignature(payouts, proposal, {
            approver: await signer.getAddress(),
            signature: await signed(payouts, signer, proposal),
          });
    await record(payouts, proposal, await signer.getAddress(), findings);
    await report(payouts, proposal, sent, args.json);
  });
}

/** Sends a signature that somebody else made. Nothing is computed: the contract knows whose it is. */
async function bringSignature(
  { approver = "", signature = "", ...args }: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  if (!/^0x([0-9a-fA-F]{2})+$/.test(signature)) {
    throw new TaskError(`--signature "${signature}" is not hexadecimal.`);
  }
  await sendingPayouts(hre, settings, args, async (payouts) => {
    const proposal = await chosen(payouts, args.proposal);
    const by = resolveAccount(approver, await accountsOf(payouts.connection));
    const sent = await approveBySignature(payouts, proposal, { approver: by, signature });
    await report(payouts, proposal, sent, args.json);
  });
}

async function printSignature(payouts: Payouts, args: Args, signer: Signer): Promise<void> {
  const approver = await signer.getAddress();
  const { findings, proposal } = await judged(payouts, args, approver);
  const signature = await signed(payouts, signer, proposal);
  await record(payouts, proposal, approver, findings);
  if (args.json) return printJson({ proposal: proposal.id, approver, signature });
  print(signature);
  note(
    `Anyone can bring it: npx hardhat payouts approve ${proposal.id} --approver ${approver} --signature ${signature} ` +
      `--network ${payouts.connection.networkName}`,
  );
}

interface Judged {
  readonly proposal: ChainProposal;
  /** What the checks found, and a person accepted. */
  readonly findings: readonly Finding[];
}

/** The proposal, after it proved to be what this machine computes itself. */
async function judged(payouts: Payouts, args: Args, approver: string): Promise<Judged> {
  const { distributor } = payouts;
  const { program: file } = args;
  if (file === undefined) {
    throw new TaskError("Say what the epoch is computed with: --program FILE, your own copy.");
  }
  const program = programAt(file);
  const proposal = await chosen(payouts, args.proposal);
  const [{ accounts, threshold }, hasApproved] = await Promise.all([
    distributor.approvers(),
    distributor.hasApproved(proposal.id, approver),
  ]);
  if (!accounts.includes(approver)) {
    throw new TaskError(
      `${approver} is no approver. ${threshold} of these have to approve: ${accounts.join(", ")}.`,
    );
  }
  if (hasApproved) throw new TaskError(`${approver} has approved proposal ${proposal.id} already.`);
  note(`Compute epoch ${proposal.epoch} from the chain`);
  const active = await activeEpoch(payouts);
  const { content, result } = await prepareEpoch(
    epochDeps(payouts, program),
    proposal.epoch,
    active,
  );
  if (content === null) {
    throw new TaskError("There is nothing to pay, and a root was proposed: do not sign it.");
  }
  const verdict = judgeProposal(content, proposal, await publishedOf(payouts, proposal));
  if (verdict.kind === "unpublished") {
    throw new TaskError(
      `Nobody has the file ${proposal.dataHash} of proposal ${proposal.id} (${proposal.uri}): nobody could claim. Nothing is signed.`,
    );
  }
  if (verdict.kind === "differs") {
    throw new TaskError(
      `Proposal ${proposal.id} is not right: ${verdict.reason}. Nothing is signed.`,
    );
  }
  refuseFindings(result.findings, args.acceptFindings, "Approve");
  note(`Proposal ${proposal.id} is what this machine computes: root ${proposal.root}`);
  return { proposal, findings: result.findings };
}

/** Where the approver's database is at hand, its audit log says who approved, and what was accepted. */
async function record(
  payouts: Payouts,
  { epoch, id }: ChainProposal,
  approver: string,
  findings: readonly Finding[],
): Promise<void> {
  const content = {
    ...{ proposal: id, approver: approver.toLowerCase(), person: userInfo().username },
    acceptedFindings: findings.map(({ reason }) => reason),
  };
  await withDatabase(payouts, async (db) => {
    await db.transaction(
      async (client) =>
        await appendAudit(
          client,
          auditOf(payouts),
          { epoch, kind: "approved", content },
          Date.now(),
        ),
    );
  });
}

async function publishedOf(payouts: Payouts, proposal: ChainProposal): Promise<Published> {
  try {
    const publication = await publicationOf(payouts, proposal);
    return publication === null ? { kind: "missing" } : { kind: "read", publication };
  } catch (error) {
    if (error instanceof PublicationError) return { kind: "invalid", reason: error.message };
    throw error;
  }
}

/** The proposal that is meant: the named one, else the only one that can be approved. */
async function chosen(payouts: Payouts, given: string | undefined): Promise<ChainProposal> {
  const epoch = ((await activeEpoch(payouts))?.epoch ?? 0) + 1;
  const proposals = await proposalsOf(payouts, epoch);
  const open = proposals.filter(({ state }) => openStates.includes(state));
  const list = open.map(({ id }) => id).join(", ");
  if (given !== undefined) {
    const known = proposals.find(({ id }) => id.toLowerCase() === given.toLowerCase());
    if (known !== undefined && open.includes(known)) return known;
    throw new TaskError(
      known === undefined
        ? `There is no proposal ${given} for epoch ${epoch}. Open proposals: ${list || "none"}.`
        : `Proposal ${given} is ${known.state}. Open proposals: ${list || "none"}.`,
    );
  }
  const [first] = open;
  if (first === undefined) {
    throw new TaskError(
      `No proposal for epoch ${epoch} waits for approval. Make one with: npx hardhat payouts propose FILE`,
    );
  }
  if (open.length > 1) throw new TaskError(`Name one of the open proposals: ${list}.`);
  return first;
}

async function signed(
  { address, deployment }: Payouts,
  signer: Signer,
  proposal: ChainProposal,
): Promise<string> {
  const { chainId } = deployment;
  // What is signed is what was compared: the id follows from it.
  if (approvalDigest(chainId, address, proposal) !== proposal.id) {
    throw new TaskError(`Proposal ${proposal.id} has another id than its content: do not sign it.`);
  }
  return Signature.from(await signApproval(signer, chainId, address, proposal)).serialized;
}

async function approve(payouts: SendingPayouts, { id }: ChainProposal): Promise<Sent> {
  const { address, distributor } = payouts;
  const { sent } = await sendCall(payouts, {
    what: `PayoutDistributor.approve(${id})`,
    to: address,
    simulate: async () => await distributor.approve.staticCall(id),
    send: async () => await distributor.approve(id),
  });
  return sent;
}

async function approveBySignature(
  payouts: SendingPayouts,
  { id }: ChainProposal,
  { approver, signature }: { approver: string; signature: string },
): Promise<Sent> {
  const { address, distributor } = payouts;
  const { sent } = await sendCall(payouts, {
    what: `PayoutDistributor.approveBySig(${id}, ${approver})`,
    to: address,
    simulate: async () => await distributor.approveBySig.staticCall(id, approver, signature),
    send: async () => await distributor.approveBySig(id, approver, signature),
  });
  return sent;
}

async function report(
  { connection, distributor }: SendingPayouts,
  { epoch, id }: ChainProposal,
  sent: Sent,
  json: boolean,
): Promise<void> {
  const [{ approvals, challengeEndsAt }, { threshold }, block] = await Promise.all([
    distributor.proposal(id),
    distributor.approvers(),
    connection.ethers.provider.getBlock(sent.block),
  ]);
  if (json) {
    return printJson({
      ...{ proposal: id, epoch, approvals, threshold },
      challengeEndsAt: challengeEndsAt === 0n ? null : Number(challengeEndsAt),
      ...sent,
    });
  }
  formatFields([
    ["Proposal", id],
    ["Approvals", `${approvals} of ${threshold}`],
    [
      "Challenge",
      challengeEndsAt === 0n
        ? "starts with the last approval that is needed"
        : `ends ${formatMoment(Number(challengeEndsAt), block?.timestamp ?? 0)}; then anyone may activate it`,
    ],
  ]).forEach(print);
  sentLines(sent).forEach(print);
}
