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

/** Balances that follow from transfers, one after the other. It keeps accounts, not transfers. */
export interface TransferLedger {
  /** That balances are weighted over. */
  readonly window: Window;
  /**
   * Counts the next transfer.
   * @throws IncompleteTransfersError when an account sends more than it received: events are missing, or the token changes
   * balances without events
   * @throws RangeError when it is later than the window
   */
  add(transfer: Transfer): void;
  /** Goes on to a window that does not begin before the current one ends. */
  roll(next: Window): void;
  /** @returns every account that ever received something, ascending */
  holdings(): Holding[];
}

interface Account {
  balance: bigint;
  balanceSeconds: bigint;
  since: number;
  readonly firstHeldAt: number;
  readonly funder: string;
}

/** Opens a ledger without transfers. */
export function openLedger(first: Window): TransferLedger {
  const accounts = new Map<string, Account>();
  let window = first;
  const secondsOf = ({ balance, balanceSeconds, since }: Account, time: number): bigint => {
    const from = Math.max(since, window.start);
    return time > from ? balanceSeconds + balance * BigInt(time - from) : balanceSeconds;
  };
  const advance = (account: Account, time: number): void => {
    account.balanceSeconds = secondsOf(account, time);
    account.since = Math.max(account.since, time);
  };
  return {
    get window() {
      return window;
    },
    add({ from, to, value, time, block }) {
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
      if (to === ZERO_ADDRESS || value === 0n) return;
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
    },
    roll(next) {
      if (next.start < window.end) {
        throw new RangeError(`a window from ${next.start} on begins before ${window.end}`);
      }
      // What was held before its start does not count in the next window, whatever stood there.
      for (const account of accounts.values()) account.balanceSeconds = 0n;
      window = next;
    },
    holdings: () =>
      [...accounts]
        .map(([account, held]) => ({
          ...{ account, balance: held.balance, balanceSeconds: secondsOf(held, window.end) },
          ...{ firstHeldAt: held.firstHeldAt, funder: held.funder },
        }))
        .sort((a, b) => compareText(a.account, b.account)),
  };
}

/**
 * Computes what every account held, from all transfers of a token up to a block.
 * @param transfers in the order of the chain
 * @param window that balances are weighted over; no transfer may be later than its end
 * @returns every account that ever received something, ascending
 * @throws IncompleteTransfersError when an account sends more than it received
 */
export function holdingsOf(transfers: Iterable<Transfer>, window: Window): Holding[] {
  const ledger = openLedger(window);
  for (const transfer of transfers) ledger.add(transfer);
  return ledger.holdings();
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
