import { SigningKey, Transaction, Wallet } from "ethers";
import { ConfigError, readSecretFile } from "../../shared/config.ts";
import type { Signer, Unsigned } from "./signer.ts";
import { assemble } from "./signature.ts";

/**
 * Opens a key from a file.
 * @param keyFile mode 0600: a private key in hex, or an encrypted JSON keystore (Web3 Secret Storage)
 * @param passwordFile mode 0600, for a keystore only
 * @throws ConfigError that names the file, never what is in it
 */
export async function openLocalSigner(
  keyFile: string,
  passwordFile: string | undefined,
): Promise<Signer> {
  const text = readSecretFile(keyFile);
  const key = text.startsWith("{")
    ? await openKeystore(text, keyFile, passwordFile)
    : openKey(text, keyFile);
  const address = new Wallet(key).address.toLowerCase();
  return {
    address,
    sign: (unsigned) => {
      const transaction = toTransaction(unsigned);
      return Promise.resolve(assemble(transaction, key.sign(transaction.unsignedHash)));
    },
  };
}

/** @returns the transaction as ethers has it (EIP-1559, unsigned). */
export function toTransaction(unsigned: Unsigned): Transaction {
  return Transaction.from({
    type: 2,
    chainId: unsigned.chainId,
    nonce: unsigned.nonce,
    to: unsigned.to,
    data: unsigned.data,
    value: unsigned.valueWei,
    gasLimit: unsigned.gasLimit,
    maxFeePerGas: unsigned.fees.maxFeeWei,
    maxPriorityFeePerGas: unsigned.fees.tipWei,
  });
}

function openKey(text: string, file: string): SigningKey {
  try {
    return new SigningKey(text.startsWith("0x") ? text : `0x${text}`);
  } catch {
    throw new ConfigError(`${file}: is neither a private key (64 hex digits) nor a JSON keystore.`);
  }
}

async function openKeystore(
  text: string,
  file: string,
  passwordFile: string | undefined,
): Promise<SigningKey> {
  if (passwordFile === undefined) {
    throw new ConfigError(
      `${file}: is an encrypted keystore; name its password file as passwordFile.`,
    );
  }
  const password = readSecretFile(passwordFile);
  try {
    return (await Wallet.fromEncryptedJson(text, password)).signingKey;
  } catch {
    throw new ConfigError(`${file}: keystore does not open with the password in ${passwordFile}.`);
  }
}
