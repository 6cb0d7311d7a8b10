import { z } from "zod";

const feedSchema = z.object({
  id: z.string(),
  answer: z.string().nullable(),
  updatedAt: z.number().nullable(),
  round: z.number(),
  status: z.string(),
  signers: z.array(z.string()),
  heartbeat: z.number(),
  deviationBps: z.number(),
  gasUsed: z.number().nullable(),
  source: z.string().nullable(),
  reason: z.string().nullable(),
});

/** One feed as the API's `/feeds` shows it; the answer is an integer with 8 decimals, times are unix seconds. */
export type ApiFeed = z.infer<typeof feedSchema>;

/** Every feed, from the index. */
export async function readFeeds(apiUrl: string): Promise<ApiFeed[]> {
  const response = await fetch(`${apiUrl}/feeds`, { signal: AbortSignal.timeout(3_000) });
  if (!response.ok) throw new Error(`${apiUrl}/feeds answered ${response.status}`);
  const body: unknown = await response.json();
  return z.array(feedSchema).parse(Array.isArray(body) ? body : (body as { feeds: unknown }).feeds);
}

const randomnessSchema = z.object({
  coordinator: z.string().nullable(),
  requests: z.object({ pending: z.number(), fulfilled: z.number(), refunded: z.number() }),
});

/** How many requests for random words stand where, as the API's `/vrf` shows it. */
export type ApiRandomness = z.infer<typeof randomnessSchema>;

/** The state of randomness, from the index. */
export async function readRandomness(apiUrl: string): Promise<ApiRandomness> {
  const response = await fetch(`${apiUrl}/vrf`, { signal: AbortSignal.timeout(3_000) });
  if (!response.ok) throw new Error(`${apiUrl}/vrf answered ${response.status}`);
  return randomnessSchema.parse(await response.json());
}

const attestationsSchema = z.object({
  priceAttestations: z.string().nullable(),
  reports: z.number(),
  latest: z.object({ slot: z.number(), feeds: z.array(z.string()) }).nullable(),
});

/** How many reports were attested and which the latest is of, as the API's `/attestations` shows it. */
export type ApiAttestations = z.infer<typeof attestationsSchema>;

/** The state of attestations, from the index. */
export async function readAttestations(apiUrl: string): Promise<ApiAttestations> {
  const response = await fetch(`${apiUrl}/attestations?limit=1`, {
    signal: AbortSignal.timeout(3_000),
  });
  if (!response.ok) throw new Error(`${apiUrl}/attestations answered ${response.status}`);
  return attestationsSchema.parse(await response.json());
}

/** True when an HTTP address answers 200. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  return response.ok;
}

/** True when an HTTP address answers at all: the process is up, whatever it says of itself. */
export async function responds(url: string): Promise<boolean> {
  await fetch(url, { signal: AbortSignal.timeout(2_000) });
  return true;
}
