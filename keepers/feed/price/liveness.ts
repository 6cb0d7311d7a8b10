/**
 * Says why a market is dead, or null while it lives. Only silence kills: a price that does not change is a fact about
 * the market, and real stablecoin prices repeat for half an hour.
 *
 * @param lastAtMs Time of the newest trade or book event, null when there was none.
 * @param nowMs Moment of judgement, same time base.
 * @param limitMs Longest silence of a live market; exactly this long is still alive.
 */
export function deathOf(lastAtMs: number | null, nowMs: number, limitMs: number): string | null {
  if (lastAtMs === null) return "no data yet";
  const silenceMs = nowMs - lastAtMs;
  if (silenceMs <= limitMs) return null;
  return `stale: silent for ${seconds(silenceMs)} s (limit ${seconds(limitMs)} s)`;
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}
