import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

/** Answer of an endpoint to one POST. */
export interface PostResult {
  status: number;
  body: string;
  /** Whether a new connection was opened for it: another server may be behind the address by now. */
  fresh: boolean;
}

/** Posts JSON to one endpoint over kept-alive connections. */
export interface JsonPoster {
  /**
   * @param timeoutMs bound for the whole exchange, connecting included
   * @throws on any transport failure, time-out, or an answer above 32 MiB
   */
  post(body: string, timeoutMs: number): Promise<PostResult>;
  /** Closes connections that are kept alive but not in use. */
  dropIdle(): void;
  close(): void;
}

const maxAnswerBytes = 32 * 1024 * 1024;
const maxSockets = 32;

/**
 * Opens a poster for one http(s) URL; user and password in it become basic authentication.
 * Node's own client is used because it tells whether a connection was reused, which fetch hides.
 */
export function openPoster(url: string): JsonPoster {
  const target = new URL(url);
  const secure = target.protocol === "https:";
  const agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets });
  const authorization =
    target.username === ""
      ? {}
      : { auth: `${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}` };
  return {
    post: (body, timeoutMs) =>
      new Promise((resolve, reject) => {
        const timeout = AbortSignal.timeout(timeoutMs);
        const fail = (error: Error): void =>
          reject(timeout.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error);
        const request = (secure ? httpsRequest : httpRequest)(
          {
            protocol: target.protocol,
            hostname: target.hostname.replace(/^\[|\]$/g, ""),
            port: target.port,
            path: `${target.pathname}${target.search}`,
            ...authorization,
            method: "POST",
            agent,
            signal: timeout,
            headers: {
              "content-type": "application/json",
              "content-length": Buffer.byteLength(body),
            },
          },
          (response) => {
            const chunks: Buffer[] = [];
            let size = 0;
            response.on("data", (chunk: Buffer) => {
              size += chunk.length;
              if (size > maxAnswerBytes)
                request.destroy(new Error(`answer above ${maxAnswerBytes} bytes`));
              chunks.push(chunk);
            });
            response.on("error", fail);
            response.on("end", () =>
              resolve({
                status: response.statusCode ?? 0,
                body: Buffer.concat(chunks).toString("utf8"),
                fresh: !request.reusedSocket,
              }),
            );
          },
        );
        request.on("error", fail);
        request.end(body);
      }),
    dropIdle() {
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
    },
    close: () => agent.destroy(),
  };
}
