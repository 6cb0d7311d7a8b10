import { ponder } from "ponder:registry";
import { roleEvent, roleFunction, roleHolder } from "ponder:schema";
import { keccak256, toHex } from "viem";

import { logId, origin } from "./origin.ts";

const TIMELOCK_ROLES = new Map(
  ["PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE"].map((name) => [
    keccak256(toHex(name)) as string,
    name,
  ]),
).set(toHex(0, { size: 32 }), "DEFAULT_ADMIN_ROLE");

ponder.on("AccessManager:RoleLabel", async ({ event, context }) => {
  const { roleId, label } = event.args;
  await context.db.insert(roleEvent).values({
    id: logId(event),
    contract: "accessManager",
    kind: "labelled",
    role: String(roleId),
    label,
    logIndex: event.log.logIndex,
    ...origin(event),
  });
});

ponder.on("AccessManager:RoleGranted", async ({ event, context }) => {
  const { roleId, account, delay } = event.args;
  const role = String(roleId);
  const since = Number(event.args.since);
  await context.db
    .insert(roleHolder)
    .values({ contract: "accessManager", role, account, delay, since })
    // A holder's `since` does not change with its delay.
    .onConflictDoUpdate({ delay });
  await context.db.insert(roleEvent).values({
    id: logId(event),
    contract: "accessManager",
    kind: "granted",
    role,
    account,
    logIndex: event.log.logIndex,
    ...origin(event),
  });
});

ponder.on("AccessManager:RoleRevoked", async ({ event, context }) => {
  const { roleId, account } = event.args;
  const role = String(roleId);
  await context.db.delete(roleHolder, { contract: "accessManager", role, account });
  await context.db.insert(roleEvent).values({
    id: logId(event),
    contract: "accessManager",
    kind: "revoked",
    role,
    account,
    logIndex: event.log.logIndex,
    ...origin(event),
  });
});

ponder.on("AccessManager:TargetFunctionRoleUpdated", async ({ event, context }) => {
  const { target, selector, roleId } = event.args;
  const role = String(roleId);
  await context.db
    .insert(roleFunction)
    .values({ target, selector, role })
    .onConflictDoUpdate({ role });
  await context.db.insert(roleEvent).values({
    id: logId(event),
    contract: "accessManager",
    kind: "assigned",
    role,
    target,
    selector,
    logIndex: event.log.logIndex,
    ...origin(event),
  });
});

ponder.on("Timelock:RoleGranted", async ({ event, context }) => {
  const { account } = event.args;
  const role = timelockRole(event.args.role);
  const since = Number(event.block.timestamp);
  await context.db
    .insert(roleHolder)
    .values({ contract: "timelock", role, account, delay: 0, since })
    .onConflictDoNothing();
  await context.db.insert(roleEvent).values({
    id: logId(event),
    contract: "timelock",
    kind: "granted",
    role,
    account,
    logIndex: event.log.logIndex,
    ...origin(event),
  });
});

ponder.on("Timelock:RoleRevoked", async ({ event, context }) => {
  const { account } = event.args;
  const role = timelockRole(event.args.role);
  await context.db.delete(roleHolder, { contract: "timelock", role, account });
  await context.db.insert(roleEvent).values({
    id: logId(event),
    contract: "timelock",
    kind: "revoked",
    role,
    account,
    logIndex: event.log.logIndex,
    ...origin(event),
  });
});

function timelockRole(hash: string): string {
  return TIMELOCK_ROLES.get(hash) ?? hash;
}
