import type { TransactionReceipt } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { standardLeaves } from "../../keepers/shared/merkle/leaves.ts";
import type { Row } from "../../keepers/payout/model.ts";
import { buildTree, multiProofOf, type Tree } from "../../keepers/shared/merkle/tree.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { sendCall, type Sent } from "../shared/send.ts";
import { revertData } from "../../deploy/reverts.ts";
import { sendingPayouts, type SendingPayouts } from "./open.ts";
import { activeRows, requireActive } from "./published.ts";
import { formatAmount, unitOf, type Unit } from "./units.ts";

interface Args {
  token: string | undefined;
  batch: number;
  min: string | undefined;
  program: string | undefined;
  from: string | undefined;
  folder: string | undefined;
  json: boolean;
}

/** A recipient that a push left out. */
interface Skipped {
  readonly account: string;
  readonly reason: string;
}

interface Batch {
  readonly paid: number;
  readonly amount: bigint;
  readonly skipped: readonly Skipped[];
  readonly sent: Sent | null;
}

interface Due {
  /** Place among the rows of the publication. */
  readonly leaf: number;
  readonly row: Row;
}

const MAX_BATCH = 200;
/** Accounts that are asked about at once. */
const PARALLEL = 32;
const PROGRESS_EVERY = 1_000;
/** What a transfer is granted at most; the estimate may have had a cheaper one in its place. */
const TRANSFER_GAS = 300_000n;
/** `IPayoutDistributor.SkipReason` by number. */
const reasons = [
  "nothing is owed any more",
  "a limit allows nothing now",
  "the token or the recipient refused the transfer",
];

/** Pays everybody who is owed something, in batches. One that cannot be paid is left out and named. */
export async function pushPayouts(
  args: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  if (args.batch < 1 || args.batch > MAX_BATCH) {
    throw new TaskError(`--batch must be from 1 to ${MAX_BATCH} recipients.`);
  }
  if (args.min !== undefined && !/^\d{1,29}$/.test(args.min)) {
    throw new TaskError(`--min "${args.min}" is not a whole number of the token's smallest unit.`);
  }
  await sendingPayouts(hre, settings, args, async (payouts) => {
    const active = await requireActive(payouts);
    const { rows } = await activeRows(payouts, active, args.program);
    const token = tokenIn(rows, args.token);
    const unit = await unitOf(payouts.connection.ethers.provider, token);
    const due = await dueIn(payouts, rows, token, BigInt(args.min ?? "1"));
    const tree = due.length === 0 ? null : buildTree(standardLeaves(rows));
    const batches: Batch[] = [];
    for (let at = 0; tree !== null && at < due.length; at += args.batch) {
      const batch = await pushBatch(payouts, tree, token, due.slice(at, at + args.batch));
      batches.push(batch);
      note(`${Math.min(at + args.batch, due.length)} of ${due.length} done`);
      if (
        batch.sent === null &&
        (await payouts.distributor.tokenState(token)).leftThisHour === 0n
      ) {
        note("The hour's limit is used up: push again when the next hour begins.");
        break;
      }
    }
    report(args.json, { epoch: active.epoch, unit, due: due.length, batches });
  });
}

/** Who is owed at least so much, in the order of the tree's rows. */
async function dueIn(
  { distributor }: SendingPayouts,
  rows: readonly Row[],
  token: string,
  min: bigint,
): Promise<Due[]> {
  const queue = rows.flatMap((row, leaf) => (row.token === token ? [{ row, leaf }] : []));
  note(`Ask what ${queue.length} accounts were paid already`);
  const due: Due[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let one = queue[next++]; one !== undefined; one = queue[next++]) {
      const { account, cumulative } = one.row;
      const { paid } = await distributor.accountState(account, token);
      if (cumulative >= paid + min) due.push(one);
      if (next % PROGRESS_EVERY === 0) note(`${next} of ${queue.length} accounts asked about`);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return due.sort((a, b) => a.leaf - b.leaf);
}

async function pushBatch(
  payouts: SendingPayouts,
  tree: Tree,
  token: string,
  due: readonly Due[],
): Promise<Batch> {
  const { address, distributor } = payouts;
  const { order, proof, proofFlags } = multiProofOf(
    tree,
    due.map(({ leaf }) => leaf),
  );
  const byLeaf = new Map(due.map(({ leaf, row }) => [leaf, row]));
  const payees = order.map((leaf) => {
    const { account, cumulative } = byLeaf.get(leaf)!;
    return { account, cumulative };
  });
  const siblings: [string[], boolean[]] = [[...proof], [...proofFlags]];
  const given = [token, payees, ...siblings] as const;
  try {
    const { receipt, sent } = await sendCall(payouts, {
      what: `PayoutDistributor.push(${payees.length} recipients)`,
      to: address,
      simulate: async () => await distributor.push.staticCall(...given),
      send: async () => {
        const gas = await distributor.push.estimateGas(...given);
        return await distributor.push(...given, { gasLimit: gas + gas / 5n + TRANSFER_GAS });
      },
    });
    return { ...outcomeOf(payouts, receipt), sent };
  } catch (error) {
    if (!isNothingPushed(payouts, error)) throw error;
    const reason = "none of its batch could be paid now: a limit is used up, or all refused";
    const skipped = payees.map(({ account }) => ({ account, reason }));
    return { paid: 0, amount: 0n, skipped, sent: null };
  }
}

function outcomeOf(
  { distributor }: SendingPayouts,
  { logs }: TransactionReceipt,
): Omit<Batch, "sent"> {
  let [paid, amount] = [0, 0n];
  const skipped: Skipped[] = [];
  for (const log of logs) {
    const event = distributor.interface.parseLog(log);
    if (event?.name === "Claimed") {
      paid++;
      amount += event.args.getValue("amount") as bigint;
    } else if (event?.name === "PushSkipped") {
      const reason = reasons[Number(event.args.getValue("reason"))] ?? "unknown";
      skipped.push({ account: String(event.args.getValue("account")), reason });
    }
  }
  return { paid, amount, skipped };
}

function isNothingPushed({ distributor }: SendingPayouts, error: unknown): boolean {
  const data = revertData(error);
  return data !== null && distributor.interface.parseError(data)?.name === "NothingPushed";
}

/** The named token, else the only one that the tree has. */
function tokenIn(rows: readonly Row[], given: string | undefined): string {
  const tokens = [...new Set(rows.map(({ token }) => token))];
  const list = tokens.join(", ");
  if (given !== undefined) {
    if (tokens.includes(given.toLowerCase())) return given.toLowerCase();
    throw new TaskError(`Nobody earned anything in ${given}. Tokens that were earned: ${list}.`);
  }
  const [first] = tokens;
  if (first === undefined || tokens.length > 1) {
    throw new TaskError(`Name the token with --token. Tokens that were earned: ${list}.`);
  }
  return first;
}

function report(
  json: boolean,
  { batches, due, epoch, unit }: { epoch: number; unit: Unit; due: number; batches: Batch[] },
): void {
  const paid = batches.reduce((sum, batch) => sum + batch.paid, 0);
  const amount = batches.reduce((sum, batch) => sum + batch.amount, 0n);
  const skipped = batches.flatMap((batch) => batch.skipped);
  const transactions = batches.flatMap(({ sent }) => (sent === null ? [] : [sent]));
  if (json) {
    return printJson({ epoch, token: unit.token, unit, due, paid, amount, skipped, transactions });
  }
  if (due === 0) return print(`Everybody has been paid for epoch ${epoch}.`);
  const gas = transactions.reduce((sum, { gasUsed }) => sum + gasUsed, 0n);
  const each = paid === 0 ? "" : `, ${gas / BigInt(paid)} gas a recipient`;
  print(
    `${paid} of ${due} recipients were paid ${formatAmount(amount, unit)} in ${transactions.length} transactions${each}.`,
  );
  for (const { account, reason } of skipped) print(`  ${account}: ${reason}`);
}
