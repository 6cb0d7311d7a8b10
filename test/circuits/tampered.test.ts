import { expect } from "chai";

import type { CircuitName } from "../../circuits/build/circuits.ts";
import type { CircuitInputs, CircuitValue } from "../../circuits/model/field.ts";
import { fieldInput, FIELD_MODULUS } from "../../circuits/model/field.ts";
import { performance } from "../../circuits/model/performance.ts";
import { priceBatch } from "../../circuits/model/price-batch.ts";
import { mixedFills, periodOf } from "./ledgers.ts";
import { batchOf, included, somePrices } from "./observations.ts";
import { changed, pathsOf, verdict } from "./solve.ts";

/** The inputs with one value changed by the least there is. */
function tampered(inputs: CircuitInputs, path: string): CircuitInputs {
  let at: CircuitValue = inputs;
  for (const step of path.split(".")) at = (at as Record<string, CircuitValue>)[step]!;
  if (typeof at === "boolean") return changed(inputs, path, !at);
  return changed(inputs, path, fieldInput((BigInt(at as string) + 1n) % FIELD_MODULUS));
}

/** Places where a circuit accepts any other value. */
async function unbound(
  name: CircuitName,
  inputs: CircuitInputs,
  paths: readonly string[],
): Promise<string[]> {
  const free: string[] = [];
  for (const path of paths) {
    if ((await verdict(name, tampered(inputs, path))) === "accepted") free.push(path);
  }
  return free;
}

describe("a changed input", function () {
  this.timeout(120_000);

  it("of price_batch is refused, unless it belongs to an operator or a chunk that is not there", async () => {
    const observations = [2, 5].map((operator) => included(operator, somePrices(operator, 13)));
    const { inputs } = priceBatch(batchOf(observations, { chunk: 1 }));
    // Of the places that nobody takes the first and the last one: the circuit treats all alike.
    const paths = pathsOf(inputs).filter((path) => !/^(witnesses|keys)\.[3-9]\./.test(path));
    const absent = ["2", "10"].flatMap((place) => [
      ...["operator", "response.lo", "response.hi", "challenge"].map(
        (name) => `witnesses.${place}.${name}`,
      ),
      ...Array.from({ length: 11 }, (_, chunk) => `witnesses.${place}.chunk_hashes.${chunk}`),
    ]);
    const beyond = ["0", "1"].flatMap((place) =>
      Array.from({ length: 9 }, (_, i) => `witnesses.${place}.chunk_hashes.${i + 2}`),
    );
    const found = await unbound("price_batch", inputs, paths);
    expect(found.toSorted()).to.deep.equal([...absent, ...beyond].toSorted());
  });

  it("of performance is refused, but for what would blind a state before the first period", async () => {
    const { inputs } = performance(periodOf(mixedFills));
    // Of the places behind the last fill the first and the last one.
    const paths = pathsOf(inputs).filter((path) => {
      const place = Number(/^(?:fills|worst)\.(\d+)/.exec(path)?.[1] ?? 0);
      return place <= mixedFills.length || place >= 199;
    });
    expect(await unbound("performance", inputs, paths)).to.deep.equal(["blindings.0"]);
  });
});
