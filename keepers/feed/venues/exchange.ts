import type { VenueEntry } from "./catalogue.ts";
import type { ListedMarket } from "./pairs.ts";
import type { UnifiedTicker, UnifiedTrade } from "./ticks.ts";

/** One socket as ccxt keeps it. */
export interface ExchangeClient {
  connection?: { terminate?: () => void } | undefined;
  send(message: unknown): Promise<unknown>;
}

/** The part of a ccxt exchange with WebSocket streams that is used here. */
export interface Exchange {
  urls: { api: unknown };
  clients: Record<string, ExchangeClient>;
  /** Trades of each pair that have arrived and were not taken yet. */
  trades: Record<string, UnifiedTrade[] | undefined>;
  tickers: Record<string, UnifiedTicker | undefined>;
  bidsasks: Record<string, UnifiedTicker | undefined>;
  log: (...parts: unknown[]) => void;
  fetchImplementation: (url: string, init: RequestInit) => Promise<Response>;
  client(url: string): ExchangeClient;
  handleMessage(client: ExchangeClient, message: unknown): void;
  onError(client: ExchangeClient, error: unknown): void;
  onClose(client: ExchangeClient, event: unknown): void;
  fetchMarkets(params: Record<string, unknown>): Promise<ListedMarket[]>;
  setMarkets(markets: readonly ListedMarket[]): unknown;
  watchTrades(symbol: string): Promise<unknown>;
  watchTradesForSymbols(symbols: string[]): Promise<unknown>;
  watchTickers(symbols: string[]): Promise<unknown>;
  watchBidsAsks(symbols: string[]): Promise<unknown>;
  loadHttpProxyAgent(): Promise<unknown>;
  close(): Promise<unknown>;
}

type ExchangeClass = new (settings: Record<string, unknown>) => Exchange;

/** Where a venue's servers are, instead of ccxt's own addresses. */
export interface Endpoint {
  /** Replaces scheme and host of every WebSocket address: "ws://127.0.0.1:8080". */
  ws: string;
  /** Markets to take instead of asking the venue; ccxt's unified market structures. */
  markets?: readonly ListedMarket[] | undefined;
  /** Replaces scheme and host of every HTTP address. */
  rest?: string | undefined;
}

const REST_TIMEOUT_MS = 10_000;
/** Grace for the closing handshake; a dead peer never answers it. */
const CLOSE_GRACE_MS = 200;

/**
 * Makes a ccxt exchange. Only the class that is asked for is loaded: the whole of ccxt takes 110 MB, base and ten
 * venues 65 MB.
 *
 * @param closing Aborts requests in flight.
 * @throws Error when ccxt has no such class.
 */
export async function openExchange(
  { exchangeId, options }: VenueEntry,
  closing: AbortSignal,
  endpoint?: Endpoint,
): Promise<Exchange> {
  // ccxt exports only its root; the path beside it holds for the exact version that is installed
  const file = new URL(`./src/pro/${exchangeId}.js`, import.meta.resolve("ccxt"));
  const module = (await import(file.href)) as { default: ExchangeClass };
  const exchange = new module.default({
    enableRateLimit: true,
    timeout: REST_TIMEOUT_MS,
    // the last answer of a venue is its list of markets, megabytes that nobody reads again
    enableLastJsonResponse: false,
    enableLastHttpResponse: false,
    enableLastResponseHeaders: false,
    options: structuredClone(options),
  });
  // frames that are no JSON would be printed
  exchange.log = () => undefined;
  exchange.fetchImplementation = (url, init) => {
    const signals = init.signal ? [init.signal, closing] : [closing];
    // agent and other extras of node-fetch are of no use here
    const { method, headers, body } = init;
    return fetch(url, {
      ...(method === undefined ? {} : { method }),
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
      redirect: "error",
      signal: AbortSignal.any(signals),
    });
  };
  if (endpoint !== undefined) {
    exchange.urls.api = redirect(exchange.urls.api, endpoint);
    // ccxt dials ws:// only with an agent of its own
    await exchange.loadHttpProxyAgent();
  }
  guardClients(exchange, closing);
  return exchange;
}

/** Closes every socket, politely if that is quick, and returns within CLOSE_GRACE_MS. */
export async function closeExchange(exchange: Exchange): Promise<void> {
  const connections = Object.values(exchange.clients).map((client) => client.connection);
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_GRACE_MS);
  });
  await Promise.race([exchange.close().catch(() => undefined), grace]);
  clearTimeout(timer);
  for (const connection of connections) connection?.terminate?.();
}

/**
 * Watches the sockets of an exchange.
 *
 * @returns Rejects with the reason once any of them fails or closes.
 */
export function socketFailure(exchange: Exchange): Promise<never> {
  return new Promise((_, reject) => {
    const onError = exchange.onError.bind(exchange);
    exchange.onError = (client, error) => {
      onError(client, error);
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const onClose = exchange.onClose.bind(exchange);
    exchange.onClose = (client, event) => {
      onClose(client, event);
      const code = (event as { code?: unknown } | undefined)?.code;
      reject(new Error(`connection closed by the venue, code ${String(code)}`));
    };
  });
}

/**
 * Guards against two habits of ccxt. It sends delayed subscriptions without looking at the outcome: on a socket that
 * closed meanwhile that is an unhandled rejection, the end of the process (the lost subscription itself is noticed, by
 * the socket's error or by the silence). And a stream that was being prepared while the exchange closed would still
 * open a socket, which nobody would ever close.
 */
function guardClients(exchange: Exchange, closing: AbortSignal): void {
  const guarded = new WeakSet<ExchangeClient>();
  const open = exchange.client.bind(exchange);
  exchange.client = (url) => {
    if (closing.aborted) throw new Error("closed");
    const client = open(url);
    if (!guarded.has(client)) {
      guarded.add(client);
      const send = client.send.bind(client);
      client.send = (message) => {
        const sent = send(message);
        sent.catch(() => undefined);
        return sent;
      };
    }
    return client;
  };
}

function redirect(api: unknown, endpoint: Endpoint): unknown {
  if (typeof api === "string") {
    if (/^wss?:/.test(api)) return api.replace(/^wss?:\/\/[^/]+/, endpoint.ws);
    return endpoint.rest === undefined ? api : api.replace(/^https?:\/\/[^/]+/, endpoint.rest);
  }
  if (typeof api === "object" && api !== null) {
    return Object.fromEntries(
      Object.entries(api).map(([key, value]) => [key, redirect(value, endpoint)]),
    );
  }
  return api;
}
