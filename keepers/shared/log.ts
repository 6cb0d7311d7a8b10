import { pino } from "pino";

/** Structured JSON logger; every keeper logs through one of these. */
export type Logger = pino.Logger;

/** Log levels from the noisiest to none. */
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

const secretKeys = [
  "password",
  "privateKey",
  "secp256k1",
  "grumpkin",
  "secret",
  "databaseUrl",
  "rpcUrl",
  "rpcUrls",
];
const credentialsInUrl = /([a-z][a-z0-9+.-]*:\/\/)[^\s/@"'\\]+@/gi;

/**
 * Creates a logger that writes one JSON object a line.
 * Values under names that hold secrets are replaced, also one level down, and so is the user and password part of any
 * URL anywhere in a line (error messages of libraries contain them).
 * @param options `name` of the process, `level` to log from, `destination` (standard output unless given)
 */
export function createLogger(options: {
  name: string;
  level: string;
  destination?: pino.DestinationStream;
}): Logger {
  return pino(
    {
      name: options.name,
      level: options.level,
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
      redact: { paths: secretKeys.flatMap((key) => [key, `*.${key}`]), censor: "[secret]" },
      hooks: { streamWrite: redactCredentials },
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

/**
 * Replaces user and password of every URL in a text.
 * @returns the text, e.g. `postgres://***@host/db`
 */
export function redactCredentials(text: string): string {
  return text.replace(credentialsInUrl, "$1***@");
}

/**
 * Names an endpoint without its secrets: providers put API keys into user, path and query.
 * @returns protocol, host and port; `/…` marks a hidden path or query; "invalid URL" for what does not parse
 */
export function endpointName(url: string): string {
  if (!URL.canParse(url)) return "invalid URL";
  const { protocol, host, pathname, search } = new URL(url);
  return `${protocol}//${host}${pathname.length > 1 || search !== "" ? "/…" : ""}`;
}
