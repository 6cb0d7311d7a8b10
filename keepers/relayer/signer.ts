import { openKmsSigner, type KmsOptions } from "./signers/kms.ts";
import { openLocalSigner } from "./signers/local.ts";
import type { Signer } from "./signers/signer.ts";
import { openWeb3Signer, type Web3SignerOptions } from "./signers/web3signer.ts";

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
