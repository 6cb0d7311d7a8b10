/** A chain that is played from a list of blocks, and an index's tables with the same blocks. */
import { keccak256, toBeHex, toUtf8Bytes } from "ethers";

import { TRANSFER_TOPIC } from "../../../keepers/payout/log-source.ts";
import type { SnapshotBlock } from "../../../keepers/payout/model.ts";
import type { Chain } from "../../../keepers/shared/rpc.ts";
import type { Database } from "../../../keepers/shared/database.ts";

/** A transfer within a block. */
export interface RecordedTransfer {
  readonly token: string;
  readonly from: string;
  readonly to: string;
  readonly value: bigint;
}

/** A block with its transfers, in order. */
export interface RecordedBlock extends SnapshotBlock {
  readonly transfers: readonly RecordedTransfer[];
}

/**
 * Numbers blocks from 0 on and names each by everything before it, as a chain does.
 * @param blocks time and transfers of each
 */
export function recordBlocks(
  blocks: ReadonlyArray<{ time: number; transfers: readonly RecordedTransfer[] }>,
): RecordedBlock[] {
  let hash = `0x${"00".repeat(32)}`;
  return blocks.map(({ time, transfers }, number) => {
    const content = transfers.map(({ token, from, to, value }) => [token, from, to, `${value}`]);
    hash = keccak256(toUtf8Bytes(JSON.stringify([hash, number, time, content])));
    return { number, hash, time, transfers };
  });
}

const wordOf = (address: string): string => `0x${address.slice(2).padStart(64, "0")}`;
const quantity = (value: number): string => `0x${value.toString(16)}`;

/** A node that has these blocks; `state.blocks` may be replaced, as by a reorganisation. */
export function playChain(blocks: readonly RecordedBlock[]) {
  const state = { blocks, calls: { eth_getLogs: 0, eth_getBlockByNumber: 0 } };
  const chain: Pick<Chain, "send"> = {
    async send(method, params) {
      const head = state.blocks.length - 1;
      if (method === "eth_getBlockByNumber") {
        state.calls.eth_getBlockByNumber += 1;
        const block = state.blocks[params[0] === "latest" ? head : Number(params[0])];
        if (block === undefined) return null;
        const { number, hash, time } = block;
        return { number: quantity(number), hash, timestamp: quantity(time) };
      }
      if (method !== "eth_getLogs") throw new Error(`not played: ${method}`);
      state.calls.eth_getLogs += 1;
      const [{ address, fromBlock, toBlock }] = params as [
        { address: string; fromBlock: string; toBlock: string },
      ];
      return state.blocks.slice(Number(fromBlock), Number(toBlock) + 1).flatMap((block) =>
        block.transfers.flatMap(({ token, from, to, value }, i) =>
          token !== address
            ? []
            : [
                {
                  ...{ address, blockHash: block.hash, blockNumber: quantity(block.number) },
                  topics: [TRANSFER_TOPIC, wordOf(from), wordOf(to)],
                  ...{ data: toBeHex(value, 32), logIndex: quantity(i) },
                  blockTimestamp: quantity(block.time),
                },
              ],
        ),
      );
    },
  };
  return { chain, state };
}

/** Creates the tables as Ponder names and types them. */
export async function createIndexTables({ pool }: Database): Promise<void> {
  await pool.query(`
    CREATE SCHEMA chain;
    CREATE TABLE chain._ponder_checkpoint (chain_id bigint, latest_checkpoint varchar(75));
    CREATE TABLE chain._ponder_meta (key text, value jsonb);
    CREATE TABLE chain.payout_source (token text PRIMARY KEY, start_block bigint NOT NULL);
    CREATE TABLE chain.payout_transfer (
      token text, block bigint, log_index integer, block_time bigint, block_hash text,
      "from" text, "to" text, value numeric(78), PRIMARY KEY (token, block, log_index));
    INSERT INTO chain._ponder_meta VALUES ('app', '{"is_ready": 1}');`);
}

/** Makes the index one of these blocks up to its last, or up to `toBlock`. */
export async function indexBlocks(
  { pool }: Database,
  chainId: number,
  blocks: readonly RecordedBlock[],
  tokens: readonly string[],
  startBlock = 0,
): Promise<void> {
  const rows = blocks.flatMap(({ number, time, hash, transfers }) =>
    transfers
      .map((transfer, i) => ({ ...transfer, number, time, hash, i }))
      .filter(({ token }) => number >= startBlock && tokens.includes(token)),
  );
  const last = blocks.at(-1)!;
  const digits = (value: number, length: number): string => String(value).padStart(length, "0");
  const checkpoint = `${digits(last.time, 10)}${digits(chainId, 16)}${digits(last.number, 16)}${"9".repeat(33)}`;
  await pool.query("TRUNCATE chain.payout_transfer, chain.payout_source, chain._ponder_checkpoint");
  await pool.query("INSERT INTO chain._ponder_checkpoint VALUES ($1, $2)", [chainId, checkpoint]);
  await pool.query("INSERT INTO chain.payout_source SELECT unnest($1::text[]), $2", [
    tokens,
    startBlock,
  ]);
  await pool.query(
    `INSERT INTO chain.payout_transfer SELECT * FROM unnest(
       $1::text[], $2::bigint[], $3::integer[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::numeric[])`,
    [
      rows.map(({ token }) => token),
      rows.map(({ number }) => number),
      rows.map(({ i }) => i),
      rows.map(({ time }) => time),
      rows.map(({ hash }) => hash),
      rows.map(({ from }) => from),
      rows.map(({ to }) => to),
      rows.map(({ value }) => String(value)),
    ],
  );
}
