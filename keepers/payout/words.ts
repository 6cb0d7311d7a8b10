import { IVRFCoordinator__factory } from "../../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import type { Chain } from "../shared/rpc.ts";
import { hashOf } from "./canonical.ts";
import type { SnapshotBlock } from "./model.ts";
import type { Rule } from "./program.ts";

const coordinatorAbi = IVRFCoordinator__factory.createInterface();
type Randomness = Extract<Rule, { kind: "raffle" }>["randomness"];

interface Log {
  readonly topics: string[];
  readonly data: string;
}

/**
 * Finds a raffle's words: those of the consumer's first request after the snapshot block that was answered. Nobody who
 * could still change holdings knows them, and asking again changes nothing, since a later request counts only when all
 * earlier ones were refunded.
 * @param toBlock last block that counts as final
 * @returns null while the first request is missing or pending
 */
export async function findWords(
  chain: Pick<Chain, "send">,
  { coordinator, consumer }: Randomness,
  snapshot: SnapshotBlock,
  toBlock: number,
): Promise<bigint[] | null> {
  const range = {
    address: coordinator,
    fromBlock: `0x${(snapshot.number + 1).toString(16)}`,
    toBlock: `0x${toBlock.toString(16)}`,
  };
  if (toBlock <= snapshot.number) return null;
  const read = async (name: string, topics: Array<string | null>): Promise<Log[]> => {
    const topic = coordinatorAbi.getEvent(name as "RandomWordsRequested").topicHash;
    return (await chain.send("eth_getLogs", [{ ...range, topics: [topic, ...topics] }])) as Log[];
  };
  const sender = `0x${consumer.slice(2).padStart(64, "0")}`;
  for (const log of await read("RandomWordsRequested", [null, null, sender])) {
    const { requestId, numWords } = coordinatorAbi.decodeEventLog(
      "RandomWordsRequested",
      log.data,
      log.topics,
    ) as unknown as { requestId: bigint; numWords: bigint };
    const idTopic = `0x${requestId.toString(16).padStart(64, "0")}`;
    const [fulfilled] = await read("RandomWordsFulfilled", [idTopic]);
    if (fulfilled !== undefined) {
      const { outputSeed } = coordinatorAbi.decodeEventLog(
        "RandomWordsFulfilled",
        fulfilled.data,
        fulfilled.topics,
      ) as unknown as { outputSeed: bigint };
      return expandWords(outputSeed, Number(numWords));
    }
    if ((await read("RequestRefunded", [idTopic])).length === 0) return null;
  }
  return null;
}

/** Word i is keccak256(abi.encode(output, i)), as the coordinator gives it to its consumers. */
export function expandWords(output: bigint, count: number): bigint[] {
  const word = (value: bigint): string => value.toString(16).padStart(64, "0");
  return Array.from({ length: count }, (_, i) =>
    BigInt(hashOf(new Uint8Array(Buffer.from(word(output) + word(BigInt(i)), "hex")))),
  );
}
