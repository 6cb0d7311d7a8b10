import { expect } from "chai";
import {
  afterFailure,
  afterSuccess,
  barredBy,
  clean,
  type Standing,
} from "../../../keepers/relayer/quarantine.ts";

const settings = { failures: 3, windowMs: 1_000, firstMs: 100, maxMs: 350 };
const fail = (standing: Standing, ...times: number[]): Standing =>
  times.reduce((last, atMs) => afterFailure(last, "foreign", atMs, settings), standing);

describe("relayer: quarantine", () => {
  it("begins with the failures that fall into the window, and says what they were", () => {
    expect(barredBy(fail(clean, 0, 999), 999)).to.equal(null);
    expect(barredBy(fail(clean, 0, 500, 1_000), 1_000)).to.equal(null);
    const standing = afterFailure(fail(clean, 0, 500), "refused", 999, settings);
    expect(barredBy(standing, 1_098)).to.equal(
      "quarantined until 1970-01-01T00:00:01.099Z: 3 unexplained failures: foreign; refused",
    );
    expect(barredBy(standing, 1_099)).to.equal(null);
  });

  it("begins again with one failure on probation, each time twice as long up to the longest", () => {
    let standing = fail(clean, 0, 0, 0);
    const lengths: number[] = [];
    for (let again = 0; again < 4; again++) {
      const untilMs = standing.untilMs!;
      standing = fail(standing, untilMs);
      lengths.push(standing.untilMs! - untilMs);
    }
    expect(lengths).to.deep.equal([200, 350, 350, 350]);
  });

  it("does not grow by what was under way when it began", () => {
    const standing = fail(clean, 0, 0, 0);
    expect(fail(standing, 50, 99)).to.deep.equal(standing);
  });

  it("is forgotten after a success of what was signed later, not of what was under way", () => {
    const standing = fail(clean, 0, 0, 0);
    expect(afterSuccess(standing, 99)).to.equal(standing);
    const trusted = afterSuccess(standing, 100);
    expect(trusted).to.include({ quarantines: 0, untilMs: null });
    expect(barredBy(fail(trusted, 200, 300), 300)).to.equal(null);
  });

  it("still counts failures that have successes between them", () => {
    const twice = fail(clean, 0, 10);
    expect(barredBy(fail(afterSuccess(twice, 20), 30), 30)).to.be.a("string");
  });
});
