import { expect } from "chai";

import { changesOf, groupReasons, standingOf, topOf } from "../../tasks/payouts/describe.ts";
import { obstaclesIn } from "../../tasks/payouts/obstacles.ts";
import {
  formatAmount,
  formatChange,
  formatNumber,
  formatShare,
} from "../../tasks/payouts/units.ts";

const token = `0x${"70".repeat(20)}`;
const other = `0x${"71".repeat(20)}`;
const account = (i: number): string => `0x${String(i).padStart(40, "0")}`;
const row = (i: number, earned: bigint, of = token) => ({
  ...{ account: account(i), token: of, cumulative: earned + 5n, earned },
});
const unit = { token, symbol: "TOK", decimals: 0 };

describe("figures that tasks of payouts show", () => {
  it("amounts are grouped, cut after six decimals, and have their unit", () => {
    expect(formatAmount(1_234_567_890n, { ...unit, decimals: 6 })).to.equal("1,234.56789 TOK");
    expect(formatNumber(1_999_999_999n, 9)).to.equal("1.999999");
    expect(formatNumber(-1_500n, 3)).to.equal("-1.5");
    expect([1n, 0n, -1n].map((amount) => formatChange(amount, 0))).to.deep.equal(["+1", "0", "-1"]);
    expect(formatShare(1n, 3n)).to.equal("33.33 %");
    expect(formatShare(1n, 0n)).to.equal("0.00 %");
  });

  it("changes count who came, who went, and the largest first", () => {
    const before = [row(1, 10n), row(2, 10n), row(3, 10n), row(4, 0n), row(9, 99n, other)];
    const now = [row(2, 10n), row(3, 4n), row(4, 5n), row(5, 20n), row(6, 5n)];
    expect(changesOf(before, now, token)).to.deep.equal({
      ...{ before: 3, now: 5, arrived: 3, gone: 1 },
      largest: [
        { account: account(5), change: 20n },
        { account: account(1), change: -10n },
        { account: account(3), change: -6n },
        { account: account(4), change: 5n },
        { account: account(6), change: 5n },
      ],
    });
  });

  it("the top are those who earn the most; 0 asks for all", () => {
    const rows = [row(1, 1n), row(2, 3n), row(3, 0n), row(4, 2n), row(5, 2n)];
    const places = (count: number) => topOf({ rows }, count).map(({ earned }) => earned);
    expect(places(2)).to.deep.equal([3n, 2n]);
    expect(places(0)).to.deep.equal([3n, 2n, 2n, 1n]);
  });

  it("reasons are counted without their figures, an exclusion's own words stay", () => {
    const out = [
      { account: account(1), reason: "excluded: holds 5, less than people think" },
      { account: account(2), reason: "holds 5, less than 10" },
      { account: account(3), reason: "holds 6, less than 10" },
    ];
    expect(groupReasons(out).map(({ count, reason }) => [count, reason])).to.deep.equal([
      [2, "holds less than 10"],
      [1, "excluded: holds 5, less than people think"],
    ]);
  });

  it("an account is paid, is out for a reason, or takes no part", () => {
    const result = { rows: [row(1, 7n)], out: [{ account: account(2), reason: "holds 1" }] };
    expect(standingOf(account(1), result)).to.include({ amount: 7n, reason: null });
    expect(standingOf(account(2), result).words).to.equal(`${account(2)} is out: holds 1.`);
    expect(standingOf(account(3), result).reason).to.include("it is not a participant");
    expect(() => standingOf("me", result)).to.throw('"me" is not an address.');
  });

  it("limits refuse an epoch, or say how long it takes", () => {
    const facts = {
      ...{ deposited: 1_000n, approved: 400n },
      ...{ perHour: 10n, perDay: 100n, perAccount: 20n, perEpoch: 200n },
    };
    const of = { total: 500n, most: 20n, pool: 10n, unit };
    expect(obstaclesIn(facts, of)).to.deep.equal([]);
    expect(obstaclesIn(facts, { ...of, total: 300n })).to.deep.equal([]);
    expect(obstaclesIn(facts, { ...of, total: 601n })[0]).to.equal(
      "refused: the total rises by 201 TOK, the limit per epoch is 200 TOK",
    );
    expect(obstaclesIn({ ...facts, deposited: 450n }, of)[0]).to.equal(
      "refused until 50 TOK more are deposited: 450 TOK are there",
    );
    expect(obstaclesIn(facts, { ...of, pool: 11n })[0]).to.equal(
      "slow: at 10 TOK an hour a day's pool takes 2 h",
    );
    expect(obstaclesIn(facts, { ...of, pool: 101n })[0]).to.include("at most 100 TOK are paid");
    expect(obstaclesIn(facts, { ...of, most: 41n })[0]).to.include("so it takes 3 d");
  });
});
