import { openDatabase } from "../../keepers/shared/database.ts";
import type { Chain } from "../../keepers/shared/rpc.ts";
import { readIndexHead } from "../../keepers/vrf/index-head.ts";
import { limitsOf } from "../../keepers/vrf/limits.ts";
import type { VrfRequest } from "../../keepers/vrf/model.ts";
import { readSnapshot } from "../../keepers/vrf/snapshot.ts";
import type { Ending, RequestSnapshot } from "../../keepers/vrf/status.ts";
import { note } from "../shared/action.ts";
import type { Opened } from "../shared/open.ts";
import type { Randomness } from "./open.ts";
import { databaseUrlOf, silentLog } from "./open.ts";

const INDEX_TIMEOUT_MS = 2_000;
const MAX_ATTEMPTS = 5;

/**
 * What is known of a request: from the operator's database where it can be read, else from the chain alone, which knows
 * nothing of queues and accounts.
 */
export async function snapshotOf(
  opened: Opened,
  randomness: Randomness,
  chain: Chain,
  id: bigint,
): Promise<RequestSnapshot> {
  const url = databaseUrlOf(opened);
  const { apiUrl, chainId } = opened.deployment;
  const index =
    apiUrl === null || url === null
      ? null
      : await readIndexHead(apiUrl, chainId, AbortSignal.timeout(INDEX_TIMEOUT_MS));
  if (url === null || index === null) {
    note("The operator's database or the index cannot be read: this is what the chain alone says.");
    return await chainSnapshot(randomness, chain, id);
  }
  const db = openDatabase(url, silentLog(), { maxConnections: 4, patienceMs: 0 });
  try {
    const { coordinate } = randomness;
    return await readSnapshot({ db: db.pool, chain, coordinate, indexBlock: index.block }, id);
  } catch (error) {
    note(`The operator's database cannot be read (${(error as Error).message}).`);
    return await chainSnapshot(randomness, chain, id);
  } finally {
    await db.close();
  }
}

async function chainSnapshot(
  { coordinator, fromBlock }: Randomness,
  chain: Chain,
  id: bigint,
): Promise<RequestSnapshot> {
  const head = Number(await chain.send("eth_blockNumber", []));
  const [config, requested, fulfilled, refunded] = await Promise.all([
    coordinator.config(),
    coordinator.queryFilter(coordinator.filters.RandomWordsRequested(), fromBlock),
    coordinator.queryFilter(coordinator.filters.RandomWordsFulfilled(id), fromBlock),
    coordinator.queryFilter(coordinator.filters.RequestRefunded(id), fromBlock),
  ]);
  const log = requested.find(({ args }) => args.requestId === id);
  const block = log === undefined ? null : await log.getBlock();
  const request: VrfRequest | null =
    log === undefined || block === null
      ? null
      : {
          requestId: id,
          block: log.blockNumber,
          blockHash: log.blockHash.toLowerCase(),
          blockTime: block.timestamp,
          keyHash: log.args.keyHash,
          subId: log.args.subId,
          sender: log.args.sender.toLowerCase(),
          callbackGasLimit: Number(log.args.callbackGasLimit),
          numWords: Number(log.args.numWords),
          confirmations: Number(log.args.minimumRequestConfirmations),
          terms: log.args.preSeed,
        };
  return {
    ...{ requestId: id, request, ending: endingOf(fulfilled[0], refunded[0]), head },
    limits: limitsOf({ deadlineBlocks: Number(config.deadlineBlocks) }, true, MAX_ATTEMPTS),
    ...{ indexBlock: head, subscription: null, job: null, delivery: null },
    ...{ relayerPosition: null, accounts: null, operator: null, deadReason: null },
  };
}

interface EndLog<Args> {
  readonly blockNumber: number;
  readonly transactionHash: string;
  readonly args: Args;
}

function endingOf(
  fulfilled: EndLog<{ success: boolean; payment: bigint }> | undefined,
  refunded: EndLog<unknown> | undefined,
): Ending | null {
  if (fulfilled !== undefined) {
    const { args, blockNumber: block, transactionHash: transaction } = fulfilled;
    const { payment: paymentWei, success } = args;
    return { kind: "fulfilled", block, transaction, success, paymentWei };
  }
  if (refunded === undefined) return null;
  return {
    kind: "refunded",
    block: refunded.blockNumber,
    transaction: refunded.transactionHash,
  };
}
