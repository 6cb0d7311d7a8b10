import type { Chain } from "../shared/rpc.ts";
import { readBlock } from "./blocks.ts";

/** An event log as a node gives it. */
export interface RpcLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly blockHash: string;
  readonly logIndex: string;
  readonly transactionHash: string;
  /** Most nodes give it. */
  readonly blockTimestamp?: string;
}

/** Which logs. */
export interface LogFilter {
  readonly address: string;
  readonly topics: ReadonlyArray<string | null>;
  readonly fromBlock: number;
}

/** Logs of one filter that are read once each. */
export interface LogCursor {
  /**
   * Reads what is new up to a block. What a reorganisation replaced is read again, from the last block that both chains
   * share; nothing else is.
   * @returns all logs up to that block, in the order of the chain
   * @throws ChainMovedError when the chain changes while it is read, too often
   */
  sync(toBlock: number, signal?: AbortSignal): Promise<readonly RpcLog[]>;
  /** Highest block that was read; null before the first. */
  block(): number | null;
}

/** The chain changed under the reader. Worth trying again. */
export class ChainMovedError extends Error {
  override readonly name = "ChainMovedError";
}

const MAX_SPAN = 5_000;
const MIN_SPAN = 1;
/** Blocks of the first range: nobody knows how full they are, and an answer that is too large is refused after all. */
const FIRST_SPAN = 10;
const GROWTH = 4;
/** Logs of an answer that is aimed at: some 12 MB. */
const AIMED_LOGS = 20_000;
/** Times a range is read again because its last block was replaced meanwhile. */
const MAX_REREADS = 5;

interface Anchor {
  readonly block: number;
  readonly hash: string;
}

/**
 * Opens a cursor. It remembers the hash of the last block of every range that it read, which is how it sees a
 * reorganisation. Ranges grow as far as the logs found allow, and are halved where a node refuses one.
 */
export function openLogCursor(
  chain: Pick<Chain, "send">,
  filter: LogFilter,
  maxSpan = MAX_SPAN,
): LogCursor {
  const logs: RpcLog[] = [];
  const anchors: Anchor[] = [];
  let span = Math.min(FIRST_SPAN, maxSpan);

  const nextBlock = (): number => (anchors.at(-1)?.block ?? filter.fromBlock - 1) + 1;

  /** Forgets what is not on the chain any more. */
  async function rewind(): Promise<void> {
    for (let last = anchors.at(-1); last !== undefined; last = anchors.at(-1)) {
      if ((await readBlock(chain, last.block))?.hash === last.hash) break;
      anchors.pop();
    }
    const from = nextBlock();
    while (logs.length > 0 && Number(logs.at(-1)!.blockNumber) >= from) logs.pop();
  }

  async function readRange(from: number, to: number): Promise<readonly RpcLog[]> {
    return (await chain.send("eth_getLogs", [
      {
        address: filter.address,
        topics: filter.topics,
        fromBlock: `0x${from.toString(16)}`,
        toBlock: `0x${to.toString(16)}`,
      },
    ])) as RpcLog[];
  }

  async function advance(toBlock: number): Promise<void> {
    const from = nextBlock();
    const to = Math.min(toBlock, from + span - 1);
    const before = await readBlock(chain, to);
    if (before === null) throw new ChainMovedError(`the chain has no block ${to}`);
    let found: readonly RpcLog[];
    try {
      found = await readRange(from, to);
    } catch (error) {
      // Nodes bound the blocks or the logs of an answer; they do not agree on an error for it.
      if (span === MIN_SPAN || to === from) throw error;
      span = Math.max(MIN_SPAN, Math.floor((to - from + 1) / 2));
      return;
    }
    const after = await readBlock(chain, to);
    if (after?.hash !== before.hash) throw new ChainMovedError(`block ${to} was replaced`);
    const sorted = [...found].sort(
      (a, b) =>
        Number(a.blockNumber) - Number(b.blockNumber) || Number(a.logIndex) - Number(b.logIndex),
    );
    for (const log of sorted) logs.push(log);
    anchors.push({ block: to, hash: before.hash });
    const fitting = Math.floor(((to - from + 1) * AIMED_LOGS) / Math.max(1, found.length));
    span = Math.min(maxSpan, span * GROWTH, Math.max(MIN_SPAN, fitting));
  }

  return {
    block: () => anchors.at(-1)?.block ?? null,
    async sync(toBlock, signal) {
      let rereads = 0;
      await rewind();
      while (nextBlock() <= toBlock) {
        signal?.throwIfAborted();
        try {
          await advance(toBlock);
        } catch (error) {
          if (!(error instanceof ChainMovedError) || ++rereads > MAX_REREADS) throw error;
          await rewind();
        }
      }
      const end = logs.findLastIndex(({ blockNumber }) => Number(blockNumber) <= toBlock) + 1;
      return logs.slice(0, end);
    },
  };
}
