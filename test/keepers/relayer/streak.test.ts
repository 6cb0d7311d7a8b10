import { expect } from "chai";
import { continued, isBelievable, type Streak } from "../../../keepers/relayer/streak.ts";

const afterMs = 1_000;

/** Looks at these times, each true or not. @returns whether the last one is believed */
function believed(looks: ReadonlyArray<readonly [atMs: number, holds: boolean]>): boolean {
  let streak: Streak | null = null;
  for (const [atMs, holds] of looks) streak = continued(streak, holds, atMs);
  return isBelievable(streak, afterMs, looks.at(-1)![0]);
}

describe("relayer: streak", () => {
  it("believes what lasted long enough and was seen four times", () => {
    expect(believed([0, 400, 800, 1_000].map((atMs) => [atMs, true]))).to.equal(true);
    expect(believed([0, 400, 800, 999].map((atMs) => [atMs, true]))).to.equal(false);
  });

  it("does not believe few looks of a slow machine, however far apart", () => {
    expect(believed([0, 60_000, 120_000].map((atMs) => [atMs, true]))).to.equal(false);
    expect(believed([0, 60_000, 120_000, 180_000].map((atMs) => [atMs, true]))).to.equal(true);
  });

  it("begins anew after a look that contradicts", () => {
    const looks = [0, 500, 1_000, 1_500, 2_000, 2_500].map(
      (atMs) => [atMs, atMs !== 1_000] as const,
    );
    expect(believed(looks)).to.equal(false);
    expect(believed([...looks, [3_000, true]])).to.equal(true);
  });
});
