import { z } from "zod";

import type { Attestation, Prepared } from "../../keepers/attest/attest.ts";
import { TaskError } from "../shared/error.ts";

const hex = z.string().regex(/^0x([0-9a-fA-F]{2})*$/, "must be bytes: 0x and hex digits");
const word = z.string().regex(/^0x[0-9a-fA-F]{64}$/, "must be 32 bytes");

/** A proof with the words that its verifier takes beside it. */
const proof = z.object({ publicInputs: z.array(word), proof: hex });

const fileSchema = z.discriminatedUnion("circuit", [
  z.object({
    circuit: z.literal("price_batch"),
    chainId: z.int(),
    setId: z.int(),
    slot: z.int(),
    report: hex,
    prices: z.array(z.object({ feed: z.string(), answer: z.string(), values: z.int() })),
    proofs: z.array(proof.extend({ chunk: z.int() })),
  }),
  z.object({
    circuit: z.literal("performance"),
    chainId: z.int(),
    account: z.string(),
    instrument: z.string(),
    periods: z.array(
      proof.extend({
        index: z.int(),
        start: z.int(),
        end: z.int(),
        count: z.int(),
        profitBps: z.string(),
        wins: z.int(),
        closes: z.int(),
        drawdownBps: z.int(),
        capital: z.string(),
        signature: hex,
      }),
    ),
  }),
]);

/** What `proofs attest --out` and `proofs performance --out` write. */
export type ProofFile = z.infer<typeof fileSchema>;

/**
 * Reads a proof's file.
 *
 * @throws {TaskError} that says what is wrong with it.
 */
export function parseProofFile(json: unknown, name: string): ProofFile {
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new TaskError(
    `${name} is no proof: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`,
  );
}

/** A file as text. */
export function encodeProofFile(file: ProofFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** The file of a proved report. */
export function encodeAttestationFile(
  chainId: number,
  { signed }: Prepared,
  { call, proofs, report, set }: Attestation,
): string {
  const [, , , chunks] = call;
  return encodeProofFile({
    circuit: "price_batch",
    ...{ chainId, setId: report.setId, slot: report.slot, report: signed.bytes },
    prices: report.entries.map(({ answerE8, count, feed }) => ({
      ...{ feed: set.feeds[feed] ?? "", answer: answerE8.toString(), values: count },
    })),
    proofs: proofs.proofs.map(({ proof: bytes, publicInputs }, index) => ({
      ...{ chunk: chunks[index]!.chunk, publicInputs: [...publicInputs], proof: bytes },
    })),
  });
}
