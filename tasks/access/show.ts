import { ZeroAddress } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { Access, GovernanceAccess, Role } from "../../deploy/access.ts";
import type { Known } from "../../deploy/catalog.ts";
import { named } from "../../deploy/catalog.ts";
import { deploymentFolder } from "../../deploy/deployments.ts";
import { firstBlock } from "../../deploy/journal.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { formatFields, formatMoment, formatSeconds, formatTable } from "../shared/format.ts";
import { openToRead } from "../shared/open.ts";
import { formatTokens } from "../shared/tokens.ts";

/** One line of the table: somebody and what it may do. */
interface Power {
  role: string;
  /** null where nobody holds the role. */
  holder: string | null;
  holderName: string | null;
  delaySeconds: number;
  /** What the role may call: "PriceFeeds.trip". */
  functions: string[];
}

/** Prints who may do what: the AccessManager's roles, the timelock's, the governor's settings, the guardian's holder. */
export async function showAccess(
  { json }: { json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const opened = await openToRead(hre, settings);
  const { connection, contracts, deployment } = opened;
  // Generated types, hence not importable before the build.
  const [{ readAccess }, { catalogOf }, { adminFunctionsOf }] = await Promise.all([
    import("../../deploy/access.ts"),
    import("../../deploy/catalog.ts"),
    import("../../deploy/permissions.ts"),
  ]);
  const { provider } = connection.ethers;
  const folder = deploymentFolder(hre.config.paths.ignition, deployment.deploymentId);
  const access = await readAccess(contracts, provider, await firstBlock(folder));
  const catalog = catalogOf(deployment.addresses);
  const powers = powersOf(access, catalog, adminFunctionsOf(catalog, access));
  if (json) return printJson({ powers, ...access });
  const now = (await provider.getBlock("latest"))?.timestamp ?? 0;
  powerTable(powers).forEach(print);
  for (const target of access.closed)
    print(`${named(catalog, target)} is closed: nobody may call it.`);
  if (access.governance === null) return;
  print("");
  governanceLines(access.governance, catalog, now).forEach(print);
}

function powersOf(access: Access, catalog: readonly Known[], adminFunctions: string[]): Power[] {
  const power = (
    role: string,
    holders: readonly { account: string; delaySeconds: number }[],
    functions: string[],
  ): Power[] =>
    holders.length === 0
      ? [{ role, holder: null, holderName: null, delaySeconds: 0, functions }]
      : holders.map(({ account, delaySeconds }) => ({
          role,
          holder: account,
          holderName: nameOf(account, catalog),
          delaySeconds,
          functions,
        }));
  const managed = access.roles.flatMap((role) =>
    power(
      `${role.id} ${role.name ?? role.label ?? "unknown"}`,
      role.holders,
      role.id === 0n ? ["AccessManager: all", ...adminFunctions] : functionsOf(role, catalog),
    ),
  );
  if (access.governance === null) return managed;
  const { governor, guardian, timelock } = access.governance;
  const at = (account: string, delaySeconds = 0) => ({ account, delaySeconds });
  return [
    ...managed,
    ...power(
      "timelock admin",
      timelock.admin.map((one) => at(one)),
      ["TimelockController.grantRole, revokeRole"],
    ),
    ...power(
      "timelock proposer",
      timelock.proposer.map((one) => at(one)),
      ["TimelockController.schedule, scheduleBatch"],
    ),
    ...power(
      "timelock canceller",
      timelock.canceller.map((one) => at(one)),
      ["TimelockController.cancel"],
    ),
    ...power(
      "timelock executor",
      timelock.executor.map((one) => at(one, timelock.delaySeconds)),
      ["TimelockController.execute, executeBatch"],
    ),
    ...power(
      "governor executor",
      [at(governor.executor, timelock.delaySeconds)],
      ["DodonaGovernor: settings, relay"],
    ),
    ...power("governor guardian", [at(governor.proposalGuardian)], ["DodonaGovernor.cancel"]),
    ...power("guardian holder", guardian.holder === ZeroAddress ? [] : [at(guardian.holder)], [
      "Guardian.trip, pause, disputePayout, veto",
    ]),
  ];
}

function functionsOf({ functions }: Role, catalog: readonly Known[]): string[] {
  return functions.map(({ selector, target }) => {
    const known = catalog.find(({ address }) => address === target);
    return `${known?.name ?? target}.${known?.interface.getFunction(selector)?.name ?? selector}`;
  });
}

function nameOf(account: string, catalog: readonly Known[]): string | null {
  if (account === ZeroAddress) return "anyone";
  const name = named(catalog, account);
  return name === account ? null : name;
}

function powerTable(powers: readonly Power[]): string[] {
  const rows = powers.flatMap(({ delaySeconds, functions, holder, holderName, role }) =>
    (functions.length === 0 ? ["–"] : functions).map((called, index) =>
      index === 0
        ? [
            role,
            holder === null ? "nobody" : (holderName ?? "an account"),
            holder === null || holder === ZeroAddress ? "–" : holder,
            delaySeconds === 0 ? "none" : formatSeconds(delaySeconds),
            called,
          ]
        : ["", "", "", "", called],
    ),
  );
  return formatTable(
    ["ROLE", "HOLDER", "ADDRESS", "DELAY", "MAY CALL"].map((title) => ({ title, align: "left" })),
    rows,
  );
}

function governanceLines(
  { governor, guardian, timelock }: GovernanceAccess,
  catalog: readonly Known[],
  now: number,
): string[] {
  return formatFields([
    ["Votes", `${named(catalog, governor.token)} ${governor.token}`],
    ["Voting delay", formatSeconds(governor.votingDelaySeconds)],
    ["Voting period", formatSeconds(governor.votingPeriodSeconds)],
    ["After a late quorum", formatSeconds(governor.voteExtensionSeconds)],
    ["To propose", formatTokens(governor.proposalThreshold)],
    ["Quorum", `${governor.quorumPercent} % of the supply`],
    ["Timelock", formatSeconds(timelock.delaySeconds)],
    ["Guardian's term ends", guardian.termEnds === 0 ? "–" : formatMoment(guardian.termEnds, now)],
    [
      "Next veto",
      guardian.nextVetoAt <= now ? "allowed now" : formatMoment(guardian.nextVetoAt, now),
    ],
  ]);
}
