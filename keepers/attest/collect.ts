import type { Report } from "../shared/report.ts";
import type { ShownObservation, ShownReport, ShownSlots } from "../shared/slots.ts";
import type { ProvingSet } from "./model.ts";

/** What the operators show of a report's slot. */
export interface Collected {
  readonly observations: readonly ShownObservation[];
  /** Reports of the slot with their signatures, as operators hold them. */
  readonly reports: readonly ShownReport[];
  /** Why operators could not be asked, by account. */
  readonly failures: ReadonlyMap<string, string>;
}

/** How operators are asked. */
export interface CollectDeps {
  /** Where an operator listens, null if it says nothing usable. */
  readonly endpoint: (account: string) => Promise<string | null>;
  readonly ask: (endpoint: string, fromSlot: number) => Promise<ShownSlots>;
}

/**
 * Asks all operators of a report's set, at once, what they have seen signed about its slot. One that does not answer is
 * passed over: any of those that took part shows everything.
 */
export async function collect(
  { slot }: Pick<Report, "slot">,
  set: ProvingSet,
  { ask, endpoint }: CollectDeps,
): Promise<Collected> {
  const failures = new Map<string, string>();
  const answers = await Promise.all(
    set.operators.map(async ({ account }) => {
      try {
        const url = await endpoint(account);
        if (url === null) throw new Error("no usable endpoint on chain");
        return [await ask(url, slot)];
      } catch (error) {
        failures.set(account, error instanceof Error ? error.message : String(error));
        return [];
      }
    }),
  );
  const shown = answers.flat();
  const bundles = shown.flatMap(({ reports }) => reports);
  return {
    // What stands under a report comes first: a root is found among it at the first try.
    observations: [
      ...bundles.flatMap(({ observations }) => observations),
      ...shown.flatMap(({ observations }) => observations),
    ].filter((one) => one.slot === slot),
    reports: bundles,
    failures,
  };
}
