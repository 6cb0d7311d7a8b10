/** What the tests of governance do to a running network, each as its own kind of person would. */
import { readFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

import governorArtifact from "@openzeppelin/contracts/build/contracts/IGovernor.json" with { type: "json" };
import { Contract, id, type JsonRpcProvider } from "ethers";
import pg from "pg";

import { localAccount } from "../../deploy/stack/configs.ts";
import type { Stack } from "../../deploy/stack/stack.ts";
import { parseKeys } from "../../keepers/feed/signing/keys.ts";
import { signObservation } from "../../keepers/feed/signing/observation.ts";

const pollMs = 200;

/** One report that the index has. */
export interface IndexedReport {
  readonly setId: number;
  readonly slot: number;
  /** Accounts, lower case. */
  readonly signers: readonly string[];
}

/** What the index has of the chain. */
export class Records {
  readonly #stack: Stack;

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  /** Times of every feed's answers from a slot on, in order. */
  async answers(fromSlot: number): Promise<Map<string, number[]>> {
    const rows = await this.#query<{ feed: string; slot: string }>(
      "SELECT feed, slot FROM chain.round WHERE slot >= $1 ORDER BY feed, round",
      [fromSlot],
    );
    const byFeed = Map.groupBy(rows, ({ feed }) => feed);
    return new Map([...byFeed].map(([feed, list]) => [feed, list.map(({ slot }) => Number(slot))]));
  }

  async reports(fromSlot: number): Promise<IndexedReport[]> {
    const rows = await this.#query<{ set_id: string; slot: string; signers: string[] }>(
      "SELECT set_id, slot, signers FROM chain.report WHERE slot >= $1 ORDER BY slot",
      [fromSlot],
    );
    return rows.map(({ set_id: setId, signers, slot }) => ({
      ...{ setId: Number(setId), slot: Number(slot) },
      signers: signers.map((account) => account.toLowerCase()),
    }));
  }

  async #query<T extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.#stack.file.databaseUrl });
    await client.connect();
    try {
      return (await client.query<T>(text, values)).rows;
    } finally {
      await client.end();
    }
  }
}

/** Longest time between two answers of a feed, in seconds. */
export function longestGap(slots: readonly number[]): number {
  return slots.reduce(
    (longest, slot, index) => Math.max(longest, index === 0 ? 0 : slot - slots[index - 1]!),
    0,
  );
}

// The states of OpenZeppelin's IGovernor.
const ACTIVE = 1n;
const SUCCEEDED = 4n;
const QUEUED = 5n;
const EXECUTED = 7n;
const FOR = 1;

/**
 * Brings one call through a governor as any client does that knows OpenZeppelin's published interface and nothing else.
 * @param voters Indices of local accounts; the first proposes.
 * @returns the proposal's last state is Executed, or it throws
 */
export async function carryThrough(
  provider: JsonRpcProvider,
  address: string,
  voters: readonly number[],
  call: { readonly target: string; readonly data: string; readonly description: string },
): Promise<void> {
  const [first] = voters;
  const open = (index: number): Contract =>
    new Contract(address, governorArtifact.abi, localAccount(index).connect(provider));
  const governor = open(first!);
  const actions = [[call.target], [0], [call.data]] as const;
  const send = async (from: Contract, method: string, ...args: unknown[]): Promise<void> => {
    const sent = (await from.getFunction(method)(...args)) as { wait(): Promise<unknown> };
    await sent.wait();
  };
  await send(governor, "propose", ...actions, call.description);
  const hash = id(call.description);
  const proposal = (await governor.getFunction("getProposalId")(...actions, hash)) as bigint;
  const reaches = async (state: bigint): Promise<void> => {
    while ((await governor.getFunction("state")(proposal)) !== state) await delay(pollMs);
  };
  await reaches(ACTIVE);
  for (const voter of voters) await send(open(voter), "castVote", proposal, FOR);
  await reaches(SUCCEEDED);
  await send(governor, "queue", ...actions, hash);
  await reaches(QUEUED);
  const eta = (await governor.getFunction("proposalEta")(proposal)) as bigint;
  while (BigInt((await provider.getBlock("latest"))!.timestamp) < eta) await delay(pollMs);
  await send(governor, "execute", ...actions, hash);
  await reaches(EXECUTED);
}

/** An observation as an operator shows it to everybody. */
export interface ShownObservation {
  readonly setId: number;
  readonly slot: number;
  readonly operator: number;
  readonly pricesE8: readonly string[];
  readonly signature: string;
}

interface ShownSlots {
  slots: { setId: number; slot: number; observations: ShownObservation[]; reports: unknown[] }[];
  nextSlot: number | null;
}

/**
 * Stands before an operator's endpoint and passes everything on, until the operator says a second thing about a slot: then
 * it shows both.
 */
export class Equivocator {
  readonly url: string;
  readonly #server: http.Server;
  readonly #endpoint: string;
  #lie: ShownObservation | null = null;
  /** How often it was asked what was signed. */
  asked = 0;

  private constructor(server: http.Server, endpoint: string) {
    this.#server = server;
    this.#endpoint = endpoint;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(endpoint: string): Promise<Equivocator> {
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const one = new Equivocator(server, endpoint);
    server.on("request", (request, response) => {
      one.#pass(request, response).catch(() => response.destroy());
    });
    return one;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The latest observation that the operator has shown as its own. */
  async latest(setId: number, operator: number): Promise<ShownObservation | null> {
    const response = await fetch(`${this.#endpoint}/v1/slots/0`);
    const { slots } = (await response.json()) as ShownSlots;
    const own = slots.flatMap(({ observations }) =>
      observations.filter((one) => one.operator === operator && one.setId === setId),
    );
    return own.at(-1) ?? null;
  }

  /** Shows a second observation of the slot of `truth`, signed with the operator's key file. */
  lie(truth: ShownObservation, keyFile: string, priceFeeds: string): void {
    const { operator, pricesE8, setId, slot } = truth;
    const keys = parseKeys(JSON.parse(readFileSync(keyFile, "utf8")));
    const doubled = pricesE8.map((price) => 2n * BigInt(price));
    const domain = { chainId: 31_337n, priceFeeds };
    const { signature } = signObservation(
      { setId, slot, operator, pricesE8: doubled },
      keys,
      domain,
    );
    this.#lie = { ...{ setId, slot, operator, signature }, pricesE8: doubled.map(String) };
  }

  async #pass(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = await fetch(`${this.#endpoint}${request.url ?? "/"}`, {
      method: request.method ?? "GET",
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
      headers: { "content-type": request.headers["content-type"] ?? "application/json" },
    });
    let text = await answer.text();
    if (request.url?.startsWith("/v1/slots/") === true) {
      this.asked += 1;
      text = this.#withLie(text);
    }
    const type = answer.headers.get("content-type") ?? "application/json";
    response.writeHead(answer.status, { "content-type": type }).end(text);
  }

  #withLie(text: string): string {
    if (this.#lie === null) return text;
    const shown = JSON.parse(text) as ShownSlots;
    const { setId, slot } = this.#lie;
    shown.slots.push({ setId, slot, observations: [this.#lie], reports: [] });
    return JSON.stringify(shown);
  }
}
