import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HDNodeWallet, toBeHex, Wallet } from "ethers";
import { migrate, openDatabase, type Database } from "../../../keepers/shared/database.ts";
import { createLogger } from "../../../keepers/shared/log.ts";
import {
  enqueueIntent,
  readIntent,
  type IntentState,
  type NewIntent,
} from "../../../keepers/shared/intents.ts";
import { anvilKeys, type TestAnvil } from "../../helpers/anvil.ts";
import { startKeeperProcess, type KeeperProcess } from "../../helpers/keeper-process.ts";
import { startPostgres, type TestPostgres } from "../../helpers/postgres.ts";
import { stopProxies } from "../../helpers/proxy.ts";
import { waitFor } from "../../helpers/wait-for.ts";

export { waitFor };

/** Adds one to the storage slot named by the first calldata word: shows what was executed, and how often. */
export const counterAddress = "0x00000000000000000000000000000000c0ffee01";
const counterCode = "0x5f35805460010190550000";

const phrase = "test test test test test test test test test test test junk";

/** Address of the account that the relayers of these tests send from. */
export const sender = new Wallet(anvilKeys[0]).address.toLowerCase();

/** Puts the counter on a chain. */
export async function installCounter(anvil: TestAnvil): Promise<void> {
  await anvil.rpc("anvil_setCode", [counterAddress, counterCode]);
}

/** @returns how often the chain executed the intent with this ordinal. */
export async function executions(anvil: TestAnvil, ordinal: number): Promise<number> {
  return Number(
    await anvil.rpc("eth_getStorageAt", [counterAddress, toBeHex(ordinal, 32), "latest"]),
  );
}

/** Enqueues an intent that counts its ordinal; every field can be replaced. */
export async function enqueue(
  db: Database,
  ordinal: number,
  fields: Partial<NewIntent> = {},
): Promise<bigint> {
  return db.transaction((client) =>
    enqueueIntent(client, {
      chainId: 31337,
      key: `key:${ordinal}`,
      lane: "payouts",
      group: null,
      ordinal: BigInt(ordinal),
      to: counterAddress,
      data: toBeHex(ordinal, 32),
      value: 0n,
      gasLimit: 60_000n,
      expiresAtMs: null,
      ...fields,
    }),
  );
}

/** @returns the state of an intent made by `enqueue`. */
export async function stateOf(db: Database, key: number | string): Promise<IntentState> {
  const state = await readIntent(db.pool, typeof key === "number" ? `key:${key}` : key);
  if (state === undefined) throw new Error(`no intent ${key}`);
  return state;
}

/** Empties the ledger between tests; the transaction of a relayer that was killed may still be ending. */
export async function clear(db: Database): Promise<void> {
  await waitFor("an empty ledger", async () => {
    await db.pool.query(
      `TRUNCATE dodona.accounts, dodona.intents, dodona.transactions, dodona.attempts, dodona.pauses, dodona.treasuries,
         dodona.topup_days, dodona.topups`,
    );
    return true;
  });
}

/** What every file with relayer processes needs: a database, and what is to be ended after each test. */
export interface Bench {
  postgres: TestPostgres;
  db: Database;
  anvil: TestAnvil;
  start(
    network?: Record<string, unknown>,
    options?: Parameters<typeof startRelayer>[3] & { rpcUrls?: string[] },
  ): KeeperProcess;
  /** Waits until intents are confirmed; mines blocks meanwhile when asked to. */
  confirmed(ordinals: readonly number[], mine: boolean, timeoutMs?: number): Promise<void>;
  /** How often the chain executed each. */
  counts(ordinals: readonly number[]): Promise<number[]>;
  /** Waits until so many signed bytes are with the node. */
  sent(count: number): Promise<AttemptRow[]>;
}

/** Installs the hooks of a test file; the chain is each test's own: it sets `bench.anvil`. */
export function useBench(): Bench {
  const relayers: KeeperProcess[] = [];
  const bench = {} as Bench;
  before(async () => {
    bench.postgres = await startPostgres();
    bench.db = openDatabase(bench.postgres.url, createLogger({ name: "test", level: "silent" }));
    await migrate(bench.db);
  });
  after(async () => {
    await bench.db.close();
    await bench.postgres.stop();
  });
  afterEach(async function () {
    await Promise.all(relayers.map((relayer) => relayer.kill()));
    if (this.currentTest?.state === "failed")
      console.log(relayers.map((one) => one.output()).join("\n"));
    relayers.length = 0;
    await stopProxies();
    await bench.anvil.stop();
    await clear(bench.db);
  });
  bench.start = (network = {}, { rpcUrls = [bench.anvil.url], ...options } = {}) => {
    const relayer = startRelayer(bench.postgres.url, rpcUrls, network, options);
    relayers.push(relayer);
    return relayer;
  };
  bench.confirmed = async (ordinals, mine, timeoutMs) => {
    const keys = ordinals.map((ordinal) => `key:${ordinal}`);
    await waitFor(
      `confirmation of ${ordinals.length} intents`,
      async () => {
        if (mine) await bench.anvil.rpc("evm_mine");
        const rows = await bench.db.pool.query(
          "SELECT 1 FROM dodona.intents WHERE key = ANY($1) AND status = 'confirmed'",
          [keys],
        );
        return rows.rowCount === ordinals.length;
      },
      timeoutMs,
    );
  };
  bench.counts = (ordinals) =>
    Promise.all(ordinals.map((ordinal) => executions(bench.anvil, ordinal)));
  bench.sent = (count) =>
    waitFor(`${count} signed and sent`, async () => {
      const rows = (await attempts(bench.db)).filter((row) => row.sent);
      return rows.length >= count ? rows : null;
    });
  return bench;
}

/** @returns 1 … count */
export function ordinals(count: number, first = 1): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/** Lets an intent expire now. */
export async function expire(db: Database, ordinals: readonly number[]): Promise<void> {
  const keys = ordinals.map((ordinal) => `key:${ordinal}`);
  await db.pool.query("UPDATE dodona.intents SET expires_at = now() WHERE key = ANY($1)", [keys]);
}

/** Row of the ledger for one set of signed bytes. */
export interface AttemptRow {
  account: string;
  nonce: number;
  slot: string;
  hash: string;
  purpose: string;
  maxFee: bigint;
  tip: bigint;
  key: string | null;
  sent: boolean;
}

/** @returns all signed bytes in the order of signing. */
export async function attempts(db: Database): Promise<AttemptRow[]> {
  const found = await db.pool.query<
    Record<
      "account" | "nonce" | "slot" | "hash" | "purpose" | "max_fee_wei" | "tip_wei",
      string
    > & {
      key: string | null;
      sent: boolean;
    }
  >(
    `SELECT t.account, t.nonce, t.status AS slot, a.hash, a.purpose, a.max_fee_wei, a.tip_wei, i.key, a.broadcast_at IS NOT NULL AS sent
     FROM dodona.attempts a JOIN dodona.transactions t ON t.id = a.transaction_id
     LEFT JOIN dodona.intents i ON i.id = a.intent_id ORDER BY a.id`,
  );
  return found.rows.map((row) => ({
    account: row.account,
    nonce: Number(row.nonce),
    slot: row.slot,
    hash: row.hash,
    purpose: row.purpose,
    maxFee: BigInt(row.max_fee_wei),
    tip: BigInt(row.tip_wei),
    key: row.key,
    sent: row.sent,
  }));
}

/**
 * Starts `keepers/relayer/main.ts`. `network` replaces fields of its network; `others` are further networks; the clock of
 * its machine is off by `clockOffsetMs`.
 */
export function startRelayer(
  databaseUrl: string,
  rpcUrls: readonly string[],
  network: Record<string, unknown> = {},
  options: { others?: readonly Record<string, unknown>[]; clockOffsetMs?: number } = {},
): KeeperProcess {
  const offset = options.clockOffsetMs ?? 0;
  const shift = `const now = Date.now; Date.now = () => now() + ${offset};`;
  const preload = offset === 0 ? [] : ["--import", `data:text/javascript,${shift}`];
  const configOf = (folder: string): Record<string, unknown> => {
    const keyFile = join(folder, "relayer.key");
    writeFileSync(keyFile, `${anvilKeys[0]}\n`, { mode: 0o600 });
    const defaults = {
      chainId: 31337,
      rpcUrls,
      accounts: [{ keyFile }],
      blockTimeMs: 1_000,
      pollMs: 50,
      rpcTimeoutMs: 1_000,
      // Tests that mine blocks one by one say themselves when a transaction counts as stuck.
      replaceAfterBlocks: 100,
    };
    return {
      networks: [network, ...(options.others ?? [])].map((one) => ({ ...defaults, ...one })),
    };
  };
  return startKeeperProcess("relayer", databaseUrl, configOf, preload);
}

const keyFolders: string[] = [];

/** @returns the node's funded account with this index. */
export function accountAt(index: number): HDNodeWallet {
  return HDNodeWallet.fromPhrase(phrase, "", `m/44'/60'/0'/0/${index}`);
}

/** Writes key files of the node's funded accounts, for a network's `accounts`. */
export function writeKeys(count: number, first = 0): Array<{ keyFile: string }> {
  const folder = mkdtempSync(join(tmpdir(), "dodona-keys-"));
  if (keyFolders.length === 0)
    process.once("exit", () =>
      keyFolders.forEach((one) => rmSync(one, { recursive: true, force: true })),
    );
  keyFolders.push(folder);
  return Array.from({ length: count }, (_, index) => {
    const keyFile = join(folder, `${index}.key`);
    writeFileSync(keyFile, accountAt(first + index).privateKey, { mode: 0o600 });
    return { keyFile };
  });
}
