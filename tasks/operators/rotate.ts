import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { readKeys } from "../../deploy/operators.ts";
import { registrationOf } from "../../keepers/feed/signing/keys.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatMoment } from "../shared/format.ts";
import type { Opened } from "../shared/open.ts";
import { openToSend } from "../shared/open.ts";
import { sendCall, sentLines } from "../shared/send.ts";
import { keyPlaceOf, placeNextKeys } from "./key-files.ts";

/**
 * Announces keys that replace the account's own: the first of the rotation's two steps. For an operator of this machine's
 * stack it makes them too, and puts them where the operator's process finds them; elsewhere it says where they belong.
 */
export async function rotateKeys(
  args: { account: string | undefined; keys: string | undefined; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const given = args.keys === undefined ? null : await readKeys(args.keys);
  const opened = await openToSend(hre, settings, args.account ?? null);
  const { account, connection, contracts, deployment } = opened;
  const place = keyPlaceOf(settings.stackFile, connection.networkName, account);
  const registry = contracts.operators;
  const [announcedFor] = await registry.announcedKeys(account);
  if (place !== null && announcedFor !== 0n) {
    throw new TaskError(
      `New keys of ${account} are announced already: they take over at ${await moment(opened, Number(announcedFor))}.`,
    );
  }
  const keys = place === null ? given : await placeNextKeys(place, given, contracts, account);
  if (keys === null) throw new TaskError("Name the file with the new keys with --keys FILE.");
  const { keys: publicKeys, possession } = registrationOf(keys, {
    account,
    chainId: BigInt(deployment.chainId),
    operators: deployment.addresses.operators,
  });
  const [x, y, proofX, proofY] = publicKeys;
  const announced = { x, y, proofX, proofY };
  const { sent } = await sendCall(opened, {
    what: `Operators.announceKeys(x ${x.toString(16).slice(0, 8)}…)`,
    to: deployment.addresses.operators,
    simulate: async () => await registry.announceKeys.staticCall(announced, possession),
    send: async () => await registry.announceKeys(announced, possession),
  });
  const dueAt = Number((await registry.standingOf(account)).keysChangeAt);
  const file = place?.nextKeyFile ?? args.keys ?? "";
  if (args.json)
    return printJson({ account, keys: file, dueAt: dueAt === 0 ? null : dueAt, ...sent });
  if (dueAt === 0) print(`${account} has no seat, so the new keys are its keys at once: ${file}`);
  else {
    print(
      `${account} signs with its old keys until ${await moment(opened, dueAt)}, then with these.`,
    );
    const isHere = place !== null;
    (isHere ? wordsHere(file) : wordsElsewhere(file, connection.networkName)).forEach(print);
  }
  sentLines(sent).forEach(print);
}

function wordsHere(file: string): string[] {
  return [
    `The new keys are in ${file}, where the operator's process finds them within a minute.`,
    "Nothing else is to be done: the operators apply the change when it is due.",
  ];
}

function wordsElsewhere(file: string, network: string): string[] {
  return [
    "Before then, on the operator's machine:",
    `  1. Put ${file} where the operator's configuration names nextKeyFile, readable by its owner alone (chmod 600).`,
    '  2. Within a minute its log says "next keys are ready", then when they take over.',
    "Keep the old key file where it is until the log says that the new keys are in use: reports of the old set need it.",
    "Then move the new key file over the old one.",
    `The operators apply the change when it is due; anyone may: npx hardhat operators advance --network ${network}`,
  ];
}

async function moment({ connection }: Opened, unixSeconds: number): Promise<string> {
  const block = await connection.ethers.provider.getBlock("latest");
  return formatMoment(unixSeconds, block?.timestamp ?? 0);
}
