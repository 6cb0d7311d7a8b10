/** A coordinator on the network of the index tests: subscription, consumer, proving key, and proofs for its requests. */
import { expect } from "chai";
import { getAddress, getBytes, hexlify, id as keccakOfText, parseEther, ZeroAddress } from "ethers";
import type pg from "pg";

import { alphaOf, openProvingKey } from "../../keepers/vrf/prove.ts";
import { RandomConsumer__factory } from "../../types/ethers-contracts/factories/samples/RandomConsumer__factory.ts";
import { IVRFCoordinator__factory } from "../../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import { rowsOf } from "./equality.ts";
import { deployOwn, mined, type Network } from "./network.ts";

/** Blocks after which a request can be refunded. */
export const DEADLINE_BLOCKS = 40;
const CALLBACK_GAS = 200_000;
const CONFIG = {
  minConfirmations: 1,
  maxConfirmations: 20,
  maxCallbackGas: 1_000_000,
  deadlineBlocks: DEADLINE_BLOCKS,
  overheadGas: 100_000,
  tipCap: 2_000_000_000n,
  l1DataFee: ZeroAddress,
};
const TERMS = {
  maxGasPrice: 100_000_000_000n,
  premium: 1_000_000_000n,
  bondShare: parseEther("0.01"),
};

/** A request as it stands in the log that made it. */
interface Request {
  readonly requestId: bigint;
  readonly block: number;
  /** Fields that whoever ends it repeats. */
  readonly struct: {
    readonly sender: string;
    readonly subId: bigint;
    readonly terms: bigint;
    readonly details: bigint;
  };
}

/** The second half of a request's fields, packed as the interface says. */
function detailsOf(block: bigint, confirmations: bigint, gasLimit: bigint, words: bigint): bigint {
  return block | (confirmations << 64n) | (gasLimit << 80n) | (words << 112n);
}

/** Deploys the coordinator and a consumer, and makes a funded subscription of the first account. */
export async function startRandomness(network: Network) {
  const { admin, provider } = network;
  const address = await deployOwn(admin, "vrf/VRFCoordinator.sol", [network.manager, CONFIG]);
  const coordinator = IVRFCoordinator__factory.connect(address, admin);
  const consumer = RandomConsumer__factory.connect(
    await deployOwn(admin, "samples/RandomConsumer.sol", [address]),
    admin,
  );
  const key = openProvingKey(getBytes(keccakOfText("index test proving key")));
  await mined(coordinator.registerProvingKey(key.x, key.y, admin.address, TERMS));
  await mined(coordinator.depositBond(key.keyHash, { value: parseEther("1") }));

  /** Creates a subscription of the first account with the consumer in it. */
  const subscribe = async (value: bigint): Promise<bigint> => {
    await mined(coordinator.createSubscription());
    const subId = (await coordinator.queryFilter(coordinator.filters.SubscriptionCreated())).at(-1)
      ?.args.subId;
    if (subId === undefined) throw new Error("no subscription");
    await mined(coordinator.fundSubscriptionWithNative(subId, { value }));
    await mined(coordinator.addConsumer(subId, await consumer.getAddress()));
    return subId;
  };

  /** Requests words; the fields that a fulfilment repeats. */
  const request = async (
    subId: bigint,
    { callbackGasLimit = CALLBACK_GAS, numWords = 2 } = {},
  ): Promise<Request> => {
    const receipt = await mined(
      consumer.request({
        ...{ keyHash: key.keyHash, subId, requestConfirmations: 1, callbackGasLimit, numWords },
        extraArgs: "0x",
      }),
    );
    const [log] = await coordinator.queryFilter(
      coordinator.filters.RandomWordsRequested(),
      receipt.blockNumber,
      receipt.blockNumber,
    );
    if (log === undefined) throw new Error("no request");
    const block = BigInt(receipt.blockNumber);
    const details = detailsOf(block, 1n, BigInt(callbackGasLimit), BigInt(numWords));
    const { preSeed: terms, requestId, sender } = log.args;
    return { requestId, block: receipt.blockNumber, struct: { sender, subId, terms, details } };
  };

  /** What the coordinator takes for a request: the key and its proof. */
  const proofOf = async (wanted: Request): Promise<string> => {
    const block = await provider.getBlock(wanted.block);
    const alpha = alphaOf({ chainId: 31337, coordinator: address }, {
      ...{
        requestId: wanted.requestId,
        keyHash: key.keyHash,
        sender: wanted.struct.sender,
      },
      blockHash: block?.hash ?? "",
    } as Parameters<typeof alphaOf>[1]);
    return hexlify(key.prove(alpha).calldata);
  };

  return {
    ...{ address, coordinator, consumer, key, subscribe, request, proofOf },
    /** Fulfils one request. */
    fulfil: async (wanted: Request) =>
      mined(
        coordinator.fulfillRandomWords(await proofOf(wanted), wanted.struct, {
          gasLimit: 2_000_000,
        }),
      ),
  };
}

/** What `startRandomness` resolves to. */
export type Randomness = Awaited<ReturnType<typeof startRandomness>>;

/**
 * Compares requests, subscriptions and keys with what the coordinator and its logs say now.
 *
 * @throws AssertionError at the first difference.
 */
export async function expectRandomnessEqualToChain(
  database: pg.Client,
  { coordinator, key }: Randomness,
): Promise<void> {
  const [requested, fulfilled, refunded, created] = await Promise.all([
    coordinator.queryFilter(coordinator.filters.RandomWordsRequested()),
    coordinator.queryFilter(coordinator.filters.RandomWordsFulfilled()),
    coordinator.queryFilter(coordinator.filters.RequestRefunded()),
    coordinator.queryFilter(coordinator.filters.SubscriptionCreated()),
  ]);
  const rows = await rowsOf(database, "vrf_request", "block, log_index");
  expect(rows.map((row) => row["id"])).to.deep.equal(
    requested.map(({ args }) => String(args.requestId)),
  );
  for (const [i, log] of requested.entries()) {
    const row = rows[i] ?? {};
    const { args } = log;
    const done = fulfilled.find((one) => one.args.requestId === args.requestId);
    const back = refunded.find((one) => one.args.requestId === args.requestId);
    const receipt = await (done ?? back)?.getTransactionReceipt();
    expect(row).to.deep.include({
      key_hash: args.keyHash,
      sub_id: String(args.subId),
      sender: args.sender.toLowerCase(),
      callback_gas_limit: String(args.callbackGasLimit),
      num_words: Number(args.numWords),
      confirmations: Number(args.minimumRequestConfirmations),
      terms: String(args.preSeed),
      reserve: String(args.preSeed & (2n ** 72n - 1n)),
      block: String(log.blockNumber),
      block_hash: log.blockHash,
      transaction: log.transactionHash,
      status: done ? "fulfilled" : back ? "refunded" : "pending",
      end_block: receipt === undefined ? null : String(receipt.blockNumber),
      end_transaction: receipt === undefined ? null : receipt.hash,
      success: done?.args.success ?? null,
      payment: done === undefined ? null : String(done.args.payment),
      output_seed: done === undefined ? null : String(done.args.outputSeed),
      gas_used: done === undefined ? null : String(receipt?.gasUsed),
    });
    const details = detailsOf(
      BigInt(log.blockNumber),
      args.minimumRequestConfirmations,
      args.callbackGasLimit,
      args.numWords,
    );
    const { preSeed: terms, sender, subId } = args;
    const isPending = await coordinator.isPending({ sender, subId, terms, details });
    expect(row["status"] === "pending").to.equal(isPending);
  }

  const refunds = await rowsOf(database, "vrf_refund", "request_id");
  expect(
    refunds.map((row) => [row["request_id"], row["reserve"], row["bond"]]),
  ).to.have.deep.members(
    refunded.map(({ args }) => [args.requestId, args.reserve, args.bond].map(String)),
  );

  const subscriptions = await rowsOf(database, "vrf_subscription", "created_at_block");
  expect(subscriptions.map((row) => row["id"])).to.deep.equal(
    created.map(({ args }) => String(args.subId)),
  );
  for (const row of subscriptions) {
    const subId = BigInt(String(row["id"]));
    if (row["cancelled"] === true) {
      expect(row).to.include({ balance: "0", owed: "0", pending: 0 });
      expect(await coordinator.getActiveSubscriptionIds(0, 0)).not.to.include(subId);
      continue;
    }
    const [, balance, requests, owner, consumers] = await coordinator.getSubscription(subId);
    expect({ ...row, owner: getAddress(String(row["owner"])) }).to.deep.include({
      owner,
      balance: String(balance),
      owed: String((await coordinator.owedBy(subId)).amount),
      requests: String(requests),
      pending: Number(await coordinator.pendingRequests(subId)),
      consumers: consumers.map((consumer) => consumer.toLowerCase()),
    });
  }

  const [keyRow] = await rowsOf(database, "vrf_key", "key_hash");
  const state = await coordinator.provingKey(key.keyHash);
  expect(keyRow).to.deep.include({
    key_hash: key.keyHash,
    operator: state.operator.toLowerCase(),
    x: String(key.x),
    y: String(key.y),
    active: state.active,
    max_gas_price: String(state.terms.maxGasPrice),
    premium: String(state.terms.premium),
    bond_share: String(state.terms.bondShare),
    rewards: String(state.rewards),
    bond: String(state.bond),
    withdrawing: String(state.withdrawing),
    withdrawable_from: String(state.withdrawableFrom),
  });
}
