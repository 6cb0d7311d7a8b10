import { IRaffleRandomness__factory } from "../../types/ethers-contracts/factories/interfaces/IRaffleRandomness__factory.ts";
import type { Clock } from "../shared/clock.ts";
import type { Database } from "../shared/database.ts";
import { enqueueIntent, readIntent } from "../shared/intents.ts";
import type { Logger } from "../shared/log.ts";
import type { Chain } from "../shared/rpc.ts";

const raffleAbi = IRaffleRandomness__factory.createInterface();
const GAS_LIMIT = 400_000n;
/** A request that was not mined by then is tried anew. */
const EXPIRES_MS = 3_600_000;

/** What asking works with. */
export interface AskDeps {
  readonly chain: Pick<Chain, "send">;
  readonly chainId: number;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly maxAttempts: number;
}

/**
 * Has a raffle's words requested, where the consumer is a RaffleRandomness that would ask for them now. Of several keepers
 * with one database one stores the intent, whose key names the consumer's request before; the contract refuses a second
 * request of a day whoever asks.
 * @param consumer that the program names
 * @returns whether an intent was stored now
 */
export async function askForWords(
  { chain, chainId, clock, db, log, maxAttempts }: AskDeps,
  consumer: string,
  epoch: number,
): Promise<boolean> {
  const call = async (name: "ask" | "asked"): Promise<string | null> => {
    const data = raffleAbi.encodeFunctionData(name as "ask");
    // What reverts, or is no such contract, is not asked: the epoch goes on waiting.
    return await chain
      .send("eth_call", [{ to: consumer, data }, "latest"])
      .then((answer) => (answer === "0x" ? null : String(answer)))
      .catch(() => null);
  };
  const [wouldAsk, last] = await Promise.all([call("ask"), call("asked")]);
  if (wouldAsk === null || last === null) return false;
  const [{ requestId }] = raffleAbi.decodeFunctionResult("asked", last) as unknown as [
    { readonly requestId: bigint },
  ];
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const key = `payout:${chainId}:words:${consumer}:${requestId}:${attempt}`;
    const known = await readIntent(db.pool, key);
    if (known?.status === "failed" || known?.status === "expired") continue;
    if (known !== undefined) return false;
    await enqueueIntent(db.pool, {
      ...{ chainId, key, lane: "payouts", group: null, ordinal: BigInt(epoch), to: consumer },
      data: raffleAbi.encodeFunctionData("ask"),
      ...{ value: 0n, gasLimit: GAS_LIMIT, expiresAtMs: clock.nowMs() + EXPIRES_MS },
    });
    log.info({ epoch, consumer, attempt }, "asks for the raffle's words");
    return true;
  }
  return false;
}
