import { z } from "zod";

import type { ReportBundle, SignedObservation } from "./model.ts";

/*
 * What an operator answers to GET /v1/slots/:fromSlot. Sizes are bounded field by field, besides the limit on the whole
 * answer. What is unknown is passed over: operators may say more one day.
 */

/** Largest answer that is read. Operators stop adding slots at a quarter of it; one slot of 31 operators fits. */
export const ANSWER_LIMIT_BYTES = 1024 * 1024;

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

/** What an operator shows of some slots. */
export interface ShownSlots {
  readonly observations: readonly SignedObservation[];
  readonly reports: readonly ReportBundle[];
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
