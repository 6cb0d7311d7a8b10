import type { Clock } from "../../shared/clock.ts";
import type { SignedObservation } from "../signing/observation.ts";
import { observationFault } from "../signing/observation.ts";
import type { ReportDomain } from "../signing/report.ts";
import type { Archive } from "./archive.ts";
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
  readonly archive: Archive;
  readonly clock: Clock;
  readonly timeouts: { readonly observeMs: number; readonly graceMs: number };
  readonly onObserved: (elapsedMs: number) => void;
}

/**
 * Asks all peers for their observation of a slot. Waits for all of them at most `observeMs`, and once a quorum is there
 * at most `graceMs` more: who is slow is left out, who is silent costs a moment and not the round.
 * @param own The leader's own observation, made while the peers make theirs.
 * @throws what `own` rejects with.
 */
export async function gather(
  deps: GatherDeps,
  set: ActiveSet,
  { self, slot }: { readonly self: number; readonly slot: number },
  own: Promise<SignedObservation>,
  signal: AbortSignal,
): Promise<Gathered> {
  const { clock, timeouts } = deps;
  const startedAtMs = clock.nowMs();
  const observations: SignedObservation[] = [];
  const faults = new Map<number, string>();
  const enough = new AbortController();
  let grace: Promise<void> | null = null;

  function take(observation: SignedObservation): void {
    observations.push(observation);
    if (observations.length >= set.quorum) {
      grace ??= clock.sleep(timeouts.graceMs, enough.signal).then(() => enough.abort());
    }
  }
  const ownTaken = own.then(take);
  const asking = set.operators
    .filter(({ index }) => index !== self)
    .map(async ({ index }) => {
      const request = {
        from: self,
        to: index,
        slot,
        signal: AbortSignal.any([signal, enough.signal]),
      };
      const answer = await askOne(deps, set, request);
      if (enough.signal.aborted) return;
      if (typeof answer === "string") {
        faults.set(index, answer);
        return;
      }
      deps.onObserved(clock.nowMs() - startedAtMs);
      take(answer);
    });
  await Promise.race([
    Promise.all([ownTaken, ...asking]),
    new Promise<void>((resolve) => {
      enough.signal.addEventListener("abort", () => resolve(), { once: true });
      signal.addEventListener("abort", () => resolve(), { once: true });
    }),
  ]);
  // Nothing can be led without the own one; its making is bounded by the database's time-outs.
  await ownTaken.finally(() => enough.abort());
  for (const { index } of set.operators) {
    const isThere = observations.some(({ operator }) => operator === index);
    if (!isThere && !faults.has(index)) faults.set(index, "slower than the others");
  }
  return { observations: [...observations], faults: new Map(faults) };
}

async function askOne(
  deps: GatherDeps,
  set: ActiveSet,
  request: {
    readonly from: number;
    readonly to: number;
    readonly slot: number;
    readonly signal: AbortSignal;
  },
): Promise<SignedObservation | string> {
  const { from, to, slot, signal } = request;
  const answer = await deps.peers.ask({
    ...{ set, from, to, path: PATHS.observe, body: { slot }, signal },
    answer: observeAnswer,
    timeoutMs: deps.timeouts.observeMs,
  });
  if (answer.kind === "refused") return `${answer.code}: ${answer.detail}`;
  if (answer.kind !== "ok") return answer.detail;
  const { observation } = answer.body;
  const isAnswer =
    observation.operator === to && observation.setId === set.id && observation.slot === slot;
  if (!isAnswer) return "another observation";
  const keys = set.operators[to];
  if (keys === undefined) return "beyond the set";
  const fault = observationFault(observation, keys, set.feeds.length, deps.domain);
  if (fault !== null) return `observation: ${fault}`;
  deps.archive.observed(observation);
  return deps.witness.note(observation) === null ? observation : "two observations for one slot";
}
