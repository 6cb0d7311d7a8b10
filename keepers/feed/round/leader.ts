import { randomBytes } from "node:crypto";

import type { DroppedFeed, DueFeed } from "../decide.ts";
import { compose, due } from "../decide.ts";
import { toHex } from "../signing/bytes.ts";
import type { NonceCommitment } from "../signing/multisig.ts";
import { combine, SigningSession, verifyPartial } from "../signing/multisig.ts";
import type { SignedObservation } from "../signing/observation.ts";
import { observationRoot } from "../signing/observation.ts";
import type { Report } from "../signing/report.ts";
import { encodeReport, signerBitmap } from "../signing/report.ts";
import { contextOf } from "./cosigner.ts";
import type { GatherDeps } from "./gather.ts";
import { gather } from "./gather.ts";
import type { InFlight, SignedReport } from "./inflight.ts";
import type { KeyRing } from "./key-ring.ts";
import { keysIn } from "./key-ring.ts";
import type { Observer, SlotPrices } from "./observer.ts";
import type { PeerAnswer } from "./peers.ts";
import { Refusal } from "./refusal.ts";
import type { ActiveSet, ChainSnapshot } from "./set.ts";
import { nonceAnswer, nonceToWire, observationToWire, PATHS, reportAnswer } from "./wire.ts";
import { signAnswer, signatureToWire } from "./wire.ts";

export interface LeaderDeps extends GatherDeps {
  readonly ring: KeyRing;
  readonly prices: SlotPrices;
  readonly observer: Observer;
  readonly inFlight: InFlight;
  readonly timeouts: GatherDeps["timeouts"] & { readonly nonceMs: number; readonly signMs: number };
  /** Hands the report to the relayer. */
  readonly deliver: (signed: SignedReport) => Promise<void>;
}

/** What became of a slot that this operator led. */
export type RoundOutcome =
  | { readonly kind: "idle" }
  | {
      readonly kind: "reported";
      readonly signed: SignedReport;
      readonly due: readonly DueFeed[];
      readonly dropped: readonly DroppedFeed[];
      readonly faults: Faults;
      readonly attempts: number;
    }
  | {
      readonly kind: "failed";
      readonly reason: string;
      readonly dropped: readonly DroppedFeed[];
      readonly faults: Faults;
    };

/** What went wrong with whom, by operator index. */
export type Faults = ReadonlyMap<number, string>;

/** Leads the rounds of its operator's slots. */
export interface Leader {
  /** @param signal Ends the round: there is another leader in the next slot. */
  lead(
    snapshot: ChainSnapshot,
    self: number,
    slot: number,
    signal: AbortSignal,
  ): Promise<RoundOutcome>;
}

const MAX_ATTEMPTS = 4;
/** For so many slots an operator that failed in a round is asked to sign only if there is no other. */
const SUSPECT_SLOTS = 60;

/** Creates the side of an operator that leads. */
export function createLeader(deps: LeaderDeps): Leader {
  const { domain, ring, peers, prices, observer, inFlight, archive, clock, timeouts } = deps;
  const suspectUntil = new Map<number, number>();

  async function lead(
    snapshot: ChainSnapshot,
    self: number,
    slot: number,
    signal: AbortSignal,
  ): Promise<RoundOutcome> {
    const { set, states } = snapshot;
    const nowMs = clock.nowMs();
    const taken = prices.at(slot);
    const pricesE8 = set.feeds.map(({ feedId }) => taken?.get(feedId) ?? 0n);
    const pending = inFlight.pending(set.id, states, nowMs);
    const dueFeeds = due(states, set.rules, pricesE8, pending, slot);
    if (dueFeeds.length === 0) return { kind: "idle" };

    const own = observer.observe(set, self, slot);
    const gathered = await gather(deps, set, { self, slot }, own, signal);
    const faults = new Map(gathered.faults);
    const excluded = new Set<number>();
    const isSuspect = (operator: number): boolean => (suspectUntil.get(operator) ?? 0) > slot;
    const observations = gathered.observations.toSorted(
      (a, b) => Number(isSuspect(a.operator)) - Number(isSuspect(b.operator)),
    );
    let dropped: readonly DroppedFeed[] = [];
    for (let attempt = 1; attempt <= MAX_ATTEMPTS && !signal.aborted; attempt++) {
      const composition = compose({
        observations,
        feedIndexes: dueFeeds.map(({ feedIndex }) => feedIndex),
        rules: set.rules,
        quorum: set.quorum,
        leader: self,
        excluded,
      });
      dropped = composition.dropped;
      if (composition.kind === "none") {
        return { kind: "failed", reason: composition.reason, dropped, faults };
      }
      const report: Report = {
        setId: set.id,
        slot,
        signers: signerBitmap(composition.signers),
        observationRoot: observationRoot(observations, domain),
        entries: composition.entries,
      };
      const result = await sign(set, self, report, composition.signers, observations, signal);
      if (result.kind === "signed") {
        archive.composed(result.signed.bytes, observations);
        archive.reported(result.signed);
        await publish(set, self, result.signed);
        return {
          kind: "reported",
          signed: result.signed,
          due: dueFeeds,
          dropped,
          faults,
          attempts: attempt,
        };
      }
      // Who was cut off because the round's time was over has done nothing wrong.
      if (signal.aborted) break;
      for (const [operator, fault] of result.faults) {
        faults.set(operator, fault);
        excluded.add(operator);
        suspectUntil.set(operator, slot + SUSPECT_SLOTS);
      }
    }
    const reason = signal.aborted ? "out of time" : "no attempt was signed by all its signers";
    return { kind: "failed", reason, dropped, faults };
  }

  /** One attempt: both rounds of the multisignature with these signers. Whoever fails is named. */
  async function sign(
    set: ActiveSet,
    self: number,
    report: Report,
    signers: readonly number[],
    observations: readonly SignedObservation[],
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: "signed"; readonly signed: SignedReport }
    | { readonly kind: "faulty"; readonly faults: Faults }
  > {
    const session = randomBytes(16).toString("hex");
    const bytes = encodeReport(report);
    const cosigners = signers.filter((index) => index !== self);
    const faults = new Map<number, string>();
    const own = new SigningSession(self);
    try {
      const nonces: NonceCommitment[] = [own.commitment];
      await Promise.all(
        cosigners.map(async (index) => {
          const answer = await peers.ask({
            ...{ set, from: self, to: index, path: PATHS.nonce, signal },
            body: { slot: report.slot, session },
            answer: nonceAnswer,
            timeoutMs: timeouts.nonceMs,
          });
          if (answer.kind === "ok") nonces.push({ index, ...answer.body });
          else faults.set(index, `nonce: ${describe(answer)}`);
        }),
      );
      if (faults.size > 0) return { kind: "faulty", faults };

      const context = contextOf(set, report, bytes, nonces, domain);
      const partials = new Map<number, bigint>();
      const body = {
        session,
        report: toHex(bytes),
        observations: observations.map(observationToWire),
        nonces: nonces.map(nonceToWire),
      };
      await Promise.all(
        cosigners.map(async (index) => {
          const answer = await peers.ask({
            ...{ set, from: self, to: index, path: PATHS.sign, signal, body },
            answer: signAnswer,
            timeoutMs: timeouts.signMs,
          });
          if (answer.kind !== "ok") faults.set(index, `sign: ${describe(answer)}`);
          else if (verifyPartial(context, index, answer.body.partial)) {
            partials.set(index, answer.body.partial);
          } else faults.set(index, "sign: wrong partial signature");
        }),
      );
      if (faults.size > 0) return { kind: "faulty", faults };
      // The own partial comes last: nothing of this session is worth anything without it.
      partials.set(self, own.sign(keysIn(ring, set).secp256k1, context));
      const signature = combine(context, partials);
      if (signature === null) throw new Error("verified partial signatures do not combine");
      return { kind: "signed", signed: { report, bytes, signature } };
    } catch (error) {
      // Nonces that cancel each other: whoever chose them knows the others', so nobody can be named.
      if (!(error instanceof Refusal)) throw error;
      return { kind: "faulty", faults };
    } finally {
      own.discard();
    }
  }

  /** To the relayer and, for the case that this process or its relayer ends now, to all peers. */
  async function publish(set: ActiveSet, self: number, signed: SignedReport): Promise<void> {
    inFlight.add(signed, clock.nowMs());
    const body = { report: toHex(signed.bytes), signature: signatureToWire(signed.signature) };
    const told = set.operators
      .filter(({ index }) => index !== self)
      .map(({ index }) =>
        peers.ask({
          ...{ set, from: self, to: index, path: PATHS.report, body },
          answer: reportAnswer,
          timeoutMs: timeouts.observeMs,
        }),
      );
    await deps.deliver(signed);
    inFlight.handedOver(signed);
    void Promise.all(told);
  }

  return { lead };
}

function describe(answer: Exclude<PeerAnswer<unknown>, { kind: "ok" }>): string {
  return answer.kind === "refused" ? `refused, ${answer.code}: ${answer.detail}` : answer.detail;
}
