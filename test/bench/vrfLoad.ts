import { setTimeout as delay } from "node:timers/promises";

import { toQuantity } from "ethers";

import { coordinatorAbi } from "../../keepers/vrf/coordinator.ts";
import type { BenchNetwork } from "./vrfNetwork.ts";

const pollMs = 25;
const requestGas = 200_000;
/** Above what the base fee can become in a minute of full blocks. */
const fees = { maxFeePerGas: toQuantity(500_000_000_000n), maxPriorityFeePerGas: "0x3b9aca00" };
const requestedTopic = coordinatorAbi.getEvent("RandomWordsRequested").topicHash;
const fulfilledTopic = coordinatorAbi.getEvent("RandomWordsFulfilled").topicHash;

/** A request on its way; times are those at which this process saw it. */
export interface Tracked {
  readonly sentMs: number;
  requestBlock: number | null;
  fulfilledBlock: number | null;
  fulfilledMs: number | null;
  /** Fulfilments of it: more than one would be a defect. */
  times: number;
  success: boolean;
}

interface RawLog {
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly transactionHash: string;
}

/** Sends requests and sees what becomes of them, by the chain's logs alone. */
export class Observer {
  readonly #network: BenchNetwork;
  readonly #byTransaction = new Map<string, Tracked>();
  readonly #byId = new Map<string, Tracked>();
  #next: number;
  /** Next nonce of each dapp: the node would give one twice to two that come at once. */
  readonly #nonces: number[];
  #turn = 0;
  #stopped = false;
  #watching: Promise<void> = Promise.resolve();
  head: number;

  private constructor(network: BenchNetwork, head: number, nonces: readonly number[]) {
    this.#network = network;
    this.#nonces = [...nonces];
    this.head = head;
    this.#next = head + 1;
  }

  static async start(network: BenchNetwork): Promise<Observer> {
    const { anvil, dapps } = network;
    const nonces = await Promise.all(
      dapps.map(async ({ from }) =>
        Number(await anvil.rpc("eth_getTransactionCount", [from, "latest"])),
      ),
    );
    const observer = new Observer(network, Number(await anvil.rpc("eth_blockNumber")), nonces);
    observer.#watching = observer.#watch();
    return observer;
  }

  /** Sends one request, from the next of the dapps. */
  async send(): Promise<Tracked> {
    const { anvil, dapps, requestData } = this.#network;
    const dapp = this.#turn++ % dapps.length;
    const { from, to } = dapps[dapp]!;
    const nonce = toQuantity(this.#nonces[dapp]!++);
    const tracked: Tracked = {
      ...{ sentMs: Date.now(), requestBlock: null, fulfilledBlock: null, fulfilledMs: null },
      ...{ times: 0, success: false },
    };
    const hash = await anvil.rpc<string>("eth_sendTransaction", [
      { from, to, nonce, data: requestData, gas: toQuantity(requestGas), ...fees },
    ]);
    this.#byTransaction.set(hash, tracked);
    return tracked;
  }

  /** Resolves when the next block is there. */
  async nextBlock(): Promise<number> {
    const { head } = this;
    while (this.head === head) await delay(5);
    return this.head;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      // A look that fails is made again: what it missed is still to be read.
      await this.#look().catch(() => undefined);
      await delay(pollMs);
    }
  }

  async #look(): Promise<void> {
    const { anvil, coordinator } = this.#network;
    const head = Number(await anvil.rpc("eth_blockNumber"));
    if (head < this.#next) return;
    this.head = head;
    const logs = await anvil.rpc<RawLog[]>("eth_getLogs", [
      {
        address: coordinator,
        fromBlock: toQuantity(this.#next),
        toBlock: toQuantity(head),
        topics: [[requestedTopic, fulfilledTopic]],
      },
    ]);
    const nowMs = Date.now();
    for (const log of logs) this.#note(log, nowMs);
    this.#next = head + 1;
  }

  #note(log: RawLog, nowMs: number): void {
    const block = Number(log.blockNumber);
    if (log.topics[0] === requestedTopic) {
      const tracked = this.#byTransaction.get(log.transactionHash);
      if (tracked === undefined) return;
      tracked.requestBlock = block;
      // The id is the first word that is not indexed.
      this.#byId.set(log.data.slice(2, 66), tracked);
      return;
    }
    const tracked = this.#byId.get(log.topics[1]!.slice(2));
    if (tracked === undefined) return;
    tracked.times++;
    tracked.fulfilledBlock ??= block;
    tracked.fulfilledMs ??= nowMs;
    tracked.success = BigInt(`0x${log.data.slice(2 + 3 * 64, 2 + 4 * 64)}`) === 1n;
  }
}

/** What a steady load came to. */
export interface Sustained {
  readonly offered: number;
  /** Fulfilments seen within the time of the load. */
  readonly within: number;
  readonly unfulfilled: number;
  readonly doubled: number;
  readonly failedCallbacks: number;
  /** From sending to fulfilment, ascending. */
  readonly seconds: readonly number[];
}

/** Sends so many requests a second for so many seconds, evenly, then gives the last ones their time. */
export async function sustain(
  observer: Observer,
  { perSecond, seconds, drainMs }: { perSecond: number; seconds: number; drainMs: number },
): Promise<Sustained> {
  const tracked: Tracked[] = [];
  const startedMs = Date.now();
  const sending: Promise<void>[] = [];
  let asked = 0;
  while (Date.now() - startedMs < seconds * 1_000) {
    const due = Math.min(
      Math.floor(((Date.now() - startedMs) / 1_000) * perSecond),
      perSecond * seconds,
    );
    for (; asked < due; asked++)
      sending.push(observer.send().then((one) => void tracked.push(one)));
    await delay(10);
  }
  const endMs = startedMs + seconds * 1_000;
  await Promise.all(sending);
  const deadlineMs = Date.now() + drainMs;
  const isOpen = ({ times }: Tracked): boolean => times === 0;
  while (tracked.some(isOpen) && Date.now() < deadlineMs) await delay(100);
  const done = tracked.filter((one) => !isOpen(one));
  return {
    offered: tracked.length,
    within: done.filter(({ fulfilledMs }) => fulfilledMs! <= endMs).length,
    unfulfilled: tracked.length - done.length,
    doubled: done.filter(({ times }) => times > 1).length,
    failedCallbacks: done.filter(({ success }) => !success).length,
    seconds: latencies(done),
  };
}

/**
 * Sends requests that are all in one block, and waits for their words.
 * @returns blocks from the one that confirmed them (the next may hold their words) to the last fulfilment
 */
export async function burst(
  observer: Observer,
  { count, timeoutMs }: { count: number; timeoutMs: number },
): Promise<number> {
  for (;;) {
    await observer.nextBlock();
    const tracked = await Promise.all(Array.from({ length: count }, () => observer.send()));
    const deadlineMs = Date.now() + timeoutMs;
    while (tracked.some(({ times }) => times === 0)) {
      if (Date.now() > deadlineMs) throw new Error(`a request of the burst is not fulfilled`);
      await delay(20);
    }
    const [block] = tracked.map(({ requestBlock }) => requestBlock!);
    // The node may have begun a block meanwhile: then there was no burst in one block.
    if (block === undefined || tracked.some(({ requestBlock }) => requestBlock !== block)) continue;
    // One confirmation: the block after the requests' is the first that may hold their words.
    return Math.max(...tracked.map(({ fulfilledBlock }) => fulfilledBlock!)) - block;
  }
}

/** Seconds from sending to fulfilment, ascending. */
export function latencies(tracked: readonly Tracked[]): number[] {
  return tracked
    .map(({ sentMs, fulfilledMs }) => (fulfilledMs! - sentMs) / 1_000)
    .sort((a, b) => a - b);
}
