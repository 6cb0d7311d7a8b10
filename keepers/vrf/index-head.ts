import { z } from "zod";

const TIMEOUT_MS = 2_000;

const headSchema = z.object({
  chainId: z.number(),
  ready: z.boolean(),
  block: z.number().nullable(),
});

/** How far the index is. */
export interface IndexHead {
  readonly ready: boolean;
  readonly block: number;
}

/**
 * Asks the index how far it is.
 * @param indexUrl base URL of its API
 * @returns null when it does not answer, or answers for another chain
 */
export async function readIndexHead(
  indexUrl: string,
  chainId: number,
  signal: AbortSignal,
): Promise<IndexHead | null> {
  try {
    const response = await fetch(`${indexUrl.replace(/\/+$/, "")}/head`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (!response.ok) return null;
    const head = headSchema.parse(await response.json());
    if (head.chainId !== chainId || head.block === null) return null;
    return { ready: head.ready, block: head.block };
  } catch {
    return null;
  }
}
