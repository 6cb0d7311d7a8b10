/** A chain with 100,000 holders of a token, and the tables that an index makes of it. */
import { createIndexTables, indexBlocks, type RecordedBlock } from "../keepers/payout/recorded.ts";
import { startAnvil } from "../helpers/anvil.ts";
import { startPostgres } from "../helpers/postgres.ts";
import { programSchema } from "../../keepers/payout/program.ts";
import { openDatabase } from "../../keepers/shared/database.ts";
import { createLogger } from "../../keepers/shared/log.ts";

export const HOLDERS = 100_000;
export const chainId = 31_337;
export const distributor = `0x${"d1".repeat(20)}`;
const held = `0x${"71".repeat(20)}`;
const DAY = 86_400;
const start = Date.parse("2026-11-01T00:00:00Z") / 1_000;
const PER_TRANSACTION = 5_000;
const GAS = "0xf00000";
const TRANSFER = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
/**
 * Code that takes (count, start) and emits a mint of i² to keccak256(i) >> 96 for every i from start on: what holders are
 * made of is of no interest here, and real transfers would take a minute.
 */
const EMITTER = [
  ...["0x602035", "8060003501", "5b80821015610054", "57"],
  ...["818002600052", "81602052602060202060601c", `60007f${TRANSFER}60206000a3`],
  ...["9060010190", "61000856", "5b00"],
].join("");

export const program = programSchema.parse({
  ...{ name: "Benchmark", token: `0x${"70".repeat(20)}`, startDay: "2026-11-01", epochHour: 0 },
  ...{ poolPerDay: String(10n ** 24n), rule: { kind: "timeWeighted" } },
  participants: { source: "transfers", token: held },
  holdings: { token: held },
  checks: {
    suddenHolder: { maxAgeHours: 24, minShareBps: 500 },
    dustFarming: { maxBalance: "1000", maxAgeHours: 24, minAccounts: 50 },
    commonFunder: { minAccounts: 20, minShareBps: 500 },
    jump: { factor: 10, minAmount: "1000000" },
  },
});

/** Where the measured processes find everything. */
export interface BenchChain {
  readonly rpcUrl: string;
  readonly databaseUrl: string;
  stop(): Promise<void>;
}

interface Log {
  readonly blockNumber: string;
  readonly topics: readonly string[];
  readonly data: string;
}

/** Starts chain and database: all hold from the first day on, half of them get more on the second. */
export async function startBenchChain(): Promise<BenchChain> {
  const [anvil, postgres] = await Promise.all([
    startAnvil({ mining: "manual", args: ["--timestamp", String(start - DAY)] }),
    startPostgres(),
  ]);
  await anvil.rpc("anvil_setCode", [held, EMITTER]);
  const [from] = await anvil.rpc<string[]>("eth_accounts");
  const word = (value: number): string => value.toString(16).padStart(64, "0");
  const mint = async (first: number): Promise<void> => {
    const data = `0x${word(PER_TRANSACTION)}${word(first)}`;
    const call = { from, to: held, data, gas: GAS };
    const hash = await anvil.rpc<string>("eth_sendTransaction", [call]);
    await anvil.rpc("evm_mine");
    const receipt = await anvil.rpc<{ status: string } | null>("eth_getTransactionReceipt", [hash]);
    if (receipt?.status !== "0x1") throw new Error(`the transfers from ${first} on failed`);
  };
  const goTo = async (time: number): Promise<void> => {
    await anvil.rpc("evm_setNextBlockTimestamp", [time]);
    await anvil.rpc("evm_mine");
  };
  await goTo(start + DAY / 4);
  for (let i = 0; i < HOLDERS; i += PER_TRANSACTION) await mint(i + 1);
  await goTo(start + DAY + DAY / 2);
  for (let i = 0; i < HOLDERS / 2; i += PER_TRANSACTION) await mint(i + 1);
  for (let i = 0; i < 3; i++) await goTo(start + 2 * DAY + 10 + i);

  const head = Number(await anvil.rpc<string>("eth_blockNumber"));
  const blocks = await Promise.all(
    Array.from({ length: head + 1 }, async (_, number): Promise<RecordedBlock> => {
      const tag = `0x${number.toString(16)}`;
      const [block, logs] = await Promise.all([
        anvil.rpc<{ hash: string; timestamp: string }>("eth_getBlockByNumber", [tag, false]),
        anvil.rpc<Log[]>("eth_getLogs", [{ fromBlock: tag, toBlock: tag, address: held }]),
      ]);
      const transfers = logs.map(({ topics, data }) => ({
        ...{ token: held, from: `0x${topics[1]!.slice(26)}`, to: `0x${topics[2]!.slice(26)}` },
        value: BigInt(data),
      }));
      return { number, hash: block.hash, time: Number(block.timestamp), transfers };
    }),
  );
  const db = openDatabase(postgres.url, createLogger({ name: "bench", level: "silent" }));
  await createIndexTables(db);
  await indexBlocks(db, chainId, blocks, [held]);
  await db.pool.query("ANALYZE chain.payout_transfer");
  await db.close();
  return {
    ...{ rpcUrl: anvil.url, databaseUrl: postgres.url },
    async stop() {
      await Promise.all([anvil.stop(), postgres.stop()]);
    },
  };
}
