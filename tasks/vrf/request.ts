import { formatEther } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { LOCAL_CHAIN_ID } from "../../deploy/deployments.ts";
import { pollUntil } from "../../deploy/transactions.ts";
import { describeRequest } from "../../keepers/vrf/status.ts";
import { verifyRequest } from "../../keepers/vrf/verify.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatFields } from "../shared/format.ts";
import type { Opened } from "../shared/open.ts";
import { openToSend } from "../shared/open.ts";
import { eventIn, sendCall } from "../shared/send.ts";
import type { KeyView } from "./keys.ts";
import { readKeys } from "./keys.ts";
import type { Randomness } from "./open.ts";
import { chainOf, randomnessOf } from "./open.ts";
import { ensureSample } from "./sample.ts";
import { snapshotOf } from "./snapshot.ts";
import { proofLines } from "./verify.ts";

const MAX_TIMEOUT_SECONDS = 3_600;

interface Args {
  words: number;
  confirmations: string | undefined;
  callbackGas: number;
  key: string | undefined;
  sub: string | undefined;
  from: string | undefined;
  timeout: number;
  json: boolean;
}

/** Requests words through the sample consumer, waits for them, and prints request, proof, words and delivery. */
export async function requestWords(
  args: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  if (!(args.timeout >= 1 && args.timeout <= MAX_TIMEOUT_SECONDS)) {
    throw new TaskError(`--timeout must be from 1 to ${MAX_TIMEOUT_SECONDS} seconds.`);
  }
  if (args.words < 1) throw new TaskError("--words must be at least 1.");
  const confirmations = wholeNumber(args.confirmations, "--confirmations");
  const subId = wholeNumber(args.sub, "--sub");
  const opened = await openToSend(hre, settings, args.from ?? null);
  const randomness = await randomnessOf(hre, opened);
  const { coordinator } = randomness;
  const key = chooseKey(args.key, await readKeys(randomness));
  const config = await coordinator.config();
  const reserve = await coordinator.reserveOf(key.keyHash, args.callbackGas, args.words);
  const mayCreate = opened.deployment.chainId === LOCAL_CHAIN_ID;
  const sample = await ensureSample(opened, coordinator, { subId, mayCreate, reserve });

  const wanted = {
    keyHash: key.keyHash,
    subId: sample.subId,
    requestConfirmations: Number(confirmations ?? config.minConfirmations),
    callbackGasLimit: args.callbackGas,
    numWords: args.words,
    extraArgs: "0x",
  };
  const consumer = await sample.consumer.getAddress();
  const startedMs = performance.now();
  const { receipt, sent } = await sendCall(opened, {
    what: `RandomConsumer.request(${args.words} ${args.words === 1 ? "word" : "words"})`,
    to: consumer,
    simulate: async () => await sample.consumer.request.staticCall(wanted),
    send: async () => await sample.consumer.request(wanted),
  });
  const id = eventIn(coordinator.interface, receipt, "RandomWordsRequested")?.["requestId"];
  if (typeof id !== "bigint") throw new TaskError(`${sent.transaction} holds no request.`);
  note(`Request ${id} is in block ${sent.block}; wait for its words`);
  await awaitEnd(opened, randomness, id, { fromBlock: sent.block, seconds: args.timeout });
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10;

  const result = await readResult(opened, randomness, id, sent.block);
  const { delivery, verification } = result;
  const request = { id, ...wanted, consumer, transaction: sent.transaction, block: sent.block };
  const { fulfilment, ok } = verification;
  if (args.json) {
    const { alpha, output, pi, words } = fulfilment;
    const proof = { alpha, pi, output, verified: ok };
    return printJson({ request, proof, randomWords: words, delivery, seconds });
  }
  formatFields([
    ["Request", id.toString()],
    ["Requested", `${sent.transaction} (block ${sent.block})`],
    ["Subscription", sample.subId.toString()],
    ["Consumer", consumer],
    ["Proving key", key.keyHash],
  ]).forEach(print);
  proofLines(fulfilment).forEach(print);
  formatFields([
    ["Delivered", `${delivery.transaction} (block ${delivery.block}), after ${seconds} s`],
    ["Callback", delivery.success ? "succeeded" : "failed; the output stays readable"],
    ["Paid", `${formatEther(delivery.payment)} of native coin`],
    ["Checked", ok ? "the proof holds, off chain too" : "THE PROOF DOES NOT HOLD"],
  ]).forEach(print);
}

function wholeNumber(text: string | undefined, option: string): bigint | null {
  if (text === undefined) return null;
  if (!/^(\d{1,78}|0x[0-9a-fA-F]{1,64})$/.test(text)) {
    throw new TaskError(`${option} "${text}" is not a whole number.`);
  }
  return BigInt(text);
}

function chooseKey(given: string | undefined, keys: readonly KeyView[]): KeyView {
  const active = keys.filter((key) => key.active);
  const [first] = active;
  if (first === undefined)
    throw new TaskError("No proving key takes requests: see npx hardhat vrf keys");
  if (given === undefined) return first;
  const found = active.find(({ keyHash }) => keyHash.toLowerCase() === given.toLowerCase());
  if (found === undefined) {
    const hashes = active.map(({ keyHash }) => keyHash).join(", ");
    throw new TaskError(`There is no active proving key ${given}. Keys: ${hashes}.`);
  }
  return found;
}

/** Waits for the event that ends a request; says why it does not come when the time is over. */
async function awaitEnd(
  opened: Opened,
  randomness: Randomness,
  id: bigint,
  { fromBlock, seconds }: { fromBlock: number; seconds: number },
): Promise<void> {
  const { coordinator } = randomness;
  const ended = await pollUntil(seconds * 1_000, async () => {
    const logs = await coordinator.queryFilter(
      coordinator.filters.RandomWordsFulfilled(id),
      fromBlock,
    );
    return logs.length > 0 ? true : null;
  });
  if (ended !== null) return;
  const chain = await chainOf(opened);
  try {
    const { hints, text } = describeRequest(await snapshotOf(opened, randomness, chain, id));
    throw new TaskError(
      `Request ${id} has no words after ${seconds} s; it ${[text, ...hints].join("; ")}. Follow it with: npx hardhat vrf status ${id}`,
    );
  } finally {
    chain.close();
  }
}

async function readResult(
  opened: Opened,
  { coordinate, coordinator }: Randomness,
  id: bigint,
  fromBlock: number,
) {
  const chain = await chainOf(opened);
  try {
    const [verification, [log]] = await Promise.all([
      verifyRequest(chain, coordinate, id, { fromBlock }),
      coordinator.queryFilter(coordinator.filters.RandomWordsFulfilled(id), fromBlock),
    ]);
    const { fulfilment } = verification;
    if (fulfilment === null || log === undefined) {
      throw new TaskError(
        `A reorganisation took the words of request ${id} back; they come again.`,
      );
    }
    const receipt = await log.getTransactionReceipt();
    const { payment, success } = log.args;
    const delivery = {
      ...{ transaction: log.transactionHash, block: log.blockNumber, success, payment },
      gasUsed: receipt.gasUsed,
    };
    return { verification: { ...verification, fulfilment }, delivery };
  } finally {
    chain.close();
  }
}
