import type { TransactionResponse } from "ethers";

/** One governance transaction: what it does, in words, and how to send it. */
export interface Step {
  what: string;
  /** Anyone may send it, so it asks for no role. */
  open?: boolean;
  send: (overrides: { gasLimit?: bigint }) => Promise<TransactionResponse>;
}
