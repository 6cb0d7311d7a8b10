import type { Fees } from "./model.ts";
import { openKmsSigner, type KmsOptions } from "./signers/kms.ts";
import { openLocalSigner } from "./signers/local.ts";
import { openWeb3Signer, type Web3SignerOptions } from "./signers/web3signer.ts";

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

/** Where the key of an account is. */
export type KeyPlace =
  | { keyFile: string; passwordFile?: string | undefined }
  | { kms: KmsOptions }
  | { web3signer: Web3SignerOptions };

/**
 * Opens the key of an account: from a file, in AWS KMS, or in Web3Signer.
 * @throws ConfigError that names the place, never what is in it
 */
export async function openSigner(place: KeyPlace): Promise<Signer> {
  if ("kms" in place) return openKmsSigner(place.kms);
  if ("web3signer" in place) return openWeb3Signer(place.web3signer);
  return openLocalSigner(place.keyFile, place.passwordFile);
}
