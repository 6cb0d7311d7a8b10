import { IVRFCoordinator__factory } from "../../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import type { Chain } from "../shared/rpc.ts";
import type { VrfRequest } from "./model.ts";

/** ABI of the coordinator. */
export const coordinatorAbi = IVRFCoordinator__factory.createInterface();

const skippedTopic = coordinatorAbi.getEvent("FulfillmentSkipped").topicHash;

/** EIP-2935: the contract in which a chain keeps its last 8,191 block hashes. */
const HASH_HISTORY = "0x0000f90827f1c53a10cb7a02335b175320002935";

/** What holds for every request of a coordinator. */
export interface CoordinatorConfig {
  readonly deadlineBlocks: number;
  /** Gas: at least what a fulfilment takes beside callback and words. */
  readonly overheadGas: number;
}

/** State of a proving key on chain. */
export interface KeyState {
  readonly registered: boolean;
  readonly active: boolean;
  readonly operator: string;
}

/** What the keeper reads from the chain. */
export interface CoordinatorReader {
  /** Number of the newest block. */
  head(): Promise<number>;
  /** Hashes of blocks by number; null where the node has no such block. */
  blockHashes(blocks: readonly number[]): Promise<Map<number, string | null>>;
  config(): Promise<CoordinatorConfig>;
  provingKey(keyHash: string): Promise<KeyState>;
  /** Whether the chain keeps more block hashes than BLOCKHASH reaches. */
  keepsBlockHashes(): Promise<boolean>;
  /** Why a mined transaction left a request out; null when it says nothing of it. */
  skipReason(transactionHash: string, requestId: bigint): Promise<string | null>;
}

/** Opens the coordinator at an address. */
export function createCoordinatorReader(chain: Chain, coordinator: string): CoordinatorReader {
  const contract = IVRFCoordinator__factory.connect(coordinator, chain.provider);
  return {
    async head() {
      return Number(await chain.send("eth_blockNumber", []));
    },

    async blockHashes(blocks) {
      const unique = [...new Set(blocks)];
      const hashes = await Promise.all(
        unique.map(async (block) => {
          const found = (await chain.send("eth_getBlockByNumber", [
            `0x${block.toString(16)}`,
            false,
          ])) as { hash: string } | null;
          return found?.hash.toLowerCase() ?? null;
        }),
      );
      return new Map(unique.map((block, i) => [block, hashes[i] ?? null]));
    },

    async config() {
      const { deadlineBlocks, overheadGas } = await contract.config();
      return { deadlineBlocks: Number(deadlineBlocks), overheadGas: Number(overheadGas) };
    },

    async provingKey(keyHash) {
      const { operator, active } = await contract.provingKey(keyHash);
      return { registered: BigInt(operator) !== 0n, active, operator: operator.toLowerCase() };
    },

    async keepsBlockHashes() {
      return (await chain.send("eth_getCode", [HASH_HISTORY, "latest"])) !== "0x";
    },

    async skipReason(transactionHash, requestId) {
      const receipt = await chain.provider.getTransactionReceipt(transactionHash);
      for (const log of receipt?.logs ?? []) {
        if (log.address.toLowerCase() !== coordinator || log.topics[0] !== skippedTopic) continue;
        const event = coordinatorAbi.parseLog(log);
        if (event?.args[0] !== requestId) continue;
        return `left out of its batch: ${describeError(String(event.args[1]))}`;
      }
      return null;
    },
  };
}

/** A proof to deliver. */
export interface ProvedRequest {
  readonly request: VrfRequest;
  /** What the coordinator takes. */
  readonly proof: Uint8Array;
}

/** Calldata that fulfils one request, or several together. */
export function encodeFulfilment(items: readonly ProvedRequest[]): string {
  const [first] = items;
  if (first === undefined) throw new RangeError("nothing to fulfil");
  if (items.length === 1) {
    return coordinatorAbi.encodeFunctionData("fulfillRandomWords", [
      first.proof,
      requestStruct(first.request),
    ]);
  }
  return coordinatorAbi.encodeFunctionData("fulfillMany", [
    items.map(({ proof }) => proof),
    items.map(({ request }) => requestStruct(request)),
  ]);
}

/** Calldata that keeps the hash of a block. */
export function encodeStoreBlockhash(block: number): string {
  return coordinatorAbi.encodeFunctionData("storeBlockhash", [block]);
}

/** Positions of the fields that `IVRFCoordinator.Request` packs into its details, above the block's number. */
const CONFIRMATIONS_BIT = 64n;
const CALLBACK_GAS_BIT = 80n;
const NUM_WORDS_BIT = 112n;

/** A request as the coordinator takes it. */
export function requestStruct(request: VrfRequest): {
  readonly sender: string;
  readonly subId: bigint;
  readonly terms: bigint;
  readonly details: bigint;
} {
  const { block, callbackGasLimit, confirmations, numWords, sender, subId, terms } = request;
  const details =
    BigInt(block) |
    (BigInt(confirmations) << CONFIRMATIONS_BIT) |
    (BigInt(callbackGasLimit) << CALLBACK_GAS_BIT) |
    (BigInt(numWords) << NUM_WORDS_BIT);
  return { sender, subId, terms, details };
}

/** A custom error of the coordinator in the form `Name(values)`. */
export function describeError(data: string): string {
  try {
    const parsed = coordinatorAbi.parseError(data);
    if (parsed !== null) return `${parsed.name}(${parsed.args.map(String).join(", ")})`;
  } catch {
    // Not encoded as its selector says.
  }
  return data === "0x" ? "no reason" : `unknown error ${data.slice(0, 10)}`;
}
