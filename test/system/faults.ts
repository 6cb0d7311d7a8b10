import http from "node:http";
import { setTimeout as delay } from "node:timers/promises";

import { rpc } from "../../deploy/stack/chain.ts";
import type { TestNetwork } from "./network.ts";

const slotMs = 1000;
const reorgDepth = 3;

export interface Fault {
  readonly name: string;
  /** Does the harm and, where a person would, repairs the part: not what the network must repair itself. */
  readonly strike: (network: TestNetwork) => Promise<void>;
  /** Brings back what the fault left dead on purpose. */
  readonly heal?: (network: TestNetwork) => Promise<void>;
}

async function reviveOperators(network: TestNetwork): Promise<void> {
  const { stack } = network;
  const dead = stack.operatorNames.filter((name) => stack.pidOf(name) === undefined);
  await Promise.all(dead.map((name) => stack.revive(name)));
}

/** Answers every JSON-RPC request as a node of another chain would. */
async function impostor(port: number): Promise<http.Server> {
  const server = http.createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const { id, method } = JSON.parse(text || "{}") as { id?: number; method?: string };
      const result = method === "eth_chainId" ? "0x1" : method === "net_version" ? "1" : "0x0";
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ jsonrpc: "2.0", id: id ?? null, result }));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
}

/** Everything that may go wrong in the local network, one at a time. */
export const faults: readonly Fault[] = [
  {
    name: "two of five operators are killed",
    strike: async ({ stack }) => {
      await Promise.all(["operator-2", "operator-4"].map((name) => stack.kill(name)));
    },
    heal: reviveOperators,
  },
  {
    name: "the leader is killed in the middle of a round",
    strike: async ({ stack }) => {
      // A round begins with the slot's second: shortly after it the slot's leader collects observations.
      await delay(slotMs - (Date.now() % slotMs) + 60);
      const slot = Math.floor(Date.now() / slotMs);
      await stack.kill(`operator-${(slot % stack.operatorNames.length) + 1}`);
    },
    heal: reviveOperators,
  },
  {
    name: "Postgres is restarted",
    strike: async ({ stack }) => {
      await stack.kill("postgres", "SIGINT");
      await stack.revive("postgres");
    },
  },
  {
    name: "the chain node is killed and restarted from its last state",
    strike: async ({ stack }) => {
      await stack.kill("chain");
      await stack.revive("chain");
    },
  },
  {
    name: "the chain reorganises by three blocks",
    strike: async ({ stack }) => {
      // anvil 1.7.1 loses contracts' code when it goes back into blocks from before its own restart.
      await delay((reorgDepth + 3) * slotMs);
      await rpc(stack.file.rpcUrl, "anvil_reorg", [reorgDepth, []]);
    },
  },
  {
    name: "the node answers for another chain id for a while",
    strike: async ({ stack }) => {
      await stack.kill("chain", "SIGTERM");
      const server = await impostor(stack.ports.chain);
      await delay(4 * slotMs);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await stack.revive("chain");
    },
  },
];
