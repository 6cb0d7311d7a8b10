import type { Wallet } from "ethers";

import type { Clock } from "../shared/clock.ts";
import type { Database } from "../shared/database.ts";
import type { Logger } from "../shared/log.ts";
import { approvalDigest, signApproval } from "./approval.ts";
import { appendAudit, lockAudit } from "./audit-store.ts";
import type { AuditEvent, AuditLog } from "./audit.ts";
import { uriOf } from "./config.ts";
import type { Action, StepState } from "./decide.ts";
import {
  encodeActivate,
  encodeApprove,
  encodeDispute,
  encodePropose,
  type DistributorReader,
  type DistributorState,
} from "./distributor.ts";
import type { PublicationFiles } from "./files.ts";
import type { PayoutMetrics } from "./metrics.ts";
import { encodePublication, type Publication } from "./publication.ts";
import { recordStep, writeHold, type NewStep } from "./store.ts";

/** The distributor would refuse the call. Worth trying again. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

/** What submitting works with. */
export interface SubmitDeps {
  readonly chainId: number;
  readonly distributor: string;
  readonly db: Database;
  readonly reader: Pick<DistributorReader, "preflight">;
  readonly files: PublicationFiles;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: PayoutMetrics;
  /** The approver's; null for the other roles. */
  readonly wallet: Wallet | null;
  /** The relayer's account that has the role; null for approvers. */
  readonly sender: string | null;
  /** Where others find a publication, with {hash}; empty for the other roles. */
  readonly uri: string;
}

/** A step that was not mined by then is tried anew. */
const EXPIRES_MS = 3_600_000;
const MAX_REASON_BYTES = 200;
const gasLimits: Record<StepState["step"], bigint> = {
  ...{ propose: 1_500_000n, approve: 300_000n, activate: 1_500_000n, dispute: 300_000n },
};

/** Creates what hands decided actions over: each is one transaction of step, intent and audit entry. */
export function createSubmitter(deps: SubmitDeps): {
  /**
   * @param content what was computed here, for a proposal; null where there is nothing
   * @throws RefusedError when the distributor would refuse the call now
   */
  submit(
    action: Exclude<Action, { kind: "compute" }>,
    content: Omit<Publication, "audit"> | null,
    state: DistributorState,
  ): Promise<void>;
} {
  const { chainId, distributor, db, clock, log, metrics } = deps;
  const audit: AuditLog = { chainId, distributor };

  /** The file is there before anything names it. Several processes come one after the other: the log is locked. */
  async function propose(attempt: number, content: Omit<Publication, "audit">): Promise<void> {
    const { epoch, root, totals, snapshot } = content;
    await db.transaction(async (client) => {
      const head = await lockAudit(client, audit);
      const { bytes, dataHash } = encodePublication({ ...content, audit: head });
      const uri = uriOf(deps.uri, dataHash);
      const snapshotBlock = snapshot.number;
      const data = encodePropose({ epoch, root, totals, dataHash, uri, snapshotBlock });
      if (!(await recordStep(client, audit, stepOf("propose", epoch, "", attempt, data)))) return;
      await mustPass(data);
      await deps.files.write(bytes, dataHash);
      const facts = {
        ...{ attempt, root, dataHash, snapshotBlock },
        totals: totals.map(({ token, amount }) => ({ token, amount })),
      };
      await appendAudit(client, audit, { epoch, kind: "proposed", content: facts }, clock.nowMs());
      metrics.step("propose");
      log.info({ epoch, attempt, root, dataHash }, "proposes");
    });
  }

  async function hand(
    step: StepState["step"],
    epoch: number,
    subject: string,
    attempt: number,
    data: string,
    event: Omit<AuditEvent, "epoch">,
  ): Promise<void> {
    await mustPass(data);
    const isNew = await db.transaction(async (client) => {
      const given = stepOf(step, epoch, subject, attempt, data);
      if (!(await recordStep(client, audit, given))) return false;
      await appendAudit(client, audit, { ...event, epoch }, clock.nowMs());
      return true;
    });
    if (!isNew) return;
    metrics.step(step);
    log.info({ epoch, step, subject, attempt }, "handed to the relayer");
  }

  async function approve(
    { proposal, attempt }: Extract<Action, { kind: "approve" }>,
    state: DistributorState,
  ): Promise<void> {
    const content = state.contents.get(proposal.id);
    if (deps.wallet === null || content === undefined) return;
    // What is signed is what was compared: the id is recomputed from it.
    if (approvalDigest(chainId, distributor, content) !== proposal.id) {
      throw new Error(`proposal ${proposal.id} has another id than its content`);
    }
    const approver = deps.wallet.address.toLowerCase();
    const signature = await signApproval(deps.wallet, chainId, distributor, content);
    const data = encodeApprove(proposal.id, approver, signature);
    const event = { kind: "approved" as const, content: { proposal: proposal.id, approver } };
    await hand("approve", proposal.epoch, `${proposal.id} ${approver}`, attempt, data, event);
  }

  function stepOf(
    step: StepState["step"],
    epoch: number,
    subject: string,
    attempt: number,
    data: string,
  ): NewStep {
    const needsRole = step === "propose" || step === "dispute";
    return {
      ...{ step, epoch, subject, attempt, data, gasLimit: gasLimits[step] },
      expiresAtMs: clock.nowMs() + EXPIRES_MS,
      account: needsRole ? (deps.sender ?? undefined) : undefined,
    };
  }

  async function mustPass(data: string): Promise<void> {
    const reason = await deps.reader.preflight(data, deps.sender);
    if (reason !== null) throw new RefusedError(`the distributor would refuse: ${reason}`);
  }

  return {
    async submit(action, content, state) {
      switch (action.kind) {
        case "hold": {
          const { epoch, reasons } = action;
          const isNew = await db.transaction((client) =>
            writeHold(client, audit, epoch, reasons, clock.nowMs()),
          );
          if (isNew) log.warn({ epoch, reasons }, "held for a person");
          return;
        }
        case "propose":
          if (content !== null) await propose(action.attempt, content);
          return;
        case "approve":
          return approve(action, state);
        case "activate": {
          const { id, epoch } = action.proposal;
          const event = { kind: "activation" as const, content: { proposal: id } };
          return hand("activate", epoch, id, action.attempt, encodeActivate(id), event);
        }
        case "dispute": {
          const { id, epoch } = action.proposal;
          const reason = action.reason.slice(0, MAX_REASON_BYTES);
          const event = { kind: "disputed" as const, content: { proposal: id, reason } };
          return hand("dispute", epoch, id, action.attempt, encodeDispute(id, reason), event);
        }
      }
    },
  };
}
