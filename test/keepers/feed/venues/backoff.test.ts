import { expect } from "chai";
import { backoffMs } from "../../../../keepers/feed/venues/backoff.ts";

describe("backoff", () => {
  const settings = { baseMs: 1_000, capMs: 60_000 };

  it("doubles from half the base up to half the cap at the least jitter", () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8, 50].map((failures) => backoffMs(failures, 0, settings));
    expect(waits).to.deep.equal([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it("never exceeds the cap at the most jitter", () => {
    const waits = [1, 6, 7, 1_000].map((failures) => backoffMs(failures, 0.999_999, settings));
    expect(waits).to.deep.equal([1_000, 32_000, 60_000, 60_000]);
  });
});
