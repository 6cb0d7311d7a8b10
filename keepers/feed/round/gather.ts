import type { Clock } from "../../shared/clock.ts";
import type { SignedObservation } from "../signing/observation.ts";
import { observationFault } from "../signing/observation.ts";
import type { ReportDomain } from "../signing/report.ts";
import type { Peers } from "./peers.ts";
import type { ActiveSet } from "./set.ts";
import type { Witness } from "./witness.ts";
import { observeAnswer, PATHS } from "./wire.ts";

/** Verified observations, in the order in which they came, and what kept the others away. */
export interface Gathered {
  readonly observations: readonly SignedObservation[];
  readonly faults: ReadonlyMap<number, string>;
}

export interface GatherDeps {
  readonly domain: ReportDomain;
  readonly peers: Peers;
  readonly witness: Witness;
  readonly clock: Clock;
  readonly timeouts: { readonly observeMs: number; readonly graceMs: number };
  readonly onObserved: (elapsedMs: number) => void;
}

/**
 * Asks all peers for their observation of a slot. Waits for all of them at most `observeMs`, and once a quorum is there
 * at most `graceMs` more: who is slow is left out, who is silent costs a moment and not the round.
 * @param own The leader's own observation, which counts first.
 */
export async function gather(
  deps: GatherDeps,
  set: ActiveSet,
  own: SignedObservation,
  signal: AbortSignal,
): Promise<Gathered> {
  const { clock, timeouts } = deps;
  const startedAtMs = clock.nowMs();
  const observations = [own];
  const faults = new Map<number, string>();
  const enough = new AbortController();
  let grace: Promise<void> | null = null;

  const asking = set.operators
    .filter(({ index }) => index !== own.operator)
    .map(async ({ index }) => {
      const answer = await askOne(deps, set, own, index, AbortSignal.any([signal, enough.signal]));
      if (enough.signal.aborted) return;
      if (typeof answer === "string") {
        faults.set(index, answer);
        return;
      }
      observations.push(answer);
      deps.onObserved(clock.nowMs() - startedAtMs);
      if (observations.length >= set.quorum) {
        grace ??= clock.sleep(timeouts.graceMs, enough.signal).then(() => enough.abort());
      }
    });
  await Promise.race([
    Promise.all(asking),
    new Promise<void>((resolve) => {
      enough.signal.addEventListener("abort", () => resolve(), { once: true });
      signal.addEventListener("abort", () => resolve(), { once: true });
    }),
  ]);
  enough.abort();
  for (const { index } of set.operators) {
    const isThere = observations.some(({ operator }) => operator === index);
    if (!isThere && !faults.has(index)) faults.set(index, "slower than the others");
  }
  return { observations: [...observations], faults: new Map(faults) };
}

async function askOne(
  deps: GatherDeps,
  set: ActiveSet,
  own: SignedObservation,
  to: number,
  signal: AbortSignal,
): Promise<SignedObservation | string> {
  const answer = await deps.peers.ask({
    set,
    from: own.operator,
    to,
    path: PATHS.observe,
    body: { slot: own.slot },
    answer: observeAnswer,
    timeoutMs: deps.timeouts.observeMs,
    signal,
  });
  if (answer.kind === "refused") return `${answer.code}: ${answer.detail}`;
  if (answer.kind !== "ok") return answer.detail;
  const { observation } = answer.body;
  const { operator, setId, slot } = observation;
  if (operator !== to || setId !== set.id || slot !== own.slot) return "another observation";
  const keys = set.operators[to];
  if (keys === undefined) return "beyond the set";
  const fault = observationFault(observation, keys, set.feeds.length, deps.domain);
  if (fault !== null) return `observation: ${fault}`;
  return deps.witness.note(observation) === null ? observation : "two observations for one slot";
}
