import {
  JsonRpcApiProvider,
  Network,
  type JsonRpcError,
  type JsonRpcPayload,
  type JsonRpcResult,
} from "ethers";

// Codes with which providers refuse to serve: limit exceeded, resource unavailable.
const busyCodes = new Set([-32005, -32002]);

/** An ethers provider whose transport is the failover above. */
export class FailoverProvider extends JsonRpcApiProvider {
  readonly #transport: (payload: JsonRpcPayload) => Promise<JsonRpcResult | JsonRpcError>;

  constructor(
    chainId: number,
    transport: (payload: JsonRpcPayload) => Promise<JsonRpcResult | JsonRpcError>,
    pollingInterval: number,
  ) {
    const network = Network.from(chainId);
    super(network, { staticNetwork: network, batchMaxCount: 1, cacheTimeout: -1, pollingInterval });
    this.#transport = transport;
    this._start();
  }

  override async _send(
    payload: JsonRpcPayload | Array<JsonRpcPayload>,
  ): Promise<Array<JsonRpcResult | JsonRpcError>> {
    return Promise.all((Array.isArray(payload) ? payload : [payload]).map(this.#transport));
  }
}

/** @throws when the answer is not a JSON-RPC answer, or is one that says that the endpoint does not serve us. */
export function parseAnswer(status: number, body: string): JsonRpcResult | JsonRpcError {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    throw new Error(`HTTP ${status} without JSON`);
  }
  if (status === 429 || status >= 500) throw new Error(`HTTP ${status}`);
  if (typeof answer !== "object" || answer === null)
    throw new Error("answer is not a JSON-RPC object");
  if ("error" in answer && typeof answer.error === "object" && answer.error !== null) {
    const { code, message } = answer.error as { code?: unknown; message?: unknown };
    if (busyCodes.has(Number(code))) throw new Error(`refuses to serve: ${String(message)}`);
    return answer as JsonRpcError;
  }
  if (!("result" in answer)) throw new Error(`HTTP ${status} without result`);
  return answer as JsonRpcResult;
}
