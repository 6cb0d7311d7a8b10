import { setTimeout as delay } from "node:timers/promises";

import { lineOf, StackFailure } from "./failure.ts";
import { type Options, parseOptions } from "./options.ts";
import { runUntilHealthy } from "./until-healthy.ts";
import { Stack } from "./stack.ts";
import { live } from "./live.ts";
import { createProgress } from "./progress.ts";

const exitFailure = 1;
/** Shells report a process that a signal ended as 128 plus the signal's number. */
const exitBySignal = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** Everything a person reads goes to stderr in JSON mode: stdout then holds the result alone. */
function say(options: Options, line: string): void {
  (options.json ? process.stderr : process.stdout).write(`${line}\n`);
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  const startedAtMs = Date.now();
  const stopped = new AbortController();
  let signalCode: number | undefined;
  for (const [name, code] of Object.entries(exitBySignal)) {
    process.on(name, () => {
      signalCode ??= code;
      stopped.abort();
    });
  }
  const interrupted = new Promise<never>((_, reject) =>
    stopped.signal.addEventListener("abort", () => reject(new StackFailure("stopped")), {
      once: true,
    }),
  );
  interrupted.catch(() => undefined);

  const stack = await Stack.open(options, (line) => say(options, line));
  try {
    const work = async (): Promise<number> => {
      await stack.start(createProgress(options.json ? process.stderr : process.stdout));
      if (options.untilHealthy) return runUntilHealthy(stack, startedAtMs, stopped.signal);
      return live(stack, stopped.signal);
    };
    return await Promise.race([work(), stack.broken, interrupted]);
  } catch (error) {
    if (signalCode !== undefined) return signalCode;
    throw error;
  } finally {
    // A terminal that hung up takes no more words; what was started must end all the same.
    const closing = delay(15_000, undefined, { ref: false }).then(() => {
      throw new StackFailure("some parts did not stop in time; the next start ends them");
    });
    await Promise.race([stack.stop(), closing]);
  }
}

// Writing to a closed terminal or pipe must not keep the parts from being stopped.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`dodona: ${lineOf(error)}\n`);
    process.exit(exitFailure);
  },
);
