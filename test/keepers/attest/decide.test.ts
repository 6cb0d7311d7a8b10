import { expect } from "chai";

import {
  decide,
  nameOf,
  pauseMs,
  periodStart,
  type Candidate,
  type Rules,
  type Situation,
} from "../../../keepers/attest/decide.ts";
import type { Progress } from "../../../keepers/shared/attempts.ts";

const NOW_MS = 5_000_000;
const ALL = ["BTC/USD", "ETH/USD", "USDC/USD"];
const rules: Rules = {
  ...{ previousSlot: 0, startSlot: 3_600, nowSlot: 3_700, gatherSeconds: 0, maxAttempts: 3 },
};

const report = (slot: number, feeds: readonly string[] = ALL): Candidate => ({
  ...{ setId: 2, slot, feeds, transaction: `0x${slot}` },
});

const situation = (fields: Partial<Situation>): Situation => ({
  ...{ reports: [], attested: new Map(), progress: new Map(), obstacles: new Map() },
  ...fields,
});

const progress = (
  given: Candidate,
  fields: Partial<Progress> = {},
): ReadonlyMap<string, Progress> =>
  new Map([
    [nameOf(given), { attempt: 1, status: "queued", reason: null, changedMs: NOW_MS, ...fields }],
  ]);

describe("attest: what is to be done", () => {
  it("waits for a report of the period", () => {
    const old = report(3_599);
    expect(decide(situation({ reports: [old] }), rules, NOW_MS)).to.deep.equal({
      ...{ kind: "waiting", reason: "no report of this period yet" },
    });
  });

  it("takes the first report that there is", () => {
    const only = report(3_600, ["BTC/USD"]);
    expect(decide(situation({ reports: [only] }), rules, NOW_MS)).to.deep.equal({
      ...{ kind: "attest", report: only, attempt: 1 },
    });
  });

  it("takes the report with the most due feeds, of these the newest", () => {
    const reports = [report(3_630, ["BTC/USD"]), report(3_620), report(3_610)];
    const step = decide(situation({ reports }), rules, NOW_MS);
    expect(step).to.deep.include({ kind: "attest", report: reports[1] });
  });

  it("takes a report for the sake of a feed that no earlier one of the period carried", () => {
    const attested = new Map([
      ["BTC/USD", 3_610],
      ["ETH/USD", 3_000],
    ]);
    const reports = [report(3_640, ["BTC/USD"]), report(3_620, ["ETH/USD"])];
    const step = decide(situation({ reports, attested }), rules, NOW_MS);
    expect(step).to.deep.include({ kind: "attest", report: reports[1] });
  });

  it("is done when every feed with a report is attested in the period", () => {
    const attested = new Map(ALL.map((feed) => [feed, 3_600]));
    const reports = [report(3_650)];
    expect(decide(situation({ reports, attested }), rules, NOW_MS)).to.deep.equal({ kind: "done" });
  });

  it("waits for what the relayer has, and goes on with feeds that it does not carry", () => {
    const [asked, other] = [report(3_610, ["BTC/USD"]), report(3_620)];
    const given = { progress: progress(asked, { status: "sent" }) };
    expect(decide(situation({ reports: [asked], ...given }), rules, NOW_MS)).to.deep.equal({
      ...{ kind: "waiting", reason: "the relayer has it" },
    });
    const step = decide(situation({ reports: [other, asked], ...given }), rules, NOW_MS);
    expect(step).to.deep.include({ kind: "attest", report: other });
  });

  it("waits at the start of a period for the feeds of the last one, but not for ever", () => {
    const attested = new Map([
      ["BTC/USD", 3_000],
      ["ETH/USD", 3_000],
    ]);
    const reports = [report(3_610, ["BTC/USD"])];
    const gathering = { ...rules, gatherSeconds: 60 };
    const at = (nowSlot: number) =>
      decide(situation({ reports, attested }), { ...gathering, nowSlot }, NOW_MS);
    expect(at(3_659).kind).to.equal("waiting");
    expect(at(3_660).kind).to.equal("attest");
    // A feed that fell silent a period ago is not waited for.
    const silent = new Map([...attested, ["ETH/USD", 100] as const]);
    const later = { ...gathering, startSlot: 7_200, previousSlot: 3_600, nowSlot: 7_201 };
    const step = decide(
      situation({ reports: [report(7_200, ["BTC/USD"])], attested: silent }),
      later,
      NOW_MS,
    );
    expect(step.kind).to.equal("attest");
  });

  it("takes another report while one cannot be attested, and says why when there is none", () => {
    const [best, other] = [report(3_620), report(3_610, ["BTC/USD"])];
    const obstacle = { reason: "an observation is missing", retryAtMs: NOW_MS + 1 };
    const obstacles = new Map([[nameOf(best), obstacle]]);
    const step = decide(situation({ reports: [best, other], obstacles }), rules, NOW_MS);
    expect(step).to.deep.include({ kind: "attest", report: other });
    expect(decide(situation({ reports: [best], obstacles }), rules, NOW_MS)).to.deep.equal({
      ...{ kind: "waiting", reason: "slot 3620: an observation is missing" },
    });
    const later = decide(situation({ reports: [best], obstacles }), rules, NOW_MS + 1);
    expect(later).to.deep.include({ kind: "attest", report: best });
    const final = new Map([[nameOf(best), { ...obstacle, retryAtMs: null }]]);
    const step2 = decide(situation({ reports: [best], obstacles: final }), rules, 2 * NOW_MS);
    expect(step2.kind).to.equal("waiting");
  });

  it("tries again after a pause when a transaction failed, and gives up at last", () => {
    const only = report(3_620);
    const at = (attempt: number, nowMs: number) =>
      decide(
        situation({
          reports: [only],
          progress: progress(only, { attempt, status: "failed", reason: "reverted" }),
        }),
        rules,
        nowMs,
      );
    expect(at(1, NOW_MS + pauseMs(1) - 1)).to.deep.equal({
      ...{ kind: "waiting", reason: "slot 3620: reverted" },
    });
    expect(at(1, NOW_MS + pauseMs(1))).to.deep.include({ kind: "attest", attempt: 2 });
    expect(at(2, NOW_MS + pauseMs(2))).to.deep.include({ kind: "attest", attempt: 3 });
    expect(at(3, 2 * NOW_MS)).to.deep.equal({
      ...{ kind: "waiting", reason: "slot 3620: given up after 3 attempts: reverted" },
    });
  });

  it("has periods that begin at multiples of their length, and pauses that double up to five minutes", () => {
    expect([3_599, 3_600, 7_199].map((now) => periodStart(now, 3_600))).to.deep.equal([
      0, 3_600, 3_600,
    ]);
    expect([1, 2, 3, 20].map(pauseMs)).to.deep.equal([2_000, 4_000, 8_000, 300_000]);
  });
});
