import { isError, type Interface, type Provider, type TransactionRequest } from "ethers";

/** What a node says about a transaction before it is sent. */
export type Estimate =
  | { readonly kind: "ok"; readonly gas: bigint }
  /** It would revert. */
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Asks a node what a transaction would take now. Rejects when the node does not answer.
 * @param abis interfaces that name the errors with which it may revert
 * @param ownWords what to say of errors that none of them names, by selector
 */
export async function estimate(
  provider: Provider,
  transaction: TransactionRequest,
  abis: readonly Interface[],
  ownWords: Readonly<Record<string, string>> = {},
): Promise<Estimate> {
  try {
    return { kind: "ok", gas: await provider.estimateGas(transaction) };
  } catch (error) {
    if (!isError(error, "CALL_EXCEPTION")) throw error;
    const { data } = error;
    const isSilent = data === null || data === "0x";
    const reason = isSilent ? error.shortMessage : refusalOf(data, abis, ownWords);
    return { kind: "refused", reason };
  }
}

function refusalOf(
  data: string,
  abis: readonly Interface[],
  ownWords: Readonly<Record<string, string>>,
): string {
  const selector = data.slice(0, 10);
  const words = ownWords[selector];
  if (words !== undefined) return words;
  for (const abi of abis) {
    const parsed = abi.parseError(data);
    if (parsed !== null) return `${parsed.name}(${parsed.args.join(", ")})`;
  }
  return `error ${selector}`;
}
