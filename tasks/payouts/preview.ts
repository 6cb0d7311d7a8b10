import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { findSnapshotBlock, readBlock } from "../../keepers/payout/blocks.ts";
import { windowOf, type Window } from "../../keepers/payout/calendar.ts";
import { computeEpoch, type EpochResult } from "../../keepers/payout/compute.ts";
import { crossCheck } from "../../keepers/payout/cross-check.ts";
import type { SnapshotBlock } from "../../keepers/payout/model.ts";
import type { Program, Rule } from "../../keepers/payout/program.ts";
import { findWords } from "../../keepers/payout/words.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatFields, formatMoment, formatTable, formatTime } from "../shared/format.ts";
import { changesOf, groupReasons, standingOf, topOf, type Changes } from "./describe.ts";
import { obstaclesTo } from "./obstacles.ts";
import { epochDeps, programAt, readingPayouts, type Payouts } from "./open.ts";
import { activeEpoch, activeRows } from "./published.ts";
import {
  formatAmount,
  formatChange,
  formatNumber,
  formatShare,
  unitOf,
  type Unit,
} from "./units.ts";

interface Args {
  program: string;
  top: number;
  account: string | undefined;
  folder: string | undefined;
  json: boolean;
}

/** An epoch as it would be, and how far that is certain. */
interface Preview {
  readonly program: Program;
  readonly result: EpochResult;
  readonly window: Window;
  /** False while the day goes on: the snapshot is the latest block, and holdings are taken to stay as they are. */
  readonly isOver: boolean;
  /** For a raffle whether its words are known: before, shares are chances. */
  readonly drawn: boolean | null;
  readonly participants: number;
  readonly checked: number;
  readonly changes: Changes;
  /** Why the distributor would refuse it, or what delays it. */
  readonly obstacles: readonly string[];
}

/** Computes the next epoch of a program file, and shows who would be paid what, who would not, and what would stop it. */
export async function previewProgram(
  { account, folder, json, program: file, top }: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  if (top < 0) throw new TaskError("--top must be 0, for all, or above.");
  await readingPayouts(hre, settings, { folder }, async (payouts) => {
    const program = programAt(file);
    const startedMs = performance.now();
    const preview = await previewOf(payouts, program);
    const seconds = Math.round(performance.now() - startedMs) / 1_000;
    const unit = await unitOf(payouts.connection.ethers.provider, program.token);
    const standing = account === undefined ? null : standingOf(account, preview.result);
    const { changes, result, ...known } = preview;
    if (json) {
      const { distributed, epoch, findings, out, recipients, root, snapshotBlock, totals } = result;
      return printJson({
        ...{ epoch, window: known.window, isOver: known.isOver, drawn: known.drawn },
        ...{ snapshot: snapshotBlock, unit, poolPerDay: program.poolPerDay, distributed },
        ...{ participants: known.participants, checked: known.checked, recipients, root, totals },
        ...{ top: topOf(result, top), account: standing, out, changes },
        ...{ holds: findings, obstacles: known.obstacles, seconds },
      });
    }
    summaryLines(payouts, preview, unit, seconds).forEach(print);
    topLines(preview, unit, top).forEach(print);
    changeLines(changes, unit).forEach(print);
    outLines(result).forEach(print);
    if (standing !== null) ["", standing.words].forEach(print);
    stopLines(preview).forEach(print);
  });
}

async function previewOf(payouts: Payouts, program: Program): Promise<Preview> {
  const { address: distributor, chain } = payouts;
  const active = await activeEpoch(payouts);
  const epoch = (active?.epoch ?? 0) + 1;
  const window = windowOf(program, epoch);
  if (window === null) throw new TaskError(notPaying(program, epoch));
  const deps = epochDeps(payouts, program);
  const final = await findSnapshotBlock(chain, window.end, 1);
  const block = final ?? (await readBlock(chain, "latest"));
  if (block === null) throw new TaskError("The node has no block.");
  const previous = active === null ? [] : (await activeRows(payouts, active, undefined)).rows;
  note(`Read participants and holdings at block ${block.number}`);
  const snapshot = await deps.source.holdings(program, block, window);
  const { all, sample } = deps.checkSize ?? { all: 0, sample: 0 };
  const checked = await crossCheck(chain, program.holdings.token, snapshot, { all, sample });
  const words = await wordsAt(payouts, program.rule, final);
  const drawn = program.rule.kind === "raffle" ? words !== null : null;
  const counted = drawn === false ? { ...program, rule: chanceOf(program.rule) } : program;
  const result = computeEpoch({
    ...{ program: counted, distributor, epoch, snapshot, previous, words },
  });
  return {
    ...{ program, result, window, isOver: final !== null, drawn, checked },
    participants: snapshot.holdings.length,
    changes: changesOf(previous, result.rows, program.token),
    obstacles: await obstaclesTo(payouts, program, result),
  };
}

async function wordsAt(
  { chain }: Payouts,
  rule: Rule,
  snapshot: SnapshotBlock | null,
): Promise<bigint[] | null> {
  if (rule.kind !== "raffle" || snapshot === null) return null;
  const head = await readBlock(chain, "latest");
  return await findWords(chain, rule.randomness, snapshot, head?.number ?? 0);
}

/** The rule that pays each account its weight's share of the pool, which is its chance at the first prize. */
function chanceOf(rule: Rule): Rule {
  if (rule.kind !== "raffle" || rule.weighting === "equal") return { kind: "flat" };
  return { kind: rule.weighting === "balance" ? "proRata" : "timeWeighted" };
}

function notPaying({ days, firstEpoch, name, startDay }: Program, epoch: number): string {
  const last = days === undefined ? "on" : `to ${firstEpoch + days - 1}`;
  return (
    `"${name}" pays in epochs ${firstEpoch} ${last} (from ${startDay} on), and epoch ${epoch} is the next. ` +
    `Set firstEpoch to ${epoch} and startDay to the day that it pays for, or give it more days.`
  );
}

function summaryLines(
  { nowSeconds }: Payouts,
  { checked, drawn, isOver, participants, program, result, window }: Preview,
  unit: Unit,
  seconds: number,
): string[] {
  const { distributed, epoch, recipients, root, snapshotBlock, totals } = result;
  const total = totals.find(({ token }) => token === program.token)?.amount ?? 0n;
  const day = `${formatTime(window.start)} to ${formatTime(window.end)}`;
  return [
    `Epoch ${epoch} of "${program.name}"`,
    ...formatFields([
      ["Day", isOver ? day : `${day}; ends ${formatMoment(window.end, nowSeconds)}`],
      [
        "Snapshot",
        isOver
          ? `block ${snapshotBlock.number}`
          : `block ${snapshotBlock.number}, the latest: as if nobody moved anything until the day ends`,
      ],
      ["Rule", ruleWords(program.rule, drawn)],
      ["Participants", `${participants}, of whom ${recipients} are paid`],
      ["Pool", formatAmount(program.poolPerDay, unit)],
      ["Paid out", formatAmount(distributed, unit)],
      ["Total so far", formatAmount(total, unit)],
      ["Root", root ?? "none: there is nothing to pay"],
      ["Checked", `${checked} balances against the token itself, in ${seconds.toFixed(1)} s`],
    ]),
  ];
}

function ruleWords(rule: Rule, drawn: boolean | null): string {
  if (rule.kind !== "raffle") return rule.kind;
  const prizes = `raffle with ${rule.prizes.length} ${rule.prizes.length === 1 ? "prize" : "prizes"}`;
  return drawn === true
    ? `${prizes}, drawn`
    : `${prizes}, not drawn yet: what stands below is each account's chance`;
}

function topLines({ drawn, program, result }: Preview, unit: Unit, top: number): string[] {
  const rows = topOf(result, top);
  if (rows.length === 0) return [];
  const { decimals, symbol } = unit;
  return [
    "",
    rows.length < result.recipients
      ? `Top ${rows.length} of ${result.recipients}`
      : "All recipients",
    ...formatTable(
      [
        { title: "ACCOUNT", align: "left" },
        { title: drawn === false ? `CHANCE OF ${symbol}` : symbol, align: "right" },
        { title: "SHARE", align: "right" },
        { title: "EVER", align: "right" },
      ],
      rows.map(({ account, cumulative, earned }) => [
        account,
        formatNumber(earned, decimals),
        formatShare(earned, program.poolPerDay),
        formatNumber(cumulative, decimals),
      ]),
    ),
  ];
}

function changeLines(
  { before, gone, largest, now, arrived }: Changes,
  { decimals }: Unit,
): string[] {
  if (before === 0) return ["", "Nothing was paid before: there is nothing to compare with."];
  return [
    "",
    `Against the epoch before: ${now} are paid, ${before} were; ${arrived} are new, ${gone} get nothing now`,
    ...largest.map(({ account, change }) => `  ${account} ${formatChange(change, decimals)}`),
  ];
}

function outLines({ out }: EpochResult): string[] {
  if (out.length === 0) return [];
  return [
    "",
    `Out: ${out.length}`,
    ...groupReasons(out).map(
      ({ count, example, reason }) =>
        `  ${count} × ${reason}${count === 1 ? ` (${example.account})` : `, e.g. ${example.account}`}`,
    ),
    "One account's reason: --account ADDRESS",
  ];
}

function stopLines({ obstacles, result }: Preview): string[] {
  const { findings } = result;
  return [
    "",
    ...(findings.length === 0
      ? ["No check would hold it."]
      : [
          "The checks would hold it for a person:",
          ...findings.map(({ check, reason }) => `  ${check}: ${reason}`),
        ]),
    ...(obstacles.length === 0
      ? ["The distributor would take it and pay it within a day."]
      : ["On the distributor:", ...obstacles.map((line) => `  ${line}`)]),
  ];
}
