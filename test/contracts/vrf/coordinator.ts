/** A coordinator with one key, a funded subscription and a consumer, and proofs for its requests. */
import accessManagerArtifact from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import {
  AbiCoder,
  concat,
  getBytes,
  hexlify,
  keccak256,
  parseEther,
  toUtf8Bytes,
  ZeroAddress,
} from "ethers";
import type { BaseContract, ContractTransactionResponse, TransactionReceipt } from "ethers";
import hre from "hardhat";

import { ecvrf } from "../../../keepers/vrf/ecvrf.ts";
import { encodeWitness } from "../../../keepers/vrf/witness.ts";
import type { AccessManager } from "../../helpers/contracts-fixture.ts";
import { GOVERNANCE } from "../../helpers/contracts-fixture.ts";
import type { VrfUnrulyConsumer } from "../../../types/ethers-contracts/test/VrfConsumers.sol/VrfUnrulyConsumer.ts";

const GWEI = 10n ** 9n;

/** Configuration that tests start from. */
export const CONFIG = {
  minConfirmations: 1,
  maxConfirmations: 200,
  maxCallbackGas: 2_500_000,
  deadlineBlocks: 250,
  overheadGas: 120_000,
  tipCap: 3n * GWEI,
  l1DataFee: ZeroAddress,
};

/** Terms of the key that tests start from. */
export const TERMS = {
  maxGasPrice: 500n * GWEI,
  premium: parseEther("0.0001"),
  bondShare: parseEther("0.01"),
};

/** A pending request: the four fields that the coordinator takes, and what they say. */
export interface PendingRequest {
  subId: bigint;
  sender: string;
  terms: bigint;
  details: bigint;
  requestId: bigint;
  keyHash: string;
  blockNumber: bigint;
  confirmations: bigint;
  callbackGasLimit: bigint;
  numWords: bigint;
}

/** Secret, public key and key hash number i. */
export function vrfKey(i: number) {
  const secret = getBytes(keccak256(toUtf8Bytes(`test proving key ${i}`)));
  const prover = ecvrf.prover(secret);
  const { x, y } = ecvrf.validateKey(prover.publicKey);
  const encoded = AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], [x, y]);
  return { prover, x, y, encoded, keyHash: keccak256(encoded) };
}

/** A test key. */
export type VrfKey = ReturnType<typeof vrfKey>;

/** Words of an output, computed here and not by the contract. */
export function wordsFrom(output: bigint, count: number): bigint[] {
  return Array.from({ length: count }, (_, i) =>
    BigInt(
      keccak256(AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], [output, BigInt(i)])),
    ),
  );
}

/** Deploys everything; what is passed replaces a field of configuration or terms. */
export async function deployVrf(
  options: {
    config?: Partial<Record<keyof typeof CONFIG, unknown>>;
    terms?: Partial<typeof TERMS>;
    bond?: bigint;
    funds?: bigint;
    /** Deploys a data fee of so much. */
    weiPerByte?: bigint;
    consumer?: "VrfConsumer" | "VrfStoringConsumer" | "VrfUnrulyConsumer";
  } = {},
) {
  const connection = await hre.network.create();
  const { ethers, networkHelpers } = connection;
  const [admin, governance, operator, owner, stranger] = (await ethers.getSigners()) as [
    Awaited<ReturnType<typeof ethers.provider.getSigner>>,
    Awaited<ReturnType<typeof ethers.provider.getSigner>>,
    Awaited<ReturnType<typeof ethers.provider.getSigner>>,
    Awaited<ReturnType<typeof ethers.provider.getSigner>>,
    Awaited<ReturnType<typeof ethers.provider.getSigner>>,
  ];
  const manager = (await new ethers.ContractFactory(
    accessManagerArtifact.abi,
    accessManagerArtifact.bytecode,
    admin,
  ).deploy(admin.address)) as BaseContract & AccessManager;
  const l1DataFee =
    options.weiPerByte === undefined
      ? ZeroAddress
      : await ethers.deployContract("VrfDataFee", [options.weiPerByte]);
  const coordinator = await ethers.deployContract(
    "VRFCoordinator",
    [manager, { ...CONFIG, l1DataFee, ...options.config }],
    owner,
  );
  const restricted = ["registerProvingKey", "setProvingKeyTerms", "deregisterProvingKey"];
  await manager.setTargetFunctionRole(
    coordinator,
    restricted.map((name) => coordinator.interface.getFunction(name as "refund").selector),
    GOVERNANCE,
  );
  await manager.grantRole(GOVERNANCE, governance.address, 0);

  const terms = { ...TERMS, ...options.terms };
  const key = vrfKey(0);
  await coordinator.connect(governance).registerProvingKey(key.x, key.y, operator.address, terms);
  await coordinator
    .connect(operator)
    .depositBond(key.keyHash, { value: options.bond ?? parseEther("1") });

  const { chainId } = await ethers.provider.getNetwork();
  const address = await coordinator.getAddress();

  /** Creates a subscription of `owner` with funds and consumers. */
  const subscribe = async (consumers: readonly BaseContract[], funds = parseEther("100")) => {
    const receipt = await (await coordinator.createSubscription()).wait();
    const created = coordinator.interface.parseLog(receipt!.logs[0]!)?.args["subId"] as bigint;
    if (funds > 0n) await coordinator.fundSubscriptionWithNative(created, { value: funds });
    for (const consumer of consumers) await coordinator.addConsumer(created, consumer);
    return created;
  };
  // All consumers of the tests are VrfConsumer and, some of them, more.
  const consumer = (await ethers.deployContract(options.consumer ?? "VrfUnrulyConsumer", [
    coordinator,
  ])) as BaseContract as VrfUnrulyConsumer;
  const subId = await subscribe([consumer], options.funds);

  /** The request that a transaction made. */
  const requestIn = (receipt: TransactionReceipt | null): PendingRequest => {
    const event = receipt?.logs
      .map((log) => coordinator.interface.parseLog(log))
      .find((log) => log?.name === "RandomWordsRequested");
    if (receipt === null || !event) throw new Error("the transaction made no request");
    const { args } = event;
    const blockNumber = BigInt(receipt.blockNumber);
    const confirmations = args["minimumRequestConfirmations"] as bigint;
    const callbackGasLimit = args["callbackGasLimit"] as bigint;
    const numWords = args["numWords"] as bigint;
    return {
      subId: args["subId"] as bigint,
      sender: args["sender"] as string,
      terms: args["preSeed"] as bigint,
      details:
        blockNumber | (confirmations << 64n) | (callbackGasLimit << 80n) | (numWords << 112n),
      requestId: args["requestId"] as bigint,
      keyHash: args["keyHash"] as string,
      blockNumber,
      confirmations,
      callbackGasLimit,
      numWords,
    };
  };

  /** What a fulfilment's transaction reported of its only request. */
  const fulfilmentIn = (receipt: TransactionReceipt | null) => {
    const event = receipt?.logs
      .map((log) => coordinator.interface.parseLog(log))
      .find((log) => log?.name === "RandomWordsFulfilled");
    if (!receipt || !event) throw new Error("the transaction fulfilled nothing");
    return {
      success: event.args["success"] as boolean,
      payment: event.args["payment"] as bigint,
      output: event.args["outputSeed"] as bigint,
      gasUsed: receipt.gasUsed,
      gasPrice: receipt.gasPrice,
    };
  };

  /** Requests through the consumer. */
  const request = async (
    fields: { confirmations?: number; gas?: number; words?: number; keyHash?: string } = {},
  ): Promise<PendingRequest> => {
    const { confirmations = 1, gas = 200_000, words = 1, keyHash = key.keyHash } = fields;
    const sent = await consumer.request(keyHash, subId, confirmations, gas, words);
    return requestIn(await sent.wait());
  };

  /** Seed of a request, computed here and not by the contract. */
  const alphaOf = async (of: PendingRequest): Promise<Uint8Array> => {
    const block = await ethers.provider.getBlock(Number(of.blockNumber));
    const types = ["uint256", "address", "bytes32", "uint256", "address", "bytes32"];
    const fields = [chainId, address, of.keyHash, of.requestId, of.sender, block?.hash];
    return getBytes(keccak256(AbiCoder.defaultAbiCoder().encode(types, fields)));
  };

  /** Proof and output for a request. */
  const prove = async (of: PendingRequest, by: VrfKey = key) => {
    const transcript = by.prover.prove(await alphaOf(of));
    return {
      proof: concat([by.encoded, encodeWitness(transcript)]),
      output: BigInt(hexlify(transcript.beta)),
    };
  };

  const fulfill = async (of: PendingRequest): Promise<ContractTransactionResponse> =>
    coordinator.fulfillRandomWords((await prove(of)).proof, of);

  /** Mines until the request's last block for a fulfilment has passed. */
  const expire = async (of: PendingRequest): Promise<void> => {
    const { deadlineBlocks } = await coordinator.config();
    const head = BigInt(await ethers.provider.getBlockNumber());
    await networkHelpers.mine(of.blockNumber + deadlineBlocks - head);
  };

  const balanceOf = async (id = subId): Promise<bigint> =>
    (await coordinator.getSubscription(id)).nativeBalance;

  return {
    connection,
    ethers,
    networkHelpers,
    admin,
    governance,
    operator,
    owner,
    stranger,
    manager,
    coordinator,
    address,
    chainId,
    key,
    terms,
    consumer,
    subId,
    subscribe,
    requestIn,
    request,
    alphaOf,
    prove,
    fulfill,
    fulfilmentIn,
    expire,
    balanceOf,
  };
}

/** What `deployVrf` makes. */
export type Vrf = Awaited<ReturnType<typeof deployVrf>>;
