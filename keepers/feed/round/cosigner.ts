import { setImmediate } from "node:timers/promises";

import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import { fromHex, toHex, word } from "../signing/bytes.ts";
import { pointToHex } from "../signing/curve.ts";
import { aggregateKeys } from "../signing/aggregate.ts";
import type { NonceCommitment, Signer, SigningContext } from "../signing/multisig.ts";
import { SigningSession, signingContext } from "../signing/multisig.ts";
import type { SignedObservation } from "../signing/observation.ts";
import { observationFault } from "../signing/observation.ts";
import type { Report, ReportDomain } from "../signing/report.ts";
import { decodeReport, reportDigest, signerIndexes } from "../signing/report.ts";
import { verifySchnorr } from "../signing/schnorr.ts";
import type { Archive } from "./archive.ts";
import { checkReport, SLOT_TOLERANCE_SECONDS } from "./check-report.ts";
import type { InFlight } from "./inflight.ts";
import type { KeyRing } from "./key-ring.ts";
import { keysIn } from "./key-ring.ts";
import type { Observer } from "./observer.ts";
import { Refusal } from "./refusal.ts";
import type { ActiveSet, ChainView } from "./set.ts";
import type { Witness } from "./witness.ts";
import type { ReportRequest, SignRequest } from "./wire.ts";
import { observationToWire } from "./wire.ts";

/** Who asks, already authenticated. */
export interface Caller {
  readonly set: ActiveSet;
  /** Index of the sender. */
  readonly from: number;
  /** This operator's index. */
  readonly self: number;
}

/** What an operator does for its peers. Every method throws a Refusal where it does not do it. */
export interface Cosigner {
  observe(caller: Caller, request: { slot: number }): Promise<unknown>;
  nonce(caller: Caller, request: { slot: number; session: string }): unknown;
  sign(caller: Caller, request: SignRequest): Promise<unknown>;
  report(caller: Caller, request: ReportRequest): unknown;
}

export interface CosignerDeps {
  readonly domain: ReportDomain;
  readonly ring: KeyRing;
  readonly view: ChainView;
  readonly observer: Observer;
  readonly inFlight: InFlight;
  readonly witness: Witness;
  readonly archive: Archive;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called after each partial signature that was given. */
  readonly onSigned: (slot: number) => void;
}

interface OpenSession {
  readonly signing: SigningSession;
  readonly setId: number;
  readonly slot: number;
  readonly leader: number;
  readonly openedAtMs: number;
}

/** A leader that restarts its round needs a new session each time; more than this is abuse. */
const SESSIONS_PER_SLOT = 6;
const SESSION_MS = 5_000;
/** Whether a feed is due cannot be judged on older knowledge of the chain. */
const STALE_CHAIN_MS = 15_000;

/** Creates the side of an operator that answers its peers. */
export function createCosigner(deps: CosignerDeps): Cosigner {
  const { domain, ring, view, observer, inFlight, archive, clock } = deps;
  const sessions = new Map<string, OpenSession>();

  function requireLeader({ set, from }: Caller, slot: number): void {
    const nowSeconds = Math.floor(clock.nowMs() / 1_000);
    if (Math.abs(slot - nowSeconds) > SLOT_TOLERANCE_SECONDS) {
      throw new Refusal("out of time", `slot ${slot} at ${nowSeconds}`);
    }
    const leader = slot % set.operators.length;
    if (from !== leader) {
      throw new Refusal("not the leader", `operator ${leader} leads slot ${slot}, not ${from}`);
    }
  }

  function forgetOldSessions(): void {
    for (const [id, { openedAtMs, signing }] of sessions) {
      if (clock.nowMs() - openedAtMs < SESSION_MS) continue;
      signing.discard();
      sessions.delete(id);
    }
  }

  /** Takes the session out before anything is awaited, so that no second request can find it. */
  function takeSession({ set, from }: Caller, id: string): OpenSession {
    const open = sessions.get(id);
    if (open === undefined || open.setId !== set.id || open.leader !== from) {
      throw new Refusal("unknown session", "never opened, used already, or too old");
    }
    sessions.delete(id);
    return open;
  }

  async function partialOf(
    caller: Caller,
    request: SignRequest,
    { signing, slot }: OpenSession,
  ): Promise<bigint> {
    const { set, self } = caller;
    const { report, bytes } = parseReport(request.report);
    requireLeader(caller, slot);
    const own = observer.made(set.id, slot);
    const snapshot = view.latest();
    if (own === null) throw new Refusal("no own price", `no observation of slot ${slot}`);
    if (snapshot === null || clock.nowMs() - snapshot.atMs > STALE_CHAIN_MS) {
      throw new Refusal("not ready", "the state of the chain is not known");
    }
    const verdict = checkReport(
      report,
      request.observations,
      {
        setId: snapshot.set.id,
        since: snapshot.set.since,
        operators: set.operators.length,
        quorum: set.quorum,
        self,
        rules: set.rules,
        states: snapshot.states,
        recent: inFlight.recent(set.id, clock.nowMs()),
        own,
        domain,
      },
      slot,
      Math.floor(clock.nowMs() / 1_000),
    );
    if (!verdict.ok) throw new Refusal(verdict.reason, verdict.detail);
    const context = contextOf(set, report, bytes, request.nonces, domain);
    await requireGenuine(deps, set, request.observations, self);
    // Of the own one only the prices were compared: what is shown to others is what was signed here.
    archive.composed(
      bytes,
      request.observations.map((one) => (one.operator === self ? own : one)),
    );
    try {
      return signing.sign(keysIn(ring, set).secp256k1, context);
    } catch (error) {
      throw new Refusal("bad nonces", error instanceof Error ? error.message : String(error));
    }
  }

  return {
    async observe(caller, { slot }) {
      requireLeader(caller, slot);
      const observation = await observer.observe(caller.set, caller.self, slot);
      archive.observed(observation);
      return { observation: observationToWire(observation) };
    },

    nonce(caller, { slot, session: id }) {
      requireLeader(caller, slot);
      forgetOldSessions();
      if (sessions.has(id)) throw new Refusal("replayed", "the session is open already");
      const ofSlot = [...sessions.values()].filter((open) => open.slot === slot);
      if (ofSlot.length >= SESSIONS_PER_SLOT) {
        throw new Refusal("too many requests", `${ofSlot.length} sessions for slot ${slot}`);
      }
      const { set, from, self } = caller;
      const signing = new SigningSession(self);
      sessions.set(id, {
        signing,
        setId: set.id,
        slot,
        leader: from,
        openedAtMs: clock.nowMs(),
      });
      const { hiding, binding } = signing.commitment;
      return { hiding: pointToHex(hiding), binding: pointToHex(binding) };
    },

    async sign(caller, request) {
      const open = takeSession(caller, request.session);
      try {
        const partial = await partialOf(caller, request, open);
        deps.onSigned(open.slot);
        return { partial: toHex(word(partial)) };
      } finally {
        open.signing.discard();
      }
    },

    report({ set }, request) {
      const { report, bytes } = parseReport(request.report);
      const nowSeconds = Math.floor(clock.nowMs() / 1_000);
      if (Math.abs(report.slot - nowSeconds) > SLOT_TOLERANCE_SECONDS) {
        throw new Refusal("out of time", `report of slot ${report.slot} at ${nowSeconds}`);
      }
      const signers = signerIndexes(report.signers);
      const keysOfSigners = signers.flatMap((index) => set.operators[index] ?? []);
      const isWhole = keysOfSigners.length === signers.length && signers.length >= set.quorum;
      if (report.setId !== set.id || !isWhole) {
        throw new Refusal("wrong signers", `set ${report.setId}, signers ${signers.join(",")}`);
      }
      const { key, zInverse } = aggregateKeys(
        keysOfSigners.map(({ secp256k1 }) => secp256k1.toAffine()),
      );
      const { signature } = request;
      const isGood = verifySchnorr(key, reportDigest(bytes, domain), signature);
      if (!isGood || signature.zInverse !== zInverse) {
        throw new Refusal("bad signature", `report of slot ${report.slot}`);
      }
      archive.reported({ report, bytes, signature });
      return { known: !inFlight.add({ report, bytes, signature }, clock.nowMs()) };
    },
  };
}

/**
 * The context that all signers of a report share.
 * @throws Refusal if the commitments are not exactly the signers'.
 */
export function contextOf(
  set: ActiveSet,
  report: Report,
  bytes: Uint8Array,
  nonces: readonly NonceCommitment[],
  domain: ReportDomain,
): SigningContext {
  const indexes = signerIndexes(report.signers);
  if (nonces.length !== indexes.length) {
    throw new Refusal("bad nonces", `${nonces.length} for ${indexes.length} signers`);
  }
  const signers = indexes.map((index): Signer => {
    const commitment = nonces.find((nonce) => nonce.index === index);
    const key = set.operators[index]?.secp256k1;
    if (commitment === undefined || key === undefined) {
      throw new Refusal("bad nonces", `none of signer ${index}`);
    }
    return { ...commitment, key };
  });
  try {
    return signingContext(reportDigest(bytes, domain), signers);
  } catch (error) {
    throw new Refusal("bad nonces", error instanceof Error ? error.message : String(error));
  }
}

/**
 * Both signatures of every observation, and that nobody has said two things. Gives way to other work between them,
 * since 31 take a while.
 */
async function requireGenuine(
  { domain, witness, archive, log }: CosignerDeps,
  set: ActiveSet,
  observations: readonly SignedObservation[],
  self: number,
): Promise<void> {
  for (const observation of observations) {
    const operator = set.operators[observation.operator];
    if (operator === undefined) throw new Refusal("wrong observations", "operator beyond the set");
    // The own one has been compared with what was signed.
    if (operator.index === self) continue;
    const fault = observationFault(observation, operator, set.feeds.length, domain);
    if (fault !== null) {
      throw new Refusal("bad observation", `operator ${operator.index}: ${fault}`);
    }
    archive.observed(observation);
    const other = witness.note(observation);
    if (other !== null) {
      const evidence = [other, observation].map(observationToWire);
      log.error({ account: operator.account, evidence }, "operator signed two observations");
      throw new Refusal("bad observation", `operator ${operator.index} signed two of this slot`);
    }
    await setImmediate();
  }
}

function parseReport(hex: string): { report: Report; bytes: Uint8Array } {
  const bytes = fromHex(hex);
  try {
    return { report: decodeReport(bytes), bytes };
  } catch (error) {
    throw new Refusal("malformed", error instanceof Error ? error.message : String(error));
  }
}
