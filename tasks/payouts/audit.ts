import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { readAudit } from "../../keepers/payout/audit-store.ts";
import { verifyAudit, type AuditAnchor, type AuditEntry } from "../../keepers/payout/audit.ts";
import { distributorAbi, toContent } from "../../keepers/payout/distributor.ts";
import type { ApprovalContent } from "../../keepers/payout/approval.ts";
import { openLogCursor } from "../../keepers/payout/log-cursor.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatFields, formatTable, formatTime } from "../shared/format.ts";
import { auditOf, requireDatabase } from "./database.ts";
import { readingPayouts, type Payouts } from "./open.ts";
import { publicationOf } from "./published.ts";

interface Args {
  entries: boolean;
  folder: string | undefined;
  json: boolean;
}

interface Proposed extends ApprovalContent {
  readonly id: string;
}

/** Proves that the audit log is whole: its own chain of hashes, and its place in every proposal's data hash. */
export async function auditPayouts(
  { entries: isWanted, folder, json }: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  await readingPayouts(hre, settings, { folder }, async (payouts) => {
    const log = auditOf(payouts);
    const entries = await requireDatabase(
      payouts,
      "The audit log",
      async (db) => await readAudit(db.pool, log),
    );
    const proposals = await allProposals(payouts);
    const { anchors, missing } = await anchorsOf(payouts, proposals);
    const broken = verifyAudit(log, entries, anchors);
    const problems = [
      ...(broken === null ? [] : [broken.problem]),
      ...missing.map(
        ({ dataHash, epoch }) =>
          `nobody has the file ${dataHash} of epoch ${epoch}, so its place in the log is not proved`,
      ),
      ...unrecorded(entries, proposals),
    ];
    const last = anchors.reduce((most, { sequence }) => Math.max(most, sequence), 0);
    if (json) {
      printJson({
        ...{ distributor: payouts.address, entries: entries.length, proposals: proposals.length },
        ...{ anchors: anchors.length, anchoredUpTo: last, isComplete: problems.length === 0 },
        ...{ problems, head: entries.at(-1)?.hash ?? null, log: isWanted ? entries : undefined },
      });
    } else {
      if (isWanted) entryLines(entries).forEach(print);
      formatFields([
        ["Entries", entries.length.toString()],
        [
          "Proposals",
          `${proposals.length}, of which ${anchors.length} name their place in the log`,
        ],
        ["Proved", last === 0 ? "nothing yet" : `entries 1 to ${last}, by the chain`],
        [
          "Unproved",
          entries.length === last ? "none" : `${entries.length - last} after the latest proposal`,
        ],
      ]).forEach(print);
    }
    if (problems.length > 0) throw new TaskError(`The log is not whole: ${problems.join("; ")}.`);
    if (!json) print("✓ The log is whole.");
  });
}

async function allProposals({ address, chain, fromBlock }: Payouts): Promise<Proposed[]> {
  const topics = [distributorAbi.getEvent("EpochProposed").topicHash];
  const cursor = openLogCursor(chain, { address, topics, fromBlock });
  const head = Number(await chain.send("eth_blockNumber", []));
  return (await cursor.sync(head)).map(toContent).map(([id, content]) => ({ ...content, id }));
}

/** Reads from every proposal's file how far the log was. A file that is wrong is a problem of `verify`, and missing here. */
async function anchorsOf(
  payouts: Payouts,
  proposals: readonly Proposed[],
): Promise<{ anchors: AuditAnchor[]; missing: Proposed[] }> {
  const anchors: AuditAnchor[] = [];
  const missing: Proposed[] = [];
  for (const [i, proposal] of proposals.entries()) {
    if (i > 0 && i % 100 === 0) note(`${i} of ${proposals.length} files read`);
    const publication = await publicationOf(payouts, proposal).catch(() => null);
    if (publication === null) missing.push(proposal);
    else anchors.push({ epoch: proposal.epoch, ...publication.audit });
  }
  return { anchors, missing };
}

/** Proposals of the chain that the log does not tell of. */
function unrecorded(entries: readonly AuditEntry[], proposals: readonly Proposed[]): string[] {
  const told = entries.filter(({ kind }) => kind === "proposed").map(({ content }) => content);
  return proposals
    .filter(({ dataHash }) => !told.some((content) => content.includes(dataHash)))
    .map(
      ({ epoch, id }) =>
        `proposal ${id} of epoch ${epoch} is not in it: it was made by hand without this database, or with another one`,
    );
}

function entryLines(entries: readonly AuditEntry[]): string[] {
  return formatTable(
    [
      { title: "NO", align: "right" },
      { title: "TIME", align: "left" },
      { title: "EPOCH", align: "right" },
      { title: "WHAT", align: "left" },
      { title: "CONTENT", align: "left" },
    ],
    entries.map(({ atMs, content, epoch, kind, sequence }) => [
      ...[sequence.toString(), formatTime(Math.floor(atMs / 1_000)), epoch.toString(), kind],
      content,
    ]),
  );
}
