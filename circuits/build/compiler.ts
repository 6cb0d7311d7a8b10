// The compiler, in a thread of its own: it says on standard output which folder it works on, and holds the thread it
// runs in for seconds.
import { parentPort, workerData } from "node:worker_threads";

import { compile_program, createFileManager } from "@noir-lang/noir_wasm";

import type { CompilerAnswer } from "./compile.ts";

const messages: string[] = [];
const note = (message: string) => void messages.push(message);
const answer: CompilerAnswer = await compile_program(
  createFileManager(workerData as string),
  undefined,
  note,
  () => undefined,
).then(
  ({ program }) => ({ program, messages }),
  (error: unknown) => ({ program: null, messages: [...messages, String(error)] }),
);
parentPort!.postMessage(answer);
