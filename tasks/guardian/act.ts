import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import { ZeroAddress } from "ethers";

import { feedKey, findFeed, readFeeds } from "../feeds/state.ts";
import type { Acting } from "../gov/open.ts";
import { openActing } from "../gov/open.ts";
import { findProposal, titleOf } from "../gov/proposals.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatMoment, formatTime } from "../shared/format.ts";
import { accountsOf } from "../shared/open.ts";
import { eventIn, sendCall, sentLines } from "../shared/send.ts";

interface Args {
  from: string | undefined;
  json: boolean;
}

/** Stops a feed for 72 hours, as the guardian's holder. */
export async function guardianTrip(
  { feed: given, from, json }: Args & { feed: string },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const acting = await openHolder(hre, settings, from);
  const { guardian } = acting.governance;
  const { priceFeeds } = acting.contracts;
  const { id } = findFeed(given, await readFeeds(acting));
  const { receipt, sent } = await sendCall(acting, {
    what: `Guardian.trip(${id})`,
    to: await guardian.getAddress(),
    simulate: async () => await guardian.trip.staticCall(feedKey(id)),
    send: async () => await guardian.trip(feedKey(id)),
  });
  const until = Number(eventIn(priceFeeds.interface, receipt, "FeedTripped")?.["until"]);
  if (json) return printJson({ feed: id, status: "tripped", trippedUntil: until, ...sent });
  print(
    `${id} is tripped until ${formatTime(until)}. It serves its last answer and takes no new one.`,
  );
  sentLines(sent).forEach(print);
}

/** Stops what a contract's pause stops, for 72 hours, as the guardian's holder. */
export async function guardianPause(
  { contract: given, from, json }: Args & { contract: string },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const acting = await openHolder(hre, settings, from);
  const { guardian } = acting.governance;
  const pausable = acting.catalog.filter(
    (known) => known.interface.getFunction("pause()") !== null && known.name !== "Guardian",
  );
  const wanted = given.toLowerCase();
  const known = pausable.find(({ address, name }) =>
    [address.toLowerCase(), name.toLowerCase()].includes(wanted),
  );
  if (known === undefined) {
    throw new TaskError(
      `"${given}" cannot be paused. What can: ${pausable.map(({ name }) => name).join(", ")}.`,
    );
  }
  const { receipt, sent } = await sendCall(acting, {
    what: `Guardian.pause(${known.name})`,
    to: await guardian.getAddress(),
    simulate: async () => await guardian.pause.staticCall(known.address),
    send: async () => await guardian.pause(known.address),
  });
  const until = Number(eventIn(guardian.interface, receipt, "PauseOrdered")?.["until"]);
  if (json) return printJson({ contract: known.name, pausedUntil: until, ...sent });
  print(
    `${known.name} is paused until ${formatTime(until)}; only governance can end that earlier:`,
  );
  print(
    `npx hardhat gov propose --unpause ${known.name} --why "…" --network ${acting.connection.networkName}`,
  );
  sentLines(sent).forEach(print);
}

/** Cancels a proposal for good, as the guardian's holder. */
export async function guardianVeto(
  { from, json, proposal: given }: Args & { proposal: string },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const acting = await openHolder(hre, settings, from);
  const { guardian } = acting.governance;
  const proposal = await findProposal(acting, given);
  const { id, number, state } = proposal;
  if (["cancelled", "executed", "expired"].includes(state)) {
    throw new TaskError(`Proposal ${number} is ${state}: there is nothing to veto.`);
  }
  const { sent } = await sendCall(acting, {
    what: `Guardian.veto(proposal ${number})`,
    to: await guardian.getAddress(),
    simulate: async () => await guardian.veto.staticCall(id),
    send: async () => await guardian.veto(id),
  });
  const next = Number(await guardian.nextVetoAt());
  if (json)
    return printJson({ proposal: number, id, state: "cancelled", nextVetoAt: next, ...sent });
  print(`Proposal ${number} is cancelled for good: ${titleOf(proposal)}`);
  print(
    next <= acting.nowSeconds
      ? "Another veto is allowed at once; there are three in 30 days."
      : `The next veto is allowed from ${formatMoment(next, acting.nowSeconds)}.`,
  );
  sentLines(sent).forEach(print);
}

/**
 * Opens as the guardian's holder, where this machine has its account, else as the account that is named.
 *
 * @throws {TaskError} when nobody holds the guardian, or another account does.
 */
export async function openHolder(
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
  from: string | undefined,
): Promise<Acting> {
  const first = await openActing(hre, settings, from);
  const [holder, termEnds] = await Promise.all([
    first.governance.guardian.holder(),
    first.governance.guardian.termEnds(),
  ]);
  if (holder === ZeroAddress) {
    throw new TaskError(
      "Nobody holds the guardian. Governance appoints someone: npx hardhat gov propose --appoint-guardian ADDRESS",
    );
  }
  if (Number(termEnds) <= first.nowSeconds) {
    note(`The guardian's term ended at ${formatMoment(Number(termEnds), first.nowSeconds)}.`);
  }
  if (first.account === holder) return first;
  const own = await accountsOf(first.connection);
  if (from === undefined && own.includes(holder)) return await openActing(hre, settings, holder);
  throw new TaskError(`${holder} holds the guardian, not ${first.account}: it alone may do this.`);
}
