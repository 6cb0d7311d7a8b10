import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { registrationAt } from "../../deploy/operators.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import type { Opened } from "../shared/open.ts";
import { accountsOf, openToSend, resolveAccount } from "../shared/open.ts";
import { requirePower } from "../shared/power.ts";
import type { Sent } from "../shared/send.ts";
import { sendCall, sentLines } from "../shared/send.ts";
import { waitForChain } from "../shared/wait.ts";
import { advance } from "./seat.ts";

const MAX_OPERATORS = 31;

/** Makes exactly these operators active, in this order of signer bits, and takes them into a new set of PriceFeeds. */
export async function setOperators(
  args: { accounts: string | undefined; from: string | undefined; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  if (args.accounts === undefined) {
    throw new TaskError("Name the operators with --accounts A,B,C (addresses or indices).");
  }
  const opened = await openToSend(hre, settings, args.from ?? null);
  const { operators: registry, priceFeeds } = opened.contracts;
  const own = await accountsOf(opened.connection);
  const wanted = args.accounts.split(",").map((given) => resolveAccount(given.trim(), own));
  await checkAccounts(opened, wanted);
  await requirePower(opened, {
    target: opened.deployment.addresses.operators,
    selector: registry.interface.getFunction("setActive").selector,
    instead: `gov propose --set-operators ${wanted.join(",")} --why "…"`,
  });
  const sent: Sent[] = [];
  const { accounts: active } = await registry.active();
  if (active.join() !== wanted.join()) {
    const activated = await sendCall(opened, {
      what: `Operators.setActive(${wanted.join(", ")})`,
      to: opened.deployment.addresses.operators,
      simulate: async () => await registry.setActive.staticCall(wanted),
      send: async () => await registry.setActive(wanted),
    });
    sent.push(activated.sent);
    const [dueAt] = await registry.scheduledActive();
    if (dueAt !== 0n) await waitForChain(opened, Number(dueAt), "the change is due");
  }
  sent.push(...(await advance(opened)).transactions);
  const { quorum, setId } = await priceFeeds.currentSet();
  const result = {
    setId: Number(setId),
    quorum: Number(quorum),
    operators: wanted,
    transactions: sent,
  };
  if (args.json) return printJson(result);
  print(
    sent.length === 0
      ? `These operators are active already, in set ${setId}.`
      : `Set ${setId} is active: ${wanted.length} operators, quorum ${quorum}.`,
  );
  sent.flatMap(sentLines).forEach(print);
}

/**
 * Refuses a list of operators that repeats one, is too long, or names an account that is not registered.
 *
 * @throws {TaskError}
 */
export async function checkAccounts(
  { contracts }: Pick<Opened, "contracts">,
  wanted: readonly string[],
): Promise<void> {
  const twice = wanted.find((account, index) => wanted.indexOf(account) !== index);
  if (twice !== undefined) throw new TaskError(`${twice} stands twice in --accounts.`);
  if (wanted.length > MAX_OPERATORS) {
    throw new TaskError(`${wanted.length} operators are too many; a set holds ${MAX_OPERATORS}.`);
  }
  const found = await Promise.all(
    wanted.map(async (account) => await registrationAt(contracts.operators, account)),
  );
  const unknown = wanted.filter((_, index) => found[index] === null);
  if (unknown.length > 0) {
    throw new TaskError(
      `Not registered: ${unknown.join(", ")}. Each registers itself: npx hardhat operators register`,
    );
  }
}
