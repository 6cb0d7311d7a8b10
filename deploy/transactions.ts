import type { Provider, TransactionReceipt } from "ethers";

import { DeploymentError } from "./files.ts";

const POLL_MS = 100;
const GONE_AFTER_MS = 10_000;
const RECEIPT_TIMEOUT_MS = 180_000;

/**
 * Asks until there is an answer.
 *
 * @param ask Answers null while there is nothing.
 * @returns null when `timeoutMs` passed without an answer.
 */
export async function pollUntil<T>(
  timeoutMs: number,
  ask: () => Promise<T | null>,
): Promise<T | null> {
  const endsAtMs = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() >= endsAtMs) return null;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * Waits for a transaction's receipt.
 *
 * @throws {DeploymentError} when it reverted, is not mined within three minutes, or is gone: another transaction took
 * its nonce, or the node forgot it.
 */
export async function receiptOf(provider: Provider, hash: string): Promise<TransactionReceipt> {
  let missingSinceMs: number | null = null;
  const receipt = await pollUntil(RECEIPT_TIMEOUT_MS, async () => {
    const found = await provider.getTransactionReceipt(hash);
    if (found !== null) return found;
    const isKnown = (await provider.getTransaction(hash)) !== null;
    missingSinceMs = isKnown ? null : (missingSinceMs ?? performance.now());
    if (missingSinceMs !== null && performance.now() - missingSinceMs > GONE_AFTER_MS) {
      throw new DeploymentError(
        `Transaction ${hash} is gone: another one of its account took its place, or the node dropped it.`,
      );
    }
    return null;
  });
  if (receipt === null) {
    throw new DeploymentError(
      `Transaction ${hash} is not mined after ${RECEIPT_TIMEOUT_MS / 1_000} s.`,
    );
  }
  if (receipt.status !== 1) {
    throw new DeploymentError(
      `Transaction ${hash} reverted in block ${receipt.blockNumber} (${receipt.gasUsed} gas used).`,
    );
  }
  return receipt;
}
