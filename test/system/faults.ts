import { statSync } from "node:fs";
import http from "node:http";
import { setTimeout as delay } from "node:timers/promises";

import { toQuantity } from "ethers";

import { rpc } from "../../deploy/stack/chain.ts";
import type { TestNetwork } from "./network.ts";

const slotMs = 1000;
const reorgDepth = 3;
const blocksLost = 2;

export interface Fault {
  readonly name: string;
  /**
   * The chain's process is another one afterwards. anvil 1.7.1 then gives made-up values for BLOCKHASH of the blocks before:
   * nobody can answer requests for random words that wait in them.
   */
  readonly restartsChain?: true;
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

/**
 * Kills the chain's node a few blocks after it wrote its state. It writes while it mines, and may then save the effects of a
 * block without the block, which no chain does: so mining rests until the next write.
 */
async function killChain({ stack }: TestNetwork): Promise<void> {
  const { chainState } = stack.paths;
  const writtenMs = (): number => statSync(chainState).mtimeMs;
  const seconds = async (count: number): Promise<unknown> =>
    rpc(stack.file.rpcUrl, "evm_setIntervalMining", [count]);
  await seconds(0);
  const restsSinceMs = Date.now();
  const longestMs = 15_000;
  // A write that has begun before counts as the one before.
  const graceMs = 1_000;
  while (writtenMs() < restsSinceMs + graceMs && Date.now() < restsSinceMs + longestMs)
    await delay(50);
  await seconds(1);
  await delay(blocksLost * slotMs);
  await stack.kill("chain");
}

/**
 * Takes the chain back. anvil goes on from the time of the block that it goes back to, so that its clock is late from then
 * on, and every report comes from its future.
 */
export async function reorgChain(
  { stack }: TestNetwork,
  depth: number,
  moved: readonly [object, number][] = [],
): Promise<void> {
  await rpc(stack.file.rpcUrl, "anvil_reorg", [depth, moved]);
  await rpc(stack.file.rpcUrl, "evm_setTime", [toQuantity(Math.floor(Date.now() / 1000))]);
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
    restartsChain: true,
    strike: async (network) => {
      await killChain(network);
      await network.stack.revive("chain");
    },
  },
  {
    name: "the chain reorganises by three blocks",
    strike: async (network) => {
      // anvil 1.7.1 loses contracts' code when it goes back into blocks from before its own restart.
      await delay((reorgDepth + 3) * slotMs);
      await reorgChain(network, reorgDepth);
    },
  },
  {
    name: "the node answers for another chain id for a while",
    restartsChain: true,
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
