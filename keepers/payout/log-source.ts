import { id as topicOf } from "ethers";

import type { Chain } from "../shared/rpc.ts";
import { readBlock } from "./blocks.ts";
import { openLogCursor, type LogCursor, type RpcLog } from "./log-cursor.ts";
import { SourceBehindError, type HoldingsSource } from "./source.ts";
import {
  holdingsOf,
  holdingsOfParticipants,
  IncompleteTransfersError,
  type Transfer,
} from "./transfers.ts";

/** Of every ERC-20 Transfer event. */
export const TRANSFER_TOPIC = topicOf("Transfer(address,address,uint256)");
const TOPICS = 3;
/** Blocks whose times are asked for at once. */
const PARALLEL = 16;

/**
 * Reads participants and holdings from the chain's logs alone. Every log is read once, as far as memory goes: a process
 * that starts again reads from the token's first block. For many events an index is faster.
 */
export function createLogSource(chain: Pick<Chain, "send">): HoldingsSource {
  const cursors = new Map<string, LogCursor>();
  /** By hash: a block of the same number on another chain has its own time. */
  const times = new Map<string, number>();
  let reached: number | null = null;

  function cursorOf(token: string, fromBlock: number): LogCursor {
    const name = `${token} ${fromBlock}`;
    const cursor =
      cursors.get(name) ??
      openLogCursor(chain, { address: token, topics: [TRANSFER_TOPIC], fromBlock });
    cursors.set(name, cursor);
    return cursor;
  }

  async function transfersOf(
    token: string,
    fromBlock: number,
    toBlock: number,
    signal?: AbortSignal,
  ): Promise<Transfer[]> {
    const logs = await cursorOf(token, fromBlock).sync(toBlock, signal);
    await readTimes(logs);
    return logs.map((log) => toTransfer(log, times.get(log.blockHash)!));
  }

  async function readTimes(logs: readonly RpcLog[]): Promise<void> {
    const missing = new Map<string, number>();
    for (const { blockHash, blockNumber, blockTimestamp } of logs) {
      if (times.has(blockHash)) continue;
      if (blockTimestamp === undefined) missing.set(blockHash, Number(blockNumber));
      else times.set(blockHash, Number(blockTimestamp));
    }
    const queue = [...missing];
    const work = async (): Promise<void> => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const [hash, number] = next;
        const block = await readBlock(chain, number);
        if (block?.hash !== hash) throw new SourceBehindError(`block ${number} was replaced`);
        times.set(hash, block.time);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
  }

  return {
    block: () => reached,
    async advance({ participants, holdings }, toBlock, signal) {
      await cursorOf(holdings.token, holdings.fromBlock).sync(toBlock, signal);
      if (participants.source === "transfers") {
        await cursorOf(participants.token, participants.fromBlock).sync(toBlock, signal);
      }
      reached = toBlock;
    },
    async holdings(program, block, window, signal) {
      const { participants, holdings } = program;
      const transfers = await transfersOf(holdings.token, holdings.fromBlock, block.number, signal);
      const holders = holdingsOf(transfers, window);
      let accounts: Iterable<string>;
      if (participants.source === "list") accounts = participants.accounts;
      else {
        const { token, fromBlock } = participants;
        const isSame = token === holdings.token && fromBlock === holdings.fromBlock;
        const seen = isSame ? transfers : await transfersOf(token, fromBlock, block.number, signal);
        accounts = new Set(seen.map(({ to }) => to));
      }
      const now = await readBlock(chain, block.number);
      if (now?.hash !== block.hash) {
        throw new SourceBehindError(`block ${block.number} was replaced while it was read`);
      }
      reached = Math.max(reached ?? 0, block.number);
      return { block, holdings: holdingsOfParticipants(holders, accounts, window) };
    },
  };
}

function toTransfer(
  { topics, data, blockNumber, logIndex, address }: RpcLog,
  time: number,
): Transfer {
  // ERC-721 has the same event with the number as a fourth topic.
  if (topics.length !== TOPICS || data.length !== 66) {
    throw new IncompleteTransfersError(
      `${address} is no ERC-20 token: its Transfer event in block ${Number(blockNumber)} has another form`,
    );
  }
  return {
    ...{ block: Number(blockNumber), time, logIndex: Number(logIndex) },
    from: `0x${topics[1]!.slice(26).toLowerCase()}`,
    to: `0x${topics[2]!.slice(26).toLowerCase()}`,
    value: BigInt(data),
  };
}
