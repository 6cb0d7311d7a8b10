import { IPayoutDistributor__factory } from "../../types/ethers-contracts/factories/interfaces/IPayoutDistributor__factory.ts";
import type { Chain } from "../shared/rpc.ts";
import type { ApprovalContent } from "./approval.ts";
import { readBlock } from "./blocks.ts";
import type { DistributorView, ProposalView } from "./decide.ts";
import { openLogCursor, type RpcLog } from "./log-cursor.ts";

/** ABI of the distributor. */
export const distributorAbi = IPayoutDistributor__factory.createInterface();

/** `IPayoutDistributor.State` by number; the first is Unknown. */
const states: ReadonlyArray<ProposalView["state"] | null> = [
  ...[null, "proposed", "approved", "ready", "activated"],
  ...["disputed", "superseded", "void", "expired"],
] as ReadonlyArray<ProposalView["state"] | null>;

/** @returns name of a state by its number in the contract; null for Unknown */
export function stateNameOf(state: number): ProposalView["state"] | null {
  return states[state] ?? null;
}

/** The distributor with what the keeper acts on. */
export interface DistributorState extends DistributorView {
  readonly head: number;
  /** The active epoch's; null before the first. */
  readonly active: { readonly root: string; readonly dataHash: string } | null;
  /** What approvers of each proposal of the next epoch sign, by its id. */
  readonly contents: ReadonlyMap<string, ApprovalContent>;
}

/** Amounts of a token, in its smallest unit. */
export interface Funding {
  readonly deposited: bigint;
  readonly approved: bigint;
  readonly paid: bigint;
}

/** What the keeper reads from the distributor. */
export interface DistributorReader {
  /** @param approver whose approvals are looked for, lower case; null for none */
  read(approver: string | null, signal?: AbortSignal): Promise<DistributorState>;
  funding(token: string): Promise<Funding>;
  /** @returns why a call would revert now; null when it would not */
  preflight(data: string, from: string | null): Promise<string | null>;
}

/**
 * Opens the distributor at an address.
 * @param startBlock its deployment's, or any before its first proposal
 */
export function createDistributorReader(
  chain: Chain,
  distributor: string,
  startBlock: number,
): DistributorReader {
  const contract = IPayoutDistributor__factory.connect(distributor, chain.provider);
  const proposed = openLogCursor(chain, {
    address: distributor,
    topics: [distributorAbi.getEvent("EpochProposed").topicHash],
    fromBlock: startBlock,
  });

  async function proposalOf(
    id: string,
    content: ApprovalContent,
    approver: string | null,
    blockTag: number,
  ): Promise<ProposalView[]> {
    const [info, hasApproved] = await Promise.all([
      contract.proposal(id, { blockTag }),
      approver === null ? false : contract.hasApproved(id, approver, { blockTag }),
    ]);
    const state = stateNameOf(Number(info.state));
    if (state === null) return [];
    return [
      {
        ...{ id, state, epoch: content.epoch, root: content.root, totals: content.totals },
        ...{ dataHash: content.dataHash, snapshotBlock: content.snapshotBlock },
        challengeEndsAt: Number(info.challengeEndsAt),
        expiresAt: Number(info.expiresAt),
        approvedBy: hasApproved && approver !== null ? [approver] : [],
      },
    ];
  }

  return {
    async read(approver, signal) {
      const head = await readBlock(chain, "latest");
      if (head === null) throw new Error("the chain has no block");
      const blockTag = head.number;
      const [epoch, config, logs] = await Promise.all([
        contract.activeEpoch({ blockTag }),
        contract.config({ blockTag }),
        proposed.sync(head.number, signal),
      ]);
      const activeEpoch = Number(epoch.number);
      const contents = new Map(
        logs.map(toContent).filter(([, content]) => content.epoch === activeEpoch + 1),
      );
      const proposals = await Promise.all(
        [...contents].map(([id, content]) => proposalOf(id, content, approver, blockTag)),
      );
      const active =
        activeEpoch === 0
          ? null
          : {
              root: epoch.root.toLowerCase(),
              dataHash: (await contract.proposal(epoch.proposalId, { blockTag })).dataHash,
            };
      return {
        ...{ head: head.number, time: head.time, activeEpoch, active, contents },
        activatedAt: Number(epoch.activatedAt),
        epochSeconds: Number(config.epochSeconds),
        proposals: proposals.flat(),
      };
    },

    async funding(token) {
      const { deposited, approved, paid } = await contract.tokenState(token);
      return { deposited, approved, paid };
    },

    async preflight(data, from) {
      const call = { to: distributor, data, ...(from === null ? {} : { from }) };
      try {
        await chain.provider.call(call);
        return null;
      } catch (error) {
        const revert = revertDataOf(error);
        if (revert === null) throw error;
        return describeError(revert);
      }
    },
  };
}

/** Calldata that proposes an epoch. */
export function encodePropose(content: Omit<ApprovalContent, "attempt">): string {
  const { epoch, root, totals, dataHash, uri, snapshotBlock } = content;
  const sums = totals.map(({ token, amount }) => ({ token, amount }));
  return distributorAbi.encodeFunctionData("propose", [
    { epoch, root, totals: sums, dataHash, uri, snapshotBlock },
  ]);
}

/** Calldata that brings an approver's signature. */
export function encodeApprove(proposalId: string, approver: string, signature: string): string {
  return distributorAbi.encodeFunctionData("approveBySig", [proposalId, approver, signature]);
}

/** Calldata that activates a proposal. */
export function encodeActivate(proposalId: string): string {
  return distributorAbi.encodeFunctionData("activate", [proposalId]);
}

/** Calldata that drops a proposal. */
export function encodeDispute(proposalId: string, reason: string): string {
  return distributorAbi.encodeFunctionData("dispute", [proposalId, reason]);
}

/** A custom error of the distributor in the form `Name(values)`. */
export function describeError(data: string): string {
  try {
    const parsed = distributorAbi.parseError(data);
    if (parsed !== null) return `${parsed.name}(${parsed.args.map(String).join(", ")})`;
  } catch {
    // Not encoded as its selector says.
  }
  return data === "0x" ? "no reason" : `unknown error ${data.slice(0, 10)}`;
}

/** @returns id and content of a proposal, from its EpochProposed log */
export function toContent(log: RpcLog): [string, ApprovalContent] {
  const parsed = distributorAbi.parseLog({ topics: [...log.topics], data: log.data });
  if (parsed?.name !== "EpochProposed") throw new Error("the log is not of EpochProposed");
  const args = parsed.args as unknown as {
    readonly proposalId: string;
    readonly epoch: bigint;
    readonly attempt: bigint;
    readonly root: string;
    readonly totals: ReadonlyArray<{ readonly token: string; readonly amount: bigint }>;
    readonly dataHash: string;
    readonly uri: string;
    readonly snapshotBlock: bigint;
  };
  const content: ApprovalContent = {
    ...{ epoch: Number(args.epoch), attempt: Number(args.attempt), root: args.root },
    totals: args.totals.map(({ token, amount }) => ({ token: token.toLowerCase(), amount })),
    ...{ dataHash: args.dataHash, uri: args.uri, snapshotBlock: Number(args.snapshotBlock) },
  };
  return [args.proposalId, content];
}

function revertDataOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "CALL_EXCEPTION") {
    return null;
  }
  return "data" in error && typeof error.data === "string" ? error.data : "0x";
}
