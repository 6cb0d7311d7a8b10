import type { Database } from "../shared/database.ts";
import type { Chain } from "../shared/rpc.ts";
import { readBlock } from "./blocks.ts";
import type { Window } from "./calendar.ts";
import {
  readCheckpoint,
  readRowHash,
  readStartBlock,
  readTransfers,
  type IndexedTransfer,
  type RowPlace,
  type RowReader,
} from "./index-rows.ts";
import { openLogCursor } from "./log-cursor.ts";
import { TRANSFER_TOPIC } from "./log-source.ts";
import type { SnapshotBlock } from "./model.ts";
import type { Program } from "./program.ts";
import { SourceBehindError, type HoldingsSource } from "./source.ts";
import { holdingsOfParticipants, openLedger, type TransferLedger } from "./transfers.ts";

/** Transfers that are in memory at once. */
const PAGE = 10_000;
/** Blocks before a snapshot in which the chain itself is asked for transfers that the index lacks. */
const TAIL_BLOCKS = 2_000;

/** What the index is read with. */
export interface IndexSourceDeps {
  readonly chain: Pick<Chain, "send">;
  /** The database that the index writes to. */
  readonly db: Pick<Database, "transaction">;
  readonly chainId: number;
  /** Transfers that are read at once. */
  readonly page?: number;
}

/** What was made of a token's transfers so far. */
interface Reading {
  readonly token: string;
  readonly fromBlock: number;
  /** The last transfer that was read. */
  last: IndexedTransfer | null;
  /** null where only recipients are wanted. */
  ledger: TransferLedger | null;
  readonly recipients: Set<string>;
}

/**
 * Reads participants and holdings from the index's tables in Postgres. Every transfer is read once, and what is kept is
 * one entry for each account. A snapshot is answered only where the index and the chain tell the same history: the last
 * transfer's block is on the chain, and the chain has none after it.
 */
export function createIndexSource(deps: IndexSourceDeps): HoldingsSource {
  const { chain, db, chainId } = deps;
  const page = deps.page ?? PAGE;
  let readings = new Map<string, Reading>();
  const complete = new Set<string>();
  let reached: number | null = null;

  async function inOneMoment<T>(read: (reader: RowReader) => Promise<T>): Promise<T> {
    return await db.transaction(async (client) => {
      await client.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
      return await read(client);
    });
  }

  /** The reading of before where it leads to the wanted one, else a new one. */
  async function resume(reader: RowReader, wanted: Wanted, block: SnapshotBlock): Promise<Reading> {
    const { token, fromBlock, window } = wanted;
    const known = readings.get(nameOf(wanted));
    const fresh: Reading = {
      ...{ token, fromBlock, last: null, recipients: new Set() },
      ledger: window === null ? null : openLedger(window),
    };
    if (known === undefined || !leadsTo(known, block, window)) return fresh;
    if (known.last !== null) {
      const hash = await readRowHash(reader, token, known.last);
      if (hash !== known.last.blockHash) return fresh;
    }
    const { ledger } = known;
    if (ledger !== null && window !== null && ledger.window.start !== window.start) {
      ledger.roll(window);
    }
    return known;
  }

  async function readOn(
    reader: RowReader,
    reading: Reading,
    toBlock: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const before: RowPlace = { block: reading.fromBlock, logIndex: -1 };
    for (;;) {
      signal?.throwIfAborted();
      const after = reading.last ?? before;
      const transfers = await readTransfers(reader, reading.token, after, toBlock, page);
      for (const transfer of transfers) {
        reading.ledger?.add(transfer);
        reading.recipients.add(transfer.to);
        reading.last = transfer;
      }
      if (transfers.length < page) return;
    }
  }

  /** @throws SourceBehindError when the chain has another history than the one that was read */
  async function confirm(
    { token, fromBlock, last }: Reading,
    block: SnapshotBlock,
    signal?: AbortSignal,
  ): Promise<void> {
    if (last !== null) {
      const isSnapshot = last.block === block.number;
      const hash = isSnapshot ? block.hash : (await readBlock(chain, last.block))?.hash;
      if (hash !== last.blockHash) {
        throw new SourceBehindError(`the index has another block ${last.block} than the chain`);
      }
    }
    const from = Math.max((last?.block ?? -1) + 1, fromBlock, block.number - TAIL_BLOCKS + 1);
    await expectNoTransfers(token, from, block.number, signal);
  }

  async function expectNoTransfers(
    address: string,
    fromBlock: number,
    toBlock: number,
    signal?: AbortSignal,
  ): Promise<void> {
    if (fromBlock > toBlock) return;
    const cursor = openLogCursor(chain, { address, topics: [TRANSFER_TOPIC], fromBlock });
    const [missing] = await cursor.sync(toBlock, signal);
    if (missing === undefined) return;
    throw new SourceBehindError(
      `the index lacks a transfer of ${address} in block ${Number(missing.blockNumber)}`,
    );
  }

  /** Sees that the index has everything, before anything is read: an index that begins late must have missed nothing. */
  async function expectIndexed(
    wanted: readonly Wanted[],
    block: SnapshotBlock,
    signal?: AbortSignal,
  ): Promise<void> {
    const starts = await inOneMoment(async (reader) => {
      await expectReached(reader, block);
      return await inTurn(wanted, ({ token }) => readStartBlock(reader, token));
    });
    for (const [i, { token, fromBlock }] of wanted.entries()) {
      const name = `${token} ${fromBlock} ${starts[i]}`;
      if (complete.has(name)) continue;
      await expectNoTransfers(token, fromBlock, starts[i]! - 1, signal);
      complete.add(name);
    }
  }

  async function expectReached(reader: RowReader, { number }: SnapshotBlock): Promise<void> {
    reached = await readCheckpoint(reader, chainId);
    if (reached >= number) return;
    throw new SourceBehindError(`the index is at block ${reached}, the snapshot is ${number}`);
  }

  async function readAll(
    wanted: readonly Wanted[],
    block: SnapshotBlock,
    signal?: AbortSignal,
  ): Promise<Reading[]> {
    const read = await inOneMoment(async (reader) => {
      await expectReached(reader, block);
      return await inTurn(wanted, async (source) => {
        const reading = await resume(reader, source, block);
        await readOn(reader, reading, block.number, signal);
        return reading;
      });
    });
    for (const reading of read) await confirm(reading, block, signal);
    if ((await readBlock(chain, block.number))?.hash !== block.hash) {
      throw new SourceBehindError(`block ${block.number} was replaced while it was read`);
    }
    return read;
  }

  return {
    block: () => reached,
    async advance() {
      reached = await inOneMoment((reader) => readCheckpoint(reader, chainId));
    },
    async holdings(program, block, window, signal) {
      const wanted = sourcesOf(program, window);
      await expectIndexed(wanted, block, signal);
      let read: Reading[];
      try {
        read = await readAll(wanted, block, signal);
      } catch (error) {
        // What was half read, or read from a history that is no more, is read again.
        readings = new Map();
        throw error;
      }
      readings = new Map(read.map((reading, i) => [nameOf(wanted[i]!), reading]));
      const { participants } = program;
      const accounts =
        participants.source === "list" ? participants.accounts : read.at(-1)!.recipients;
      const holders = read[0]!.ledger!.holdings();
      return { block, holdings: holdingsOfParticipants(holders, accounts, window) };
    },
  };
}

/** Transfers that an answer needs. */
interface Wanted {
  readonly token: string;
  readonly fromBlock: number;
  /** null where only recipients are wanted. */
  readonly window: Window | null;
}

/** The token that is held, and the participants' where that is another. */
function sourcesOf({ participants, holdings }: Program, window: Window): Wanted[] {
  const holders = { ...holdings, window };
  if (participants.source === "list") return [holders];
  const { token, fromBlock } = participants;
  const isSame = token === holdings.token && fromBlock === holdings.fromBlock;
  return isSame ? [holders] : [holders, { token, fromBlock, window: null }];
}

function nameOf({ token, fromBlock, window }: Wanted): string {
  return `${token} ${fromBlock} ${window === null ? "recipients" : "holdings"}`;
}

/** Whether reading on from where it is gives the wanted block and window. */
function leadsTo({ last, ledger }: Reading, block: SnapshotBlock, window: Window | null): boolean {
  if (last !== null && last.block > block.number) return false;
  if (ledger === null || window === null) return true;
  const isSame = ledger.window.start === window.start && ledger.window.end === window.end;
  return isSame || window.start >= ledger.window.end;
}

/** One query after the other: they share a connection. */
async function inTurn<In, Out>(list: readonly In[], work: (one: In) => Promise<Out>) {
  const results: Out[] = [];
  for (const one of list) results.push(await work(one));
  return results;
}
