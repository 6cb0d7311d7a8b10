import { expect } from "chai";
import type { QueuedIntent } from "../../../keepers/relayer/model.ts";
import {
  limitOf,
  schedule,
  strategies,
  type AccountLoad,
  type Strategy,
} from "../../../keepers/relayer/schedule.ts";

const fees = { maxFeeWei: 10n, tipWei: 1n };
const gasLimit = 100_000n;
const costWei = 10n * gasLimit;

function intent(id: number, fields: Partial<QueuedIntent> = {}): QueuedIntent {
  return {
    id: BigInt(id),
    group: null,
    ordinal: 0n,
    expiresAtMs: null,
    status: "queued",
    cancelReason: null,
    newest: null,
    lane: "feeds",
    account: null,
    valueWei: 0n,
    gasLimit,
    ...fields,
  };
}

function account(address: string, fields: Partial<AccountLoad> = {}): AccountLoad {
  return {
    address,
    pending: 0,
    maxPending: 64,
    freeWei: 10n ** 18n,
    dedicated: false,
    barred: null,
    groups: new Set(),
    ...fields,
  };
}

function run(
  queue: QueuedIntent[],
  accounts: AccountLoad[],
  strategy: Strategy = "roundRobin",
  next: string | null = null,
  random = (): number => 0,
): { given: Record<string, number[]>; next: string | null } {
  const result = schedule(queue, accounts, strategy, { next, random }, fees);
  const given = [...result.given].map(([address, intents]) => [
    address,
    intents.map(({ id }) => Number(id)),
  ]);
  return { given: Object.fromEntries(given) as Record<string, number[]>, next: result.next };
}

const abc = ["a", "b", "c"].map((address) => account(address));
const five = [1, 2, 3, 4, 5].map((id) => intent(id));

describe("relayer: schedule", () => {
  it("goes round, starting where it stopped", () => {
    expect(run(five, abc)).to.deep.equal({ given: { a: [1, 4], b: [2, 5], c: [3] }, next: "c" });
    expect(run(five, abc, "roundRobin", "c").given).to.deep.equal({ c: [1, 4], a: [2, 5], b: [3] });
    expect(run([intent(1)], [...abc, account("d")], "roundRobin", "gone").given).to.deep.equal({
      a: [1],
    });
  });

  it("gives to the account with the least pending, counting what it just gave", () => {
    const loads = [account("a", { pending: 3 }), account("b", { pending: 1 }), account("c")];
    expect(run(five, loads, "leastPending").given).to.deep.equal({ c: [1, 3, 5], b: [2, 4] });
  });

  it("gives at random, by the numbers it is given", () => {
    const numbers = [0, 0.34, 0.99, 0.5, 0.1];
    expect(run(five, abc, "random", null, () => numbers.shift() ?? 0).given).to.deep.equal({
      a: [1, 5],
      b: [2, 4],
      c: [3],
    });
  });

  for (const strategy of strategies) {
    it(`${strategy}: gives each intent once, to accounts with room only, and leaves the rest`, () => {
      const loads = [
        account("a", { maxPending: 2 }),
        account("b", { barred: "paused" }),
        account("c", { maxPending: 3, pending: 2 }),
      ];
      const { given } = run(five, loads, strategy, null, () => 0.5);
      expect(given["b"]).to.equal(undefined);
      expect(given["a"]).to.have.length(2);
      expect(given["c"]).to.have.length(1);
      expect(Object.values(given).flat().sort()).to.deep.equal([1, 2, 3]);
    });

    it(`${strategy}: gives feeds before randomness before payouts before the rest when there is little room`, () => {
      const queue = [
        intent(1, { lane: "admin" }),
        intent(2, { lane: "payouts" }),
        intent(3, { lane: "randomness" }),
        intent(5),
        intent(4),
      ];
      const order = [4, 5, 3, 2, 1];
      for (let room = 1; room <= 5; room++) {
        const { given } = run(queue, [account("a", { maxPending: room })], strategy);
        expect(given["a"]).to.deep.equal(order.slice(0, room));
      }
    });
  }

  it("keeps nonces of each account for the lanes above", () => {
    expect(
      (["feeds", "randomness", "payouts", "admin"] as const).map((lane) => limitOf(lane, 64)),
    ).to.deep.equal([64, 60, 56, 56]);
    expect(limitOf("admin", 1)).to.equal(1);
    const flood = Array.from({ length: 100 }, (_, id) => intent(id, { lane: "payouts" }));
    const { given } = run(flood, [account("a")]);
    expect(given["a"]).to.have.length(56);
    expect(run([intent(200)], [account("a", { pending: 56 })]).given).to.deep.equal({ a: [200] });
  });

  it("brings an intent to the account that has its group pending, even one that is barred or full", () => {
    const holder = account("b", { groups: new Set(["g"]), barred: "paused", pending: 64 });
    expect(run([intent(1, { group: "g" })], [account("a"), holder]).given).to.deep.equal({
      b: [1],
    });
  });

  it("gives a dedicated account what names it and nothing else, and nobody else that", () => {
    const loads = [account("a"), account("t", { dedicated: true })];
    const queue = [intent(1), intent(2), intent(3, { account: "t" }), intent(4, { account: "x" })];
    expect(run(queue, loads).given).to.deep.equal({ a: [1, 2], t: [3] });
  });

  it("prefers accounts with the balance, and lets one without it say so when nobody has it", () => {
    const poor = account("a", { freeWei: costWei - 1n });
    expect(run([intent(1)], [poor, account("b", { freeWei: costWei })]).given).to.deep.equal({
      b: [1],
    });
    expect(run([intent(1)], [poor]).given).to.deep.equal({ a: [1] });
    const enoughForOne = account("b", { freeWei: 2n * costWei - 1n });
    expect(
      run([intent(1), intent(2)], [enoughForOne, account("c")], "leastPending").given,
    ).to.deep.equal({ b: [1], c: [2] });
  });
});
