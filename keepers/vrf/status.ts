import { formatEther } from "ethers";

import { earliestBlock, stepOf, type Limits } from "./decide.ts";
import type { Delivery, VrfRequest } from "./model.ts";

/** How a request ended. */
export type Ending =
  | {
      readonly kind: "fulfilled";
      readonly block: number;
      readonly transaction: string;
      /** Whether the consumer's callback went through. */
      readonly success: boolean;
      readonly paymentWei: bigint;
    }
  | { readonly kind: "refunded"; readonly block: number; readonly transaction: string };

/** A relayer's account. */
export interface AccountState {
  readonly address: string;
  readonly balanceWei: bigint;
  /** Why nothing is sent from it; null when all is well. */
  readonly heldReason: string | null;
}

/** Where the job of a request is in the queue. */
export interface JobState {
  readonly state: "created" | "retry" | "active" | "completed" | "cancelled" | "failed";
  /** Jobs before it; 0 is the next. */
  readonly position: number;
  readonly tries: number;
  /** What the last try ended with. */
  readonly lastError: string | null;
}

/** What is known of a request. Parts that the asker cannot see are null. */
export interface RequestSnapshot {
  readonly requestId: bigint;
  /** null when the index has no such request. */
  readonly request: VrfRequest | null;
  readonly ending: Ending | null;
  readonly head: number;
  /** Highest block of the index. */
  readonly indexBlock: number;
  readonly limits: Limits;
  readonly subscription: {
    readonly balanceWei: bigint;
    /** What another request of this kind would reserve now; null when the key takes none. */
    readonly neededWei: bigint | null;
  } | null;
  readonly job: JobState | null;
  readonly delivery: Delivery | null;
  /** Intents that the relayer serves before this one; null when it is not queued. */
  readonly relayerPosition: number | null;
  /** null when the relayer's ledger cannot be read. */
  readonly accounts: readonly AccountState[] | null;
  /** The key's operator; null when its database cannot be read. */
  readonly operator: {
    /** Since a process of the operator was last at work; null when none ever was. */
    readonly silentSeconds: number | null;
    readonly heldReason: string | null;
  } | null;
  /** Why it was given up; null when it was not. */
  readonly deadReason: string | null;
}

/** Where a request stands, in one word. */
export type StatusKind =
  | "unknown"
  | "fulfilled"
  | "callbackFailed"
  | "refunded"
  | "expired"
  | "givenUp"
  | "confirming"
  | "operatorOffline"
  | "indexBehind"
  | "relayerAccountLow"
  | "queued"
  | "proving"
  | "sending"
  | "retrying";

/** Where a request stands, in words. */
export interface RequestStatus {
  readonly kind: StatusKind;
  /** One sentence. */
  readonly text: string;
  /** What else to know, or to do. */
  readonly hints: readonly string[];
}

/** A keeper writes every 2 s that it is at work. */
const OFFLINE_SECONDS = 15;

/** Says where a request stands, why it waits, and what to do. Pure. */
export function describeRequest(snapshot: RequestSnapshot): RequestStatus {
  const { request } = snapshot;
  if (request === null) return unknown(snapshot);
  if (snapshot.ending !== null) return ended(snapshot.ending, request, snapshot);
  const hints = subscriptionHints(snapshot);
  const status = pending(snapshot, request);
  return { ...status, hints: [...status.hints, ...hints] };
}

function unknown({ requestId, indexBlock, head }: RequestSnapshot): RequestStatus {
  const lag = head - indexBlock;
  const hints =
    lag > 0
      ? [`the index is ${blocks(lag)} behind the chain: look again in a moment`]
      : [
          "check the id, the network, and that the transaction with the request succeeded",
          "a request that a reorganisation removed is unknown too until it is back in a block",
        ];
  return {
    kind: "unknown",
    text: `there is no request ${requestId} up to block ${indexBlock}`,
    hints,
  };
}

function ended(ending: Ending, request: VrfRequest, snapshot: RequestSnapshot): RequestStatus {
  const { block, transaction } = ending;
  const hints = subscriptionHints(snapshot);
  if (ending.kind === "refunded") {
    return {
      kind: "refunded",
      text: `expired and refunded in block ${block} by ${transaction}`,
      hints: ["the words never come: request again", ...hints],
    };
  }
  const text = `fulfilled in block ${block} by ${transaction} for ${formatEther(ending.paymentWei)} of native coin`;
  if (ending.success) return { kind: "fulfilled", text, hints };
  return {
    kind: "callbackFailed",
    text: `${text}, but the consumer's callback failed`,
    hints: [
      `it had ${request.callbackGasLimit} gas: it reverted or ran out; it is not called again`,
      `the output stays readable: outputOf(${request.requestId}) of the coordinator, then wordsOf`,
      ...hints,
    ],
  };
}

function pending(snapshot: RequestSnapshot, request: VrfRequest): RequestStatus {
  const { head, indexBlock, limits, delivery, deadReason, operator } = snapshot;
  const step = stepOf({ request, delivery }, deadReason ?? undefined, { head, indexBlock }, limits);
  const deadline = request.block + limits.deadlineBlocks;
  if (head + 1 > deadline) {
    const why = deadReason ?? delivery?.reason ?? null;
    return {
      kind: "expired",
      text: `expired: block ${deadline} was the last that could fulfil it, and the chain is at ${head}`,
      hints: [
        "anyone may call refund: the reserve and the operator's bond share go to the subscription",
        ...(why === null ? [] : [`what the operator says: ${why}`]),
      ],
    };
  }
  if (step.kind === "confirming") {
    return {
      kind: "confirming",
      text: `waits for ${step.blocksLeft} more ${step.blocksLeft === 1 ? "block" : "blocks"}: words are accepted from block ${earliestBlock(request)}, and the chain is at ${head}`,
      hints: [],
    };
  }
  if (step.kind === "dead" || step.kind === "lost") {
    return {
      kind: "givenUp",
      text: `given up: ${step.reason}`,
      hints: [
        `the operator can try again with: npx hardhat vrf replay ${request.requestId}`,
        `it can be refunded after block ${deadline}`,
      ],
    };
  }
  const offline = operatorOffline(snapshot);
  if (step.kind === "delivering") return delivering(snapshot, step.status);
  if (offline !== null) return offline;
  if (operator !== null && operator.heldReason !== null) {
    return {
      kind: "indexBehind",
      text: `the operator waits: ${operator.heldReason}`,
      hints: [],
    };
  }
  if (step.kind === "pausing") {
    return {
      kind: "retrying",
      text: `delivery ${delivery?.attempt ?? 1} failed: ${step.reason}; the next is made at block ${step.untilBlock}`,
      hints: [],
    };
  }
  if (step.kind === "settling") {
    return {
      kind: "sending",
      text: `its transaction is in block ${step.block}, which the index has not reached (it is at ${indexBlock})`,
      hints: [],
    };
  }
  return inQueue(snapshot);
}

function delivering(snapshot: RequestSnapshot, status: "queued" | "sent"): RequestStatus {
  const { accounts, delivery, relayerPosition } = snapshot;
  const held = (accounts ?? []).filter(({ heldReason }) => heldReason !== null);
  if (status === "queued" && accounts !== null && held.length === accounts.length) {
    const [first] = held;
    return {
      kind: "relayerAccountLow",
      text:
        first === undefined
          ? "proved, but no relayer has an account on this chain"
          : `proved, but no account of the relayer can send: ${first.heldReason ?? ""}`,
      hints: held.map(
        ({ address, balanceWei }) =>
          `${address} holds ${formatEther(balanceWei)}; fund it with: npx hardhat relayer topup`,
      ),
    };
  }
  if (status === "queued") {
    const before = relayerPosition ?? 0;
    return {
      kind: "queued",
      text: `proved; ${before === 0 ? "next" : `${before} transactions are before it`} in the relayer's queue`,
      hints: [],
    };
  }
  const which = delivery?.transactionHash ?? null;
  return {
    kind: "sending",
    text: `proved and sent${which === null ? "" : ` as ${which}`}; waits for a block`,
    hints: [],
  };
}

function inQueue({ job, operator }: RequestSnapshot): RequestStatus {
  if (job === null) {
    return {
      kind: "queued",
      text: "confirmed; the operator has not taken it up yet",
      hints: operator === null ? ["the operator's queue cannot be read from here"] : [],
    };
  }
  const { state, position, tries, lastError } = job;
  if (state === "active") return { kind: "proving", text: "is being proved", hints: [] };
  if (state === "retry") {
    return {
      kind: "retrying",
      text: `try ${tries} failed and is repeated: ${lastError ?? "no reason was recorded"}`,
      hints: [],
    };
  }
  return {
    kind: "queued",
    text: `confirmed; ${position === 0 ? "next" : `${position} requests are before it`} in the operator's queue`,
    hints: [],
  };
}

function operatorOffline({ operator }: RequestSnapshot): RequestStatus | null {
  if (operator === null) return null;
  const { silentSeconds } = operator;
  if (silentSeconds !== null && silentSeconds < OFFLINE_SECONDS) return null;
  const since =
    silentSeconds === null
      ? "was never at work"
      : `was last at work ${Math.round(silentSeconds)} s ago`;
  return {
    kind: "operatorOffline",
    text: `the operator of its key is offline: it ${since}`,
    hints: ["start it with: npm run keeper -- vrf --config vrf.json"],
  };
}

/** An empty subscription does not stop this request, whose reserve is set aside, but the next one. */
function subscriptionHints({ subscription, request }: RequestSnapshot): string[] {
  if (subscription === null || request === null) return [];
  const { balanceWei, neededWei } = subscription;
  if (neededWei === null) return ["its key takes no more requests"];
  if (balanceWei >= neededWei) return [];
  const missing = formatEther(neededWei - balanceWei);
  return [
    `subscription ${request.subId} is too empty for another request like this: it holds ${formatEther(balanceWei)} and lacks ${missing}`,
  ];
}

function blocks(count: number): string {
  return count === 1 ? "1 block" : `${count} blocks`;
}
