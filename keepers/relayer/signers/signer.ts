import type { Fees } from "../model.ts";

/** What is signed. */
export interface Unsigned {
  chainId: number;
  nonce: number;
  to: string;
  /** 0x-prefixed calldata. */
  data: string;
  valueWei: bigint;
  gasLimit: bigint;
  fees: Fees;
}

/** Signs for one account. */
export interface Signer {
  /** Lower case. */
  readonly address: string;
  /**
   * @returns the signed bytes (0x hex) and their hash
   * @throws Error when a signer elsewhere does not answer; its message holds no secret
   */
  sign(transaction: Unsigned): Promise<{ raw: string; hash: string }>;
}
