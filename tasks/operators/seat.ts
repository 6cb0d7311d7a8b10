import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { needsSync } from "../../deploy/settle.ts";
import { formatMoment } from "../shared/format.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import type { Opened } from "../shared/open.ts";
import { openToSend } from "../shared/open.ts";
import type { Sent } from "../shared/send.ts";
import { sendCall, sentLines } from "../shared/send.ts";

interface Args {
  account: string | undefined;
  json: boolean;
}

type Sending = Opened & { account: string };

/** Asks for a seat by the account's stake, gives it up, or takes the request back. */
export async function changeSeat(
  action: "join" | "leave",
  { account: given, json }: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToSend(hre, settings, given ?? null);
  const { account, contracts } = opened;
  const registry = contracts.operators;
  const { sent } = await sendCall(opened, {
    what: `Operators.${action}()`,
    to: opened.deployment.addresses.operators,
    simulate: async () => await registry[action].staticCall(),
    send: async () => await registry[action](),
  });
  const { leavesAt, requestedFor } = await registry.standingOf(account);
  const dueAt = Number(action === "join" ? requestedFor : leavesAt);
  if (json) return printJson({ account, action, dueAt: dueAt === 0 ? null : dueAt, ...sent });
  if (dueAt === 0) print(`${account} has no seat and no request for one.`);
  else {
    const verb = action === "join" ? "asks for a seat" : "leaves its seat";
    print(`${account} ${verb} at ${await moment(opened, dueAt)}. Then:`);
    print(advanceCommand(opened));
  }
  sentLines(sent).forEach(print);
}

/** Applies all changes of the active operators that are due and takes them into a new set of PriceFeeds. Anyone may. */
export async function advanceOperators(
  { account: given, json }: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToSend(hre, settings, given ?? null);
  const { transactions } = await advance(opened);
  const { priceFeeds, operators: registry } = opened.contracts;
  const [{ setId }, { accounts }, next] = await Promise.all([
    priceFeeds.currentSet(),
    registry.active(),
    registry.nextChangeAt(),
  ]);
  const nextChangeAt = next === 0n ? null : Number(next);
  if (json) {
    return printJson({
      setId: Number(setId),
      operators: [...accounts],
      nextChangeAt,
      transactions,
    });
  }
  print(
    transactions.length === 0
      ? `Nothing is due: set ${setId} has the active operators.`
      : `Set ${setId} is active with ${accounts.length} operators.`,
  );
  if (nextChangeAt !== null)
    print(`The next change is due at ${await moment(opened, nextChangeAt)}.`);
  transactions.flatMap(sentLines).forEach(print);
}

/** Sends what is due: `Operators.advance`, then `PriceFeeds.sync`. */
export async function advance(opened: Sending): Promise<{ transactions: Sent[] }> {
  const { operators: registry, priceFeeds } = opened.contracts;
  const { addresses } = opened.deployment;
  const transactions: Sent[] = [];
  const [next, now] = await Promise.all([registry.nextChangeAt(), nowOf(opened)]);
  if (next !== 0n && Number(next) <= now) {
    const advanced = await sendCall(opened, {
      what: "Operators.advance()",
      to: addresses.operators,
      simulate: async () => await registry.advance.staticCall(),
      send: async () => await registry.advance(),
    });
    transactions.push(advanced.sent);
  }
  if (await needsSync(priceFeeds)) {
    const synced = await sendCall(opened, {
      what: "PriceFeeds.sync()",
      to: addresses.priceFeeds,
      simulate: async () => await priceFeeds.sync.staticCall(),
      send: async () => await priceFeeds.sync(),
    });
    transactions.push(synced.sent);
  }
  return { transactions };
}

async function nowOf({ connection }: Opened): Promise<number> {
  return (await connection.ethers.provider.getBlock("latest"))?.timestamp ?? 0;
}

async function moment(opened: Opened, unixSeconds: number): Promise<string> {
  return formatMoment(unixSeconds, await nowOf(opened));
}

function advanceCommand({ connection }: Opened): string {
  return `npx hardhat operators advance --network ${connection.networkName}`;
}
