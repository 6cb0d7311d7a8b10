interface LogEvent {
  readonly block: { readonly number: bigint; readonly timestamp: bigint };
  readonly transaction: { readonly hash: `0x${string}` };
  readonly log: { readonly logIndex: number };
}

/** Where a row comes from: transaction, block and its time in unix seconds. */
export function origin(event: LogEvent) {
  return {
    transaction: event.transaction.hash,
    block: Number(event.block.number),
    blockTime: Number(event.block.timestamp),
  };
}

/** Key of a log: transaction hash and log index, unique within one history of the chain. */
export function logId(event: LogEvent): string {
  return `${event.transaction.hash}-${event.log.logIndex}`;
}
