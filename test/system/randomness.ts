import { ContractFactory, JsonRpcProvider, parseEther, type JsonRpcSigner } from "ethers";

import type { Stack } from "../../deploy/stack/stack.ts";
import { IVRFCoordinator__factory } from "../../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import { RandomConsumer__factory } from "../../types/ethers-contracts/factories/samples/RandomConsumer__factory.ts";
import type { IVRFCoordinator } from "../../types/ethers-contracts/interfaces/IVRFCoordinator.ts";
import type { RandomConsumer } from "../../types/ethers-contracts/samples/RandomConsumer.ts";

/** Account of the local chain that plays the dapp's owner; nothing else of the network uses it. */
const dappAccount = 15;
const callbackGasLimit = 200_000;
const requestGas = 500_000;
const fundsWei = parseEther("1000");

/** Blocks below the head that no test takes back: what was right there is not looked at again. */
const settledDepth = 64;

/** A dapp on a running network: a funded subscription and a consumer that keeps what it is given. */
export class Dapp {
  readonly coordinator: IVRFCoordinator;
  readonly consumer: RandomConsumer;
  readonly subId: bigint;
  readonly keyHash: string;
  readonly provider: JsonRpcProvider;
  readonly owner: JsonRpcSigner;
  readonly #apiUrl: string;
  /** Everything below this block was right. */
  #floor = 0;
  /** Made below the floor; true where the answer lies below it too. */
  readonly #old = new Map<bigint, boolean>();
  #oldPaidWei = 0n;

  private constructor(parts: {
    provider: JsonRpcProvider;
    owner: JsonRpcSigner;
    coordinator: IVRFCoordinator;
    consumer: RandomConsumer;
    subId: bigint;
    keyHash: string;
    apiUrl: string;
  }) {
    this.provider = parts.provider;
    this.owner = parts.owner;
    this.coordinator = parts.coordinator;
    this.consumer = parts.consumer;
    this.subId = parts.subId;
    this.keyHash = parts.keyHash;
    this.#apiUrl = parts.apiUrl;
  }

  /** Deploys the consumer and funds its subscription. */
  static async start({ file }: Stack): Promise<Dapp> {
    const provider = new JsonRpcProvider(file.rpcUrl, file.chainId, {
      staticNetwork: true,
      batchMaxCount: 1,
      cacheTimeout: -1,
      pollingInterval: 100,
    });
    const owner = await provider.getSigner(dappAccount);
    const coordinator = IVRFCoordinator__factory.connect(file.addresses.vrfCoordinator, owner);
    const { abi, bytecode } = RandomConsumer__factory;
    const deployed = await new ContractFactory(abi, bytecode, owner).deploy(
      file.addresses.vrfCoordinator,
    );
    await deployed.waitForDeployment();
    const consumer = RandomConsumer__factory.connect(await deployed.getAddress(), owner);
    const subId = await coordinator.createSubscription.staticCall();
    const created = await (await coordinator.createSubscription()).wait();
    const logs = await coordinator.queryFilter(
      coordinator.filters.SubscriptionCreated(),
      created?.blockNumber,
    );
    const own = logs.at(-1)?.args.subId ?? subId;
    await coordinator.fundSubscriptionWithNative(own, { value: fundsWei });
    await (await coordinator.addConsumer(own, await consumer.getAddress())).wait();
    const [key] = await coordinator.queryFilter(coordinator.filters.ProvingKeyRegistered());
    if (key === undefined) throw new Error("no proving key is registered");
    return new Dapp({
      ...{ provider, owner, coordinator, consumer },
      ...{ subId: own, keyHash: key.args.keyHash, apiUrl: file.apiUrl },
    });
  }

  /** A request as a transaction that the node signs. */
  async transaction(confirmations: number): Promise<{ from: string; to: string; data: string }> {
    const data = this.consumer.interface.encodeFunctionData("request", [
      {
        ...{ keyHash: this.keyHash, subId: this.subId, requestConfirmations: confirmations },
        ...{ numWords: 1, callbackGasLimit, extraArgs: "0x" },
      },
    ]);
    return { from: this.owner.address, to: await this.consumer.getAddress(), data };
  }

  /** Sends requests without waiting for their blocks. */
  async send(count: number, confirmations = 1): Promise<void> {
    const { to, data } = await this.transaction(confirmations);
    for (let i = 0; i < count; i++) {
      // Above what any test makes the base fee: a request that waits in the pool would be nobody's failure.
      const fees = { maxFeePerGas: 500_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n };
      await this.owner.sendUncheckedTransaction({ to, data, gasLimit: requestGas, ...fees });
    }
  }

  /** Requests that the chain holds now, from a block on. */
  async made(fromBlock = 0) {
    const { coordinator, subId } = this;
    const filter = coordinator.filters.RandomWordsRequested(undefined, undefined, undefined, subId);
    return coordinator.queryFilter(filter, fromBlock);
  }

  /** Answers that the chain holds now, from a block on. */
  async answered(fromBlock = 0) {
    const { coordinator, subId } = this;
    const filter = coordinator.filters.RandomWordsFulfilled(undefined, undefined, subId);
    return coordinator.queryFilter(filter, fromBlock);
  }

  /** How many requests the chain holds now. */
  async count(): Promise<number> {
    return this.#old.size + (await this.made(this.#floor)).length;
  }

  /** Whether requests of this dapp are in no block yet. */
  async isSending(): Promise<boolean> {
    const [latest, pending] = await Promise.all([
      this.owner.getNonce("latest"),
      this.owner.getNonce("pending"),
    ]);
    return pending > latest;
  }

  /**
   * True when each request of the chain was answered exactly once, by the consumer's own count, the coordinator holds
   * exactly what it owes, and what was paid is what the subscription lacks and the key earned, to the wei.
   * @param count Requests that there must be; null: those that there are.
   * @throws when a request was answered twice: that heals never
   */
  async settled(count: number | null): Promise<string | true> {
    const head = await this.provider.getBlockNumber();
    const [made, answered] = await Promise.all([
      this.made(this.#floor),
      this.answered(this.#floor),
    ]);
    const total = this.#old.size + made.length;
    if (count !== null && total !== count) return `${total} requests, expected ${count}`;
    const open = new Map(made.map((log) => [log.args.requestId, true]));
    for (const [id, isOver] of this.#old) if (!isOver) open.set(id, true);
    for (const { args } of answered) {
      const { requestId } = args;
      if (!open.get(requestId)) throw new Error(`request ${requestId} was answered twice`);
      open.set(requestId, false);
      if (!args.success) return `the callback of request ${requestId} failed`;
    }
    for (const [id, isOpen] of open) if (isOpen) return `request ${id} is not fulfilled`;
    const deliveries = await Promise.all(
      answered.map(({ args }) => this.consumer.deliveries(args.requestId)),
    );
    const odd = deliveries.findIndex((times) => times !== 1n);
    if (odd >= 0) return `${deliveries[odd]} deliveries of ${answered[odd]?.args.requestId}`;
    const paidWei = this.#oldPaidWei + answered.reduce((sum, { args }) => sum + args.payment, 0n);
    const wrong = await this.#money(paidWei);
    if (wrong !== null) return wrong;
    if ((await this.provider.getBlockNumber()) < head) return "the chain went back meanwhile";
    this.#forget(head - settledDepth, made, answered);
    return true;
  }

  /** True when the index shows each request of the chain answered, and no other. */
  async indexed(): Promise<string | true> {
    const url = `${this.#apiUrl}/vrf/requests?sub=${this.subId}&limit=1000`;
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    const body = (await response.json()) as {
      requests: { id: string; status: string; block: number }[];
    };
    const rows = body.requests.filter(({ block }) => block >= this.#floor);
    const open = rows.find(({ status }) => status !== "fulfilled");
    if (open !== undefined) return `${open.id} is ${open.status} in the index`;
    const made = await this.made(this.#floor);
    const blocks = new Map(made.map((log) => [String(log.args.requestId), log.blockNumber]));
    const isSame = rows.every(({ id, block }) => blocks.get(id) === block);
    return isSame && rows.length === made.length ? true : "the index has other requests";
  }

  async #money(paidWei: bigint): Promise<string | null> {
    const { coordinator, provider, subId } = this;
    const latest = { blockTag: await provider.getBlockNumber() };
    const [balance, ids, key, isPending] = await Promise.all([
      provider.getBalance(coordinator, latest.blockTag),
      coordinator.getActiveSubscriptionIds(0, 0, latest),
      coordinator.provingKey(this.keyHash, latest),
      coordinator.pendingRequestExists(subId, latest),
    ]);
    if (isPending) return "a request is pending";
    let earnedWei = key.rewards;
    let owedWei = key.bond + key.rewards;
    for (const id of ids) {
      const { nativeBalance } = await coordinator.getSubscription(id, latest);
      const { amount } = await coordinator.owedBy(id, latest);
      owedWei += nativeBalance + amount;
      earnedWei += amount;
      if (id === subId && nativeBalance !== fundsWei - paidWei) {
        return `the subscription holds ${nativeBalance} of ${fundsWei} and paid ${paidWei}`;
      }
    }
    if (earnedWei !== paidWei) return `the key earned ${earnedWei} of ${paidWei}`;
    return owedWei === balance ? null : `the coordinator owes ${owedWei} and holds ${balance}`;
  }

  #forget(
    floor: number,
    made: Awaited<ReturnType<Dapp["made"]>>,
    answered: Awaited<ReturnType<Dapp["answered"]>>,
  ): void {
    if (floor <= this.#floor) return;
    for (const { args, blockNumber } of made)
      if (blockNumber < floor) this.#old.set(args.requestId, false);
    for (const { args, blockNumber } of answered) {
      if (blockNumber >= floor) continue;
      this.#old.set(args.requestId, true);
      this.#oldPaidWei += args.payment;
    }
    this.#floor = floor;
  }

  stop(): void {
    this.provider.destroy();
  }
}
