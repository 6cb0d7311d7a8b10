import { userInfo } from "node:os";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { appendAudit, lockAudit } from "../../keepers/payout/audit-store.ts";
import { genesisOf } from "../../keepers/payout/audit.ts";
import { uriOf } from "../../keepers/payout/config.ts";
import { prepareEpoch } from "../../keepers/payout/epoch.ts";
import type { Finding } from "../../keepers/payout/model.ts";
import { encodePublication, type Publication } from "../../keepers/payout/publication.ts";
import type { Queryable } from "../../keepers/shared/database.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatFields } from "../shared/format.ts";
import { eventIn, sendCall, sentLines, type Sent } from "../shared/send.ts";
import { auditOf, withDatabase } from "./database.ts";
import { obstaclesTo } from "./obstacles.ts";
import { epochDeps, programAt, sendingPayouts, type SendingPayouts } from "./open.ts";
import { activeEpoch, proposalsOf } from "./published.ts";
import { requireRole } from "./role.ts";
import { formatAmount, unitOf } from "./units.ts";

interface Args {
  program: string;
  uri: string | undefined;
  acceptFindings: boolean;
  from: string | undefined;
  folder: string | undefined;
  json: boolean;
}

const MAX_URI_BYTES = 256;
const openStates = ["proposed", "approved", "ready"];

/** Computes the next epoch, publishes its file and proposes it, as the keeper does by itself. */
export async function proposeEpoch(
  args: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  await sendingPayouts(hre, settings, args, async (payouts) => {
    await requireRole(payouts, "propose", "proposer");
    const program = programAt(args.program);
    const active = await activeEpoch(payouts);
    const epoch = (active?.epoch ?? 0) + 1;
    const template = templateOf(payouts, args.uri);
    note(`Compute epoch ${epoch} from the chain`);
    const { content, result } = await prepareEpoch(epochDeps(payouts, program), epoch, active);
    if (content === null) throw new TaskError("There is nothing to pay, and never was.");
    const twin = (await proposalsOf(payouts, epoch)).find(
      ({ root, state }) => root === content.root && openStates.includes(state),
    );
    if (twin !== undefined) {
      throw new TaskError(`Proposal ${twin.id} has this root and is ${twin.state} already.`);
    }
    refuseFindings(result.findings, args.acceptFindings, "Propose");
    const refusals = (await obstaclesTo(payouts, program, result)).filter(
      (line) => !line.startsWith("slow"),
    );
    for (const line of refusals) note(`Careful: ${line}`);
    const made = await publish(payouts, content, template, result.findings);
    if (args.json) return printJson({ epoch, ...made.facts, ...made.sent });
    const unit = await unitOf(payouts.connection.ethers.provider, program.token);
    formatFields([
      ["Proposal", made.facts.proposal],
      ["Epoch", epoch.toString()],
      ["Root", content.root],
      ["Pays", `${formatAmount(result.distributed, unit)} to ${result.recipients} accounts`],
      ["File", made.facts.file],
      ["URI", made.facts.uri],
    ]).forEach(print);
    sentLines(made.sent).forEach(print);
    note("Next, each approver: npx hardhat payouts approve --program FILE");
  });
}

/** @throws {TaskError} that names the findings, unless a person accepts them */
export function refuseFindings(
  findings: readonly Finding[],
  isAccepted: boolean,
  what: string,
): void {
  if (findings.length === 0) return;
  const reasons = findings.map(({ reason }) => reason).join("; ");
  if (!isAccepted) {
    throw new TaskError(
      `The program's checks hold this epoch for a person: ${reasons}. ${what} it all the same with --accept-findings.`,
    );
  }
  note(`Accepted: ${reasons}`);
}

interface Made {
  sent: Sent;
  facts: { proposal: string; root: string; dataHash: string; uri: string; file: string };
}

/** Where the keeper's database is at hand, its audit log is carried on; else the file says that there is none. */
async function publish(
  payouts: SendingPayouts,
  content: Omit<Publication, "audit">,
  template: string,
  findings: readonly Finding[],
): Promise<Made> {
  const log = auditOf(payouts);
  const withLog = await withDatabase(
    payouts,
    async (db) =>
      await db.transaction(async (client) => {
        const made = await send(
          payouts,
          { ...content, audit: await lockAudit(client, log) },
          template,
        );
        await record(client, payouts, content, made, findings);
        return made;
      }),
  );
  if (withLog !== null) return withLog;
  note("No keeper's database is at hand: this proposal pins no audit log.");
  const audit = { sequence: 0, head: genesisOf(log) };
  return await send(payouts, { ...content, audit }, template);
}

async function send(
  payouts: SendingPayouts,
  publication: Publication,
  template: string,
): Promise<Made> {
  const { address, distributor, files } = payouts;
  const { bytes, dataHash } = encodePublication(publication);
  const uri = uriOf(template, dataHash);
  if (Buffer.byteLength(uri) > MAX_URI_BYTES) {
    throw new TaskError(`The URI has ${Buffer.byteLength(uri)} bytes; it may have 256: ${uri}`);
  }
  const { epoch, root, snapshot, totals } = publication;
  const proposed = {
    ...{ epoch, root, dataHash, uri, snapshotBlock: snapshot.number },
    totals: totals.map(({ amount, token }) => ({ amount, token })),
  };
  // The file is there before anything names it.
  const file = await files.write(bytes, dataHash);
  const { receipt, sent } = await sendCall(payouts, {
    what: `PayoutDistributor.propose(epoch ${epoch})`,
    to: address,
    simulate: async () => await distributor.propose.staticCall(proposed),
    send: async () => await distributor.propose(proposed),
  });
  const event = eventIn(distributor.interface, receipt, "EpochProposed");
  return { sent, facts: { proposal: String(event?.["proposalId"]), root, dataHash, uri, file } };
}

async function record(
  client: Queryable,
  payouts: SendingPayouts,
  { epoch, root, snapshot, totals }: Omit<Publication, "audit">,
  { facts, sent }: Made,
  findings: readonly Finding[],
): Promise<void> {
  const content = {
    ...{ by: payouts.account, person: userInfo().username, transaction: sent.transaction },
    ...{ root, dataHash: facts.dataHash, snapshotBlock: snapshot.number },
    totals: totals.map(({ token, amount }) => ({ token, amount })),
    acceptedFindings: findings.map(({ reason }) => reason),
  };
  await appendAudit(client, auditOf(payouts), { epoch, kind: "proposed", content }, Date.now());
}

function templateOf({ deployment }: SendingPayouts, uri: string | undefined): string {
  if (uri !== undefined) {
    if (uri.includes("{hash}")) return uri;
    throw new TaskError(`--uri "${uri}" must contain {hash}, for the file's name.`);
  }
  if (deployment.apiUrl !== null) return `${deployment.apiUrl}/payouts/data/{hash}.json`;
  throw new TaskError(
    "Say where others find the file: --uri https://payouts.example/{hash}.json; {hash} stands for its hash.",
  );
}
