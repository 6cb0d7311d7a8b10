import type { Window } from "./calendar.ts";
import { compareText, ZERO_ADDRESS, type Holding } from "./model.ts";

/** One ERC-20 Transfer event. Addresses lower case. */
export interface Transfer {
  readonly block: number;
  /** Of that block, unix seconds. */
  readonly time: number;
  readonly logIndex: number;
  readonly from: string;
  readonly to: string;
  readonly value: bigint;
}

/** The transfers cannot be all there were. */
export class IncompleteTransfersError extends Error {
  override readonly name = "IncompleteTransfersError";
}

interface Account {
  balance: bigint;
  balanceSeconds: bigint;
  since: number;
  firstHeldAt: number;
  funder: string;
}

/**
 * Computes what every account held, from all transfers of a token up to a block.
 * @param transfers in the order of the chain
 * @param window that balances are weighted over; no transfer may be later than its end
 * @returns every account that ever received something, ascending
 * @throws IncompleteTransfersError when an account sends more than it received: events are missing, or the token changes
 * balances without events
 */
export function holdingsOf(transfers: Iterable<Transfer>, window: Window): Holding[] {
  const accounts = new Map<string, Account>();
  const advance = (account: Account, time: number): void => {
    const since = Math.max(account.since, window.start);
    if (time > since) account.balanceSeconds += account.balance * BigInt(time - since);
    account.since = Math.max(account.since, time);
  };
  for (const { from, to, value, time, block } of transfers) {
    if (time > window.end) {
      throw new RangeError(`a transfer in block ${block} is later than the window: ${time}`);
    }
    if (from !== ZERO_ADDRESS && value > 0n) {
      const sender = accounts.get(from);
      if (sender === undefined || sender.balance < value) {
        throw new IncompleteTransfersError(
          `in block ${block} ${from} sends ${value} and has ${sender?.balance ?? 0n}: transfers before are missing, or the token changes balances without events`,
        );
      }
      advance(sender, time);
      sender.balance -= value;
    }
    if (to === ZERO_ADDRESS || value === 0n) continue;
    const receiver = accounts.get(to);
    if (receiver === undefined) {
      accounts.set(to, {
        ...{ balance: value, balanceSeconds: 0n, since: time },
        ...{ firstHeldAt: time, funder: from },
      });
    } else {
      advance(receiver, time);
      receiver.balance += value;
    }
  }
  for (const account of accounts.values()) advance(account, window.end);
  return [...accounts]
    .map(([account, { balance, balanceSeconds, firstHeldAt, funder }]) => ({
      ...{ account, balance, balanceSeconds, firstHeldAt, funder },
    }))
    .sort((a, b) => compareText(a.account, b.account));
}

/**
 * Picks the participants among holders. Participants that never held the token are added with nothing: flat rules and
 * equal raffles count them.
 * @param holdings ascending by account
 * @returns ascending by account, each participant once
 */
export function holdingsOfParticipants(
  holdings: readonly Holding[],
  participants: Iterable<string>,
  window: Window,
): Holding[] {
  const byAccount = new Map(holdings.map((holding) => [holding.account, holding]));
  return [...new Set(participants)].sort(compareText).map(
    (account) =>
      byAccount.get(account) ?? {
        ...{ account, balance: 0n, balanceSeconds: 0n },
        ...{ firstHeldAt: window.end, funder: ZERO_ADDRESS },
      },
  );
}
