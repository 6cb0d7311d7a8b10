import { Noir } from "@noir-lang/noir_js";

import type { CircuitName } from "../../circuits/build/circuits.ts";
import { compileCircuit } from "../../circuits/build/compile.ts";
import type { CircuitInputs, CircuitValue } from "../../circuits/model/field.ts";

const solvers = new Map<CircuitName, Promise<Noir>>();

/** Why a circuit refuses inputs, or "accepted". */
export async function verdict(name: CircuitName, inputs: CircuitInputs): Promise<string> {
  const known = solvers.get(name);
  const solver = known ?? compileCircuit(name).then(({ compiled }) => new Noir(compiled));
  if (known === undefined) solvers.set(name, solver);
  return verdictOf(await solver, inputs);
}

/** Why a compiled circuit refuses inputs, or "accepted". */
export async function verdictOf(solver: Noir, inputs: CircuitInputs): Promise<string> {
  try {
    await solver.execute(inputs);
    return "accepted";
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.replace("Circuit execution failed: ", "");
  }
}

/** What a refused range check says. */
export const OUT_OF_RANGE = "call to assert_max_bit_size";

/** The inputs with one value changed: "fills.3.price". */
export function changed(inputs: CircuitInputs, path: string, value: CircuitValue): CircuitInputs {
  const copy = structuredClone(inputs);
  const steps = path.split(".");
  const last = steps.pop()!;
  let at = copy as Record<string, CircuitValue>;
  for (const step of steps) at = at[step] as Record<string, CircuitValue>;
  if (at[last] === undefined) throw new Error(`no input ${path}`);
  at[last] = value;
  return copy;
}

/** The value at a path. */
export function valueAt(inputs: CircuitInputs, path: string): bigint {
  let at: CircuitValue = inputs;
  for (const step of path.split(".")) at = (at as Record<string, CircuitValue>)[step]!;
  return BigInt(at as string);
}

/** Places of single values: "fills.3.price". */
export function pathsOf(value: CircuitValue, path = ""): string[] {
  if (typeof value !== "object") return [path];
  return Object.entries(value).flatMap(([name, part]: [string, CircuitValue]) =>
    pathsOf(part, path === "" ? name : `${path}.${name}`),
  );
}
