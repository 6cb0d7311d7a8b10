/** Time and memory from a snapshot of 100,000 holders to the root. Measured in a process of its own. */
import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";

import { computeEpoch } from "../../keepers/payout/compute.ts";
import type { Holding } from "../../keepers/payout/model.ts";
import { programSchema } from "../../keepers/payout/program.ts";
import { decodePublication, encodePublication } from "../../keepers/payout/publication.ts";
import type { Row } from "./row.ts";

const HOLDERS = 100_000;
const TARGET_SECONDS = 3;
const TARGET_MB = 1_024;
/** Measured earlier on an idle machine: the tree alone, by @openzeppelin/merkle-tree 1.0.8. */
const OPENZEPPELIN_SECONDS = 8.5;
const ARGUMENT = "--measure";
const ALPHABET = "0123456789abcdef";

interface Figures {
  readonly rootSeconds: number;
  readonly rootMb: number;
  readonly publishSeconds: number;
  readonly verifySeconds: number;
  readonly publicationMb: number;
}

/** Measures in a child process, so that its largest memory is that of this work alone. */
export async function payoutRootBench(): Promise<Row[]> {
  const figures = await measureInChild();
  const row = (name: string, value: number, unit: string, target: number | null): Row => ({
    ...{ name, value, unit, target, peer: null, peerValue: null },
    ok: target === null || value <= target,
  });
  return [
    {
      ...row("payout.root100k.seconds", figures.rootSeconds, "s", TARGET_SECONDS),
      ...{
        peer: "OpenZeppelin merkle-tree, tree alone (reference)",
        peerValue: OPENZEPPELIN_SECONDS,
      },
    },
    row("payout.root100k.mb", figures.rootMb, "MB", TARGET_MB),
    row("payout.publish100k.seconds", figures.publishSeconds, "s", null),
    row("payout.publication100k.mb", figures.publicationMb, "MB", null),
    row("payout.readPublication100k.seconds", figures.verifySeconds, "s", null),
  ];
}

async function measureInChild(): Promise<Figures> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ARGUMENT], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`the measuring process ended with code ${code}`);
  return JSON.parse(text) as Figures;
}

/** Holders with addresses and balances of a fixed sequence. */
function holders(): Holding[] {
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  return Array.from({ length: HOLDERS }, () => {
    const digits = Array.from({ length: 40 }, () => ALPHABET[next() >>> 28]!);
    const balance = BigInt(next()) * 10n ** 12n + BigInt(next());
    return {
      ...{ account: `0x${digits.join("")}`, balance, balanceSeconds: balance * 86_400n },
      ...{ firstHeldAt: 1_700_000_000, funder: `0x${"0".repeat(40)}` },
    };
  });
}

function measure(): Figures {
  const program = programSchema.parse({
    ...{ name: "Benchmark", token: `0x${"70".repeat(20)}`, startDay: "2026-11-01", epochHour: 0 },
    ...{ poolPerDay: String(10n ** 24n), rule: { kind: "timeWeighted" } },
    participants: { source: "transfers", token: `0x${"71".repeat(20)}` },
    holdings: { token: `0x${"71".repeat(20)}` },
    checks: {
      suddenHolder: { maxAgeHours: 24, minShareBps: 500 },
      dustFarming: { maxBalance: "1000", maxAgeHours: 24, minAccounts: 50 },
      commonFunder: { minAccounts: 20, minShareBps: 500 },
      jump: { factor: 10, minAmount: "1000000" },
    },
  });
  const distributor = `0x${"d1".repeat(20)}`;
  const block = { number: 1_000, hash: `0x${"b1".repeat(32)}`, time: 1_800_000_000 };
  const snapshot = { block, holdings: holders() };
  const input = { program, distributor, snapshot, words: null };

  // The first finds a cold process, the second adds to 100,000 rows: the slower counts.
  const started = performance.now();
  const first = computeEpoch({ ...input, epoch: 1, previous: [] });
  const between = performance.now();
  const result = computeEpoch({ ...input, epoch: 2, previous: first.rows });
  const rootSeconds = Math.max(between - started, performance.now() - between) / 1_000;
  const rootMb = process.resourceUsage().maxRSS / 1_024;
  if (result.root === null || result.rows.length !== HOLDERS) throw new Error("not all are paid");

  const writing = performance.now();
  const { bytes, dataHash } = encodePublication({
    ...{ chainId: 31_337, distributor, epoch: 2, program, snapshot: block, words: null },
    previous: { root: first.root!, dataHash: `0x${"00".repeat(32)}` },
    audit: { sequence: 1, head: `0x${"00".repeat(32)}` },
    ...{ root: result.root, totals: result.totals, rows: result.rows },
  });
  const publishSeconds = (performance.now() - writing) / 1_000;
  const reading = performance.now();
  decodePublication(bytes, dataHash);
  const verifySeconds = (performance.now() - reading) / 1_000;
  const publicationMb = bytes.length / 1_000_000;
  return { rootSeconds, rootMb, publishSeconds, verifySeconds, publicationMb };
}

if (process.argv[2] === ARGUMENT) process.stdout.write(JSON.stringify(measure()));
