import type { CoordinatorConfig } from "./coordinator.ts";
import type { Limits } from "./decide.ts";

/** Blocks that BLOCKHASH reaches back. */
const HASH_WINDOW = 256;
/** Age at which a hash is stored; the rest of the window is for the relayer. */
const STORE_AFTER = 200;

/**
 * What is decided by, from the coordinator's configuration.
 * @param keepsHashes whether the chain keeps hashes beyond BLOCKHASH's window (EIP-2935)
 */
export function limitsOf(
  { deadlineBlocks }: Pick<CoordinatorConfig, "deadlineBlocks">,
  keepsHashes: boolean,
  maxAttempts: number,
): Limits {
  // A request that must be fulfilled within the window needs no stored hash.
  const needsStored = !keepsHashes && deadlineBlocks >= HASH_WINDOW;
  return {
    deadlineBlocks,
    storeHashAfterBlocks: needsStored ? STORE_AFTER : null,
    hashWindowBlocks: HASH_WINDOW,
    maxAttempts,
  };
}
