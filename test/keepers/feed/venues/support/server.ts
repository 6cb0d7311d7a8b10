import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocketServer, type WebSocket } from "ws";

/** A venue on this machine. */
export interface VenueServer {
  /** "/stream" is part of it because ccxt tells Binance's spot servers by that. */
  url: string;
  /** Every connection since the start, the oldest first. */
  readonly connections: WebSocket[];
  /** Every text received, of all connections. */
  readonly received: string[];
  close(): Promise<void>;
}

/**
 * Starts a venue on a free port.
 *
 * @param onMessage Called with every text of a client, the connection and its number (0 is the first).
 */
export async function startVenueServer(
  onMessage: (text: string, socket: WebSocket, connection: number) => void = () => undefined,
  onConnection: (socket: WebSocket, connection: number) => void = () => undefined,
): Promise<VenueServer> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const connections: WebSocket[] = [];
  const received: string[] = [];
  server.on("connection", (socket) => {
    const number = connections.push(socket) - 1;
    socket.on("error", () => undefined);
    socket.on("message", (data) => {
      const text = (data as Buffer).toString();
      received.push(text);
      onMessage(text, socket, number);
    });
    onConnection(socket, number);
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/stream`,
    connections,
    received,
    async close() {
      for (const socket of connections) socket.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

/** Waits until something holds; fails by mocha's own limit if it never does. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(2);
}
