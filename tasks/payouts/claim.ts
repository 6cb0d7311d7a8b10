import { ZeroAddress } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import { z } from "zod";

import { openProofs, type ProvedRow } from "../../keepers/payout/publication.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { accountsOf, resolveAccount } from "../shared/open.ts";
import { eventIn, sendCall, sentLines, type BoundCall, type Sent } from "../shared/send.ts";
import { sendingPayouts, type Payouts, type SendingPayouts } from "./open.ts";
import { activeRows, requireActive, type Active } from "./published.ts";
import { formatAmount, unitOf } from "./units.ts";

interface Args {
  for: string | undefined;
  to: string | undefined;
  token: string | undefined;
  program: string | undefined;
  from: string | undefined;
  folder: string | undefined;
  json: boolean;
}

/** A leaf with its proof, and where that came from. */
interface Proved {
  readonly rows: readonly ProvedRow[];
  readonly from: "api" | "publication" | "recomputation";
}

const API_TIMEOUT_MS = 10_000;
/** Last second of a signature that is not needed: the signer itself calls. */
const NO_DEADLINE = 2n ** 256n - 1n;
const digits = z.string().regex(/^(0|[1-9]\d{0,77})$/);
const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const apiSchema = z.object({
  tokens: z.array(
    z.object({
      token: z.string().regex(/^0x[0-9a-fA-F]{40}$/),
      amount: digits,
      proof: z.array(hash),
    }),
  ),
});

/** Claims what an account is owed: for the sending account, for another, or to another address. */
export async function claimPayout(
  args: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  await sendingPayouts(hre, settings, args, async (payouts) => {
    const accounts = await accountsOf(payouts.connection);
    const account = args.for === undefined ? payouts.account : resolveAccount(args.for, accounts);
    const to = args.to === undefined ? null : resolveAccount(args.to, accounts);
    const active = await requireActive(payouts);
    const proved = await provedFor(payouts, active, account, args.program);
    const token = args.token?.toLowerCase();
    const wanted = proved.rows.filter((row) => token === undefined || row.token === token);
    if (wanted.length === 0) throw new TaskError(noLeaf(account, active, proved, args.token));
    const payable = await Promise.all(
      wanted.map(async (row) => ({ row, left: await owedTo(payouts, account, row) })),
    );
    const owed = payable.filter(({ left }) => left > 0n);
    if (owed.length === 0) {
      throw new TaskError(`Everything that ${account} earned up to epoch ${active.epoch} is paid.`);
    }
    const claims: Record<string, unknown>[] = [];
    for (const { row, left } of owed) {
      const unit = await unitOf(payouts.connection.ethers.provider, row.token);
      const { amount, sent } = await claimRow(payouts, account, to, row);
      claims.push({ token: row.token, unit, amount, left: left - amount, ...sent });
      if (args.json) continue;
      print(
        `${formatAmount(amount, unit)} were paid for ${account}${to === null ? "" : ` to ${to}`}.`,
      );
      if (amount < left) {
        print(
          `${formatAmount(left - amount, unit)} more are owed: a limit allows no more now, claim again later.`,
        );
      }
      sentLines(sent).forEach(print);
    }
    if (args.json) printJson({ account, to, epoch: active.epoch, proofFrom: proved.from, claims });
  });
}

/** Leaves of an account with proofs: from the API, else from the published file, else computed again. */
async function provedFor(
  payouts: Payouts,
  active: Active,
  account: string,
  programFile: string | undefined,
): Promise<Proved> {
  const fromApi = await askApi(payouts, active, account);
  if (fromApi !== null) return { rows: fromApi, from: "api" };
  const { from, rows } = await activeRows(payouts, active, programFile);
  return { rows: openProofs(rows)(account), from };
}

/** @returns null where the API is not there, is behind, or says something that the chain does not confirm */
async function askApi(
  { deployment, distributor }: Payouts,
  { epoch }: Active,
  account: string,
): Promise<ProvedRow[] | null> {
  if (deployment.apiUrl === null) return null;
  const address = account.toLowerCase();
  try {
    const response = await fetch(`${deployment.apiUrl}/payouts/${epoch}/${address}`, {
      signal: AbortSignal.timeout(API_TIMEOUT_MS),
    });
    if (!response.ok) return null;
    const { tokens } = apiSchema.parse(await response.json());
    const rows = tokens.map(({ amount, proof, token }) => ({
      ...{ account: address, token: token.toLowerCase(), proof },
      ...{ cumulative: BigInt(amount), earned: 0n },
    }));
    const checks = await Promise.all(
      rows.map(
        async ({ cumulative, proof, token }) =>
          await distributor.verify(address, token, cumulative, [...proof]),
      ),
    );
    return rows.length > 0 && checks.every(Boolean) ? rows : null;
  } catch {
    note("The API gives no proof that holds: use the published file");
    return null;
  }
}

async function owedTo({ distributor }: Payouts, account: string, row: ProvedRow): Promise<bigint> {
  const { paid } = await distributor.accountState(account, row.token);
  return row.cumulative > paid ? row.cumulative - paid : 0n;
}

async function claimRow(
  payouts: SendingPayouts,
  account: string,
  to: string | null,
  row: ProvedRow,
): Promise<{ amount: bigint; sent: Sent }> {
  const { distributor } = payouts;
  const { receipt, sent } = await sendCall(payouts, callOf(payouts, account, to, row));
  const amount = eventIn(distributor.interface, receipt, "Claimed")?.["amount"];
  return { amount: typeof amount === "bigint" ? amount : 0n, sent };
}

function callOf(
  payouts: SendingPayouts,
  account: string,
  to: string | null,
  { cumulative, proof: siblings, token }: ProvedRow,
): BoundCall {
  const { address, distributor } = payouts;
  const proof = [...siblings];
  const what = `PayoutDistributor.${to === null ? "claimFor" : "claimTo"}(${account}, ${token === ZeroAddress ? "native coin" : token})`;
  if (to === null) {
    const { claimFor } = distributor;
    return {
      ...{ what, to: address },
      simulate: async () => await claimFor.staticCall(account, token, cumulative, proof),
      send: async () => await claimFor(account, token, cumulative, proof),
    };
  }
  const { claimTo } = distributor;
  const args = [account, token, cumulative, proof, to, NO_DEADLINE, "0x"] as const;
  return {
    ...{ what, to: address },
    simulate: async () => await claimTo.staticCall(...args),
    send: async () => await claimTo(...args),
  };
}

function noLeaf(
  account: string,
  { epoch }: Active,
  { rows }: Proved,
  token: string | undefined,
): string {
  if (token === undefined) {
    return `${account} earned nothing up to epoch ${epoch}. Why: npx hardhat payouts preview FILE --account ${account}`;
  }
  const tokens = rows.map((row) => row.token).join(", ");
  return `${account} earned nothing in ${token} up to epoch ${epoch}. Tokens that it earned: ${tokens || "none"}.`;
}
