import type { Stack } from "./stack.ts";
import type { OperatorStatus } from "./status.ts";

/** Time that exchanges get to answer before the local network makes up its prices. */
const graceMs = 20_000;
const seed = "dodona";

function hasLiveVenue(statuses: readonly OperatorStatus[]): boolean {
  return statuses.some((status) =>
    Object.values(status.feeds).some((feed) => Object.values(feed.venues).includes("used")),
  );
}

/**
 * Decides once, for all operators together, whether the exchanges are out of reach; then they are restarted with the
 * simulator. Only a local stack does so: an operator by itself never does.
 */
export function chooseFallback(
  stack: Stack,
): (statuses: readonly OperatorStatus[]) => Promise<void> {
  const since = Date.now();
  let decided = stack.options.prices.mode !== "live";
  return async (statuses) => {
    if (decided) return;
    if (hasLiveVenue(statuses)) {
      decided = true;
      return;
    }
    if (Date.now() - since < graceMs) return;
    decided = true;
    stack.notice(
      `No exchange answered for ${graceMs / 1000} s: from here on prices are SIMULATED.`,
    );
    await stack.startOperators({ mode: "simulator", seed });
  };
}
