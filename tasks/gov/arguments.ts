import { TaskError } from "../shared/error.ts";

/** Arguments of a call as a person types them: texts, yes or no, and lists of these. */
export type Typed = string | boolean | Typed[];

/**
 * Reads the arguments of a call: separated by commas, lists in brackets, quotes around what has a comma or a bracket.
 * Numbers stay texts, so none loses digits.
 *
 * @example parseArguments('0xabc…, [1, 2], "a, b", true')
 * @throws {TaskError} for brackets or quotes that are not closed.
 */
export function parseArguments(text: string): Typed[] {
  let at = 0;
  const fail = (problem: string): never => {
    throw new TaskError(`The arguments "${text}" cannot be read: ${problem}.`);
  };
  const skip = (): void => {
    while (/\s/.test(text[at] ?? "")) at++;
  };
  const value = (): Typed => {
    skip();
    const first = text[at];
    if (first === "[") {
      at++;
      return list("]");
    }
    if (first === '"' || first === "'") {
      const end = text.indexOf(first, at + 1);
      if (end < 0) return fail(`the quote at character ${at + 1} is not closed`);
      const quoted = text.slice(at + 1, end);
      at = end + 1;
      return quoted;
    }
    const token = /^[^,[\]]*/.exec(text.slice(at))?.[0] ?? "";
    at += token.length;
    const bare = token.trim();
    if (bare === "") return fail(`there is nothing at character ${at + 1}`);
    return bare === "true" ? true : bare === "false" ? false : bare;
  };
  const list = (end: "]" | ""): Typed[] => {
    const values: Typed[] = [];
    skip();
    if ((text[at] ?? "") === end) {
      at++;
      return values;
    }
    for (;;) {
      values.push(value());
      skip();
      const next = text[at++] ?? "";
      if (next === end) return values;
      if (next !== ",")
        fail(`a comma${end === "" ? "" : ` or ${end}`} is missing at character ${at}`);
    }
  };
  return list("");
}
