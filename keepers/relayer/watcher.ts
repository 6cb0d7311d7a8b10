import { confirmForeign } from "./foreign.ts";
import type { Ledger } from "./ledger.ts";
import { fail, type AccountDeps, type AccountMemory } from "./memory.ts";
import type { ChainView } from "./model.ts";
import { afterSuccess } from "./quarantine.ts";
import { settle } from "./settle.ts";
import * as store from "./store.ts";
import { continued, isBelievable, type Streak } from "./streak.ts";
import { readChain, readNonceOfAll, readReceipts, toVerdicts } from "./watch.ts";

/**
 * Creates the step that looks at the chain and settles in the ledger what it has made of the account's nonces.
 * @returns a function that returns after how many milliseconds to look again
 */
export function createWatcher(
  deps: AccountDeps,
  memory: AccountMemory,
): (ledger: Ledger) => Promise<number> {
  const { db, chain, clock, log, metrics, settings, timing } = deps;
  const { key, labels, status } = memory;

  /** Reads chain and nonce; asks all endpoints for the nonce where one alone tells something strange. */
  async function readChecked(): Promise<{ read: ChainView; nextNonce: number }> {
    const read = await readChain(chain, key.address, deps.tip, clock.nowMs());
    const nextNonce = (await store.readNextNonce(db.pool, key)) ?? read.nonce;
    const isStrange =
      read.nonce > nextNonce || (memory.view !== null && read.nonce < memory.view.nonce);
    if (isStrange) read.nonce = (await readNonceOfAll(chain, key.address)) ?? read.nonce;
    return { read, nextNonce };
  }

  return async function watch(ledger) {
    const { read, nextNonce } = await readChecked();
    const watched = await store.readWatchedSlots(db.pool, key, read.nonce);
    // Receipts of what is mined already can only change with the head.
    const isNews =
      memory.isIncomplete ||
      memory.view === null ||
      memory.view.head !== read.head ||
      memory.view.nonce !== read.nonce;
    const looked = watched.filter(
      (slot) => isNews || slot.status !== "mined" || slot.nonce >= read.nonce,
    );
    const { receipts, unknown: unanswered } = await readReceipts(chain, looked, read.nonce);
    const isKnown = ({ hash }: { hash: string }): boolean => receipts.has(hash);
    const due = looked.filter(
      ({ attempts }) =>
        attempts.some(isKnown) || !attempts.some(({ hash }) => unanswered.has(hash)),
    );

    const unknown =
      read.nonce < nextNonce &&
      (await store.countSlots(db.pool, key, read.nonce)) < nextNonce - read.nonce;
    const behind = unknown || watched.some((slot) => slot.nonce >= read.nonce);
    const isAhead = read.nonce > nextNonce;
    memory.behind = continued(memory.behind, behind, clock.nowMs());
    memory.ahead = continued(memory.ahead, isAhead, clock.nowMs());
    const isBelieved = (streak: Streak | null): boolean =>
      isBelievable(streak, timing.behindAfterMs, clock.nowMs());
    const believed = isBelieved(memory.behind);
    const isLower = memory.view === null || read.head < memory.view.head;
    if (isLower) await ledger.align(nextNonce, read.head);
    if (isBelieved(memory.ahead) || (believed && unknown)) {
      log.warn(
        { ...key, ledgerNonce: nextNonce, chainNonce: read.nonce },
        "ledger and chain disagree on the nonce",
      );
      await ledger.align(read.nonce, read.head);
      if (isAhead) fail(deps, memory, "nonces were used that are not in the ledger");
    }
    let settlements = settle(due, receipts, read, settings, believed);
    if (settlements.some(({ type }) => type === "foreign" || type === "missing")) {
      const nonce = (await readNonceOfAll(chain, key.address)) ?? read.nonce;
      const isUsed = (id: bigint): boolean =>
        due.some((slot) => slot.id === id && slot.nonce < nonce);
      settlements = settlements.filter(
        ({ type, slotId }) => (type !== "foreign" && type !== "missing") || isUsed(slotId),
      );
      // An endpoint that makes a used nonce up would keep its bytes from being sent again.
      if (nonce < read.nonce) read.nonce = nonce;
      settlements = await confirmForeign({ db: db.pool, chain, log }, settlements, due);
    }
    const verdicts = await toVerdicts(chain, settlements, clock.nowMs());
    if (verdicts.length > 0) await ledger.settle(verdicts);
    for (const verdict of verdicts) {
      if (verdict.type === "mined" && verdict.final) {
        metrics.mined.inc({
          chain: labels.chain,
          result: verdict.receipt.succeeded ? "succeeded" : "reverted",
        });
        metrics.gasUsed.inc({ chain: labels.chain }, Number(verdict.receipt.gasUsed));
        const level = verdict.receipt.succeeded ? "debug" : "warn";
        log[level](
          { ...key, hash: verdict.receipt.hash, reason: verdict.reason },
          "transaction is final",
        );
        const was = memory.standing;
        memory.standing = afterSuccess(memory.standing, verdict.blockMs);
        if (memory.standing !== was) {
          memory.isNoteDue = true;
          log.info({ ...key }, "account is trusted again");
        }
      } else if (verdict.type === "reopened" || verdict.type === "foreign") {
        log.warn({ ...key, slot: String(verdict.slotId) }, `nonce is ${verdict.type}`);
        const slot = due.find(({ id }) => id === verdict.slotId);
        // With a vacant nonce nobody has lost anything.
        if (verdict.type === "foreign" && slot?.status !== "vacant")
          fail(deps, memory, "a nonce went to a transaction of someone else");
      }
    }
    // What a chain that went back has dropped is sent again without waiting.
    if (verdicts.some((verdict) => verdict.type === "reopened")) memory.nextBroadcastMs = new Map();

    const changed = isNews || verdicts.length > 0;
    // What nobody answered for is asked again at the next look, although the head may be the same.
    memory.isIncomplete = unanswered.size > 0;
    memory.view = read;
    Object.assign(status, {
      head: read.head,
      readAtMs: read.readAtMs,
      balanceWei: read.balanceWei,
    });
    metrics.balance.set(labels, Number(read.balanceWei) / 1e18);
    if (changed) memory.sendWake.wake();
    const isBusy = status.open > 0 || watched.length > 0 || behind || read.nonce < nextNonce;
    return isBusy ? timing.pollMs : timing.idlePollMs;
  };
}
