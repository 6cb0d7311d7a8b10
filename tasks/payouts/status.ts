import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { readHolds, type HoldState } from "../../keepers/payout/store.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { formatFields, formatMoment, formatTable } from "../shared/format.ts";
import { auditOf, withDatabase } from "./database.ts";
import { readingPayouts, type Payouts } from "./open.ts";
import { activeEpoch, proposalsOf, type Active } from "./published.ts";
import { formatAmount, formatNumber, unitOf, type Unit } from "./units.ts";

interface TokenStatus {
  readonly unit: Unit;
  readonly deposited: bigint;
  readonly approved: bigint;
  readonly paid: bigint;
  /** Approved and not paid. */
  readonly owed: bigint;
  /** Deposited, and no root lays claim to it. */
  readonly free: bigint;
  readonly leftThisHour: bigint;
  readonly leftToday: bigint;
  readonly limits: Readonly<Record<"perHour" | "perDay" | "perAccount" | "perEpoch", bigint>>;
  /** What the latest epoch added; null before the first. */
  readonly lastIncrease: bigint | null;
  /** Epochs like the latest that the free deposits pay for; null where nothing was added. */
  readonly fundedEpochs: number | null;
}

interface ProposalStatus {
  readonly id: string;
  readonly state: string;
  readonly root: string;
  readonly approvals: number;
  readonly approvedBy: readonly string[];
  readonly proposedAt: number;
  /** null before it has enough approvals. */
  readonly challengeEndsAt: number | null;
  readonly expiresAt: number;
}

interface Status {
  readonly active: Active | null;
  /** The epoch that comes next. */
  readonly epoch: number;
  readonly proposals: readonly ProposalStatus[];
  readonly threshold: number;
  readonly approvers: readonly string[];
  readonly earliestActivation: number | null;
  /** null unless claims are paused now. */
  readonly pausedUntil: number | null;
  readonly tokens: readonly TokenStatus[];
  /** null where no keeper's database is at hand. */
  readonly holds: readonly HoldState[] | null;
}

/** Prints where payouts stand: the active epoch, what comes next and what it waits for, money and limits. */
export async function payoutStatus(
  { json }: { json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  await readingPayouts(hre, settings, {}, async (payouts) => {
    const status = await statusOf(payouts);
    if (json) return printJson(status);
    const { nowSeconds } = payouts;
    epochLines(status, payouts).forEach(print);
    proposalLines(status, nowSeconds).forEach(print);
    tokenLines(status).forEach(print);
  });
}

async function statusOf(payouts: Payouts): Promise<Status> {
  const { distributor, nowSeconds } = payouts;
  const active = await activeEpoch(payouts);
  const epoch = (active?.epoch ?? 0) + 1;
  const [known, { accounts, threshold }, config, pausedUntil, listed] = await Promise.all([
    proposalsOf(payouts, epoch),
    distributor.approvers(),
    distributor.config(),
    distributor.pausedUntil(),
    distributor.tokens(),
  ]);
  const approvers = [...accounts];
  const [proposals, tokens, holds] = await Promise.all([
    Promise.all(
      known.map(async ({ id, root, state }) => ({
        ...{ id, root, state },
        ...(await approvalsOf(payouts, id, approvers)),
      })),
    ),
    Promise.all(listed.map(async (token) => await tokenOf(payouts, token, active))),
    withDatabase(payouts, async (db) => await readHolds(db.pool, auditOf(payouts), epoch)),
  ]);
  return {
    ...{ active, epoch, proposals, approvers, tokens, holds },
    threshold: Number(threshold),
    earliestActivation: active === null ? null : active.activatedAt + Number(config.epochSeconds),
    pausedUntil: Number(pausedUntil) > nowSeconds ? Number(pausedUntil) : null,
  };
}

async function approvalsOf(
  { distributor }: Payouts,
  id: string,
  approvers: readonly string[],
): Promise<Omit<ProposalStatus, "id" | "root" | "state">> {
  const [info, approved] = await Promise.all([
    distributor.proposal(id),
    Promise.all(approvers.map(async (one) => await distributor.hasApproved(id, one))),
  ]);
  const { approvals, challengeEndsAt, expiresAt, proposedAt } = info;
  return {
    approvals: Number(approvals),
    approvedBy: approvers.filter((_, i) => approved[i]),
    proposedAt: Number(proposedAt),
    challengeEndsAt: challengeEndsAt === 0n ? null : Number(challengeEndsAt),
    expiresAt: Number(expiresAt),
  };
}

async function tokenOf(
  { connection, distributor, fromBlock }: Payouts,
  token: string,
  active: Active | null,
): Promise<TokenStatus> {
  const [unit, state, limits, changes] = await Promise.all([
    unitOf(connection.ethers.provider, token),
    distributor.tokenState(token),
    distributor.limitsOf(token),
    active === null
      ? []
      : distributor.queryFilter(distributor.filters.TotalApproved(active.epoch, token), fromBlock),
  ]);
  const { approved, deposited, leftThisHour, leftToday, paid } = state;
  const { perAccount, perDay, perEpoch, perHour } = limits;
  const [change] = changes;
  const lastIncrease = change === undefined ? null : change.args.total - change.args.previous;
  const free = deposited - approved;
  const isPaying = lastIncrease !== null && lastIncrease > 0n;
  return {
    ...{ unit, deposited, approved, paid, owed: approved - paid, free, leftThisHour, leftToday },
    ...{ limits: { perHour, perDay, perAccount, perEpoch }, lastIncrease },
    fundedEpochs: isPaying ? Number((free * 100n) / lastIncrease) / 100 : null,
  };
}

function epochLines(
  { active, earliestActivation, epoch, holds, pausedUntil, threshold, approvers }: Status,
  { address, connection, nowSeconds }: Payouts,
): string[] {
  const lines = formatFields([
    ["Distributor", address],
    [
      "Active epoch",
      active === null
        ? "none yet"
        : `${active.epoch}, since ${formatMoment(active.activatedAt, nowSeconds)}`,
    ],
    ...(active === null ? [] : [["Root", active.root] as const]),
    [
      "Next epoch",
      earliestActivation === null || earliestActivation <= nowSeconds
        ? `${epoch}, can be activated as soon as it is ready`
        : `${epoch}, can be activated from ${formatMoment(earliestActivation, nowSeconds)}`,
    ],
    ["Approvals", `${threshold} of ${approvers.length} approvers are needed`],
    [
      "Claims",
      pausedUntil === null
        ? "are paid"
        : `ARE PAUSED until ${formatMoment(pausedUntil, nowSeconds)}; only governance ends that earlier`,
    ],
  ]);
  const open = (holds ?? []).filter(({ releasedBy }) => releasedBy === null);
  return [
    ...lines,
    ...open.flatMap(({ reasons }) => [
      `HELD for a person: ${reasons.join("; ")}`,
      `  Let it go on: npx hardhat payouts release ${epoch} --why "…" --network ${connection.networkName}`,
    ]),
  ];
}

function proposalLines({ epoch, proposals, threshold }: Status, nowSeconds: number): string[] {
  if (proposals.length === 0) return ["", `Nothing is proposed for epoch ${epoch}.`];
  return [
    "",
    ...proposals.flatMap(({ approvals, approvedBy, challengeEndsAt, expiresAt, id, state }) => [
      `Proposal ${id}: ${state}`,
      ...formatFields([
        [
          "  Approved by",
          `${approvals} of ${threshold}${approvedBy.length === 0 ? "" : `: ${approvedBy.join(", ")}`}`,
        ],
        [
          "  Challenge",
          challengeEndsAt === null
            ? "not begun"
            : `${challengeEndsAt > nowSeconds ? "ends" : "ended"} ${formatMoment(challengeEndsAt, nowSeconds)}`,
        ],
        ["  Expires", formatMoment(expiresAt, nowSeconds)],
      ]),
    ]),
  ];
}

function tokenLines({ tokens }: Status): string[] {
  if (tokens.length === 0) {
    return ["", "No token is listed: governance lists one with PayoutDistributor.setLimits."];
  }
  const right = (title: string) => ({ title, align: "right" as const });
  return [
    "",
    ...formatTable(
      [
        { title: "TOKEN", align: "left" },
        ...["DEPOSITED", "APPROVED", "PAID", "OWED", "FREE", "LEFT THIS HOUR", "LEFT TODAY"].map(
          right,
        ),
        { title: "LASTS", align: "right" },
      ],
      tokens.map(({ fundedEpochs, unit, ...amounts }) => [
        unit.symbol,
        ...(
          ["deposited", "approved", "paid", "owed", "free", "leftThisHour", "leftToday"] as const
        ).map((name) => formatNumber(amounts[name], unit.decimals)),
        fundedEpochs === null ? "–" : `${fundedEpochs} d`,
      ]),
    ),
    ...tokens.map(
      ({ limits, unit }) =>
        `Limits: ${formatAmount(limits.perHour, unit)} an hour, ${formatAmount(limits.perDay, unit)} a day, ` +
        `${formatAmount(limits.perAccount, unit)} an account and day, ${formatAmount(limits.perEpoch, unit)} more an epoch`,
    ),
  ];
}
