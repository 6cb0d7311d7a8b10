import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { describeRequest } from "../../keepers/vrf/status.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { formatFields, formatTime } from "../shared/format.ts";
import { openToRead } from "../shared/open.ts";
import { chainOf, randomnessOf, requestIdOf, unknownRequest } from "./open.ts";
import { snapshotOf } from "./snapshot.ts";

/** Says where a request stands, why it waits, and what to do about it. */
export async function requestStatus(
  { id: given, json }: { id: string; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToRead(hre, settings);
  const randomness = await randomnessOf(hre, opened);
  const id = await requestIdOf(given, randomness);
  const chain = await chainOf(opened);
  try {
    const snapshot = await snapshotOf(opened, randomness, chain, id);
    const { request } = snapshot;
    const status = describeRequest(snapshot);
    // The index may be a moment behind: then the words say more than a list of other requests.
    if (request === null && snapshot.indexBlock >= snapshot.head) {
      throw await unknownRequest(id, randomness);
    }
    if (json) return printJson({ id, status, request, ending: snapshot.ending });
    print(`Request ${id} ${status.text}.`);
    status.hints.forEach((hint) => print(`  ${hint}`));
    if (request === null) return;
    formatFields([
      ["Block", `${request.block} (${formatTime(request.blockTime)})`],
      ["Confirmations", request.confirmations.toString()],
      ["Subscription", request.subId.toString()],
      ["Consumer", request.sender],
      ["Words", request.numWords.toString()],
      ["Callback gas", request.callbackGasLimit.toLocaleString("en-US")],
      ["Proving key", request.keyHash],
    ]).forEach(print);
  } finally {
    chain.close();
  }
}
