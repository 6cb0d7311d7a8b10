import type { Limits } from "../../../keepers/vrf/decide.ts";
import type { Delivery, VrfRequest } from "../../../keepers/vrf/model.ts";

/** A coordinator for tests without a chain. */
export const coordinate = {
  chainId: 31337,
  coordinator: "0x00000000000000000000000000000000000000c0",
};

/** Limits that tests start from: the chain keeps block hashes. */
export const limits: Limits = {
  deadlineBlocks: 200,
  storeHashAfterBlocks: null,
  hashWindowBlocks: 256,
  maxAttempts: 3,
};

/** A request in block 100 that needs 3 confirmations. */
export function requestOf(fields: Partial<VrfRequest> = {}): VrfRequest {
  return {
    requestId: 7n,
    block: 100,
    blockHash: `0x${"ab".repeat(32)}`,
    blockTime: 1_700_000_000,
    keyHash: `0x${"cd".repeat(32)}`,
    subId: 5n,
    sender: "0x00000000000000000000000000000000000000aa",
    callbackGasLimit: 100_000,
    numWords: 2,
    confirmations: 3,
    terms: 1n << 176n,
    ...fields,
  };
}

/** A delivery that failed in block 110. */
export function deliveryOf(fields: Partial<Delivery> = {}): Delivery {
  return {
    attempt: 1,
    status: "failed",
    reason: "reverted in block 110: InsufficientGas(1, 2)",
    block: 110,
    transactionHash: `0x${"12".repeat(32)}`,
    ...fields,
  };
}
