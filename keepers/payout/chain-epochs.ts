import type { Chain } from "../shared/rpc.ts";
import type { ApprovalContent } from "./approval.ts";
import { isOpen, type ProposalView } from "./decide.ts";
import { distributorAbi, stateNameOf, toContent } from "./distributor.ts";
import { openLogCursor } from "./log-cursor.ts";

/** A proposal with its content, from the chain's logs, and where it stands now. */
export interface ChainProposal extends ApprovalContent {
  readonly id: string;
  readonly state: ProposalView["state"];
}

/** Where the distributor is. */
export interface DistributorPlace {
  readonly chain: Pick<Chain, "send">;
  readonly distributor: string;
  /** Of its deployment, or any before its first proposal. */
  readonly startBlock: number;
}

/**
 * Reads all proposals of an epoch from the chain.
 * @returns in the order of the chain, the disputed and expired ones included
 */
export async function readProposals(
  { chain, distributor, startBlock }: DistributorPlace,
  epoch: number,
  signal?: AbortSignal,
): Promise<ChainProposal[]> {
  const { topicHash } = distributorAbi.getEvent("EpochProposed");
  const topics = [topicHash, null, `0x${epoch.toString(16).padStart(64, "0")}`];
  const cursor = openLogCursor(chain, { address: distributor, topics, fromBlock: startBlock });
  const head = Number(await chain.send("eth_blockNumber", []));
  const logs = await cursor.sync(head, signal);
  const proposals = await Promise.all(
    logs.map(toContent).map(async ([id, content]) => {
      const data = distributorAbi.encodeFunctionData("stateOf", [id]);
      const answer = await chain.send("eth_call", [{ to: distributor, data }, "latest"]);
      const state = stateNameOf(Number(answer));
      return state === null ? [] : [{ ...content, id, state }];
    }),
  );
  return proposals.flat();
}

/**
 * Chooses the proposal that an epoch is judged by: the activated one, else the newest that is open, else the newest.
 * @returns null where the epoch was never proposed
 */
export function chooseProposal(proposals: readonly ChainProposal[]): ChainProposal | null {
  const newest = proposals.toReversed();
  return (
    newest.find(({ state }) => state === "activated") ?? newest.find(isOpen) ?? newest[0] ?? null
  );
}
