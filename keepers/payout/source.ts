import type { Window } from "./calendar.ts";
import type { HoldingsSnapshot, SnapshotBlock } from "./model.ts";
import type { Program } from "./program.ts";

/**
 * Where participants and holdings come from. Whoever implements it answers from the chain's Transfer events alone, so
 * that all implementations agree to the last digit; see README.md for the tables that an index has to offer.
 */
export interface HoldingsSource {
  /**
   * Reads participants and their holdings.
   * @param block the epoch's snapshot block; later transfers do not count
   * @param window that balances are weighted over
   * @throws SourceBehindError while it has not reached the block, or knows another block of this number
   */
  holdings(
    program: Program,
    block: SnapshotBlock,
    window: Window,
    signal?: AbortSignal,
  ): Promise<HoldingsSnapshot>;
  /** Reads on in advance, so that little is left when the hour comes. */
  advance(program: Program, toBlock: number, signal?: AbortSignal): Promise<void>;
  /** Highest block that it has read; null before the first. */
  block(): number | null;
}

/** The source cannot answer for this block yet. Worth trying again. */
export class SourceBehindError extends Error {
  override readonly name = "SourceBehindError";
}
