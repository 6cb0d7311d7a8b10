import { expect } from "chai";

import { tagField } from "../../../circuits/model/field.ts";
import { openingState } from "../../../circuits/model/ledger.ts";
import { periodsOf } from "../../../circuits/model/periods.ts";
import type { Prover } from "../../../circuits/prover/prover.ts";
import { recordedFills } from "../../circuits/real-fills.ts";
import { recompute } from "../../circuits/recompute.ts";
import { openTestProver } from "./prover.ts";
import { ACCOUNT, deployRegistry, instrumentOf, statementOf } from "./traders.ts";

/** Histories that are proved and recorded: the two shortest of several periods, or all. */
const HISTORIES = process.env["DODONA_HISTORIES"] === "all" ? Infinity : 2;
/** Ten bitcoins, in satoshi. */
const CAPITAL = 1_000_000_000n;

type World = Awaited<ReturnType<typeof deployRegistry>>;

describe("a real account's history on chain", function () {
  this.timeout(600_000);

  const { source, fills } = recordedFills();
  const histories = [...fills]
    .map(([name, all]) => ({
      ...{ name, all, whole: recompute(openingState(CAPITAL), all, CAPITAL) },
      periods: periodsOf(all, {
        ...{ account: BigInt(ACCOUNT), instrument: tagField(name), capital: CAPITAL },
      }),
    }))
    .filter(({ periods }) => HISTORIES === Infinity || periods.length > 1)
    .toSorted((a, b) => a.periods.length - b.periods.length)
    .slice(0, HISTORIES);

  let prover: Prover;
  let world: World;
  let periods = 0;
  let gas = 0n;
  let proofMs = 0;

  before(async () => {
    prover = await openTestProver();
    world = await deployRegistry(prover);
    for (const history of histories) {
      for (const one of history.periods) {
        const {
          proof,
          witnessMs,
          proofMs: ms,
        } = await prover.prove("performance", one.statement.inputs);
        const statement = statementOf(one);
        const sent = await world.registry.submit(
          statement,
          world.sign(statement.fillsCommitment),
          proof,
        );
        gas += (await sent.wait())!.gasUsed;
        proofMs += witnessMs + ms;
        periods++;
      }
    }
    if (HISTORIES === Infinity) {
      const count = histories.reduce((sum, { all }) => sum + all.length, 0);
      console.log(
        `      ${count} fills of ${histories.length} instruments in ${periods} periods: ` +
          `${Math.round(proofMs / periods)} ms and ${gas / BigInt(periods)} gas a period`,
      );
    }
  });
  after(() => prover.close());

  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const chainOf = (name: string) => world.registry.chainOf(ACCOUNT, instrumentOf(name));

  it(`has every fill, from the first to the last, without gap or overlap (${source})`, async () => {
    for (const { name, all, periods: list } of histories) {
      const chain = await chainOf(name);
      expect(chain.fills, name).to.equal(BigInt(all.length));
      expect(chain.periods, name).to.equal(BigInt(list.length));
      expect([chain.start, chain.end], name).to.deep.equal(
        [all[0]!.timeMs, all.at(-1)!.timeMs].map(BigInt),
      );
      let end = chain.start;
      for (const i of list.keys()) {
        const record = await world.registry.recordAt(ACCOUNT, instrumentOf(name), i);
        expect(record.start, name).to.equal(end);
        end = record.end;
      }
      expect(end, name).to.equal(chain.end);
    }
  });

  it("has the totals of a plain computation over all fills at once", async () => {
    for (const { name, whole, periods: list } of histories) {
      const chain = await chainOf(name);
      expect(chain.wins, name).to.equal(BigInt(whole.figures.wins));
      expect(chain.closes, name).to.equal(BigInt(whole.figures.closes));
      expect(chain.drawdownBps, name).to.equal(BigInt(whole.figures.drawdownBps));
      // Each period rounds down once.
      const lost = Number(whole.figures.profitBps - chain.profitBps);
      expect(lost, name).to.be.within(0, list.length - 1);
    }
  });

  it("is judged over all its instruments", async () => {
    const reputation = await world.registry.reputationOf(ACCOUNT);
    const wholes = histories.map(({ whole }) => whole);
    expect(reputation.instruments).to.equal(BigInt(histories.length));
    expect(reputation.fills).to.equal(BigInt(sum(histories.map(({ all }) => all.length))));
    expect(reputation.wins).to.equal(BigInt(sum(wholes.map(({ figures }) => figures.wins))));
    expect(reputation.closes).to.equal(BigInt(sum(wholes.map(({ figures }) => figures.closes))));
    expect(reputation.drawdownBps).to.equal(
      BigInt(Math.max(...wholes.map(({ figures }) => figures.drawdownBps))),
    );
    expect(reputation.capital).to.equal(CAPITAL * BigInt(histories.length));
    const ends = histories.map(({ all }) => all.at(-1)!.timeMs);
    expect(reputation.provenUntil).to.equal(BigInt(Math.min(...ends)));
    const realized = wholes.reduce((total, { equity }) => total + equity - CAPITAL, 0n);
    const exact = Number((realized * 1_000_000n) / reputation.capital) / 100;
    // In basis points; each period rounds down once, and the mean once more.
    const lost = exact - Number(reputation.profitBps);
    expect(lost).to.be.within(0, periods / histories.length + 1);
  });
});
