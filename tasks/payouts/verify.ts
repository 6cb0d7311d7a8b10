import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { Program } from "../../keepers/payout/program.ts";
import { programHash } from "../../keepers/payout/program.ts";
import { verifyEpoch, type Verification } from "../../keepers/payout/verify.ts";
import { systemClock } from "../../keepers/shared/clock.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatFields, formatTable } from "../shared/format.ts";
import { epochDeps, programAt, readingPayouts, type Payouts } from "./open.ts";
import { filesFor, proposalOf, publicationOf } from "./published.ts";
import { formatChange, formatNumber, unitOf } from "./units.ts";

interface Args {
  epoch: number;
  program: string | undefined;
  fromFirst: boolean;
  folder: string | undefined;
  json: boolean;
}

const SHOWN_DIFFERENCES = 20;

/** Computes an epoch again from chain data, and compares it with the chain's root. Fails where they differ. */
export async function verifyPayout(
  { epoch, folder, fromFirst, json, program: file }: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  if (epoch < 1) throw new TaskError("Epochs are counted from 1.");
  await readingPayouts(hre, settings, { folder }, async (payouts) => {
    const { address: distributor, fromBlock: startBlock } = payouts;
    const proposal = await proposalOf(payouts, epoch);
    const program = file === undefined ? await published(payouts, proposal) : programAt(file);
    note(
      `Compute epoch ${epoch} from the chain with ${file ?? "the program that was published with it"}`,
    );
    const verification = await verifyEpoch(
      {
        ...epochDeps(payouts, program),
        ...{ distributor, startBlock, fromFirst, clock: systemClock },
        files: filesFor(payouts, proposal),
      },
      epoch,
    );
    const { isEqual, problems } = verification;
    const isRight = isEqual && problems.length === 0;
    if (json) printJson({ ...verification, isRight, program: programHash(program) });
    else await printVerification(payouts, verification, program);
    if (isRight) return;
    throw new TaskError(`Epoch ${epoch} does not verify: ${problems.join("; ")}.`);
  });
}

/** Whoever has no program file takes the published one: the summary says which it was. */
async function published(
  payouts: Payouts,
  proposal: { readonly dataHash: string; readonly uri: string },
): Promise<Program> {
  const publication = await publicationOf(payouts, proposal);
  if (publication !== null) return publication.program;
  throw new TaskError(
    `Nobody has the file ${proposal.dataHash} (${proposal.uri}): say what the epoch is computed with: --program FILE.`,
  );
}

const bases: Record<Verification["basis"], string> = {
  none: "none: it is the first epoch",
  published: "the epoch before, whose published rows lead to its root on chain",
  recomputed: "all epochs of the program, computed again",
};

async function printVerification(
  { connection }: Payouts,
  { basis, differences, isEqual, proposal, recipients, root, seconds }: Verification,
  program: Program,
): Promise<void> {
  formatFields([
    ["Proposal", `${proposal.id} (${proposal.state})`],
    ["Program", `"${program.name}", ${programHash(program)}`],
    ["Root on chain", root.chain],
    ["Recomputed", root.recomputed ?? "none: nothing is to be paid"],
    ["Stands on", bases[basis]],
    ["Recipients", recipients.toString()],
    ["Took", `${seconds.toFixed(1)} s`],
  ]).forEach(print);
  if (isEqual) print("✓ The same root follows from the chain.");
  if (differences.length === 0) return;
  const { decimals, symbol } = await unitOf(connection.ethers.provider, program.token);
  print("");
  print(`${differences.length} accounts differ`);
  formatTable(
    [
      { title: "ACCOUNT", align: "left" },
      { title: `PUBLISHED ${symbol}`, align: "right" },
      { title: "RECOMPUTED", align: "right" },
      { title: "DIFFERENCE", align: "right" },
    ],
    differences
      .slice(0, SHOWN_DIFFERENCES)
      .map(({ account, published: given, recomputed }) => [
        account,
        formatNumber(given, decimals),
        formatNumber(recomputed, decimals),
        formatChange(given - recomputed, decimals),
      ]),
  ).forEach(print);
  if (differences.length > SHOWN_DIFFERENCES) note("All of them: --json");
}
