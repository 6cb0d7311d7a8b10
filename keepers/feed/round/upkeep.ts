import type { ContractRunner } from "ethers";
import { isError } from "ethers";

import { IOperators__factory } from "../../../types/ethers-contracts/factories/interfaces/IOperators__factory.ts";
import { IPriceFeeds__factory } from "../../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import type { NewIntent } from "../../shared/intents.ts";

/** Brings changes of operators and keys into force once they are due. */
export interface Upkeep {
  /** Asks the chain what is due and hands it to the relayer; the same thing once in a while, whoever asks. */
  run(nowMs: number): Promise<string[]>;
}

// At most 31 seats with four slots each, and at most 21 kB of code.
const ADVANCE_GAS = 6_000_000n;
const SYNC_GAS = 8_000_000n;
/** One that did not work is tried again in the next half minute. */
const TRY_MS = 30_000;

/**
 * Creates the upkeep. `Operators.advance` applies what is due, `PriceFeeds.sync` takes it into a new set; both are open
 * to everybody and revert when there is nothing to do.
 *
 * @param enqueue Hands an intent to the relayer.
 */
export function createUpkeep(
  runner: ContractRunner,
  target: { readonly chainId: number; readonly operators: string; readonly priceFeeds: string },
  enqueue: (intent: NewIntent) => Promise<void>,
): Upkeep {
  const operators = IOperators__factory.connect(target.operators, runner);
  const priceFeeds = IPriceFeeds__factory.connect(target.priceFeeds, runner);

  async function hand(
    what: "advance" | "sync",
    to: string,
    data: string,
    gasLimit: bigint,
    nowMs: number,
  ): Promise<void> {
    const bucket = Math.floor(nowMs / TRY_MS);
    const version = await operators.activeVersion();
    await enqueue({
      chainId: target.chainId,
      key: `operators:${what}:${target.chainId}:${to.toLowerCase()}:${version}:${bucket}`,
      lane: "feeds",
      group: null,
      ordinal: 0n,
      to,
      data,
      value: 0n,
      gasLimit,
      expiresAtMs: (bucket + 2) * TRY_MS,
    });
  }

  return {
    async run(nowMs) {
      const done: string[] = [];
      if (await goesThrough(() => operators.advance.staticCall(), "NothingDue")) {
        const data = operators.interface.encodeFunctionData("advance");
        await hand("advance", target.operators, data, ADVANCE_GAS, nowMs);
        done.push("advance");
      }
      if (await goesThrough(() => priceFeeds.sync.staticCall(), "AlreadySynced")) {
        const data = priceFeeds.interface.encodeFunctionData("sync");
        await hand("sync", target.priceFeeds, data, SYNC_GAS, nowMs);
        done.push("sync");
      }
      return done;
    },
  };
}

/** Whether a call would go through; false for the one error that says that there is nothing to do. */
async function goesThrough(call: () => Promise<unknown>, nothing: string): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (isError(error, "CALL_EXCEPTION") && error.revert?.name === nothing) return false;
    throw error;
  }
}
