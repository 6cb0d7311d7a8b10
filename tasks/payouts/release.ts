import { userInfo } from "node:os";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { readHolds, releaseHold, type HoldState } from "../../keepers/payout/store.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { auditOf, requireDatabase } from "./database.ts";
import { readingPayouts } from "./open.ts";

interface Args {
  epoch: number;
  why: string | undefined;
  by: string | undefined;
  json: boolean;
}

/** Lets an epoch go on that the keepers hold for a person. Name and reason go into the audit log. */
export async function releaseEpoch(
  { by, epoch, json, why }: Args,
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const reason = why?.trim() ?? "";
  if (reason === "") {
    throw new TaskError('Say why it may go on: --why "the exchange moved its wallet".');
  }
  const person = by?.trim() ?? userInfo().username;
  await readingPayouts(hre, settings, {}, async (payouts) => {
    const log = auditOf(payouts);
    const released = await requireDatabase(payouts, "What keepers hold", async (db) => {
      const holds = await readHolds(db.pool, log, epoch);
      const open = holds.filter(({ releasedBy }) => releasedBy === null);
      if (open.length === 0) throw new TaskError(nothingHeld(epoch, holds));
      for (const hold of open) {
        note(`Release: ${hold.reasons.join("; ")}`);
        await db.transaction(
          async (client) => await releaseHold(client, log, hold, person, reason, Date.now()),
        );
      }
      return open;
    });
    if (json) return printJson({ epoch, by: person, reason, released });
    print(`Epoch ${epoch} goes on: ${person} released it. The audit log says so for good.`);
    print(
      "Each party has its own database: approvers with another one hold it until they release it there.",
    );
  });
}

function nothingHeld(epoch: number, holds: readonly HoldState[]): string {
  const [last] = holds.slice(-1);
  return last === undefined
    ? `Epoch ${epoch} is not held. What is held is listed by: npx hardhat payouts status`
    : `Epoch ${epoch} is not held any more: ${last.releasedBy ?? "somebody"} released it.`;
}
