/**
 * Time and memory from 100,000 indexed holders to the root, and of a verification from the chain's logs alone. Each is
 * measured in a process of its own, so that its largest memory is that of this work.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";

import { AbiCoder, id } from "ethers";

import { distributorAbi } from "../../keepers/payout/distributor.ts";
import { prepareEpoch, type ActiveEpoch, type EpochDeps } from "../../keepers/payout/epoch.ts";
import { openPublicationFiles } from "../../keepers/payout/files.ts";
import { createIndexSource } from "../../keepers/payout/index-source.ts";
import { createLogSource } from "../../keepers/payout/log-source.ts";
import {
  decodePublication,
  encodePublication,
  type Publication,
} from "../../keepers/payout/publication.ts";
import { verifyEpoch } from "../../keepers/payout/verify.ts";
import { systemClock } from "../../keepers/shared/clock.ts";
import { openDatabase } from "../../keepers/shared/database.ts";
import { createLogger } from "../../keepers/shared/log.ts";
import { openChain, type Chain } from "../../keepers/shared/rpc.ts";
import { chainId, distributor, HOLDERS, program, startBenchChain } from "./payouts-chain.ts";
import type { Row } from "./row.ts";

const TARGET_SECONDS = 3;
const TARGET_MB = 1_024;
const TARGET_VERIFY_SECONDS = 10;
/** Measured earlier on an idle machine: the tree alone, by @openzeppelin/merkle-tree 1.0.8. */
const OPENZEPPELIN_SECONDS = 8.5;

interface Task {
  readonly kind: "root" | "verify";
  readonly rpcUrl: string;
  readonly databaseUrl: string;
  readonly folder: string;
  /** Proposals of the first and second epoch, once they are known. */
  readonly epochs: readonly Proposed[];
}

type Proposed = ActiveEpoch & Pick<Publication, "epoch"> & { total: string; block: number };

interface RootFigures {
  readonly seconds: number;
  readonly mb: number;
  readonly publishSeconds: number;
  readonly readSeconds: number;
  readonly publicationMb: number;
  readonly epochs: readonly Proposed[];
}

interface VerifyFigures {
  readonly seconds: number;
  readonly mb: number;
}

/** Measures all figures of roots. */
export async function payoutRootBench(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "dodona-bench-payouts-"));
  const chain = await startBenchChain();
  try {
    const { rpcUrl, databaseUrl } = chain;
    const task = { rpcUrl, databaseUrl, folder };
    const root = await inChild<RootFigures>({ ...task, kind: "root", epochs: [] });
    const { epochs } = root;
    const verify = await inChild<VerifyFigures>({ ...task, kind: "verify", epochs });
    return rowsOf(root, verify);
  } finally {
    await chain.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowsOf(root: RootFigures, verify: VerifyFigures): Row[] {
  const row = (name: string, value: number, unit: string, target: number | null): Row => ({
    ...{ name, value, unit, target, peer: null, peerValue: null },
    ok: target === null || value <= target,
  });
  return [
    {
      ...row("payout.root100k.seconds", root.seconds, "s", TARGET_SECONDS),
      ...{
        peer: "OpenZeppelin merkle-tree, tree alone (reference)",
        peerValue: OPENZEPPELIN_SECONDS,
      },
    },
    row("payout.root100k.mb", root.mb, "MB", TARGET_MB),
    row("payout.verify.seconds", verify.seconds, "s", TARGET_VERIFY_SECONDS),
    row("payout.verify.mb", verify.mb, "MB", null),
    row("payout.publish100k.seconds", root.publishSeconds, "s", null),
    row("payout.publication100k.mb", root.publicationMb, "MB", null),
    row("payout.readPublication100k.seconds", root.readSeconds, "s", null),
  ];
}

async function inChild<Figures>(task: Task): Promise<Figures> {
  const file = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [file, JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`the measuring process ended with code ${code}`);
  return JSON.parse(text) as Figures;
}

const megabytes = (): number => process.resourceUsage().maxRSS / 1_024;
const since = (ms: number): number => (performance.now() - ms) / 1_000;

function depsOf(chain: Chain, folder: string): Omit<EpochDeps, "source"> {
  const files = openPublicationFiles(folder);
  // No contract answers balanceOf here: what is compared with it is a sample of fixed size.
  return { chain, files, program, chainId, distributor, confirmations: 1, checkSize: null };
}

/** From the index's rows to the root of the first epoch, and of the second, which adds to 100,000 rows. */
async function measureRoot({ rpcUrl, databaseUrl, folder }: Task): Promise<RootFigures> {
  const log = createLogger({ name: "bench", level: "silent" });
  const db = openDatabase(databaseUrl, log);
  const chain = openChain({ chainId, rpcUrls: [rpcUrl], log });
  await chain.check();
  const source = createIndexSource({ chain, db, chainId });
  const deps = { ...depsOf(chain, folder), source };
  const epochs: Proposed[] = [];
  const figures = { seconds: 0, mb: 0, publishSeconds: 0, readSeconds: 0, publicationMb: 0 };
  for (const epoch of [1, 2]) {
    const computing = performance.now();
    const { content } = await prepareEpoch(deps, epoch, epochs.at(-1) ?? null);
    figures.seconds = Math.max(figures.seconds, since(computing));
    figures.mb = megabytes();
    if (content?.rows.length !== HOLDERS) throw new Error("not all are paid");
    const writing = performance.now();
    const audit = { sequence: 1, head: `0x${"00".repeat(32)}` };
    const { bytes, dataHash } = encodePublication({ ...content, audit });
    figures.publishSeconds = since(writing);
    await deps.files.write(bytes, dataHash);
    const reading = performance.now();
    decodePublication(bytes, dataHash);
    figures.readSeconds = since(reading);
    figures.publicationMb = bytes.length / 1_000_000;
    const { root, totals, snapshot } = content;
    const total = String(totals[0]!.amount);
    epochs.push({ epoch, root, dataHash, total, block: snapshot.number });
  }
  chain.close();
  await db.close();
  return { ...figures, epochs };
}

/** The second epoch from the chain's logs, as somebody does who has nothing but the published files. */
async function measureVerify({ rpcUrl, folder, epochs }: Task): Promise<VerifyFigures> {
  const log = createLogger({ name: "bench", level: "silent" });
  const node = openChain({ chainId, rpcUrls: [rpcUrl], log, timeoutMs: 60_000 });
  await node.check();
  const chain = withProposals(node, epochs);
  const deps = depsOf(chain, folder);
  const started = performance.now();
  const result = await verifyEpoch(
    { ...deps, source: createLogSource(chain), startBlock: 0, clock: systemClock },
    2,
  );
  const figures = { seconds: since(started), mb: megabytes() };
  node.close();
  if (!result.isEqual || result.problems.length > 0 || result.recipients !== HOLDERS) {
    throw new Error(`not verified: ${result.problems.join("; ")}`);
  }
  return figures;
}

/** The chain with a distributor on which these epochs were proposed, the first of them activated. */
function withProposals(node: Chain, epochs: readonly Proposed[]): Chain {
  const send: Chain["send"] = async (method, params) => {
    const [call] = params as [{ address?: string; topics?: string[]; to?: string; data?: string }];
    if (method === "eth_call" && call.to === distributor) {
      const isFirst = call.data!.includes(id("1").slice(2));
      return AbiCoder.defaultAbiCoder().encode(["uint8"], [isFirst ? 4 : 1]);
    }
    if (method !== "eth_getLogs" || call.address !== distributor) {
      return await node.send(method, params);
    }
    return epochs
      .filter(({ epoch }) => BigInt(call.topics![2]!) === BigInt(epoch))
      .map(({ epoch, root, dataHash, total, block }) => ({
        ...{ blockNumber: "0x1", logIndex: "0x0", address: distributor },
        ...distributorAbi.encodeEventLog("EpochProposed", [
          ...[id(String(epoch)), epoch, distributor, 1, root, [[program.token, total]]],
          ...[dataHash, "", block],
        ]),
      }));
  };
  return { ...node, send };
}

const [, , argument] = process.argv;
if (process.argv[1] === fileURLToPath(import.meta.url) && argument !== undefined) {
  const task = JSON.parse(argument) as Task;
  const figures = task.kind === "root" ? await measureRoot(task) : await measureVerify(task);
  process.stdout.write(JSON.stringify(figures));
}
