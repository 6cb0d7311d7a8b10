import type { PriceBatchStatement } from "../../circuits/model/price-batch.ts";
import {
  CHUNK_FEEDS,
  MAX_CHUNKS,
  MAX_INCLUDED,
  priceBatch,
} from "../../circuits/model/price-batch.ts";
import { digestOf, type Domain } from "../shared/observation.ts";
import type { Report } from "../shared/report.ts";
import type { ShownObservation } from "../shared/slots.ts";
import type { ProvableObservation, ProvingSet } from "./model.ts";
import { isProvable, rootOf } from "./observation.ts";

/** The observations under a report's root, or why they are not known. */
export type Included =
  | { readonly kind: "found"; readonly observations: readonly ProvableObservation[] }
  | { readonly kind: "missing"; readonly reason: string };

/** Combinations that are tried where no operator says which observations a root is over. */
const MAX_TRIES = 5_000;

interface Leaf {
  readonly operator: number;
  readonly digest: bigint;
  readonly observation: ProvableObservation;
}

/**
 * Finds the observations under a report's root among those that operators show. Nothing that they say is believed: an
 * observation counts if its operator's key signed it, and a choice of them if its hash is the root. An operator that signed
 * several for the slot counts with each.
 */
export function includedUnder(
  report: Report,
  shown: readonly ShownObservation[],
  set: ProvingSet,
  domain: Domain,
): Included {
  const leaves = verifiedLeaves(report, shown, set, domain);
  const operators = new Set(leaves.map(({ operator }) => operator));
  if (operators.size < set.quorum) {
    const reason = `operators show ${operators.size} observations of slot ${report.slot}, below the quorum of ${set.quorum}`;
    return { kind: "missing", reason };
  }
  let tries = 0;
  for (const choice of choices(leaves, set.quorum)) {
    if (rootOf(choice) === report.root) {
      return { kind: "found", observations: choice.map(({ observation }) => observation) };
    }
    if (++tries === MAX_TRIES) break;
  }
  const known = `the ${leaves.length} that operators show`;
  return { kind: "missing", reason: `an observation under the root is not among ${known}` };
}

/** A proof's inputs for each chunk of ten feeds that the report carries. */
export function statementsOf(
  report: Report,
  observations: readonly ProvableObservation[],
  set: ProvingSet,
  domain: Domain,
): ChunkStatement[] {
  const chunks = new Set(report.entries.map(({ feed }) => Math.floor(feed / CHUNK_FEEDS)));
  return [...chunks].map((chunk) => ({
    chunk,
    statement: priceBatch({
      ...{ chainId: BigInt(domain.chainId), priceFeeds: domain.priceFeeds },
      ...{ setId: report.setId, slot: report.slot, quorum: set.quorum, chunk },
      observations: observations.map((one) => ({
        ...one,
        key: set.operators[one.operator]!.key,
      })),
      stated: report.entries.map(({ feed }) => feed),
    }),
  }));
}

/** What is proved of a chunk. */
export interface ChunkStatement {
  readonly chunk: number;
  readonly statement: PriceBatchStatement;
}

/** Why no proof can be made of a report over so many observations, null if one can. */
export function unprovable(included: number, set: ProvingSet): string | null {
  if (included > MAX_INCLUDED) {
    return `its root is over ${included} observations, and a proof takes ${MAX_INCLUDED}`;
  }
  if (set.feeds.length > MAX_CHUNKS * CHUNK_FEEDS) {
    return `its set has ${set.feeds.length} feeds, and a proof takes ${MAX_CHUNKS * CHUNK_FEEDS}`;
  }
  return null;
}

function verifiedLeaves(
  { setId, slot }: Report,
  shown: readonly ShownObservation[],
  set: ProvingSet,
  domain: Domain,
): Leaf[] {
  const leaves = new Map<string, Leaf>();
  for (const one of shown) {
    const operator = set.operators[one.operator];
    const { pricesE8, proof } = one;
    if (one.setId !== setId || one.slot !== slot || operator === undefined) continue;
    if (proof === undefined || pricesE8.length !== set.feeds.length) continue;
    const digest = digestOf(one, domain);
    const name = `${one.operator}:${digest}`;
    const observation = { operator: one.operator, pricesE8, proof };
    if (!leaves.has(name) && isProvable(observation, operator, digest)) {
      leaves.set(name, { operator: one.operator, digest, observation });
    }
  }
  return [...leaves.values()].toSorted((a, b) => a.operator - b.operator);
}

/** Choices of at most one leaf an operator, the largest first: a leader includes what it has, and most answer in time. */
function* choices(leaves: readonly Leaf[], quorum: number): Generator<Leaf[]> {
  const groups = [...Map.groupBy(leaves, ({ operator }) => operator).values()];
  for (let size = groups.length; size >= quorum; size--) yield* chosen(groups, size);
}

function* chosen(groups: readonly Leaf[][], size: number): Generator<Leaf[]> {
  const [first, ...rest] = groups;
  if (size === 0) yield [];
  if (size === 0 || first === undefined || groups.length < size) return;
  for (const leaf of first) for (const others of chosen(rest, size - 1)) yield [leaf, ...others];
  yield* chosen(rest, size);
}
