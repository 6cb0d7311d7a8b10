import type { Queryable } from "../shared/database.ts";
import type { Logger } from "../shared/log.ts";
import type { Chain } from "../shared/rpc.ts";
import { broadcast } from "./broadcast.ts";
import type { Settlement, WatchedSlot } from "./settle.ts";
import { readRaw } from "./store.ts";
import { isKnown } from "./watch.ts";

/**
 * Checks which nonces really went to someone else. Before one is given up its bytes are offered once more: only a node
 * that says that the nonce is used up is believed, and only if none knows a transaction of ours with it after that: what
 * is queued again would be done twice.
 * @param slots that the settlements are about
 * @returns the settlements without the nonces that did not
 */
export async function confirmForeign(
  deps: { db: Queryable; chain: Chain; log: Logger },
  settlements: readonly Settlement[],
  slots: readonly WatchedSlot[],
): Promise<Settlement[]> {
  const checked = settlements.map(async (one): Promise<Settlement[]> => {
    if (one.type !== "foreign") return [one];
    const slot = slots.find(({ id }) => id === one.slotId);
    // Nothing that is wanted can be lost with a vacant one.
    if (slot === undefined || slot.status === "vacant") return [one];
    const [offered] = slot.attempts;
    const raw = offered && (await readRaw(deps.db, [offered.id])).get(offered.id);
    const outcome = raw === undefined ? null : await broadcast(deps.chain, raw);
    const isUsed = outcome?.type === "nonceUsed" || outcome?.type === "rejected";
    if (isUsed && !(await isKnown(deps.chain, slot.attempts))) return [one];
    const { nonce } = slot;
    deps.log.warn(
      { chainId: deps.chain.chainId, nonce, outcome },
      "nonce did not go to someone else",
    );
    return [];
  });
  return (await Promise.all(checked)).flat();
}
