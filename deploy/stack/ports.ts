import net from "node:net";

import { StackFailure } from "./failure.ts";
import { payoutKeepers, type Ports } from "./layout.ts";

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}

/** Throws, naming the first port that something else uses. */
export async function requireFreePorts(ports: Ports): Promise<void> {
  const named: [string, number][] = [
    ["chain", ports.chain],
    ["API", ports.api],
    ["Postgres", ports.postgres],
    ["relayer's metrics", ports.relayerMetrics],
    ["VRF keeper's metrics", ports.vrfMetrics],
    ["attest keeper's metrics", ports.attestMetrics],
    ["watch keeper's metrics", ports.watchMetrics],
    ["score keeper's metrics", ports.scoreMetrics],
    ...ports.payoutMetrics.map((port, i): [string, number] => [
      `${payoutKeepers[i]}'s metrics`,
      port,
    ]),
    ...ports.operators.map((port, i): [string, number] => [`operator ${i + 1}`, port]),
    ...ports.operatorMetrics.map((port, i): [string, number] => [
      `operator ${i + 1}'s metrics`,
      port,
    ]),
  ];
  const free = await Promise.all(named.map(([, port]) => isFree(port)));
  const taken = named.find((_, index) => !free[index]);
  if (taken !== undefined) {
    throw new StackFailure(
      `port ${taken[1]} (${taken[0]}) is in use: stop what uses it, or choose other ports with --port-base`,
    );
  }
}
