import type { Client } from "pg";

import type { Clock } from "../../shared/clock.ts";
import type { Database } from "../../shared/database.ts";
import type { Logger } from "../../shared/log.ts";
import { toHex, word } from "../signing/bytes.ts";
import type { Observation, SignedObservation } from "../signing/observation.ts";

/** Whose observations are stored, on which chain and contract. */
export interface ObservationOwner {
  readonly chainId: number;
  /** Address of PriceFeeds. */
  readonly contract: string;
  /** Address of the key that signs. */
  readonly operator: string;
}

/** What an operator said, or is about to say, so that it never says two things about one slot. */
export interface ObservationStore {
  /**
   * Stores an observation before it is signed. If the slot has one already, that one is returned and counts.
   * @returns The observation to sign, with its signatures if it was signed before.
   */
  reserve(observation: Observation): Promise<Observation | SignedObservation>;
  /** Stores the signatures of a reserved observation; must be done before they leave the process. */
  complete(signed: SignedObservation): Promise<void>;
  /** The signed observation of a slot, null if none was signed. */
  find(setId: number, slot: number): Promise<SignedObservation | null>;
  /** Deletes what was said about slots before this one. */
  prune(beforeSlot: number): Promise<void>;
}

interface Row {
  operator_index: number;
  prices_e8: string[];
  signature: string | null;
  proof_s: string | null;
  proof_e: string | null;
}

/** As text: the driver makes floats of a list of numbers, and 2^53 and one more would be signed as one price. */
const exactPrices = "prices_e8::text[] AS prices_e8";

/** Keeps observations in `dodona.observations`. */
export function createObservationStore(db: Database, owner: ObservationOwner): ObservationStore {
  const key = [owner.chainId, owner.contract.toLowerCase(), owner.operator.toLowerCase()];
  return {
    async reserve(observation) {
      const { setId, slot, operator, pricesE8 } = observation;
      // The update changes nothing; it makes RETURNING give the row that was there first.
      const { rows } = await db.pool.query<Row>(
        `INSERT INTO dodona.observations
           (chain_id, contract, operator, set_id, slot, operator_index, prices_e8)
         VALUES ($1, $2, $3, $4, $5, $6, $7::numeric[])
         ON CONFLICT (chain_id, contract, operator, set_id, slot)
           DO UPDATE SET slot = EXCLUDED.slot
         RETURNING operator_index, ${exactPrices}, signature, proof_s, proof_e`,
        [...key, setId, slot, operator, pricesE8.map(String)],
      );
      const [row] = rows;
      if (row === undefined) throw new Error(`observation of slot ${slot} was not stored`);
      return fromRow(setId, slot, row);
    },

    async find(setId, slot) {
      const { rows } = await db.pool.query<Row>(
        `SELECT operator_index, ${exactPrices}, signature, proof_s, proof_e FROM dodona.observations
         WHERE chain_id = $1 AND contract = $2 AND operator = $3 AND set_id = $4 AND slot = $5`,
        [...key, setId, slot],
      );
      const found = rows[0] === undefined ? null : fromRow(setId, slot, rows[0]);
      return found !== null && isSigned(found) ? found : null;
    },

    async complete({ setId, slot, signature, proof }) {
      const { rowCount } = await db.pool.query(
        `UPDATE dodona.observations SET signature = $6, proof_s = $7, proof_e = $8
         WHERE chain_id = $1 AND contract = $2 AND operator = $3 AND set_id = $4 AND slot = $5
           AND signature IS NULL`,
        [...key, setId, slot, signature, toHex(word(proof.s)), toHex(word(proof.e))],
      );
      if (rowCount !== 1)
        throw new Error(`observation of slot ${slot} was signed by another process`);
    },

    async prune(beforeSlot) {
      await db.pool.query(
        `DELETE FROM dodona.observations
         WHERE chain_id = $1 AND contract = $2 AND operator = $3 AND slot < $4`,
        [...key, beforeSlot],
      );
    },
  };
}

function isSigned(stored: Observation | SignedObservation): stored is SignedObservation {
  return "signature" in stored;
}

function fromRow(setId: number, slot: number, row: Row): Observation | SignedObservation {
  const stored: Observation = {
    setId,
    slot,
    operator: row.operator_index,
    pricesE8: row.prices_e8.map(BigInt),
  };
  const { signature, proof_s: s, proof_e: e } = row;
  if (signature === null || s === null || e === null) return stored;
  return { ...stored, signature, proof: { s: BigInt(s), e: BigInt(e) } };
}

/** A lock that only one process per key holds. */
export interface KeyLock {
  readonly held: () => boolean;
}

const RETRY_MS = 1_000;

/**
 * Takes the advisory lock of a key and takes it again whenever its connection was lost, until the signal aborts.
 * While another process holds it, that is logged and tried again. Resolves when the signal has aborted and the lock is
 * free. The table's primary key keeps two processes from contradicting each other even in the moment of a takeover.
 */
export function holdKeyLock(
  db: Database,
  owner: ObservationOwner,
  deps: { readonly clock: Clock; readonly log: Logger; readonly signal: AbortSignal },
): { readonly lock: KeyLock; readonly done: Promise<void> } {
  const { clock, log, signal } = deps;
  const name = `dodona feed ${owner.chainId} ${owner.contract} ${owner.operator}`.toLowerCase();
  let held = false;

  async function holdOnce(client: Client): Promise<void> {
    const lost = new Promise<void>((resolve) => {
      client.once("end", resolve);
      client.once("error", () => resolve());
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const { rows } = await client.query<{ locked: boolean }>(
      "SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked",
      [name],
    );
    if (rows[0]?.locked !== true) {
      log.warn("another process runs with this operator's key; waiting until it ends");
      return;
    }
    held = true;
    await lost;
    held = false;
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      let client: Client | null = null;
      try {
        client = await db.connect();
        await holdOnce(client);
      } catch (error) {
        log.warn({ err: error }, "the key's lock cannot be taken, trying again");
      } finally {
        held = false;
        await client?.end().catch(() => undefined);
      }
      await clock.sleep(RETRY_MS, signal);
    }
  }

  return { lock: { held: () => held }, done: run() };
}
