import type { FastifyInstance, FastifyReply } from "fastify";
import Fastify from "fastify";
import type { AddressInfo } from "node:net";
import type { z } from "zod";

import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log.ts";
import { isAuthentic } from "../signing/envelope.ts";
import type { Envelope } from "../signing/envelope.ts";
import type { ReportDomain } from "../signing/report.ts";
import type { SignedObservation } from "../signing/observation.ts";
import type { Archive } from "./archive.ts";
import type { Caller, Cosigner } from "./cosigner.ts";
import { createRateLimit } from "./rate-limit.ts";
import type { RefusalCode } from "./refusal.ts";
import { Refusal } from "./refusal.ts";
import type { ActiveSet, ChainView } from "./set.ts";
import type { RoundPath } from "./wire.ts";
import {
  BODY_LIMIT_BYTES,
  envelopeSchema,
  nonceRequest,
  observationToWire,
  observeRequest,
  ownRequest,
  PATHS,
  PUBLIC_PATHS,
  recordToWire,
  reportRequest,
  signRequest,
  slotsRequest,
} from "./wire.ts";

/** The side of an operator that its peers reach. */
export interface RoundServer {
  /** The port it listens on, also when 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

export interface RoundServerDeps {
  readonly domain: ReportDomain;
  /** Index of this operator in a set, null if it is not in it. */
  readonly selfIn: (set: ActiveSet) => number | null;
  readonly view: Pick<ChainView, "setById">;
  readonly cosigner: Cosigner;
  readonly archive: Pick<Archive, "since">;
  /** The operator's own signed observation of a slot, null if it made none. */
  readonly ownObservation: (setId: number, slot: number) => Promise<SignedObservation | null>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly listen: { readonly host: string; readonly port: number };
  readonly onRefused: (code: RefusalCode) => void;
}

/** A request made longer ago, or in the future, is refused. */
const MAX_AGE_MS = 5_000;
const REQUEST_TIMEOUT_MS = 5_000;
/** Per second, and at once; an honest leader sends less than ten in its slot. */
const PEER_RATE = { perSecond: 20, burst: 60 };
/** Before anything is verified; several operators may share an address. */
const ADDRESS_RATE = { perSecond: 200, burst: 400 };
const SEEN_LIMIT = 10_000;
/** For what anybody may read; apart from the peers' limit, so that readers cannot keep rounds from going on. */
const PUBLIC_RATE = { perSecond: 20, burst: 60 };

const STATUS: Partial<Record<RefusalCode, number>> = {
  malformed: 400,
  "not authentic": 401,
  "unknown slot": 404,
  "too many requests": 429,
};

/**
 * Serves observe, nonce, sign and report to peers, and what was signed to everybody. A request costs little before its signature has been checked: size, shape,
 * address rate, set, time.
 * @throws when the port is in use.
 */
export async function serveRounds(deps: RoundServerDeps): Promise<RoundServer> {
  const { domain, view, cosigner, clock, log } = deps;
  const addressLimit = createRateLimit(ADDRESS_RATE, clock);
  const peerLimit = createRateLimit(PEER_RATE, clock);
  const seen = new Map<string, number>();

  function requireFresh(envelope: Envelope): void {
    const nowMs = clock.nowMs();
    if (Math.abs(nowMs - envelope.sentAt) > MAX_AGE_MS) {
      throw new Refusal("out of time", `sent at ${envelope.sentAt}, here it is ${nowMs}`);
    }
    if (seen.has(envelope.signature)) throw new Refusal("replayed", "this request came before");
  }

  function remember({ signature, sentAt }: Envelope): void {
    // Insertion order is almost the order of time; what is left over is bounded.
    for (const [old, atMs] of seen) {
      if (seen.size < SEEN_LIMIT && clock.nowMs() - atMs <= 2 * MAX_AGE_MS) break;
      seen.delete(old);
    }
    seen.set(signature, Math.max(sentAt, clock.nowMs()));
  }

  function authenticate(envelope: Envelope, path: RoundPath): Caller {
    const set = view.setById(envelope.setId);
    if (set === null) throw new Refusal("unknown set", `set ${envelope.setId} is not active here`);
    const self = deps.selfIn(set);
    const sender = set.operators[envelope.from];
    if (self === null) throw new Refusal("not an operator", "this operator is not in the set");
    if (sender === undefined || sender.index === self) {
      throw new Refusal("not authentic", `sender ${envelope.from} is not a peer`);
    }
    requireFresh(envelope);
    if (!isAuthentic(envelope, { to: self, path }, sender.secp256k1, domain)) {
      throw new Refusal("not authentic", `not signed by operator ${sender.index}`);
    }
    remember(envelope);
    if (!peerLimit.take(sender.account)) {
      throw new Refusal("too many requests", `of operator ${sender.index}`);
    }
    return { set, self, from: sender.index };
  }

  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 4 * REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 65_000,
    forceCloseConnections: true,
  });
  const route = <T>(
    path: RoundPath,
    schema: z.ZodType<T>,
    handle: (caller: Caller, request: T) => unknown,
  ): void => {
    app.post(path, async (request, reply) => {
      try {
        if (!addressLimit.take(request.ip)) throw new Refusal("too many requests", request.ip);
        const envelope = parse(envelopeSchema, request.body);
        const caller = authenticate(envelope, path);
        return await handle(caller, parse(schema, parseJson(envelope.body)));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        deps.onRefused(error.code);
        log.debug({ path, code: error.code, detail: error.detail }, "request refused");
        return answerRefusal(reply, error);
      }
    });
  };
  route(PATHS.observe, observeRequest, (caller, request) => cosigner.observe(caller, request));
  route(PATHS.nonce, nonceRequest, (caller, request) => cosigner.nonce(caller, request));
  route(PATHS.sign, signRequest, (caller, request) => cosigner.sign(caller, request));
  route(PATHS.report, reportRequest, (caller, request) => cosigner.report(caller, request));
  servePublic(app, deps);
  answerErrors(app, log);

  await app.listen(deps.listen);
  const address = app.server.address() as AddressInfo;
  return { port: address.port, close: () => app.close() };
}

/** What anyone may read. Nothing is signed or kept because of such a request. */
function servePublic(app: FastifyInstance, deps: RoundServerDeps): void {
  const limit = createRateLimit(PUBLIC_RATE, deps.clock);
  const route = (
    path: string,
    answer: (params: Record<string, string>) => Promise<unknown>,
  ): void => {
    app.get<{ Params: Record<string, string> }>(path, async (request, reply) => {
      try {
        if (!limit.take(request.ip)) throw new Refusal("too many requests", request.ip);
        return await answer(request.params);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        deps.onRefused(error.code);
        return answerRefusal(reply, error);
      }
    });
  };

  route(`${PUBLIC_PATHS.observations}/:setId/:slot`, async (params) => {
    const { setId, slot } = parse(ownRequest, params);
    const observation = await deps.ownObservation(setId, slot);
    if (observation === null) {
      throw new Refusal("unknown slot", `no observation of slot ${slot} for set ${setId}`);
    }
    return { observation: observationToWire(observation) };
  });

  route(`${PUBLIC_PATHS.slots}/:fromSlot`, (params) => {
    const { fromSlot } = parse(slotsRequest, params);
    const slots: unknown[] = [];
    let bytes = 0;
    let nextSlot: number | null = null;
    for (const record of deps.archive.since(fromSlot)) {
      const wire = recordToWire(record);
      bytes += JSON.stringify(wire).length;
      if (slots.length > 0 && bytes > BODY_LIMIT_BYTES) {
        nextSlot = record.slot;
        break;
      }
      slots.push(wire);
    }
    return Promise.resolve({ slots, nextSlot });
  });
}

function answerErrors(app: FastifyInstance, log: Logger): void {
  app.setNotFoundHandler((_request, reply) =>
    answerRefusal(reply.status(404), new Refusal("malformed", "no such path")),
  );
  app.setErrorHandler((error: { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    // What the HTTP parser refuses is the sender's fault; anything else is ours and stays here.
    if (status < 500)
      return reply.status(status).send({ error: "malformed", detail: "bad request" });
    log.error({ err: error, path: request.url }, "request failed");
    return reply.status(500).send({ error: "not ready", detail: "internal error" });
  });
}

function answerRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const status = reply.statusCode === 404 ? 404 : (STATUS[refusal.code] ?? 409);
  return reply.status(status).send({ error: refusal.code, detail: refusal.detail.slice(0, 512) });
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Refusal("malformed", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal("malformed", "body is not JSON");
  }
}
