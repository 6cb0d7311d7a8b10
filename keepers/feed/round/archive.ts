import { toHex } from "../signing/bytes.ts";
import type { SignedObservation } from "../signing/observation.ts";
import type { SignedReport } from "./inflight.ts";

/** A report of a slot with what it stands on. */
export interface ArchivedReport {
  readonly signed: SignedReport;
  /** The observations under its root, in the root's order; empty if this operator did not see them. */
  readonly observations: readonly SignedObservation[];
}

/** Everything that an operator has seen signed about one slot. */
export interface SlotRecord {
  readonly setId: number;
  readonly slot: number;
  /** Verified ones, also two that contradict each other. */
  readonly observations: readonly SignedObservation[];
  readonly reports: readonly ArchivedReport[];
}

/** What an operator has seen of the last slots and shows to everybody, so that anyone can prove who lied. */
export interface Archive {
  /** Notes a verified observation. */
  observed(signed: SignedObservation): void;
  /** Notes what a report was composed of. Its multisignature may come later, or never. */
  composed(report: Uint8Array, observations: readonly SignedObservation[]): void;
  /** Notes a report with its verified multisignature. */
  reported(signed: SignedReport): void;
  /** Records of slots from this one on, oldest first. */
  since(slot: number): SlotRecord[];
}

/** Ten minutes of rounds: who collects evidence asks every second. */
const KEPT_RECORDS = 600;
/** Two different observations of an operator prove that it lied; more of them prove nothing more. */
const KEPT_OF_OPERATOR = 2;
/** A leader restarts its round a few times. */
const KEPT_COMPOSITIONS = 8;

interface Record {
  readonly setId: number;
  readonly slot: number;
  readonly observations: SignedObservation[];
  readonly compositions: Map<string, readonly SignedObservation[]>;
  readonly reports: Map<string, SignedReport>;
}

/** Creates an empty archive with a bounded memory. */
export function createArchive(): Archive {
  const records = new Map<string, Record>();

  function recordOf(setId: number, slot: number): Record {
    const key = `${setId}:${slot}`;
    const known = records.get(key);
    if (known !== undefined) return known;
    const record: Record = {
      ...{ setId, slot, observations: [] },
      ...{ compositions: new Map(), reports: new Map() },
    };
    records.set(key, record);
    const [oldest] = records.keys();
    if (records.size > KEPT_RECORDS && oldest !== undefined) records.delete(oldest);
    return record;
  }

  function observed(signed: SignedObservation): void {
    const { observations } = recordOf(signed.setId, signed.slot);
    const ofOperator = observations.filter(({ operator }) => operator === signed.operator);
    const isKnown = ofOperator.some((other) => isSame(other, signed));
    if (!isKnown && ofOperator.length < KEPT_OF_OPERATOR) observations.push(signed);
  }

  return {
    observed,

    composed(report, observations) {
      const [first] = observations;
      if (first === undefined) return;
      observations.forEach(observed);
      const { compositions } = recordOf(first.setId, first.slot);
      const ordered = observations.toSorted((a, b) => a.operator - b.operator);
      if (compositions.size < KEPT_COMPOSITIONS) compositions.set(toHex(report), ordered);
    },

    reported(signed) {
      const { reports } = recordOf(signed.report.setId, signed.report.slot);
      if (reports.size < KEPT_COMPOSITIONS) reports.set(toHex(signed.bytes), signed);
    },

    since: (slot) =>
      [...records.values()]
        .filter((record) => record.slot >= slot)
        .toSorted((a, b) => a.slot - b.slot || a.setId - b.setId)
        .map((record) => ({
          setId: record.setId,
          slot: record.slot,
          observations: [...record.observations],
          reports: [...record.reports].map(([bytes, signed]) => ({
            signed,
            observations: record.compositions.get(bytes) ?? [],
          })),
        })),
  };
}

function isSame(a: SignedObservation, b: SignedObservation): boolean {
  return (
    a.pricesE8.length === b.pricesE8.length &&
    a.pricesE8.every((price, feedIndex) => price === b.pricesE8[feedIndex])
  );
}
