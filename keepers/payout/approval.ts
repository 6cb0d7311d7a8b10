import { TypedDataEncoder, type Signer } from "ethers";

import type { Total } from "./model.ts";

/** What approvers sign: the content of a proposal. */
export interface ApprovalContent {
  readonly epoch: number;
  /** How often the content was proposed, this time included. */
  readonly attempt: number;
  readonly root: string;
  readonly totals: readonly Total[];
  readonly dataHash: string;
  readonly uri: string;
  readonly snapshotBlock: number;
}

const types = {
  Approval: [
    { name: "epoch", type: "uint256" },
    { name: "attempt", type: "uint256" },
    { name: "root", type: "bytes32" },
    { name: "totals", type: "Total[]" },
    { name: "dataHash", type: "bytes32" },
    { name: "uri", type: "string" },
    { name: "snapshotBlock", type: "uint256" },
  ],
  Total: [
    { name: "token", type: "address" },
    { name: "amount", type: "uint256" },
  ],
};

function domainOf(chainId: number, distributor: string): object {
  return { name: "Dodona Payouts", version: "1", chainId, verifyingContract: distributor };
}

/** @returns the EIP-712 digest of a proposal, which is its id */
export function approvalDigest(
  chainId: number,
  distributor: string,
  content: ApprovalContent,
): string {
  return TypedDataEncoder.hash(domainOf(chainId, distributor), types, content);
}

/** @returns an approver's signature, 65 bytes hex, low s */
export function signApproval(
  wallet: Pick<Signer, "signTypedData">,
  chainId: number,
  distributor: string,
  content: ApprovalContent,
): Promise<string> {
  return wallet.signTypedData(domainOf(chainId, distributor), types, content);
}
