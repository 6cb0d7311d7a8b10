import { expect } from "chai";

import { standstill } from "../../indexer/standstill.ts";

/** Head of the chain and highest indexed block, second after second; null where nobody answers. */
type Seconds = readonly (readonly [head: number | null, block: number | null])[];

/** What is said within these seconds, with a patience of 3 s; null when nothing is. */
async function watch(seconds: Seconds): Promise<string | null> {
  const over = new AbortController();
  let second = -1;
  const at = () => seconds[Math.min(second, seconds.length - 1)]!;
  return await standstill(
    {
      chain: {
        head: () => {
          const [head] = at();
          return head === null ? Promise.reject(new Error("no answer")) : Promise.resolve(head);
        },
      },
      indexed: () => Promise.resolve(at()[1]),
      clock: {
        nowMs: () => second * 1_000,
        sleep: () => {
          second += 1;
          if (second === seconds.length) over.abort();
          return Promise.resolve();
        },
      },
      patienceMs: 3_000,
      pollMs: 1_000,
    },
    over.signal,
  );
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

describe("standstill of the index", () => {
  it("is an index that lags and does not move", async () => {
    const said = await watch([[5, 5], ...times(9, (i) => [6 + i, 5] as const)]);
    expect(said).to.equal("the index stands at block 5, for 3 s, while the chain is at block 8");
  });

  it("is an index that does not answer", async () => {
    const said = await watch([[5, 5], ...times(9, (i) => [6 + i, null] as const)]);
    expect(said).to.match(/^the index does not answer, for 3 s/);
  });

  it("is not an index that lags and moves, forward or back", async () => {
    expect(await watch(times(20, (i) => [100 + i, 10 + i] as const))).to.equal(null);
    expect(await watch(times(20, (i) => [100 + i, 50 - i] as const))).to.equal(null);
  });

  it("is not a chain that does not answer, or that has no new blocks", async () => {
    expect(await watch([[5, 5], ...times(20, () => [null, null] as const)])).to.equal(null);
    expect(await watch(times(20, () => [5, 5] as const))).to.equal(null);
  });

  it("is not a short pause, however often", async () => {
    const pauses = times(30, (i) => [100 + i, 10 + Math.floor(i / 3)] as const);
    expect(await watch(pauses)).to.equal(null);
  });
});
