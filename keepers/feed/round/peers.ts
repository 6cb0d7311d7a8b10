import type { z } from "zod";

import { OversizeAnswer, readBounded } from "../../shared/bounded.ts";
import type { Clock } from "../../shared/clock.ts";
import { sealEnvelope } from "../signing/envelope.ts";
import type { ReportDomain } from "../signing/report.ts";
import type { KeyRing } from "./key-ring.ts";
import { keysIn } from "./key-ring.ts";
import type { ActiveSet, ChainView } from "./set.ts";
import type { RoundPath } from "./wire.ts";
import { BODY_LIMIT_BYTES, refusalAnswer } from "./wire.ts";

/** What became of a request to a peer. */
export type PeerAnswer<T> =
  | { readonly kind: "ok"; readonly body: T }
  /** It answered, and said no. */
  | { readonly kind: "refused"; readonly code: string; readonly detail: string }
  /** It answered with something else than the protocol's. */
  | { readonly kind: "invalid"; readonly detail: string }
  /** It did not answer in time, or could not be reached. */
  | { readonly kind: "silent"; readonly detail: string };

/** One request. */
export interface PeerRequest<T> {
  readonly set: ActiveSet;
  readonly from: number;
  readonly to: number;
  readonly path: RoundPath;
  readonly body: unknown;
  readonly answer: z.ZodType<T>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Sends authenticated requests to peers. */
export interface Peers {
  /** Never rejects: whatever goes wrong is an answer. Bounded in time and in size. */
  ask<T>(request: PeerRequest<T>): Promise<PeerAnswer<T>>;
}

/** Creates the client side, on fetch with kept-alive connections. */
export function createPeers(deps: {
  readonly domain: ReportDomain;
  readonly ring: KeyRing;
  readonly view: Pick<ChainView, "endpointOf">;
  readonly clock: Clock;
}): Peers {
  const { domain, ring, view, clock } = deps;
  return {
    async ask(request) {
      const { set, from, to, path, timeoutMs } = request;
      const account = set.operators[to]?.account;
      const endpoint = account === undefined ? null : view.endpointOf(account);
      if (endpoint === null) return { kind: "silent", detail: "no usable endpoint on chain" };
      const envelope = sealEnvelope(
        { setId: set.id, from, sentAt: clock.nowMs(), body: JSON.stringify(request.body) },
        { to, path },
        keysIn(ring, set).secp256k1,
        domain,
      );
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const response = await fetch(`${endpoint.replace(/\/+$/, "")}${path}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(envelope),
          redirect: "error",
          signal: request.signal ? AbortSignal.any([timeout, request.signal]) : timeout,
        });
        const text = (await readBounded(response, BODY_LIMIT_BYTES)).toString("utf8");
        return interpret(response.status, text, request.answer);
      } catch (error) {
        if (error instanceof OversizeAnswer) return { kind: "invalid", detail: error.message };
        return { kind: "silent", detail: reasonOf(error, timeoutMs) };
      }
    },
  };
}

function interpret<T>(status: number, text: string, schema: z.ZodType<T>): PeerAnswer<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "invalid", detail: `HTTP ${status} without JSON` };
  }
  if (status === 200) {
    const parsed = schema.safeParse(json);
    if (parsed.success) return { kind: "ok", body: parsed.data };
    return { kind: "invalid", detail: parsed.error.issues[0]?.message ?? "not the protocol's" };
  }
  const refusal = refusalAnswer.safeParse(json);
  if (!refusal.success) return { kind: "invalid", detail: `HTTP ${status}` };
  return { kind: "refused", code: refusal.data.error, detail: refusal.data.detail };
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${timeoutMs} ms`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}
