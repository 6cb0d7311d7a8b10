import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { Verification } from "../../keepers/vrf/verify.ts";
import { verifyRequest } from "../../keepers/vrf/verify.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatFields } from "../shared/format.ts";
import { openToRead } from "../shared/open.ts";
import { chainOf, randomnessOf, requestIdOf, unknownRequest } from "./open.ts";

/**
 * Checks a request's proof and words again, off chain and from public data alone.
 *
 * @throws {TaskError} when a check fails, after all of them were printed.
 */
export async function verifyWords(
  { id: given, json }: { id: string; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToRead(hre, settings);
  const randomness = await randomnessOf(hre, opened);
  const { coordinate, fromBlock } = randomness;
  const id = await requestIdOf(given, randomness);
  const chain = await chainOf(opened);
  try {
    const verification = await verifyRequest(chain, coordinate, id, { fromBlock });
    if (verification.request === null) throw await unknownRequest(id, randomness);
    if (json) printJson({ id, ...verification });
    else verificationLines(verification).forEach(print);
    const failed = verification.checks.filter(({ ok }) => !ok);
    if (failed.length > 0) {
      const which = failed.map(({ detail, name }) => `${name} (${detail})`).join(", ");
      throw new TaskError(`Request ${id} does not verify: ${which}.`);
    }
    if (!json) print(`Request ${id} verifies: its words follow from its key, block and id alone.`);
  } finally {
    chain.close();
  }
}

/** Lines that show checks, proof and words. */
export function verificationLines({ checks, fulfilment }: Verification): string[] {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return [
    ...checks.map(({ detail, name, ok }) =>
      `${ok ? "✓" : "✗"} ${name.padEnd(width)}  ${detail}`.trimEnd(),
    ),
    ...(fulfilment === null ? [] : proofLines(fulfilment)),
  ];
}

/** Lines with what was proved, the proof, its output and the words. */
export function proofLines(fulfilment: NonNullable<Verification["fulfilment"]>): string[] {
  const { alpha, output, pi, words } = fulfilment;
  return formatFields([
    ["Alpha", alpha],
    ["Proof", pi ?? "none"],
    ["Output", output ?? "none"],
    ...words.map((word, i) => [`Word ${i}`, word.toString()] as const),
  ]);
}
