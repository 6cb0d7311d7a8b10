import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { readEvents } from "../../deploy/logs.ts";
import type { PayoutDistributor } from "../../types/ethers-contracts/payouts/PayoutDistributor.ts";
import type { Acting } from "../gov/open.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { sendCall, sentLines } from "../shared/send.ts";
import { openHolder } from "./act.ts";

interface Args {
  proposal: string;
  why: string | undefined;
  from: string | undefined;
  json: boolean;
}

/** States of a proposal, by the interface's numbers. */
const STATES = [
  ...["unknown", "proposed", "approved", "ready", "activated"],
  ...["disputed", "superseded", "void", "expired"],
];
const OPEN = ["proposed", "approved", "ready"];
const MAX_REASON_BYTES = 200;

/** Drops a proposed root of payouts before it pays, as the guardian's holder. */
export async function guardianDispute(
  { from, json, proposal: given, why }: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const acting = await openHolder(hre, settings, from);
  const { guardian } = acting.governance;
  const { payoutDistributor } = acting.contracts;
  if (payoutDistributor === null)
    throw new TaskError("There is no PayoutDistributor in this deployment.");
  const reason = why?.trim() ?? "";
  if (reason === "") throw new TaskError('Say why with --why "…": it is written on chain.');
  if (Buffer.byteLength(reason) > MAX_REASON_BYTES)
    throw new TaskError(`--why must be at most ${MAX_REASON_BYTES} bytes.`);
  const id = await proposalAt(given, acting, payoutDistributor);
  const { epoch, state: number } = await payoutDistributor.proposal(id);
  const state = STATES[Number(number)] ?? "unknown";
  if (!OPEN.includes(state)) {
    throw new TaskError(
      state === "unknown"
        ? `There is no proposal ${id}.`
        : `Proposal ${id} is ${state}: there is nothing to dispute.`,
    );
  }
  const distributor = await payoutDistributor.getAddress();
  const { sent } = await sendCall(acting, {
    what: `Guardian.disputePayout(${id})`,
    to: await guardian.getAddress(),
    simulate: async () => await guardian.disputePayout.staticCall(distributor, id, reason),
    send: async () => await guardian.disputePayout(distributor, id, reason),
  });
  if (json)
    return printJson({ proposal: id, epoch: Number(epoch), state: "disputed", reason, ...sent });
  print(`Proposal ${id} for epoch ${epoch} is dropped: ${reason}`);
  print("Nothing that an earlier epoch pays changes. The same content can be proposed again.");
  sentLines(sent).forEach(print);
}

/** A proposal by its id, or the open one of an epoch. */
async function proposalAt(
  given: string,
  { connection, fromBlock }: Acting,
  distributor: PayoutDistributor,
): Promise<string> {
  if (/^0x[0-9a-fA-F]{64}$/.test(given)) return given;
  if (!/^\d{1,9}$/.test(given)) {
    throw new TaskError(
      `"${given}" is no proposal: give its id, 0x and 64 hex digits, or the epoch that it is for.`,
    );
  }
  const { interface: abi } = distributor;
  const address = await distributor.getAddress();
  const events = await readEvents(connection.ethers.provider, abi, { address, fromBlock });
  const ids = events
    .filter(({ event }) => event.name === "EpochProposed" && event.args["epoch"] === BigInt(given))
    .map(({ event }) => String(event.args["proposalId"]));
  const states = await Promise.all(ids.map(async (id) => await distributor.stateOf(id)));
  const open = ids.filter((_, index) => OPEN.includes(STATES[Number(states[index])] ?? ""));
  const [first, second] = open;
  if (first === undefined) throw new TaskError(`Epoch ${given} has no open proposal.`);
  if (second !== undefined)
    throw new TaskError(`Epoch ${given} has several open proposals: name one: ${open.join(", ")}.`);
  return first;
}
