import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { expect } from "chai";

import { localAccount } from "../../deploy/stack/configs.ts";
import { daySeconds, holderAt, type Move, PayoutNetwork, pool } from "./payouts.ts";

const minute = 60_000;
const token = 10n ** 18n;

/** Days and holders of the simulated month; fewer while something is developed. */
const days = Number(process.env["DODONA_TEST_EPOCHS"] ?? 30);
const holders = Number(process.env["DODONA_TEST_HOLDERS"] ?? 5_000);
const newcomersADay = 10;
const movesADay = 300;
/** Hours of a day at which balances change. */
const changeHours = [0.5, 9, 20.25];

/** Numbers in [0, 2^32), the same in every run: xorshift. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

interface Entry {
  readonly time: number;
  readonly balance: bigint;
}

/** What everybody holds and since when, in a plain table: nothing of what is tested is used here. */
class Table {
  readonly entries = new Map<string, Entry[]>();

  balanceOf(account: string): bigint {
    return this.entries.get(account)?.at(-1)?.balance ?? 0n;
  }

  apply({ amount, from, to }: Move, time: number): void {
    if (from !== null) this.#set(from, this.balanceOf(from) - amount, time);
    this.#set(to, this.balanceOf(to) + amount, time);
  }

  /** Balance times seconds of every account from `start` to `end`. */
  weights(start: number, end: number): Map<string, bigint> {
    const weights = new Map<string, bigint>();
    for (const [account, entries] of this.entries) {
      let sum = 0n;
      entries.forEach(({ balance, time }, i) => {
        const from = Math.max(time, start);
        const until = Math.min(entries[i + 1]?.time ?? end, end);
        if (until > from) sum += balance * BigInt(until - from);
      });
      weights.set(account, sum);
    }
    return weights;
  }

  #set(account: string, balance: bigint, time: number): void {
    const entries = this.entries.get(account) ?? [];
    entries.push({ time, balance });
    this.entries.set(account, entries);
  }
}

/** Divides the pool of a day by largest remainders; of equals the lower address comes first. */
function divide(weights: ReadonlyMap<string, bigint>): Map<string, bigint> {
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0n);
  const shares = [...weights].map(([account, weight]) => ({
    ...{ account, amount: (pool * weight) / total, rest: (pool * weight) % total },
  }));
  const given = shares.reduce((sum, { amount }) => sum + amount, 0n);
  shares.sort((a, b) =>
    a.rest === b.rest ? (a.account < b.account ? -1 : 1) : a.rest > b.rest ? -1 : 1,
  );
  shares.slice(0, Number(pool - given)).forEach((share) => (share.amount += 1n));
  return new Map(shares.map(({ account, amount }) => [account, amount]));
}

describe("a month of payouts", function () {
  this.timeout(12 * minute);
  let network: PayoutNetwork;
  const excluded = holderAt(0);
  /** Has a key: it claims for itself. */
  const claimant = localAccount(15).address.toLowerCase();
  const table = new Table();
  const earned = new Map<string, bigint>();
  const paid = new Map<string, bigint>();

  before(async () => {
    network = await PayoutNetwork.start({
      rule: { kind: "timeWeighted" },
      exclusions: [{ account: excluded, reason: "the team's treasury" }],
    });
  });
  after(async () => network?.stop());

  const change = async (moves: readonly Move[]): Promise<void> => {
    for (const { move, time } of await network.move(moves)) table.apply(move, time);
  };

  /** What everybody earned up to an epoch, as OpenZeppelin's own tree. */
  const treeOf = (): StandardMerkleTree<[string, string, string]> =>
    StandardMerkleTree.of(
      [...earned]
        .filter(([, amount]) => amount > 0n)
        .map(([account, amount]): [string, string, string] => [
          ...([account, network.paid, String(amount)] as const),
        ]),
      ["address", "address", "uint256"],
    );

  const count = (account: string): void => void paid.set(account, earned.get(account) ?? 0n);

  const claim = async (tree: ReturnType<typeof treeOf>, account: string): Promise<void> => {
    const amount = earned.get(account) ?? 0n;
    const proof = tree.getProof([account, network.paid, String(amount)]);
    const { distributor } = network;
    const isOwn = account === claimant;
    const data = isOwn
      ? distributor.interface.encodeFunctionData("claim", [network.paid, amount, proof])
      : distributor.interface.encodeFunctionData("claimFor", [
          ...([account, network.paid, amount, proof] as const),
        ]);
    const before = await network.balanceOf(account);
    await network.send(isOwn ? 15 : 14, await distributor.getAddress(), data);
    expect((await network.balanceOf(account)) - before).to.equal(
      amount - (paid.get(account) ?? 0n),
    );
    count(account);
  };

  const push = async (tree: ReturnType<typeof treeOf>, accounts: readonly string[]) => {
    const { leaves, proof, proofFlags } = tree.getMultiProof(
      accounts
        .map((account) => [account, network.paid, String(earned.get(account))] as const)
        .map((leaf) => [...leaf] as [string, string, string]),
    );
    const payees = leaves.map(([account, , amount]) => ({ account, cumulative: amount }));
    const { distributor } = network;
    const data = distributor.interface.encodeFunctionData("push", [
      ...([network.paid, payees, proof, proofFlags] as const),
    ]);
    await network.send(14, await distributor.getAddress(), data);
    for (const account of accounts) {
      expect(await network.balanceOf(account)).to.equal(earned.get(account));
      count(account);
    }
  };

  it(`pays ${days} days to ${holders} participants, every row equal to a recomputation and every wei accounted for`, async () => {
    const startedMs = Date.now();
    const next = numbersFrom(20_261_101);
    const everybody = Array.from({ length: holders - 1 }, (_, i) => holderAt(i));
    everybody.push(claimant);
    const amountOf = (): bigint => BigInt(next()) ** BigInt((next() % 2) + 1) + 1n;
    await change(everybody.map((to) => ({ from: null, to, amount: amountOf() })));

    let rows = 0;
    let differing = 0;
    const epochMs: number[] = [];
    for (let epoch = 1; epoch <= days; epoch++) {
      const beganMs = Date.now();
      const start = network.endOf(epoch) - daySeconds;
      for (const hour of changeHours) {
        await network.goTo(start + hour * 3_600);
        const moves: Move[] = Array.from({ length: movesADay / changeHours.length }, () => {
          const from = everybody[next() % everybody.length]!;
          const to = everybody[next() % everybody.length]!;
          const held = table.balanceOf(from);
          // Some part with all they have: they are out, and may come back.
          const amount = next() % 4 === 0 ? held : (held * BigInt(next() % 100)) / 100n;
          return { from, to, amount };
        });
        // In one block nobody shall move what an earlier move of the same batch took.
        const senders = new Set<string>();
        await change(
          moves.filter(({ amount, from, to }) => {
            if (from === null || from === to || amount === 0n || senders.has(from)) return false;
            senders.add(from);
            return true;
          }),
        );
      }
      const newcomers = Array.from({ length: newcomersADay }, (_, i) =>
        holderAt(holders + epoch * newcomersADay + i),
      );
      await change(newcomers.map((to) => ({ from: null, to, amount: amountOf() })));
      everybody.push(...newcomers);

      const end = network.endOf(epoch);
      await network.goTo(end + 2);
      await network.mine();
      const weights = table.weights(start, end);
      for (const account of [...weights.keys()])
        if (account === excluded || table.balanceOf(account) === 0n) weights.delete(account);
      const today = divide(weights);
      for (const [account, amount] of today)
        earned.set(account, (earned.get(account) ?? 0n) + amount);
      await network.activate(epoch);

      const proposals = await network.proposals(epoch);
      expect(proposals, `epoch ${epoch}`).to.have.length(1);
      const [proposal] = proposals;
      expect(proposal?.state).to.equal("activated");
      expect(proposal?.total).to.equal(BigInt(epoch) * pool);
      const published = new Map(
        network
          .published(proposal!.dataHash)
          .map(([account, , sum, now]) => [account, { sum, now }]),
      );
      const expected = [...earned].filter(([, amount]) => amount > 0n);
      expect(published.size, `rows of epoch ${epoch}`).to.equal(expected.length);
      for (const [account, amount] of expected) {
        rows++;
        const row = published.get(account);
        const isSame = row?.sum === String(amount) && row.now === String(today.get(account) ?? 0n);
        if (!isSame) differing++;
      }
      const isSample = epoch % 10 === 5 || epoch === days;
      const tree = isSample || epoch === 1 ? treeOf() : null;
      if (tree !== null) expect(proposal?.root).to.equal(tree.root);
      if (tree !== null && isSample) {
        const chosen = [
          claimant,
          ...Array.from({ length: 4 }, () => everybody[1 + (next() % (holders - 2))]!),
        ];
        for (const account of new Set(chosen)) {
          if ((earned.get(account) ?? 0n) > (paid.get(account) ?? 0n)) await claim(tree, account);
        }
        const payees = expected
          .map(([account]) => account)
          .filter((account) => account !== claimant && (paid.get(account) ?? 0n) === 0n)
          .slice(epoch, epoch + 100);
        await push(tree, payees);
      }
      epochMs.push(Date.now() - beganMs);
    }
    expect(differing, `of ${rows} rows`).to.equal(0);

    const claims = [...paid.values()].reduce((sum, amount) => sum + amount, 0n);
    const owed = [...earned].reduce(
      (sum, [account, amount]) => sum + amount - (paid.get(account) ?? 0n),
      0n,
    );
    const state = await network.distributor.tokenState(network.paid);
    expect(state.deposited).to.equal(100_000n * token);
    expect(state.paid).to.equal(claims);
    expect(state.approved).to.equal(claims + owed);
    expect(claims + owed).to.equal(BigInt(days) * pool);
    const free = state.deposited - state.approved;
    expect(state.deposited).to.equal(claims + owed + free);
    expect(await network.balanceOf(await network.distributor.getAddress())).to.equal(owed + free);

    await network.until("the index says the same", 60, async () => {
      const url = `${network.stack.file.apiUrl}/payouts`;
      const { activeEpoch, tokens } = (await (await fetch(url)).json()) as {
        activeEpoch: number;
        tokens: { token: string; paid: string; owed: string; free: string }[];
      };
      const shown = tokens.find((one) => one.token === network.paid);
      const seen = [activeEpoch, shown?.paid, shown?.owed, shown?.free].join();
      return seen === [days, claims, owed, free].join() || seen;
    });

    const seconds = (Date.now() - startedMs) / 1_000;
    const slowest = Math.max(...epochMs) / 1_000;
    console.log(
      `      ${days} epochs in ${seconds.toFixed(0)} s (slowest ${slowest.toFixed(1)} s), ${rows} rows, ${differing} differing; ` +
        `deposited ${state.deposited} = paid ${claims} + owed ${owed} + free ${free} wei`,
    );
  });
});
