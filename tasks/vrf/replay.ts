import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { replay } from "../../keepers/vrf/replay.ts";
import { describeRequest } from "../../keepers/vrf/status.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { openToRead } from "../shared/open.ts";
import {
  chainOf,
  databaseUrlOf,
  randomnessOf,
  requestIdOf,
  silentLog,
  unknownRequest,
} from "./open.ts";
import { snapshotOf } from "./snapshot.ts";

/**
 * Takes a request that was given up back into its operator's queue.
 *
 * @throws {TaskError} when it was not given up, saying where it stands.
 */
export async function replayRequest(
  { id: given, json }: { id: string; json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToRead(hre, settings);
  const randomness = await randomnessOf(hre, opened);
  const { coordinate } = randomness;
  const id = await requestIdOf(given, randomness);
  const databaseUrl = databaseUrlOf(opened);
  if (databaseUrl === null) {
    throw new TaskError("Queues are in the operator's database: name it with DATABASE_URL.");
  }
  const chain = await chainOf(opened);
  try {
    const snapshot = await snapshotOf(opened, randomness, chain, id);
    const { request } = snapshot;
    if (request === null) throw await unknownRequest(id, randomness);
    const { text } = describeRequest(snapshot);
    if (snapshot.ending !== null) throw new TaskError(`Request ${id} is over: ${text}.`);
    const { keyHash } = request;
    const replayed = await replay({ databaseUrl, coordinate, keyHash, log: silentLog() }, id);
    if (replayed.length === 0) throw new TaskError(`Request ${id} was not given up; it ${text}.`);
    if (json) return printJson({ id, replayed });
    for (const { attempt, reason } of replayed) {
      print(
        `Request ${id} is in the queue again, for delivery ${attempt}. It had been given up: ${reason}.`,
      );
    }
  } finally {
    chain.close();
  }
}
