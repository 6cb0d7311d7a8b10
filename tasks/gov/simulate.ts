import { concat, keccak256, toBeHex, zeroPadValue } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { TaskError } from "../shared/error.ts";
import { wordsOf } from "../shared/words.ts";
import type { Call } from "./calls.ts";
import type { Governed } from "./open.ts";

/** What execution would come to. */
export type Simulation =
  | { passes: true; gasUsed: bigint }
  | { passes: false; /** The call that fails, from 1. */ call: number; reason: string };

// OpenZeppelin's Governor obeys the timelock only while it executes: it keeps a queue of the hashes of the calls to
// itself, whose ends are packed in the first of these storage slots and whose items are a mapping in the second.
const QUEUE_ENDS_SLOT = 5n;
const QUEUE_ITEMS_SLOT = 6n;
const HALF_WORD_BITS = 128n;
/** The most that one transaction may use (EIP-7825). */
const GAS_LIMIT = 16_777_216n;

/**
 * Does on a fork of the network's present state what the timelock would do: the calls in order, each seeing what the one
 * before changed. Nothing is sent to the network.
 */
export async function simulate(
  hre: HardhatRuntimeEnvironment,
  { connection, deployment, governance }: Governed,
  calls: readonly Call[],
): Promise<Simulation> {
  const url = await urlOf(hre, connection.networkName);
  const timelock = await governance.timelock.getAddress();
  const governor = await governance.governor.getAddress();
  const fork = await hre.network.create({
    network: "default",
    override: {
      chainId: deployment.chainId,
      // Without its number the fork is of a block well below the head, before what the proposal may be about.
      forking: { url, blockNumber: await connection.ethers.provider.getBlockNumber() },
      blockGasLimit: Number(GAS_LIMIT),
    },
  });
  try {
    const { provider } = fork.ethers;
    await provider.send("hardhat_impersonateAccount", [timelock]);
    // The timelock pays no gas when the governor executes; as a sender it would.
    await provider.send("hardhat_setNextBlockBaseFeePerGas", ["0x0"]);
    let gasUsed = 0n;
    for (const [index, { data, target, value }] of calls.entries()) {
      if (target.toLowerCase() === governor.toLowerCase())
        await allowSelfCall(provider, governor, data);
      try {
        await provider.send("hardhat_setNextBlockBaseFeePerGas", ["0x0"]);
        const hash = (await provider.send("eth_sendTransaction", [
          {
            from: timelock,
            to: target,
            data,
            value: `0x${value.toString(16)}`,
            gas: `0x${GAS_LIMIT.toString(16)}`,
            gasPrice: "0x0",
          },
        ])) as string;
        const receipt = await provider.getTransactionReceipt(hash);
        gasUsed += receipt?.gasUsed ?? 0n;
      } catch (error) {
        return { passes: false, call: index + 1, reason: await reasonOf(error) };
      }
    }
    return { passes: true, gasUsed };
  } finally {
    await fork.close();
  }
}

async function reasonOf(error: unknown): Promise<string> {
  const words = await wordsOf(error);
  return (words ?? (error instanceof Error ? error.message : String(error))).replace(/\.$/, "");
}

interface Fork {
  send(method: string, params: unknown[]): Promise<unknown>;
  getStorage(address: string, slot: bigint): Promise<string>;
}

async function allowSelfCall(provider: Fork, governor: string, data: string): Promise<void> {
  const ends = BigInt(await provider.getStorage(governor, QUEUE_ENDS_SLOT));
  const begin = ends & ((1n << HALF_WORD_BITS) - 1n);
  const item = keccak256(concat([word(begin), word(QUEUE_ITEMS_SLOT)]));
  await provider.send("hardhat_setStorageAt", [governor, item, keccak256(data)]);
  const filled = ((begin + 1n) << HALF_WORD_BITS) | begin;
  await provider.send("hardhat_setStorageAt", [
    governor,
    `0x${QUEUE_ENDS_SLOT.toString(16)}`,
    word(filled),
  ]);
}

function word(value: bigint): string {
  return zeroPadValue(toBeHex(value), 32);
}

async function urlOf(hre: HardhatRuntimeEnvironment, network: string): Promise<string> {
  const config = hre.config.networks[network];
  if (config?.type !== "http") throw new TaskError(`Network "${network}" cannot be forked.`);
  return await config.url.getUrl();
}
