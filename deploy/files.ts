import { readFile } from "node:fs/promises";

/** What a person can put right: one clear sentence, no stack trace needed. */
export class DeploymentError extends Error {
  override readonly name = "DeploymentError";
}

/**
 * Reads a JSON file.
 *
 * @param name What errors call the file.
 * @throws {DeploymentError} when it cannot be read or is not JSON.
 */
export async function readJson(file: string, name: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const reason = isMissing(error) ? "there is no such file" : (error as Error).message;
    throw new DeploymentError(`Cannot read ${name}: ${reason}.`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DeploymentError(`${name} is not JSON: ${(error as Error).message}.`);
  }
}

/**
 * Reads a JSON file that need not exist.
 *
 * @returns Its value, or null when there is no such file.
 * @throws {DeploymentError} when it exists but is not JSON.
 */
export async function readJsonIfPresent(file: string, name: string): Promise<unknown> {
  try {
    await readFile(file);
  } catch (error) {
    if (isMissing(error)) return null;
  }
  return await readJson(file, name);
}

/**
 * Narrows a JSON value to an object.
 *
 * @throws {DeploymentError} naming `where`.
 */
export function objectAt(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new DeploymentError(`${where} must be an object.`);
  }
  return value as Record<string, unknown>;
}

/**
 * Narrows a JSON value to a string.
 *
 * @throws {DeploymentError} naming `where`.
 */
export function stringAt(value: unknown, where: string): string {
  if (typeof value !== "string" || value === "") {
    throw new DeploymentError(`${where} must be a text.`);
  }
  return value;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
