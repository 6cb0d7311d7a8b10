import { availableParallelism, homedir } from "node:os";
import path from "node:path";

/** The repository. */
export const projectRoot = path.resolve(import.meta.dirname, "../..");
/** Noir packages and what was built of them. */
export const circuitsFolder = path.join(projectRoot, "circuits");
/** What any machine can build again; not in git. */
export const cacheFolder = path.join(projectRoot, "cache/circuits");

/** Folders that may hold the ceremony's points, best first: CRS_PATH, the proving library's own cache. */
export function ceremonyFolders(): string[] {
  const given = process.env["CRS_PATH"];
  return [...(given === undefined || given === "" ? [] : [given]), path.join(homedir(), ".bb-crs")];
}

/** Threads that a proof may use: circuits of this size gain nothing from more than sixteen. */
export function proverThreads(): number {
  return Math.min(16, availableParallelism());
}

/** Starts wait for each other: they have the environment in common. */
let starts: Promise<unknown> = Promise.resolve();

/**
 * Runs what starts the proving library with this folder of points: the library takes it from the environment alone, and
 * a process that it starts keeps what it was started with.
 */
export function withPointsFolder<T>(folder: string, start: () => Promise<T>): Promise<T> {
  const started = starts.then(() => startWith(folder, start));
  starts = started.catch(() => undefined);
  return started;
}

async function startWith<T>(folder: string, start: () => Promise<T>): Promise<T> {
  const before = process.env["CRS_PATH"];
  process.env["CRS_PATH"] = folder;
  try {
    return await start();
  } finally {
    if (before === undefined) delete process.env["CRS_PATH"];
    else process.env["CRS_PATH"] = before;
  }
}
