import { ContractFactory, JsonRpcProvider, parseEther, type JsonRpcSigner } from "ethers";

import type { Stack } from "../../deploy/stack/stack.ts";
import { RandomConsumer__factory } from "../../types/ethers-contracts/factories/test/RandomConsumer__factory.ts";
import { IVRFCoordinator__factory } from "../../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import type { IVRFCoordinator } from "../../types/ethers-contracts/interfaces/IVRFCoordinator.ts";
import type { RandomConsumer } from "../../types/ethers-contracts/test/RandomConsumer.ts";

/** Account of the local chain that plays the dapp's owner; nothing else of the network uses it. */
const dappAccount = 15;
const callbackGasLimit = 200_000;

/** A dapp on a running network: a funded subscription and a consumer that keeps what it is given. */
export class Dapp {
  readonly coordinator: IVRFCoordinator;
  readonly consumer: RandomConsumer;
  readonly subId: bigint;
  readonly keyHash: string;
  readonly provider: JsonRpcProvider;
  readonly owner: JsonRpcSigner;

  private constructor(parts: {
    provider: JsonRpcProvider;
    owner: JsonRpcSigner;
    coordinator: IVRFCoordinator;
    consumer: RandomConsumer;
    subId: bigint;
    keyHash: string;
  }) {
    this.provider = parts.provider;
    this.owner = parts.owner;
    this.coordinator = parts.coordinator;
    this.consumer = parts.consumer;
    this.subId = parts.subId;
    this.keyHash = parts.keyHash;
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
    await coordinator.fundSubscriptionWithNative(own, { value: parseEther("100") });
    await (await coordinator.addConsumer(own, await consumer.getAddress())).wait();
    const [key] = await coordinator.queryFilter(coordinator.filters.ProvingKeyRegistered());
    if (key === undefined) throw new Error("no proving key is registered");
    return new Dapp({
      provider,
      owner,
      coordinator,
      consumer,
      subId: own,
      keyHash: key.args.keyHash,
    });
  }

  /** Calldata of a request. */
  get requestData(): string {
    return this.consumer.interface.encodeFunctionData("request", [
      {
        ...{ keyHash: this.keyHash, subId: this.subId, requestConfirmations: 1, numWords: 1 },
        ...{ callbackGasLimit, extraArgs: "0x" },
      },
    ]);
  }

  /** Sends requests without waiting for their blocks. */
  async send(count: number): Promise<void> {
    const to = await this.consumer.getAddress();
    for (let i = 0; i < count; i++) {
      await this.owner.sendUncheckedTransaction({ to, data: this.requestData, gasLimit: 500_000 });
    }
  }

  /** Ids of the requests that the chain holds now. */
  async requests(): Promise<bigint[]> {
    const { coordinator } = this;
    const logs = await coordinator.queryFilter(coordinator.filters.RandomWordsRequested());
    return logs.filter(({ args }) => args.subId === this.subId).map(({ args }) => args.requestId);
  }

  /**
   * True when each request of the chain was answered exactly once, by the consumer's own count, and the coordinator holds
   * exactly what it owes, to the wei.
   *
   * @param count Requests that there must be.
   */
  async settled(count: number): Promise<string | true> {
    const { coordinator, consumer, provider } = this;
    const requests = await this.requests();
    if (requests.length !== count) return `${requests.length} requests, expected ${count}`;
    const fulfilled = await coordinator.queryFilter(coordinator.filters.RandomWordsFulfilled());
    for (const id of requests) {
      const times = fulfilled.filter(({ args }) => args.requestId === id);
      if (times.length > 1) throw new Error(`request ${id} was fulfilled ${times.length} times`);
      const [log] = times;
      if (log === undefined) return `request ${id} is not fulfilled`;
      if (!log.args.success) return `the callback of request ${id} failed`;
      const [deliveries, words] = await Promise.all([
        consumer.deliveries(id),
        consumer.wordsOf(id),
      ]);
      if (deliveries !== 1n || words.length !== 1) return `request ${id}: ${deliveries} deliveries`;
    }
    const latest = { blockTag: await provider.getBlockNumber() };
    const [balance, ids, key] = await Promise.all([
      provider.getBalance(coordinator, latest.blockTag),
      coordinator.getActiveSubscriptionIds(0, 0, latest),
      coordinator.provingKey(this.keyHash, latest),
    ]);
    let owed = key.bond + key.rewards;
    for (const id of ids) {
      owed += (await coordinator.getSubscription(id, latest)).nativeBalance;
      owed += (await coordinator.owedBy(id, latest)).amount;
    }
    if ((await coordinator.pendingRequestExists(this.subId, latest)) || owed !== balance) {
      return `the coordinator owes ${owed} and holds ${balance}`;
    }
    return true;
  }

  stop(): void {
    this.provider.destroy();
  }
}
