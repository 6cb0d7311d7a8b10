import { canonicalJson, hashOf, type Canonical } from "./canonical.ts";

/** One thing that happened, as the audit log keeps it. */
export interface AuditEvent {
  readonly epoch: number;
  readonly kind:
    "proposed" | "approved" | "disputed" | "activation" | "held" | "released" | "mismatch";
  readonly content: Canonical;
}

/** An entry of the log. Each holds the hash of the one before, so that none can be changed or taken out unseen. */
export interface AuditEntry {
  /** 1 for the first, without gaps. */
  readonly sequence: number;
  readonly atMs: number;
  readonly epoch: number;
  readonly kind: string;
  /** Canonical JSON. */
  readonly content: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** Which log: one for each distributor in each database. */
export interface AuditLog {
  readonly chainId: number;
  /** Lower case. */
  readonly distributor: string;
}

/** What a published epoch says of the log: how far it was. */
export interface AuditAnchor {
  readonly epoch: number;
  readonly sequence: number;
  readonly head: string;
}

/** What is wrong with a log, and from which entry on. */
export interface AuditProblem {
  readonly sequence: number;
  readonly problem: string;
}

/** @returns what stands in place of a hash before the first entry */
export function genesisOf({ chainId, distributor }: AuditLog): string {
  return hashOf(`Dodona payout audit v1 ${chainId} ${distributor}`);
}

/** @returns the hash of an entry: keccak256 of its canonical JSON, the hash of the one before included */
export function entryHash(entry: Omit<AuditEntry, "hash">): string {
  const { sequence, atMs, epoch, kind, content, previousHash } = entry;
  return hashOf(canonicalJson({ sequence, atMs, epoch, kind, content, previousHash }));
}

/** @returns the entry that follows */
export function nextEntry(
  head: { readonly sequence: number; readonly head: string },
  event: AuditEvent,
  atMs: number,
): AuditEntry {
  const entry = {
    sequence: head.sequence + 1,
    ...{ atMs, epoch: event.epoch, kind: event.kind },
    content: canonicalJson(event.content),
    previousHash: head.head,
  };
  return { ...entry, hash: entryHash(entry) };
}

/**
 * Checks that a log is whole and unchanged: no gap, every hash right, and every published epoch's anchor on it. Entries
 * after the last anchor are only held together by their own chain: whoever owns the database could rewrite those.
 * @param entries ascending
 * @returns null when nothing is wrong
 */
export function verifyAudit(
  log: AuditLog,
  entries: readonly AuditEntry[],
  anchors: readonly AuditAnchor[],
): AuditProblem | null {
  let previousHash = genesisOf(log);
  const hashes = [previousHash];
  for (const [i, entry] of entries.entries()) {
    const sequence = i + 1;
    if (entry.sequence !== sequence) {
      return { sequence, problem: `entry ${sequence} is missing: the next is ${entry.sequence}` };
    }
    if (entry.previousHash !== previousHash) {
      return { sequence, problem: `entry ${sequence} does not follow the one before` };
    }
    if (entryHash(entry) !== entry.hash) {
      return { sequence, problem: `entry ${sequence} was changed: its hash is another` };
    }
    previousHash = entry.hash;
    hashes.push(entry.hash);
  }
  for (const { epoch, sequence, head } of anchors) {
    const hash = hashes[sequence];
    if (hash === undefined) {
      return {
        sequence,
        problem: `the log ends at ${entries.length}, epoch ${epoch} was published at ${sequence}`,
      };
    }
    if (hash !== head) {
      return {
        sequence,
        problem: `entry ${sequence} is not the one that epoch ${epoch} published`,
      };
    }
  }
  return null;
}
