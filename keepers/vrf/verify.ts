import { getBytes, hexlify, toBeHex, type Log } from "ethers";

import type { Chain } from "../shared/rpc.ts";
import { coordinatorAbi, requestStruct } from "./coordinator.ts";
import { ecvrf } from "./ecvrf.ts";
import type { Coordinate, VrfRequest } from "./model.ts";
import { alphaOf, keyHashOf, wordsOf } from "./prove.ts";
import { piOf } from "./witness.ts";

/** One thing that was checked. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** What public data says of a request. */
export interface Verification {
  /** Every check passed. */
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly request: VrfRequest | null;
  /** What the words follow from; null when there is no fulfilment. */
  readonly fulfilment: {
    readonly transaction: string;
    readonly block: number;
    /** What was proved, 32 bytes in hex. */
    readonly alpha: string;
    /** pi_string of RFC 9381, 81 bytes in hex; null when the proof is wrong. */
    readonly pi: string | null;
    /** beta_string, 32 bytes in hex; null when the proof is wrong. */
    readonly output: string | null;
    readonly words: readonly bigint[];
  } | null;
}

/** Where to look for the events. */
export interface VerifyOptions {
  /** First block of the search; 0 unless given. */
  readonly fromBlock?: number;
  /** Blocks of one eth_getLogs; providers allow between 500 and everything. 10,000 unless given. */
  readonly logBlocks?: number;
}

/**
 * Checks a request's proof and words again, from the chain alone: the request's event, the hash of its block, and the
 * calldata of the transaction that fulfilled it. Neither the operator nor an index is believed, nor is what the
 * coordinator verified.
 * @param chain the JSON-RPC endpoint is believed about blocks, events and transactions
 */
export async function verifyRequest(
  chain: Chain,
  coordinate: Coordinate,
  requestId: bigint,
  options: VerifyOptions = {},
): Promise<Verification> {
  const checks: Check[] = [];
  const check = (name: string, ok: boolean, detail: string): boolean => {
    checks.push({ name, ok, detail });
    return ok;
  };
  const requested = await findRequest(chain, coordinate, requestId, options);
  if (
    !check(
      "request",
      requested !== null,
      requested === null ? "no such event" : `in block ${requested.block}`,
    )
  ) {
    return { ok: false, checks, request: null, fulfilment: null };
  }
  const request = requested!;
  const fulfilled = await findFulfilment(chain, coordinate, request, options);
  if (fulfilled === null) {
    check("fulfilment", false, "not fulfilled so far");
    return { ok: false, checks, request, fulfilment: null };
  }
  check("fulfilment", true, `in block ${fulfilled.log.blockNumber}`);

  const waited = fulfilled.log.blockNumber - request.block;
  check("confirmations", waited >= request.confirmations, `${waited} of ${request.confirmations}`);
  const given = await readProof(chain, fulfilled.log.transactionHash, request);
  const alpha = alphaOf(coordinate, request);
  const found = { transaction: fulfilled.log.transactionHash, block: fulfilled.log.blockNumber };
  if (given === null) {
    check(
      "proof",
      false,
      "the transaction does not call the coordinator directly: its calldata holds no proof",
    );
    const unproved = { ...found, alpha: hexlify(alpha), pi: null, output: null, words: [] };
    return { ok: false, checks, request, fulfilment: unproved };
  }
  const { x, y, publicKey, witness } = splitProof(given);
  const keyHash = keyHashOf(x, y);
  check("key", keyHash === request.keyHash, `${keyHash} is what the request asked for`);
  const pi = piOf(publicKey, alpha, witness);
  const output = pi === null ? null : ecvrf.verify(publicKey, alpha, pi);
  check(
    "proof",
    output !== null,
    output === null
      ? "does not hold for the block's hash and the request"
      : "ECVRF holds (RFC 9381)",
  );
  const seed = output === null ? null : BigInt(hexlify(output));
  check(
    "output",
    seed === fulfilled.outputSeed,
    `the event says ${toBeHex(fulfilled.outputSeed, 32)}`,
  );
  return {
    ok: checks.every(({ ok }) => ok),
    checks,
    request,
    fulfilment: {
      ...{ ...found, alpha: hexlify(alpha) },
      pi: pi === null ? null : hexlify(pi),
      output: output === null ? null : hexlify(output),
      words: output === null ? [] : wordsOf(output, request.numWords),
    },
  };
}

async function findRequest(
  chain: Chain,
  coordinate: Coordinate,
  requestId: bigint,
  options: VerifyOptions,
): Promise<VrfRequest | null> {
  const topic = coordinatorAbi.getEvent("RandomWordsRequested").topicHash;
  // The id is not indexed in Chainlink's event.
  const log = await findLog(chain, coordinate, [topic], options, (candidate) => {
    return coordinatorAbi.parseLog(candidate)?.args.getValue("requestId") === requestId;
  });
  if (log === null) return null;
  const args = coordinatorAbi.parseLog(log)!.args;
  const value = (name: string): bigint => args.getValue(name) as bigint;
  const block = await chain.provider.getBlock(log.blockHash);
  return {
    requestId,
    block: log.blockNumber,
    blockHash: log.blockHash.toLowerCase(),
    blockTime: block?.timestamp ?? 0,
    keyHash: String(args.getValue("keyHash")),
    subId: value("subId"),
    sender: String(args.getValue("sender")).toLowerCase(),
    callbackGasLimit: Number(value("callbackGasLimit")),
    numWords: Number(value("numWords")),
    confirmations: Number(value("minimumRequestConfirmations")),
    terms: value("preSeed"),
  };
}

async function findFulfilment(
  chain: Chain,
  coordinate: Coordinate,
  request: VrfRequest,
  options: VerifyOptions,
): Promise<{ log: Log; outputSeed: bigint } | null> {
  const topics = coordinatorAbi.encodeFilterTopics("RandomWordsFulfilled", [request.requestId]);
  const log = await findLog(chain, coordinate, topics, { ...options, fromBlock: request.block });
  if (log === null) return null;
  return { log, outputSeed: coordinatorAbi.parseLog(log)!.args.getValue("outputSeed") as bigint };
}

async function findLog(
  chain: Chain,
  { coordinator }: Coordinate,
  topics: Parameters<Chain["provider"]["getLogs"]>[0] extends { topics?: infer T } ? T : never,
  options: VerifyOptions,
  matches: (log: Log) => boolean = () => true,
): Promise<Log | null> {
  const head = Number(await chain.send("eth_blockNumber", []));
  const step = options.logBlocks ?? 10_000;
  for (let fromBlock = options.fromBlock ?? 0; fromBlock <= head; fromBlock += step) {
    const toBlock = Math.min(head, fromBlock + step - 1);
    const filter = {
      address: coordinator,
      fromBlock,
      toBlock,
      ...(topics === undefined ? {} : { topics }),
    };
    const found = (await chain.provider.getLogs(filter)).find(matches);
    if (found !== undefined) return found;
  }
  return null;
}

/** The proof of a request in a transaction's calldata, with the key before it; null when it is not there. */
async function readProof(
  chain: Chain,
  transactionHash: string,
  request: VrfRequest,
): Promise<Uint8Array | null> {
  const wanted = requestStruct(request);
  const isWanted = (given: { sender: string; subId: bigint; terms: bigint; details: bigint }) =>
    given.sender.toLowerCase() === wanted.sender &&
    given.subId === wanted.subId &&
    given.terms === wanted.terms &&
    given.details === wanted.details;
  const transaction = (await chain.send("eth_getTransactionByHash", [transactionHash])) as {
    input: string;
  } | null;
  if (transaction === null) return null;
  const call = coordinatorAbi.parseTransaction({ data: transaction.input });
  if (call?.name === "fulfillRandomWords") {
    const [proof, given] = call.args as unknown as [string, Parameters<typeof isWanted>[0]];
    return isWanted(given) ? getBytes(proof) : null;
  }
  if (call?.name !== "fulfillMany") return null;
  const [proofs, requests] = call.args as unknown as [string[], Parameters<typeof isWanted>[0][]];
  const proof = proofs[requests.findIndex(isWanted)];
  return proof === undefined ? null : getBytes(proof);
}

const WORD = 32;

function splitProof(bytes: Uint8Array): {
  x: bigint;
  y: bigint;
  publicKey: Uint8Array;
  witness: Uint8Array;
} {
  const x = BigInt(hexlify(bytes.subarray(0, WORD)));
  const y = BigInt(hexlify(bytes.subarray(WORD, 2 * WORD)));
  const publicKey = Uint8Array.of(y % 2n === 0n ? 0x02 : 0x03, ...bytes.subarray(0, WORD));
  return { x, y, publicKey, witness: bytes.subarray(2 * WORD) };
}
