import type { WriteStream } from "node:tty";

import type { Progress } from "./stack.ts";

const tickMs = 200;

/** One line a step, with its seconds: growing on a terminal, written once it is done elsewhere. */
export function createProgress(stream: NodeJS.WriteStream | WriteStream): Progress {
  return async (title, work) => {
    const started = Date.now();
    const line = (mark: string) =>
      `${mark} ${title.padEnd(38)} ${((Date.now() - started) / 1000).toFixed(1)} s`;
    const timer = stream.isTTY
      ? setInterval(() => stream.write(`\r${line("·")}`), tickMs)
      : undefined;
    const finish = (mark: string) => {
      clearInterval(timer);
      stream.write(`${stream.isTTY ? "\r" : ""}${line(mark)}\n`);
    };
    try {
      const result = await work();
      finish("✓");
      return result;
    } catch (error) {
      finish("✗");
      throw error;
    }
  };
}
