import { z } from "zod";

import { readBounded } from "./bounded.ts";

/*
 * What an operator answers to GET /v1/slots/:fromSlot, to anybody who asks. Sizes are bounded field by field, besides the
 * limit on the whole answer. What is unknown is passed over: operators may say more one day.
 */

/** Largest answer that is read. Operators stop adding slots at a quarter of it; one slot of 31 operators fits. */
export const ANSWER_LIMIT_BYTES = 1024 * 1024;

const PATH = "/v1/slots";

const uint32 = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const word = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform(BigInt);

const observation = z.object({
  setId: uint32,
  slot: uint32,
  operator: z.int().min(0).max(30),
  pricesE8: z
    .array(
      z
        .string()
        .regex(/^(0|[1-9][0-9]{0,28})$/)
        .transform(BigInt),
    )
    .min(1)
    .max(255),
  signature: z.string().regex(/^0x[0-9a-f]{130}$/),
  // What is no proof is none: the rest is what it is all the same.
  proof: z.object({ s: word, e: word }).optional().catch(undefined),
});

const slotRecord = z.object({
  setId: uint32,
  slot: uint32,
  observations: z.array(observation).max(512),
  reports: z
    .array(
      z.object({
        report: z
          .string()
          .max(2 + 2 * (44 + 14 * 255))
          .regex(/^0x(?:[0-9a-f]{2})+$/),
        signature: z.object({
          s: word,
          commitment: z.string().regex(/^0x[0-9a-f]{40}$/),
          zInverse: word,
        }),
        observations: z.array(z.int().min(0).max(511)).max(31),
      }),
    )
    .max(16),
});

const answerSchema = z.object({
  slots: z.array(slotRecord).max(10_000),
  nextSlot: uint32.nullable(),
});

/** An operator's observation of a slot with its signatures, as it came: nothing of it is verified. */
export interface ShownObservation {
  readonly setId: number;
  /** Unix seconds. */
  readonly slot: number;
  /** Index in the set. */
  readonly operator: number;
  /** By feed index of the set, 8 decimals; 0 is "no price". */
  readonly pricesE8: readonly bigint[];
  /** ECDSA over the EIP-712 message, 65 bytes in hex. */
  readonly signature: string;
  /** Schnorr on grumpkin over the digest. */
  readonly proof?: { readonly s: bigint; readonly e: bigint } | undefined;
}

/** A multisigned report as it came, with the observations that it names. */
export interface ShownReport {
  /** Packed bytes in hex. */
  readonly report: string;
  readonly signature: {
    readonly s: bigint;
    readonly commitment: string;
    readonly zInverse: bigint;
  };
  /** In the root's order; empty when the operator that was asked did not see them. */
  readonly observations: readonly ShownObservation[];
}

/** What an operator shows of some slots. */
export interface ShownSlots {
  readonly observations: readonly ShownObservation[];
  readonly reports: readonly ShownReport[];
  /** Latest slot of the answer, null if it has none. */
  readonly lastSlot: number | null;
  /** Where to go on, null if that was all. */
  readonly nextSlot: number | null;
}

/**
 * Reads an answer.
 * @throws Error that says what is not the protocol's.
 */
export function parseSlots(json: unknown): ShownSlots {
  const parsed = answerSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not the protocol's"}`);
  }
  const { slots, nextSlot } = parsed.data;
  return {
    observations: slots.flatMap(({ observations }) => observations),
    reports: slots.flatMap(({ observations, reports }) =>
      reports.map(({ report, signature, observations: positions }) => {
        const chosen = positions.flatMap((position) => observations[position] ?? []);
        return {
          report,
          signature,
          observations: chosen.length === positions.length ? chosen : [],
        };
      }),
    ),
    lastSlot: slots.reduce<number | null>((last, { slot }) => Math.max(last ?? 0, slot), null),
    nextSlot,
  };
}

/**
 * Asks an operator what it has seen signed about slots from one on. Bounded in time and size.
 * @param endpoint As the operator registered it.
 * @throws Error that says what went wrong.
 */
export async function askSlots(
  endpoint: string,
  fromSlot: number,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<ShownSlots> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const response = await fetch(`${endpoint.replace(/\/+$/, "")}${PATH}/${fromSlot}`, {
    redirect: "error",
    signal: AbortSignal.any([timeout, options.signal]),
  });
  const text = (await readBounded(response, ANSWER_LIMIT_BYTES)).toString("utf8");
  if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error("answer is not JSON");
  }
  return parseSlots(json);
}
