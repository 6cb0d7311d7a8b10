import { Interface } from "ethers";

import type { Chain } from "../shared/rpc.ts";
import { readBlock } from "./blocks.ts";
import { keccak } from "../shared/merkle/keccak.ts";
import type { Holding, HoldingsSnapshot } from "./model.ts";

/** Where Multicall3 is on nearly every chain. */
export const MULTICALL3 = "0xca11bde05977b3631167028862be2a173976ca11";

const multicallAbi = new Interface([
  "function aggregate3((address target, bool allowFailure, bytes callData)[] calls) view returns ((bool success, bytes returnData)[])",
]);
const erc20Abi = new Interface(["function balanceOf(address) view returns (uint256)"]);
/** ethers copies the whole answer for every value that it reads from it. */
const BATCH = 100;
const PARALLEL = 16;
const WORD = 32;

/** Computed holdings and the token's own answer differ: nothing may be paid from them. */
export class CrossCheckError extends Error {
  override readonly name = "CrossCheckError";
}

/** How much is checked. */
export interface CheckSize {
  /** Up to so many holders all are checked. */
  readonly all: number;
  /** Of more, so many: half of them the largest, half drawn with the block's hash. */
  readonly sample: number;
}

/**
 * Compares computed balances with what the token's `balanceOf` says at the snapshot block.
 * @returns how many accounts were compared
 * @throws CrossCheckError that names the first difference, or that the block was replaced
 */
export async function crossCheck(
  chain: Pick<Chain, "send">,
  token: string,
  snapshot: HoldingsSnapshot,
  size: CheckSize,
  signal?: AbortSignal,
): Promise<number> {
  const { block } = snapshot;
  const chosen = chooseHolders(snapshot, size);
  const tag = `0x${block.number.toString(16)}`;
  const hasMulticall = (await chain.send("eth_getCode", [MULTICALL3, tag])) !== "0x";
  const read = hasMulticall ? readTogether : readEach;
  for (let at = 0; at < chosen.length; at += BATCH) {
    signal?.throwIfAborted();
    const batch = chosen.slice(at, at + BATCH);
    const balances = await read(chain, token, batch, tag);
    batch.forEach(({ account, balance }, i) => {
      if (balances[i] === balance) return;
      throw new CrossCheckError(
        `at block ${block.number} ${account} has ${balances[i] ?? "no balance"} by balanceOf and ${balance} by transfers: the token changes balances without events, or events are missing`,
      );
    });
  }
  if ((await readBlock(chain, block.number))?.hash !== block.hash) {
    throw new CrossCheckError(`block ${block.number} was replaced while it was checked`);
  }
  return chosen.length;
}

/** Chooses whom to check: nobody knows before the block is there. */
export function chooseHolders(
  { block, holdings }: HoldingsSnapshot,
  { all, sample }: CheckSize,
): readonly Holding[] {
  if (holdings.length <= all || holdings.length <= sample) return holdings;
  const bySize = [...holdings].sort((a, b) =>
    a.balance === b.balance ? 0 : a.balance > b.balance ? -1 : 1,
  );
  const chosen = new Set(bySize.slice(0, Math.ceil(sample / 2)));
  const seed = Buffer.alloc(36);
  seed.write(block.hash.slice(2), "hex");
  for (let i = 0; chosen.size < sample; i++) {
    seed.writeUInt32BE(i, 32);
    const number = Buffer.from(keccak(seed)).readUIntBE(0, 6);
    chosen.add(holdings[number % holdings.length]!);
  }
  return [...chosen];
}

type BalanceReader = (
  chain: Pick<Chain, "send">,
  token: string,
  holders: readonly Holding[],
  tag: string,
) => Promise<Array<bigint | null>>;

const readTogether: BalanceReader = async (chain, token, holders, tag) => {
  const call = { to: MULTICALL3, data: encodeCalls(token, holders) };
  const answer = (await chain.send("eth_call", [call, tag])) as string;
  const [results] = multicallAbi.decodeFunctionResult("aggregate3", answer) as unknown as [
    Array<[boolean, string]>,
  ];
  return results.map(([isOk, returned]) => (isOk ? toBalance(returned) : null));
};

/**
 * What ethers encodes for `aggregate3`; ethers takes 0.1 ms for each call. All calls are of one length: the offset of the
 * array, its length, the offset of each element, and its words: target, whether it may fail, the offset of its data,
 * their length, the data and zeros up to a whole word.
 */
function encodeCalls(token: string, holders: readonly Holding[]): string {
  const word = (value: number): string => value.toString(16).padStart(2 * WORD, "0");
  const address = (value: string): string => value.slice(2).padStart(2 * WORD, "0");
  const { selector } = erc20Abi.getFunction("balanceOf")!;
  const elementWords = 6;
  const callBytes = 4 + WORD;
  const head = `${address(token)}${word(1)}${word(3 * WORD)}${word(callBytes)}${selector.slice(2)}`;
  const zeros = "00".repeat(WORD - 4);
  return [
    `${multicallAbi.getFunction("aggregate3")!.selector}${word(WORD)}${word(holders.length)}`,
    ...holders.map((_, i) => word(WORD * (holders.length + elementWords * i))),
    ...holders.map(({ account }) => `${head}${address(account)}${zeros}`),
  ].join("");
}

const readEach: BalanceReader = async (chain, token, holders, tag) => {
  const balances = new Array<bigint | null>(holders.length).fill(null);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < holders.length; i = next++) {
      const data = erc20Abi.encodeFunctionData("balanceOf", [holders[i]!.account]);
      balances[i] = toBalance((await chain.send("eth_call", [{ to: token, data }, tag])) as string);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return balances;
};

function toBalance(returned: string): bigint | null {
  return returned.length >= 2 + 2 * WORD ? BigInt(returned.slice(0, 2 + 2 * WORD)) : null;
}
