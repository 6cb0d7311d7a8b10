import { expect } from "chai";
import fc from "fast-check";

import { judgeEligibility } from "../../../keepers/payout/eligibility.ts";
import { ZERO_ADDRESS } from "../../../keepers/payout/model.ts";
import { findPatterns } from "../../../keepers/payout/patterns.ts";
import {
  holdingsOf,
  holdingsOfParticipants,
  IncompleteTransfersError,
  type Transfer,
} from "../../../keepers/payout/transfers.ts";
import { accountOf, distributor, firstEnd, held, holdingOf, programOf, token } from "./fixtures.ts";

const window = { start: 1_000, end: 2_000 };
const transfer = (time: number, from: string, to: string, value: bigint): Transfer => ({
  ...{ block: time, time, logIndex: 0, from, to, value },
});
const [a, b, c] = [1, 2, 3].map(accountOf) as [string, string, string];

describe("payout holdings", () => {
  it("follow the transfers", () => {
    const holdings = holdingsOf(
      [
        transfer(500, ZERO_ADDRESS, a, 100n),
        transfer(1_200, a, b, 40n),
        transfer(1_700, b, ZERO_ADDRESS, 10n),
        transfer(1_900, a, a, 60n),
      ],
      window,
    );
    const byAccount = new Map(holdings.map((holding) => [holding.account, holding]));
    // a: 100 for 200 s, then 60 for 800 s. b: 40 for 500 s, then 30 for 300 s.
    expect(byAccount.get(a)).to.deep.equal({
      ...{ account: a, balance: 60n, balanceSeconds: 68_000n },
      ...{ firstHeldAt: 500, funder: ZERO_ADDRESS },
    });
    expect(byAccount.get(b)).to.deep.equal({
      ...{ account: b, balance: 30n, balanceSeconds: 29_000n, firstHeldAt: 1_200, funder: a },
    });
    expect(holdings).to.have.length(2);
  });

  it("add up to what was minted, and weighted by time to no more than all of it for the window", () => {
    const step = fc.tuple(fc.nat(5), fc.nat(5), fc.nat(1_000), fc.nat(120));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const balances = new Map<string, bigint>();
        const transfers = [transfer(100, ZERO_ADDRESS, accountOf(0), 10_000n)];
        balances.set(accountOf(0), 10_000n);
        let time = 900;
        for (const [from, to, amount, gap] of steps) {
          time = Math.min(2_000, time + gap);
          const before = balances.get(accountOf(from)) ?? 0n;
          const value = BigInt(amount) < before ? BigInt(amount) : before;
          balances.set(accountOf(from), before - value);
          balances.set(accountOf(to), (balances.get(accountOf(to)) ?? 0n) + value);
          transfers.push(transfer(time, accountOf(from), accountOf(to), value));
        }
        const holdings = holdingsOf(transfers, window);
        for (const { account, balance } of holdings) {
          expect(balance).to.equal(balances.get(account));
        }
        const seconds = holdings.reduce((sum, { balanceSeconds }) => sum + balanceSeconds, 0n);
        expect(seconds).to.equal(10_000n * 1_000n);
      }),
    );
  });

  it("refuse transfers that cannot be all", () => {
    expect(() => holdingsOf([transfer(1, a, b, 1n)], window)).to.throw(
      IncompleteTransfersError,
      `${a} sends 1 and has 0`,
    );
    const more = [transfer(1, ZERO_ADDRESS, a, 5n), transfer(2, a, b, 6n)];
    expect(() => holdingsOf(more, window)).to.throw(IncompleteTransfersError, "sends 6 and has 5");
    expect(() => holdingsOf([transfer(2_001, ZERO_ADDRESS, a, 1n)], window)).to.throw(RangeError);
  });

  it("name each participant once, those that hold nothing included", () => {
    const holders = holdingsOf([transfer(500, ZERO_ADDRESS, a, 1n)], window);
    const chosen = holdingsOfParticipants(holders, [b, a, b], window);
    expect(chosen.map(({ account, balance }) => [account, balance])).to.deep.equal(
      [[a, 1n] as const, [b, 0n] as const].sort(([x], [y]) => (x < y ? -1 : 1)),
    );
  });
});

describe("payout eligibility", () => {
  it("says why an account is out", () => {
    const program = programOf({
      exclusions: [{ account: a, reason: "the team's treasury" }],
      eligibility: { minBalance: "50", minAgeHours: 48 },
    });
    const named = [ZERO_ADDRESS, token, held, distributor].map((account) => ({
      ...holdingOf(0),
      account,
    }));
    const { eligible, out } = judgeEligibility(program, distributor, firstEnd, [
      ...named,
      holdingOf(1),
      holdingOf(2, { balance: 49n }),
      holdingOf(3, { firstHeldAt: firstEnd - 48 * 3_600 + 1 }),
      holdingOf(4, { firstHeldAt: firstEnd - 48 * 3_600, balance: 50n }),
    ]);
    expect(eligible.map(({ account }) => account)).to.deep.equal([accountOf(4)]);
    expect(out.map(({ reason }) => reason)).to.deep.equal([
      "excluded: the zero address",
      "excluded: the token that is paid",
      "excluded: the token whose balances count",
      "excluded: the distributor",
      "excluded: the team's treasury",
      "holds 49, less than 50",
      "holds for 47 h, less than 48 h",
    ]);
  });
});

describe("payout patterns", () => {
  const day = { start: firstEnd - 86_400, end: firstEnd };
  const fresh = firstEnd - 3_600;
  const checks = {
    suddenHolder: { maxAgeHours: 24, minShareBps: 2_000 },
    dustFarming: { maxBalance: "10", maxAgeHours: 24, minAccounts: 3 },
    commonFunder: { minAccounts: 3, minShareBps: 500, knownFunders: [accountOf(99)] },
    jump: { factor: 3, minAmount: "50" },
  };
  const program = programOf({ checks });
  const find = (
    awards: Parameters<typeof findPatterns>[2],
    history: ReadonlyMap<string, bigint> | null = null,
    checked = program,
  ) => findPatterns(checked, day, awards, history);

  it("are not looked for where a program names none", () => {
    const awards = [{ holding: holdingOf(1, { firstHeldAt: fresh }), amount: 1_000n }];
    expect(find(awards, new Map([[accountOf(1), 1n]]), programOf())).to.deep.equal([]);
  });

  it("hold an epoch in which nobody is paid", () => {
    expect(find([], null, programOf())[0]?.check).to.equal("nobodyEligible");
  });

  it("find a sudden holder from its age and its share on", () => {
    const award = (firstHeldAt: number, amount: bigint) => [
      { holding: holdingOf(1, { firstHeldAt }), amount },
      { holding: holdingOf(2), amount: 1_000n - amount },
    ];
    expect(find(award(fresh, 200n))).to.deep.equal([
      {
        check: "suddenHolder",
        reason: `${accountOf(1)} held nothing 24 h ago and gets 200, 20.00 % of the pool`,
        accounts: [accountOf(1)],
      },
    ]);
    expect(find(award(fresh, 199n))).to.deep.equal([]);
    expect(find(award(firstEnd - 86_400, 200n))).to.deep.equal([]);
  });

  it("find many new accounts with dust", () => {
    const dust = [1, 2, 3].map((i) => ({
      holding: holdingOf(i, { firstHeldAt: fresh, balance: 10n }),
      amount: 1n,
    }));
    expect(find(dust).map(({ check }) => check)).to.deep.equal(["dustFarming"]);
    expect(find(dust.slice(1))).to.deep.equal([]);
  });

  it("find one funder of many, unless it is known", () => {
    const funded = (funder: string, each: bigint) =>
      [1, 2, 3].map((i) => ({ holding: holdingOf(i, { funder }), amount: each }));
    const [finding] = find(funded(accountOf(50), 20n));
    expect(finding?.check).to.equal("commonFunder");
    expect(finding?.reason).to.contain(`${accountOf(50)} funded first get 60 together, 6.00 %`);
    expect(find(funded(accountOf(50), 16n))).to.deep.equal([]);
    expect(find(funded(accountOf(99), 20n))).to.deep.equal([]);
    expect(find(funded(ZERO_ADDRESS, 20n))).to.deep.equal([]);
  });

  it("find what jumps against the day before", () => {
    const awards = [{ holding: holdingOf(1), amount: 91n }];
    const history = new Map([[accountOf(1), 30n]]);
    expect(find(awards, history).map(({ check }) => check)).to.deep.equal(["jump"]);
    expect(find([{ ...awards[0]!, amount: 90n }], history)).to.deep.equal([]);
    const many = [1, 2, 3, 4].map((i) => ({ holding: holdingOf(i), amount: 10n }));
    expect(find(many, history).map(({ check }) => check)).to.deep.equal(["recipientsJump"]);
    expect(find(many, new Map([[c, 0n]]))).to.deep.equal([]);
  });
});
