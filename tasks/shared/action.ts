import { styleText } from "node:util";

import type { Result } from "hardhat/types/utils";
import { errorResult, successfulResult } from "hardhat/utils/result";

import { DeploymentError } from "../../deploy/files.ts";
import { TaskError } from "./error.ts";
import { wordsOf } from "./words.ts";

/** Settings of all tasks. */
export interface TaskSettings {
  /** File that a running local stack writes. */
  stackFile: string;
}

/**
 * Runs a task's action. What a person can put right is printed on stderr as one line and fails the task; anything
 * else is a defect and keeps its stack trace.
 */
export async function runAction(action: () => Promise<void>): Promise<Result<undefined, string>> {
  try {
    await action();
    return successfulResult();
  } catch (error) {
    const message =
      error instanceof TaskError || error instanceof DeploymentError
        ? error.message
        : await wordsOf(error);
    if (message === null) throw error;
    process.stderr.write(`${styleText("red", "Error:", { stream: process.stderr })} ${message}\n`);
    return errorResult(message);
  }
}

/** Writes one JSON document to stdout; bigints become decimal strings. */
export function printJson(value: unknown): void {
  const text = JSON.stringify(value, (_, field: unknown) =>
    typeof field === "bigint" ? field.toString() : field,
  );
  process.stdout.write(`${text}\n`);
}

/** Writes a line to stdout. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Writes a line to stderr, where progress belongs: stdout is for results. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
