import fs from "node:fs";
import path from "node:path";

import { BackendType, Barretenberg, Crs } from "@aztec/bb.js";

import { readIfThere, sha256, writeWhole } from "./cache.ts";
import { cacheFolder, ceremonyFolders } from "./config.ts";
import type { Points } from "./development-points.ts";
import { developmentPoints } from "./development-points.ts";

/** A structured reference string, in a folder that the proving library may write a lock to. */
export interface Srs {
  readonly kind: "ceremony" | "development";
  /** SHA-256 of its points: keys and verifiers belong to one. */
  readonly id: string;
  readonly folder: string;
  /** τ·G2 as the file holds it: x0, x1, y0, y1. */
  readonly g2: Uint8Array;
}

/** Points of a circuit of 2^15 gates, and one more for the library's blinding. */
export const POINTS = 32_769;
const G1_BYTES = 64 * POINTS;

/**
 * The first points of the ceremony that the proving library uses (Ignition, 176 participants), whose τ·G2 it also writes
 * into every verifier.
 */
const CEREMONY = {
  g1: "d769ac6c98f8fab858a7e9967f2b7f181d8ad9fdcdf55438c915696febf0e99c",
  g2: "01797bfc4de5a96f0e516a9ea4537d18786dc30cb991aca4274c95822b69c32f",
} as const;

/** `id` of the development points, so that a broken file is noticed. */
const DEVELOPMENT_ID = "c29b2bfe7a8cb14ac9848a6949cf89f2aecd206a5ce0909fea2245b9d45d6c21";

/** Chains that live on one machine: nothing is at stake there. */
const LOCAL_CHAIN_IDS: readonly bigint[] = [31_337n, 1_337n];
const DOWNLOAD_TIMEOUT_MS = 120_000;

/**
 * The points to work with on a chain: the ceremony's, downloaded if need be; on a local chain the ceremony's only if they
 * are on this machine, else development points.
 * @throws if a public chain cannot have the ceremony's.
 */
export async function srsFor(chainId: bigint): Promise<Srs> {
  if (LOCAL_CHAIN_IDS.includes(chainId)) return storedCeremonySrs() ?? developmentSrs(chainId);
  return ceremonySrs();
}

/**
 * The ceremony's points if this machine has them, else null.
 * @param more Folders that may hold them, besides the usual ones.
 */
export function storedCeremonySrs(more: readonly string[] = []): Srs | null {
  for (const folder of [pointsFolder("ceremony"), ...ceremonyFolders(), ...more]) {
    const points = readPoints(folder);
    if (points !== null && isCeremony(points)) return store("ceremony", points);
  }
  return null;
}

/**
 * The ceremony's points, from this machine or through the proving library's own download.
 * @throws if they are not here and cannot be had, or what came is something else.
 */
export async function ceremonySrs(): Promise<Srs> {
  const stored = storedCeremonySrs();
  if (stored !== null) return stored;
  const points = await download().catch((error: unknown) => {
    throw new Error(
      "the ceremony's points are not on this machine and could not be downloaded: put bn254_g1.dat and bn254_g2.dat " +
        "into a folder and name it in CRS_PATH",
      { cause: error },
    );
  });
  if (!isCeremony(points)) throw new Error("what was downloaded are not the ceremony's points");
  return store("ceremony", points);
}

/**
 * Points of a known τ, computed once and kept.
 * @throws on any chain but a local one: proofs made with these prove nothing.
 */
export function developmentSrs(chainId: bigint): Srs {
  if (!LOCAL_CHAIN_IDS.includes(chainId)) {
    throw new Error(`development points are for chain ids ${LOCAL_CHAIN_IDS.join(", ")} only`);
  }
  const known = readPoints(pointsFolder("development"));
  const isWhole = known !== null && idOf(known) === DEVELOPMENT_ID;
  return store("development", isWhole ? known : developmentPoints(POINTS));
}

/** The first points of a folder of the library's files, null if there are too few. */
function readPoints(folder: string): Points | null {
  const g1 = readStart(path.join(folder, "bn254_g1.dat"), G1_BYTES);
  const g2 = readStart(path.join(folder, "bn254_g2.dat"), 128);
  return g1 === null || g2 === null ? null : { g1, g2 };
}

/** The first bytes of a file that may be gigabytes long, null if it is shorter or not there. */
function readStart(file: string, bytes: number): Uint8Array | null {
  if (!fs.existsSync(file)) return null;
  const handle = fs.openSync(file, "r");
  try {
    const start = new Uint8Array(bytes);
    return fs.readSync(handle, start, 0, bytes, 0) === bytes ? start : null;
  } finally {
    fs.closeSync(handle);
  }
}

function isCeremony({ g1, g2 }: Points): boolean {
  return sha256(g1) === CEREMONY.g1 && sha256(g2) === CEREMONY.g2;
}

function pointsFolder(kind: Srs["kind"]): string {
  return path.join(cacheFolder, "points", kind);
}

/** Keeps points where the library can use them: exactly the bytes that were checked, in a folder of our own. */
function store(kind: Srs["kind"], { g1, g2 }: Points): Srs {
  const folder = pointsFolder(kind);
  for (const [name, bytes] of [
    ["bn254_g1.dat", g1],
    ["bn254_g2.dat", g2],
  ] as const) {
    const file = path.join(folder, name);
    if (readIfThere(file)?.equals(bytes) !== true) writeWhole(file, bytes);
  }
  return { kind, id: idOf({ g1, g2 }), folder, g2 };
}

function idOf({ g1, g2 }: Points): string {
  return sha256(g1, g2);
}

/** The library downloads points in half the bytes, and its backend unpacks them. */
async function download(): Promise<Points> {
  const folder = path.join(cacheFolder, "points", `download-${process.pid}`);
  try {
    const crs = await within(DOWNLOAD_TIMEOUT_MS, Crs.new(POINTS, folder));
    const packed = { pointsBuf: crs.getG1Data(), numPoints: POINTS, g2Point: crs.getG2Data() };
    const library = await Barretenberg.new({
      backend: BackendType.NativeUnixSocket,
      skipSrsInit: true,
    });
    try {
      const { pointsBuf } = await library.srsInitSrs(packed);
      return { g1: pointsBuf.slice(0, G1_BYTES), g2: Uint8Array.from(packed.g2Point) };
    } finally {
      await library.destroy();
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
