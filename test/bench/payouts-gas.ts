/**
 * Gas of payouts on Hardhat's EVM, beside a bitmap distributor in the same run. Run by
 * `hardhat run test/bench/payouts-gas.ts`.
 */
import { id, parseEther, solidityPackedKeccak256 } from "ethers";
import type { ContractTransactionResponse } from "ethers";

import { DAY, deployPayouts, LIMITS, payee } from "../contracts/payouts/payouts.ts";
import type { Payouts } from "../contracts/payouts/payouts.ts";
import { payoutTree, Tree } from "../contracts/payouts/tree.ts";
import { range } from "../helpers/contracts-fixture.ts";
import { gasRow, type Row } from "./row.ts";

const LEAVES = 100_000;
/** Levels of the tree that most leaves lie below. */
const DEPTH = 17;
const DAYS = 7;
const PUSHED = 100;
const FIRST_TARGET = 1.15;
const LATER_TARGET = 1.25;
const DAYS_TARGET = 0.2;
/** A day's reward of every account, with digits of their own as real amounts have. */
const REWARD = 1_234_567_890_123_456_789n;
const PEER = "bitmap distributor (same run)";

/** Measures everything; takes about half a minute, most of it for trees of 100,000 leaves. */
export async function payoutsGasBench(): Promise<Row[]> {
  const payouts = await deployPayouts({
    deposit: 0n,
    limits: { ...LIMITS, perEpoch: parseEther("50000000") },
  });
  const { distributor, funder, tokenAddress, users } = payouts;
  await distributor.connect(funder).deposit(tokenAddress, parseEther("100000000"));
  const accounts = [
    ...users.map(({ address }) => address),
    ...range(LEAVES - users.length).map(payee),
  ];
  const ours = await measureCumulative(payouts, accounts);
  const bitmap = await measureBitmap(payouts, accounts);
  return [
    row("payout.claim.first", ours.first, bitmap.first * FIRST_TARGET, bitmap.first),
    row("payout.claim.later", ours.later, bitmap.later * LATER_TARGET, bitmap.later),
    row("payout.claim.bitmapFirst", bitmap.first, null, null),
    row("payout.claim.bitmapLater", bitmap.later, null, null),
    row("payout.claim.sevenDays", ours.days, bitmap.days * DAYS_TARGET, bitmap.days),
    row("payout.claim.bitmapSevenDays", bitmap.days, null, null),
    row("payout.push.perRecipient", ours.push, null, bitmap.later),
    row("payout.push.perRecipient.scattered", ours.pushScattered, null, bitmap.later),
    row("payout.push.perRecipient.first", ours.pushFirst, null, bitmap.first),
  ];
}

/**
 * Claims and pushes in a distributor that is in use: somebody claimed before. Who claims later claimed the day before and
 * holds the token; who claims seven days at once claimed the day before those.
 */
async function measureCumulative(payouts: Payouts, accounts: readonly string[]) {
  const one = prepare(payouts, accounts, 1);
  const two = prepare(payouts, accounts, 2);
  const last = prepare(payouts, accounts, 1 + DAYS);
  const [opener, ...others] = payouts.users as [User, ...User[]];
  const first = deepest(one, others);
  const returning = deepest(two, others, [first]);
  const patient = deepest(last, others, [first, returning]);
  const neighbours = two.tree.ordered
    .map(({ account }) => account)
    .filter((account) => !payouts.users.some(({ address }) => address === account))
    .slice(0, PUSHED);
  const scattered = range(PUSHED).map((i) => accounts[1_000 + i * 900]!);

  await activate(payouts, one);
  await payouts.claim(opener, one.tree, one.leafOf(opener.address));
  const firstGas = await gasOf(payouts.claim(first, one.tree, one.leafOf(first.address)));
  for (const user of [returning, patient]) {
    await payouts.claim(user, one.tree, one.leafOf(user.address));
  }
  await payouts.push(one.tree, neighbours.map(one.leafOf));
  const pushFirst = await gasOf(payouts.push(one.tree, scattered.map(one.leafOf)));

  await payouts.networkHelpers.time.increase(DAY);
  await activate(payouts, two);
  const later = await gasOf(payouts.claim(returning, two.tree, two.leafOf(returning.address)));
  const push = await gasOf(payouts.push(two.tree, neighbours.map(two.leafOf)));
  const pushScattered = await gasOf(payouts.push(two.tree, scattered.map(two.leafOf)));

  // Nobody claims on the days between, so that their roots may be anything.
  for (let day = 2; day < DAYS; day++) {
    await payouts.networkHelpers.time.increase(DAY);
    await activate(payouts, { tree: { root: id(`day ${day}`) }, total: two.total + BigInt(day) });
  }
  await payouts.networkHelpers.time.increase(DAY);
  await activate(payouts, last);
  const days = await gasOf(payouts.claim(patient, last.tree, last.leafOf(patient.address)));
  return {
    first: firstGas,
    later,
    days,
    push: push / PUSHED,
    pushFirst: pushFirst / PUSHED,
    pushScattered: pushScattered / PUSHED,
  };
}

/** The same accounts' claims from a distributor a day, each of which has its own bitmap. */
async function measureBitmap(payouts: Payouts, accounts: readonly string[]) {
  const leaves = accounts.map((account, index) => ({ index, account, amount: REWARD }));
  const tree = new Tree(leaves, ({ index, account, amount }) =>
    solidityPackedKeccak256(["uint256", "address", "uint256"], [index, account, amount]),
  );
  const leafOf = (account: string) => leaves[accounts.indexOf(account)]!;
  const [opener, ...others] = payouts.users as [User, ...User[]];
  const deep = { tree, leafOf };
  const first = deepest(deep, others);
  const patient = deepest(deep, others, [first]);
  const token = await payouts.ethers.deployContract("PayoutToken");
  await token.mint(patient.address, REWARD);
  const open = async () => {
    const distributor = await payouts.ethers.deployContract("BitmapDistributor", [
      token,
      tree.root,
    ]);
    await token.mint(distributor, parseEther("1000000000"));
    return (user: User) => {
      const { index, account, amount } = leafOf(user.address);
      const proof = tree.proof(leafOf(user.address));
      return gasOf(distributor.connect(user).claim(index, account, amount, proof));
    };
  };
  const claim = await open();
  const firstGas = await claim(first);
  const daily = [await claim(patient)];
  for (let day = 1; day < DAYS; day++) {
    const claimOfDay = await open();
    await claimOfDay(opener);
    daily.push(await claimOfDay(patient));
  }
  return { first: firstGas, later: daily[0]!, days: daily.reduce((sum, gas) => sum + gas, 0) };
}

interface Rooted<L> {
  readonly tree: Tree<L>;
  readonly leafOf: (account: string) => L;
}

function prepare({ leaf }: Payouts, accounts: readonly string[], days: number) {
  const leaves = accounts.map((account) => leaf(account, REWARD * BigInt(days)));
  const places = new Map(leaves.map((made) => [made.account, made]));
  return {
    tree: payoutTree(leaves),
    leafOf: (account: string) => places.get(account)!,
    total: REWARD * BigInt(days * accounts.length),
  };
}

/** The first of these users, others than those taken, whose proof has the length that most have. */
function deepest<L>({ tree, leafOf }: Rooted<L>, users: readonly User[], taken: User[] = []): User {
  const found = users.find(
    (user) => !taken.includes(user) && tree.proof(leafOf(user.address)).length === DEPTH,
  );
  if (!found) throw new Error("no user's leaf is at the usual depth");
  return found;
}

async function activate(
  payouts: Payouts,
  { tree, total }: { tree: { root: string }; total: bigint },
) {
  const totals = [{ token: payouts.tokenAddress, amount: total }];
  const made = await payouts.content({ root: tree.root, totals });
  await payouts.distributor.activate(await payouts.ready(made));
}

type User = Payouts["users"][number];

async function gasOf(sent: Promise<ContractTransactionResponse>): Promise<number> {
  return Number((await (await sent).wait())!.gasUsed);
}

function row(name: string, value: number, target: number | null, peerValue: number | null): Row {
  const peer = peerValue === null ? null : PEER;
  return gasRow(name, value, target, peer, peerValue);
}

if (process.argv.some((argument) => argument.endsWith("test/bench/payouts-gas.ts"))) {
  console.table(await payoutsGasBench());
}
