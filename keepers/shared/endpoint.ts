import type { JsonRpcError, JsonRpcPayload, JsonRpcResult } from "ethers";
import type { Clock } from "./clock.ts";
import { openPoster } from "./jsonrpc.ts";
import { endpointName, type Logger } from "./log.ts";
import { parseAnswer } from "./transport.ts";

/** Health of one RPC endpoint. */
export interface EndpointHealth {
  /** Protocol, host and port; paths and queries may hold API keys and are left out. */
  name: string;
  /**
   * unknown: not asked yet; failing: tried again after a pause; refused: answers for another chain; behind, ahead: its
   * head is too far from that of the others to be believed.
   */
  state: "unknown" | "healthy" | "failing" | "refused" | "behind" | "ahead";
  detail: string;
  /** Newest block it told of; null when there is nothing to compare with. */
  head: number | null;
  /** Duration of the last good exchange. */
  latencyMs: number | null;
}

/** One RPC endpoint, with what was learned about it. */
export interface Endpoint extends EndpointHealth {
  /** Its chain id was right when it was last connected to. */
  readonly verified: boolean;
  /** It is not asked before. */
  retryAtMs: number;
  /** Sends a call; null after a transport failure or from another chain, which is noted. */
  attempt(payload: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError | null>;
  /** Asks for its chain id in the background. */
  probe(): Promise<void>;
  /** Asks for its head, unless it rests; the first answer of an endpoint also verifies its chain. */
  readHead(): Promise<void>;
  close(): void;
}

const firstPauseMs = 250;
const maxPauseMs = 10_000;
const refusedPauseMs = 2_000;

class WrongChainError extends Error {}

/**
 * Opens one endpoint of a chain. Its chain id is asked for before its first answer is believed, and again whenever a new
 * connection to it was opened. One that answers for another chain is refused, named in the log, and rests for 2 s; a
 * failing one rests with growing pauses, at most 10 s.
 * @param nextId numbers the calls
 */
export function openEndpoint(
  url: string,
  deps: { chainId: number; timeoutMs: number; log: Logger; clock: Clock; nextId: () => number },
): Endpoint {
  const { chainId, timeoutMs, log, clock, nextId } = deps;
  const poster = openPoster(url);
  let verified = false;
  let failures = 0;
  let probing = false;

  async function exchange(payload: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError> {
    const body = JSON.stringify(payload);
    const startedMs = clock.nowMs();
    let result = await poster.post(body, timeoutMs);
    if (result.fresh) {
      verified = false;
      await verify();
    } else if (!verified) {
      await verify();
      result = await poster.post(body, timeoutMs);
    }
    const answer = parseAnswer(result.status, result.body);
    endpoint.latencyMs = clock.nowMs() - startedMs;
    return { ...answer, id: payload.id };
  }

  async function verify(): Promise<void> {
    const payload = { method: "eth_chainId", params: [], id: nextId(), jsonrpc: "2.0" };
    const result = await poster.post(JSON.stringify(payload), timeoutMs);
    const answer = parseAnswer(result.status, result.body);
    const given = "result" in answer ? Number(answer.result) : Number.NaN;
    if (given !== chainId) {
      throw new WrongChainError(
        `answers for chain ${"result" in answer ? given : "(none)"}, expected ${chainId}`,
      );
    }
    verified = true;
  }

  function succeeded(): void {
    // That it answers does not make it believed: the next comparison of heads does.
    if (endpoint.state === "behind" || endpoint.state === "ahead") return;
    if (endpoint.state !== "healthy" && endpoint.state !== "unknown") {
      log.info({ endpoint: endpoint.name, chainId }, "RPC endpoint works again");
    }
    failures = 0;
    Object.assign(endpoint, { state: "healthy", detail: "ok", retryAtMs: 0 });
  }

  function failed(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    const state = error instanceof WrongChainError ? "refused" : "failing";
    if (endpoint.state !== state || endpoint.detail !== detail) {
      const text =
        state === "refused" ? "RPC endpoint refused: wrong chain" : "RPC endpoint failing";
      log[state === "refused" ? "error" : "warn"](
        { endpoint: endpoint.name, chainId, reason: detail },
        text,
      );
    }
    const pauseMs =
      state === "refused" ? refusedPauseMs : Math.min(firstPauseMs * 2 ** failures, maxPauseMs);
    // Where one connection broke, those that wait beside it are broken as well.
    poster.dropIdle();
    verified = false;
    failures = Math.min(failures + 1, 16);
    Object.assign(endpoint, { state, detail, head: null, retryAtMs: clock.nowMs() + pauseMs });
  }

  async function attempt(payload: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError | null> {
    try {
      const answer = await exchange(payload);
      succeeded();
      return answer;
    } catch (error) {
      failed(error);
      return null;
    }
  }

  async function readHead(): Promise<void> {
    if (endpoint.retryAtMs > clock.nowMs()) return;
    const payload = {
      method: "eth_blockNumber",
      params: [],
      id: nextId(),
      jsonrpc: "2.0",
    } as const;
    const answer = await attempt(payload);
    endpoint.head = answer !== null && "result" in answer ? Number(answer.result) : null;
  }

  async function probe(): Promise<void> {
    if (probing) return;
    probing = true;
    try {
      await verify();
      succeeded();
    } catch (error) {
      failed(error);
    } finally {
      probing = false;
    }
  }

  const endpoint: Endpoint = {
    name: endpointName(url),
    state: "unknown",
    detail: "not asked yet",
    latencyMs: null,
    head: null,
    get verified() {
      return verified;
    },
    retryAtMs: 0,
    attempt,
    probe,
    readHead,
    close: () => poster.close(),
  };
  return endpoint;
}
