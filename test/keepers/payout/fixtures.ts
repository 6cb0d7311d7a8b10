import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { keccak256, toBeHex } from "ethers";

import type { DistributorView, ProposalView, Situation } from "../../../keepers/payout/decide.ts";
import type { Holding, SnapshotBlock } from "../../../keepers/payout/model.ts";
import { programSchema, type Program } from "../../../keepers/payout/program.ts";

/** Published lists lie beside the project, not in it: where they are absent the tests on them are skipped. */
const VECTORS = path.resolve(import.meta.dirname, "../../../../shared/data/merkle");

/** @returns the text of a published file, null where it is absent */
export function readVector(file: string): string | null {
  const found = path.join(VECTORS, file);
  if (existsSync(found)) return readFileSync(found, "utf8");
  console.log(`      skipped: no vectors at ${found}`);
  return null;
}

export const token = `0x${"70".repeat(20)}`;
export const held = `0x${"71".repeat(20)}`;
export const distributor = `0x${"d1".repeat(20)}`;

/** Address number i, in no order of i. */
export const accountOf = (i: number): string => `0x${keccak256(toBeHex(i, 32)).slice(26)}`;

/** A program as its file has it. */
export const programFile: Record<string, unknown> = {
  name: "Rewards",
  token,
  startDay: "2026-11-01",
  epochHour: 6,
  poolPerDay: "1000",
  participants: { source: "transfers", token: held },
  holdings: { token: held },
  rule: { kind: "proRata" },
};

/** A program with some fields changed. */
export function programOf(fields: Record<string, unknown> = {}): Program {
  return programSchema.parse({ ...programFile, ...fields });
}

/** 2026-11-02 06:00 UTC: the end of the first day of `programFile`. */
export const firstEnd = 1_793_599_200;

export const block: SnapshotBlock = {
  number: 500,
  hash: `0x${"b1".repeat(32)}`,
  time: firstEnd - 5,
};

/** A holding of 100 for ten days, minted to it. */
export function holdingOf(i: number, fields: Partial<Holding> = {}): Holding {
  return {
    account: accountOf(i),
    balance: 100n,
    balanceSeconds: 100n * 86_400n,
    firstHeldAt: firstEnd - 10 * 86_400,
    funder: `0x${"0".repeat(40)}`,
    ...fields,
  };
}

/** A reproducible sequence of numbers in [0, 2^32): xorshift. */
export function numbersFrom(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Holders with balances of very different sizes. */
export function holdersFrom(seed: number, count: number): Holding[] {
  const next = numbersFrom(seed);
  return Array.from({ length: count }, (_, i) => {
    const balance = BigInt(next()) ** BigInt((next() % 3) + 1);
    const balanceSeconds = balance * BigInt(next() % 86_401);
    return holdingOf(i, { balance, balanceSeconds });
  });
}

/** The same list in another order. */
export function shuffled<T>(list: readonly T[], seed: number): T[] {
  const next = numbersFrom(seed);
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = next() % (i + 1);
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}

export const rootA = `0x${"aa".repeat(32)}`;
export const rootB = `0x${"bb".repeat(32)}`;

/** A proposal for epoch 1 that is like what was computed. */
export function proposalOf(fields: Partial<ProposalView> = {}): ProposalView {
  return {
    ...{ id: `0x${"01".repeat(32)}`, epoch: 1, state: "proposed" },
    ...{ root: rootA, totals: [{ token, amount: 1_000n }], dataHash: `0x${"da".repeat(32)}` },
    ...{ snapshotBlock: 500, challengeEndsAt: 0, expiresAt: firstEnd + 100_000, approvedBy: [] },
    ...fields,
  };
}

/** The first epoch's day has just ended, and it is computed. */
export function situationOf(
  fields: Partial<Situation> = {},
  chain: Partial<DistributorView> = {},
): Situation {
  return {
    ...{ role: "proposer", approver: null, nowMs: 1_000_000, program: programOf() },
    distributor: {
      ...{ time: firstEnd + 60, activeEpoch: 0, activatedAt: 0, epochSeconds: 0, proposals: [] },
      ...chain,
    },
    computed: {
      ...{ epoch: 1, root: rootA, totals: [{ token, amount: 1_000n }] },
      ...{ snapshotBlock: 500, findings: [] },
    },
    ...{ verdicts: new Map(), steps: [], released: new Set(), maxAttempts: 3 },
    unpublishedSeconds: 600,
    ...fields,
  };
}
