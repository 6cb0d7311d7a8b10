import { keccak256, Transaction, Wallet } from "ethers";
import { ConfigError, readSecretFile } from "../shared/config.ts";
import type { Fees } from "./model.ts";

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
  /** @returns the signed bytes (0x hex) and their hash */
  sign(transaction: Unsigned): Promise<{ raw: string; hash: string }>;
}

/**
 * Opens the key of an account.
 * @param keyFile mode 0600: a private key in hex, or an encrypted JSON keystore (Web3 Secret Storage)
 * @param passwordFile mode 0600, for a keystore only
 * @throws ConfigError that names the file, never what is in it
 */
export async function openSigner(
  keyFile: string,
  passwordFile: string | undefined,
): Promise<Signer> {
  const text = readSecretFile(keyFile);
  const wallet = text.startsWith("{")
    ? await openKeystore(text, keyFile, passwordFile)
    : openKey(text, keyFile);
  return {
    address: wallet.address.toLowerCase(),
    async sign({ chainId, nonce, to, data, valueWei, gasLimit, fees }) {
      const transaction = Transaction.from({
        type: 2,
        chainId,
        nonce,
        to,
        data,
        value: valueWei,
        gasLimit,
        maxFeePerGas: fees.maxFeeWei,
        maxPriorityFeePerGas: fees.tipWei,
      });
      const raw = await wallet.signTransaction(transaction);
      return { raw, hash: keccak256(raw) };
    },
  };
}

function openKey(text: string, file: string): Pick<Wallet, "address" | "signTransaction"> {
  try {
    return new Wallet(text.startsWith("0x") ? text : `0x${text}`);
  } catch {
    throw new ConfigError(`${file}: is neither a private key (64 hex digits) nor a JSON keystore.`);
  }
}

async function openKeystore(
  text: string,
  file: string,
  passwordFile: string | undefined,
): Promise<Pick<Wallet, "address" | "signTransaction">> {
  if (passwordFile === undefined) {
    throw new ConfigError(
      `${file}: is an encrypted keystore; name its password file as passwordFile.`,
    );
  }
  const password = readSecretFile(passwordFile);
  try {
    // ethers' own HDNodeWallet or Wallet; both sign.
    return await Wallet.fromEncryptedJson(text, password);
  } catch {
    throw new ConfigError(`${file}: keystore does not open with the password in ${passwordFile}.`);
  }
}
