import { toQuantity } from "ethers";
import pg from "pg";

import { rpc } from "../../deploy/stack/chain.ts";
import type { Stack } from "../../deploy/stack/stack.ts";

interface Checked {
  readonly block: number;
  readonly hash: string;
  readonly balances: ReadonlyMap<string, bigint>;
}

interface RawBlock {
  readonly hash: string;
  readonly transactions: readonly { hash: string; to: string | null; value: string }[];
}

interface RawReceipt {
  readonly transactionHash: string;
  readonly from: string;
  readonly status: string;
  readonly gasUsed: string;
  readonly effectiveGasPrice: string;
}

/** Blocks that are kept to find out how far a chain went back. */
const remembered = 128;

/** The relayer's accounts as chain and ledger have them. */
export class Accounts {
  readonly #stack: Stack;
  /** Blocks whose changes of balances are all explained, ascending. */
  #checked: Checked[] = [];
  /** Blocks in which the test itself set a balance, by account. */
  readonly #excused = new Map<string, Set<number>>();

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  /** Addresses, lower case, with the treasury. */
  async addresses(): Promise<string[]> {
    const rows = await this.query<{ address: string }>(
      "SELECT address FROM dodona.accounts ORDER BY address",
    );
    return rows.map(({ address }) => address);
  }

  /** Asks the relayers' ledger. */
  async query<T extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.#stack.file.databaseUrl });
    // A database that is restarted in between is the fault that is tested.
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query<T>(text, values)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Sets an account's balance; the change counts as explained. */
  async drain(address: string, toWei: bigint): Promise<void> {
    const from = await this.#head();
    await this.#rpc("anvil_setBalance", [address, toQuantity(toWei)]);
    const excused = this.#excused.get(address) ?? new Set();
    for (let block = from; block <= (await this.#head()) + 1; block++) excused.add(block);
    this.#excused.set(address, excused);
  }

  /**
   * True when every block so far changed the accounts' balances by exactly what their transactions in it cost and moved.
   */
  async balanced(): Promise<string | true> {
    const addresses = await this.addresses();
    await this.#dropReplaced();
    const head = await this.#head();
    const last = this.#checked.at(-1);
    if (last === undefined) {
      this.#checked = [await this.#read(head, addresses)];
      return true;
    }
    let before = last;
    for (let block = last.block + 1; block <= head; block++) {
      const after = await this.#read(block, addresses);
      const changes = await this.#changes(block);
      for (const address of addresses) {
        if (this.#excused.get(address)?.has(block) === true) continue;
        const known = before.balances.get(address);
        const balance = after.balances.get(address) ?? 0n;
        const expected = (known ?? balance) + (known === undefined ? 0n : changes(address));
        if (balance !== expected) {
          return `block ${block}: ${address} holds ${balance}, expected ${expected}`;
        }
      }
      this.#checked = [...this.#checked, after].slice(-remembered);
      before = after;
    }
    return true;
  }

  /** Nonces that are signed and not mined, by account, as the ledger has them. */
  async pending(): Promise<Map<string, number[]>> {
    const rows = await this.query<{ account: string; nonce: string }>(
      "SELECT account, nonce FROM dodona.transactions WHERE status = 'pending' ORDER BY account, nonce",
    );
    const byAccount = Map.groupBy(rows, ({ account }) => account);
    return new Map(
      [...byAccount].map(([account, list]) => [account, list.map(({ nonce }) => Number(nonce))]),
    );
  }

  /** What waits for a nonce, and why accounts give out none: for whoever reads that a test failed. */
  async backlog(): Promise<string> {
    const [queued] = await this.query<{ count: string; lanes: string | null }>(
      "SELECT count(*), string_agg(DISTINCT lane, ' ') AS lanes FROM dodona.intents WHERE status = 'queued'",
    );
    const held = await this.query<{ address: string; held_reason: string }>(
      "SELECT address, held_reason FROM dodona.accounts WHERE held_reason IS NOT NULL ORDER BY address",
    );
    const reasons = held.map(({ address, held_reason: reason }) => `${address}: ${reason}`);
    return [`queued: ${queued?.count} ${queued?.lanes ?? ""}`.trim(), ...reasons].join("; ");
  }

  /** Highest nonce that is pending now, by account: what `passed` waits for. */
  async highest(): Promise<Map<string, number>> {
    return new Map([...(await this.pending())].map(([account, list]) => [account, list.at(-1)!]));
  }

  /**
   * True when the chain has gone beyond all these nonces, no nonce is missing in the ledger or stands there twice, and
   * the node holds nothing back behind a gap.
   */
  async passed(highest: ReadonlyMap<string, number>): Promise<string | true> {
    const rows = await this.query<Record<"address" | "next_nonce" | "first" | "count", string>>(
      `SELECT a.address, a.next_nonce, min(t.nonce) AS first, count(t.*) AS count FROM dodona.accounts a
       JOIN dodona.transactions t ON t.account = a.address GROUP BY a.address, a.next_nonce`,
    );
    for (const { address, next_nonce, first, count } of rows) {
      if (Number(next_nonce) - Number(first) !== Number(count)) {
        return `${address} has ${count} nonces from ${first} to ${next_nonce}`;
      }
      const mined = Number(await this.#rpc("eth_getTransactionCount", [address, "latest"]));
      const wanted = highest.get(address) ?? -1;
      if (mined <= wanted) return `${address} is at nonce ${mined} and has signed ${wanted}`;
    }
    const pool = (await this.#rpc("txpool_content", [])) as { queued: Record<string, object> };
    const own = new Set(rows.map(({ address }) => address));
    const held = Object.keys(pool.queued).find((address) => own.has(address.toLowerCase()));
    return held === undefined ? true : `the node waits for a nonce of ${held}`;
  }

  async #dropReplaced(): Promise<void> {
    for (let last = this.#checked.at(-1); last !== undefined; last = this.#checked.at(-1)) {
      const block = (await this.#block(last.block)) as RawBlock | null;
      if (block?.hash === last.hash) return;
      this.#checked.pop();
    }
  }

  async #read(block: number, addresses: readonly string[]): Promise<Checked> {
    const { hash } = await this.#block(block);
    const tag = toQuantity(block);
    const balances = await Promise.all(
      addresses.map(async (address): Promise<[string, bigint]> => [
        address,
        BigInt((await this.#rpc("eth_getBalance", [address, tag])) as string),
      ]),
    );
    return { block, hash, balances: new Map(balances) };
  }

  /** What the transactions of a block change: gas, and value that moved. */
  async #changes(block: number): Promise<(address: string) => bigint> {
    const [{ transactions }, receipts] = await Promise.all([
      this.#block(block),
      this.#rpc("eth_getBlockReceipts", [toQuantity(block)]) as Promise<RawReceipt[]>,
    ]);
    const changes = new Map<string, bigint>();
    const add = (address: string, wei: bigint): void =>
      void changes.set(address, (changes.get(address) ?? 0n) + wei);
    const sent = new Map(transactions.map((one) => [one.hash, one]));
    for (const receipt of receipts) {
      add(receipt.from, -BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice));
      const transaction = sent.get(receipt.transactionHash);
      const isPaid = transaction !== undefined && receipt.status === "0x1";
      if (!isPaid || transaction.to === null) continue;
      add(receipt.from, -BigInt(transaction.value));
      add(transaction.to, BigInt(transaction.value));
    }
    return (address) => changes.get(address) ?? 0n;
  }

  async #block(block: number): Promise<RawBlock> {
    return (await this.#rpc("eth_getBlockByNumber", [toQuantity(block), true])) as RawBlock;
  }

  async #head(): Promise<number> {
    return Number(await this.#rpc("eth_blockNumber", []));
  }

  #rpc(method: string, params: unknown[]): Promise<unknown> {
    return rpc(this.#stack.file.rpcUrl, method, params);
  }
}
