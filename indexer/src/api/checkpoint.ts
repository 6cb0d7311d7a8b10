/** Ponder's encoding: 10 digits time, 16 digits chain id, 16 digits block, then the position in the block. */
const BLOCK_TIME = [0, 10] as const;
const BLOCK_NUMBER = [26, 42] as const;

/** Block number and time (unix seconds) of one of Ponder's checkpoints. */
export function decodeCheckpoint(text: string): { block: number; blockTime: number } {
  return {
    block: Number(text.slice(...BLOCK_NUMBER)),
    blockTime: Number(text.slice(...BLOCK_TIME)),
  };
}
