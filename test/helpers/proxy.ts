import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** What a proxy does with a call. */
export type ProxyRule =
  | "pass"
  | "hang"
  | "cut"
  | "lose-answer"
  | { result: unknown }
  | { error: string }
  | { lateMs: number };

/** A JSON-RPC proxy that misbehaves on demand. */
export interface TestProxy {
  url: string;
  /** Calls seen, by method. */
  calls: Map<string, number>;
  /** Decides about each call; passes all at first. */
  rule: (method: string, params: unknown[]) => ProxyRule;
  /** Ends all connections: who comes next opens a new one. */
  dropConnections(): Promise<void>;
  stop(): Promise<void>;
}

const proxies = new Set<TestProxy>();

/** Stops every proxy: one that a failed test leaves behind would keep the run from ending. */
export async function stopProxies(): Promise<void> {
  await Promise.all([...proxies].map((proxy) => proxy.stop()));
}

/** Starts a proxy before a node. "lose-answer" lets the node do it and answers with a closed connection. */
export async function startProxy(target: () => string): Promise<TestProxy> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = await readBody(request);
      const call = JSON.parse(body) as { id: number; method: string; params: unknown[] };
      proxy.calls.set(call.method, (proxy.calls.get(call.method) ?? 0) + 1);
      const rule = proxy.rule(call.method, call.params);
      if (rule === "hang") return;
      if (rule === "cut") return void response.destroy();
      const answer = (value: object): void =>
        void response.end(JSON.stringify({ jsonrpc: "2.0", id: call.id, ...value }));
      if (typeof rule === "object" && "lateMs" in rule)
        await new Promise((resolve) => setTimeout(resolve, rule.lateMs));
      else if (typeof rule === "object") {
        return answer("error" in rule ? { error: { code: -32000, message: rule.error } } : rule);
      }
      // A late call must not reach the chain of the next test: the account and its nonces are the same there.
      if (!proxies.has(proxy)) return void response.destroy();
      const passed = await fetch(target(), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      const text = await passed.text();
      if (rule === "lose-answer") return void response.destroy();
      response.end(text);
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: TestProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: new Map(),
    rule: () => "pass",
    dropConnections: () => Promise.resolve(server.closeAllConnections()),
    stop: () =>
      new Promise((resolve) => {
        proxies.delete(proxy);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  proxies.add(proxy);
  return proxy;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
