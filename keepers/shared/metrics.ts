import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { collectDefaultMetrics, Registry } from "prom-client";

/** Health as /health answers it: `ok` decides between 200 and 503, the rest is shown as it is. */
export interface Health {
  ok: boolean;
  [detail: string]: unknown;
}

/** A running metrics server. */
export interface MetricsServer {
  /** The port it listens on, also when 0 was asked for. */
  port: number;
  close(): Promise<void>;
}

/**
 * Creates a Prometheus registry with the process's own metrics (memory, CPU, event loop), labelled with its name.
 * @param name of the process, e.g. "relayer"
 */
export function createMetrics(name: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ process: name });
  collectDefaultMetrics({ register: registry });
  return registry;
}

/**
 * Serves `/metrics` (Prometheus text) and `/health` (JSON, 503 when not ok).
 * @param port 0 takes a free port
 * @param health called for each request of /health; an error counts as not ok
 * @throws when the port is in use
 */
export async function serveMetrics(
  registry: Registry,
  port: number,
  host: string,
  health: () => Health | Promise<Health>,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    void answer(request.url ?? "/").then(
      ({ status, type, body }) => response.writeHead(status, { "content-type": type }).end(body),
      () => response.writeHead(500).end(),
    );
  });
  async function answer(url: string): Promise<{ status: number; type: string; body: string }> {
    if (url === "/metrics")
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    if (url !== "/health")
      return { status: 404, type: "text/plain", body: "try /metrics or /health\n" };
    let result: Health;
    try {
      result = await health();
    } catch (error) {
      result = { ok: false, error: error instanceof Error ? error.message : String(error) };
    }
    const body = JSON.stringify(result, (_key, value: unknown) =>
      typeof value === "bigint" ? String(value) : value,
    );
    return { status: result.ok ? 200 : 503, type: "application/json", body };
  }
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
