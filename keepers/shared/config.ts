import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { logLevels } from "./log.ts";

/** A mistake in configuration; the message names file and path and says what to do. Never worth a retry. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** EVM address in any letter case; the parsed value is lower case. */
export const addressSchema = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, "must be an address: 0x and 40 hex digits")
  .transform((address) => address.toLowerCase());

/** RPC endpoints of one chain, the preferred first. */
export const rpcUrlsSchema = z
  .array(z.url({ protocol: /^https?$/, error: "must be an http or https URL" }))
  .min(1, "name at least one RPC endpoint");

/** Where a process listens; port 0 takes a free one. */
export const listenSchema = z.strictObject({
  host: z.string().min(1).default("127.0.0.1"),
  port: z.int().min(0).max(65_535),
});

/** Log settings. */
export const logSchema = z.strictObject({ level: z.enum(logLevels).default("info") });

/** Process that this one must not outlive. */
export const parentPidSchema = z.int().positive();

/**
 * Reads and checks a JSON configuration file.
 * @param schema strict zod schema; its output type is returned
 * @param file path of the JSON file
 * @throws ConfigError that lists every mistake with its path inside the file
 */
export function readConfig<T>(schema: z.ZodType<T>, file: string): T {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(
      `${file}: cannot be read (${codeOf(error)}). Pass --config FILE with a readable JSON file.`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${file}: is not valid JSON: ${message}`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const path = issue.path.length === 0 ? "(top level)" : issue.path.map(String).join(".");
    return `${file}: ${path}: ${issue.message}`;
  });
  throw new ConfigError(lines.join("\n"));
}

/**
 * Reads a file that holds a secret: a key, a keystore or a password.
 * @returns its text without surrounding white space
 * @throws ConfigError when it is missing, empty, or readable by other users
 */
export function readSecretFile(path: string): string {
  let mode: number;
  let text: string;
  try {
    mode = statSync(path).mode & 0o777;
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new ConfigError(`${path}: secret file cannot be read (${codeOf(error)}).`);
  }
  if ((mode & 0o077) !== 0) {
    throw new ConfigError(
      `${path}: mode is ${mode.toString(8)}, other users may read it. Run: chmod 600 ${path}`,
    );
  }
  if (text === "") throw new ConfigError(`${path}: secret file is empty.`);
  return text;
}

/**
 * Reads a file that holds secrets as JSON.
 * @throws ConfigError as `readSecretFile`, and when it is not JSON; nothing of it is repeated
 */
export function readSecretJson(path: string): unknown {
  const text = readSecretFile(path);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would quote the secret.
    throw new ConfigError(`${path}: is not valid JSON.`);
  }
}

/**
 * The only setting taken from the environment, so that the database password is never in a file or a process list.
 * @returns DATABASE_URL
 * @throws ConfigError when it is missing or not a postgres URL; the value is not repeated
 */
export function databaseUrlFromEnv(): string {
  const url = process.env["DATABASE_URL"];
  if (url === undefined || url === "") {
    throw new ConfigError(
      "DATABASE_URL is not set. Set it to postgres://user:password@host:port/database.",
    );
  }
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new ConfigError(
      "DATABASE_URL is not a postgres:// URL (special characters in a password must be %-encoded).",
    );
  }
  return url;
}

/**
 * Reads configuration file and environment.
 * @throws ConfigError that says what is wrong where
 */
export function readSettings<T>(
  schema: z.ZodType<T>,
  file: string,
): { readonly config: T; readonly databaseUrl: string } {
  return { config: readConfig(schema, file), databaseUrl: databaseUrlFromEnv() };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
