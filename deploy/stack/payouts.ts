import { z } from "zod";

import { answers } from "./api.ts";
import { payoutKeepers } from "./layout.ts";
import type { Stack } from "./stack.ts";

const amount = z.string().transform(BigInt);

const payoutsSchema = z.object({
  activeEpoch: z.number(),
  approvers: z.object({ threshold: z.number(), accounts: z.array(z.string()) }).nullable(),
  tokens: z.array(
    z.object({
      token: z.string(),
      paid: amount,
      owed: amount,
      free: amount,
      fundingDays: z.number().nullable(),
    }),
  ),
  epochs: z.array(
    z.object({
      epoch: z.number(),
      proposal: z.string(),
      totals: z.array(z.object({ token: z.string(), added: amount })),
    }),
  ),
});

const epochSchema = z.object({
  proposals: z.array(
    z.object({
      id: z.string(),
      epoch: z.number(),
      state: z.string(),
      approvedBy: z.array(z.object({ approver: z.string() })),
    }),
  ),
});

/** Payouts as the API's `/payouts` shows them: epochs newest first, amounts in a token's smallest unit. */
export type ApiPayouts = z.output<typeof payoutsSchema>;
/** A proposal as the API's `/payouts/:epoch` shows it. */
export type ApiProposal = z.output<typeof epochSchema>["proposals"][number];

/** What a payout keeper says of itself. */
export interface KeeperStatus {
  readonly name: string;
  readonly healthy: boolean;
  /** What it waits for, or what is wrong; null when there is neither. */
  readonly waiting: string | null;
}

const timeoutMs = 3_000;
const keeperSchema = z.object({
  ok: z.boolean(),
  waiting: z.string().nullable(),
  error: z.string().nullable(),
});

async function readJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.json();
}

/** The newest epochs and all tokens, from the index. */
export async function readPayouts(apiUrl: string, epochs: number): Promise<ApiPayouts> {
  return payoutsSchema.parse(await readJson(`${apiUrl}/payouts?limit=${epochs}`));
}

/** An epoch's proposals in the order of the chain, from the index; none where it was never proposed. */
export async function readProposals(apiUrl: string, epoch: number): Promise<ApiProposal[]> {
  const response = await fetch(`${apiUrl}/payouts/${epoch}`, {
    signal: AbortSignal.timeout(timeoutMs),
  });
  return response.ok ? epochSchema.parse(await response.json()).proposals : [];
}

/** What every payout keeper says of itself. */
export async function readKeepers({ ports }: Stack): Promise<KeeperStatus[]> {
  return Promise.all(
    payoutKeepers.map(async (name, index): Promise<KeeperStatus> => {
      const url = `http://127.0.0.1:${ports.payoutMetrics[index]}/health`;
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
        const { error, ok, waiting } = keeperSchema.parse(await response.json());
        return { name, healthy: ok && response.ok, waiting: error ?? waiting };
      } catch {
        return { name, healthy: false, waiting: "does not answer" };
      }
    }),
  );
}

/** Whether the index is up to date and serves payouts. */
export async function isIndexReady(apiUrl: string): Promise<boolean> {
  const [ready, payouts] = await Promise.all([
    answers(`${apiUrl}/ready`).catch(() => false),
    readPayouts(apiUrl, 1).catch(() => null),
  ]);
  return ready && payouts !== null && payouts.tokens.length > 0;
}
