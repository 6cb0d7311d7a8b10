import type { AbstractProvider, JsonRpcError, JsonRpcPayload, JsonRpcResult } from "ethers";
import { systemClock, type Clock } from "./clock.ts";
import { openEndpoint, type Endpoint, type EndpointHealth } from "./endpoint.ts";
import { judgeHeads } from "./heads.ts";
import type { Logger } from "./log.ts";
import { FailoverProvider } from "./transport.ts";

/** One chain through all its endpoints. */
export interface Chain {
  readonly chainId: number;
  /** Use with ethers' Contract; caching and batching are off. */
  readonly provider: AbstractProvider;
  /**
   * Sends one JSON-RPC call to the first endpoint that works.
   * @throws RpcUnavailableError when none does; an ethers error when the node answers with one
   */
  send(method: string, params: unknown[]): Promise<unknown>;
  /**
   * Asks all endpoints that are well: for what one of them alone is not believed.
   * @returns the results of those that gave one; empty when none did
   */
  askAll(method: string, params: unknown[]): Promise<unknown[]>;
  /** Asks every endpoint for its chain id now, and for its head where there are several. */
  check(): Promise<EndpointHealth[]>;
  health(): EndpointHealth[];
  close(): void;
}

/** No endpoint can be used at the moment; the message names each with its reason. Worth trying again later. */
export class RpcUnavailableError extends Error {
  override readonly name = "RpcUnavailableError";
}

/** Options of `openChain`. */
export interface ChainOptions {
  chainId: number;
  /** Preferred first; the first that works is used. */
  rpcUrls: readonly string[];
  log: Logger;
  /** Bound for each request to one endpoint, default 5,000. */
  timeoutMs?: number;
  /** For how long answers of `provider` may be reused; default none. */
  pollingIntervalMs?: number;
  /** Blocks that an endpoint's head may be away from the others'; default 10. */
  maxHeadGap?: number;
  clock?: Clock;
}

const defaultPollingMs = 200;
const headsEveryMs = 1_000;
/** A call that no endpoint answers is repeated a few times, within less than two time-outs: links drop packets. */
const retries = 4;
const firstRetryMs = 20;
const retryForTimeouts = 1.5;
const defaultHeadGap = 10;

/**
 * Opens a chain over one or more endpoints. Returns at once; endpoints are checked in the background and before their
 * first answer is believed, see `openEndpoint`. One that failed or was refused is tried in the background where another one
 * works. Answers of the node, errors included, are final; transport failures go to the next.
 * Where there are several, their heads are compared every second: see `judgeHeads`.
 */
export function openChain(options: ChainOptions): Chain {
  const { chainId, log } = options;
  const clock = options.clock ?? systemClock;
  const timeoutMs = options.timeoutMs ?? 5_000;
  let nextId = 1;
  let comparing = false;
  const endpoints = options.rpcUrls.map((url) =>
    openEndpoint(url, { chainId, timeoutMs, log, clock, nextId: () => nextId++ }),
  );

  async function compareHeads(): Promise<void> {
    if (endpoints.length < 2 || comparing) return;
    comparing = true;
    await Promise.all(endpoints.map((endpoint) => endpoint.readHead()));
    comparing = false;
    const answering = endpoints.filter(({ head }) => head !== null);
    const verdicts = judgeHeads(
      answering.map(({ head }) => head ?? 0),
      options.maxHeadGap ?? defaultHeadGap,
    );
    answering.forEach((endpoint, index) => {
      const verdict = verdicts[index]!;
      if (verdict === endpoint.state) return;
      const detail = verdict === "healthy" ? "ok" : `head ${endpoint.head} is too far ${verdict}`;
      const level = verdict === "healthy" ? "info" : "warn";
      log[level](
        { endpoint: endpoint.name, chainId, head: endpoint.head },
        verdict === "healthy"
          ? "RPC endpoint is believed"
          : `RPC endpoint is ${verdict} of the others`,
      );
      Object.assign(endpoint, { state: verdict, detail });
    });
  }

  async function askAll(method: string, params: unknown[]): Promise<unknown[]> {
    const well = endpoints.filter(({ state }) => state === "healthy" || state === "unknown");
    const answers = await Promise.all(
      well.map((endpoint) => endpoint.attempt({ method, params, id: nextId++, jsonrpc: "2.0" })),
    );
    return answers.flatMap((answer) =>
      answer !== null && "result" in answer ? [answer.result as unknown] : [],
    );
  }

  /** Every call may be repeated: reads change nothing, and signed bytes are what they are. */
  async function send(payload: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError> {
    const deadlineMs = clock.nowMs() + retryForTimeouts * timeoutMs;
    for (let round = 0; ; round++) {
      try {
        return await sendOnce(payload);
      } catch (error) {
        const isHopeless = !endpoints.some(({ state }) => state === "failing");
        if (isHopeless || round === retries || clock.nowMs() > deadlineMs) throw error;
        await clock.sleep(firstRetryMs * 2 ** round);
      }
    }
  }

  async function sendOnce(payload: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError> {
    const nowMs = clock.nowMs();
    const rested = (endpoint: Endpoint): boolean => endpoint.retryAtMs <= nowMs;
    const usable = endpoints.filter(
      (endpoint) => endpoint.state === "healthy" || endpoint.state === "unknown",
    );
    const unwell = endpoints.filter(({ state }) => state === "failing" || state === "refused");
    // Where another works, one that failed is tried in the background: a call that waits for its time-out is late.
    if (usable.length > 0) for (const endpoint of unwell.filter(rested)) void endpoint.probe();
    const last = unwell.filter(
      (endpoint) => (usable.length === 0 && rested(endpoint)) || endpoint.state === "failing",
    );
    const tried = new Set<Endpoint>();
    for (const endpoint of [...usable, ...last]) {
      tried.add(endpoint);
      const reused = endpoint.verified;
      const answer = (await endpoint.attempt(payload)) ?? null;
      if (answer !== null) return answer;
      // A kept-alive connection that the node closed while idle fails once although the node is well.
      if (reused && endpoint.state === "failing" && !endpoint.detail.startsWith("no answer")) {
        const again = await endpoint.attempt(payload);
        if (again !== null) return again;
      }
    }
    const reasons = endpoints.map(
      (endpoint) =>
        `${endpoint.name} ${endpoint.detail}${tried.has(endpoint) ? "" : " (asked again soon)"}`,
    );
    throw new RpcUnavailableError(
      `no RPC endpoint of chain ${chainId} can be used: ${reasons.join("; ")}`,
    );
  }

  const health = (): EndpointHealth[] =>
    endpoints.map(({ name, state, detail, head, latencyMs }) => ({
      name,
      state,
      detail,
      head,
      latencyMs,
    }));
  const check = async (): Promise<EndpointHealth[]> => {
    await Promise.all(endpoints.map((endpoint) => endpoint.probe()));
    await compareHeads();
    return health();
  };
  const provider = new FailoverProvider(
    chainId,
    send,
    options.pollingIntervalMs ?? defaultPollingMs,
  );
  void check();
  const comparison =
    endpoints.length < 2 ? undefined : setInterval(() => void compareHeads(), headsEveryMs).unref();
  return {
    chainId,
    provider,
    send: (method, params) => provider.send(method, params),
    askAll,
    check,
    health,
    close() {
      clearInterval(comparison);
      provider.destroy();
      for (const endpoint of endpoints) endpoint.close();
    },
  };
}
