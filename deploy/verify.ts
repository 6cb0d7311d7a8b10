import { Contract, encodeBytes32String } from "ethers";

import type { Contracts } from "./contracts.ts";
import type { Addresses } from "./deployments.ts";
import { DeploymentError } from "./files.ts";
import { TIMELOCK_ROLES } from "./governance.ts";
import { payoutProblems } from "./payouts.ts";
import { missingPermissions } from "./permissions.ts";
import { ADMIN_ROLE, GUARDIAN_ROLE } from "./roles.ts";
import { proofProblems } from "./proofs.ts";
import type { Target } from "./settle.ts";
import { missingKeys } from "./vrfKeys.ts";

const MANAGED_ABI = ["function authority() view returns (address)"];
const PROXY_ABI = ["function description() view returns (string)"];

/**
 * Reads a finished deployment back from the chain and compares it with what it should be.
 *
 * @param target What the configuration should be.
 * @param deployer Keeps no power where there is governance.
 * @returns The active set's id.
 * @throws {DeploymentError} naming everything that differs.
 */
export async function verify(
  contracts: Contracts,
  addresses: Addresses,
  target: Target,
  deployer: string,
): Promise<number> {
  const { accessManager, governance, operators, priceFeeds, vrfCoordinator } = contracts;
  const runner = priceFeeds.runner;
  const authorityOf = async (address: string): Promise<unknown> =>
    await new Contract(address, MANAGED_ABI, runner).getFunction("authority")();
  const [known, registryOf, feedsOf, permissions, [isGuardian], [isAdmin], [setId], active] =
    await Promise.all([
      priceFeeds.feedIds(),
      authorityOf(addresses.operators),
      authorityOf(addresses.priceFeeds),
      missingPermissions(contracts),
      accessManager.hasRole(GUARDIAN_ROLE, target.guardian),
      accessManager.hasRole(ADMIN_ROLE, target.admin),
      priceFeeds.currentSet(),
      operators.active(),
    ]);
  const { operators: setOperators } = await priceFeeds.describeSet(setId);
  const expected = target.active ?? active.accounts;

  const wrong: string[] = [];
  const expect = (holds: boolean, problem: string): void => {
    if (!holds) wrong.push(problem);
  };
  expect(registryOf === addresses.accessManager, "Operators obeys another AccessManager");
  expect(feedsOf === addresses.accessManager, "PriceFeeds obeys another AccessManager");
  for (const { name, target: callee } of permissions) {
    expect(false, `${callee}.${name} is of another role`);
  }
  expect(isGuardian, `${target.guardian} is not guardian`);
  expect(isAdmin, `${target.admin} is not admin`);
  expect(active.accounts.join() === expected.join(), "other operators are active");
  expect(setOperators.join() === expected.join(), "the active set holds other operators");
  if (addresses.vrfCoordinator !== null) {
    const authority = await authorityOf(addresses.vrfCoordinator);
    expect(authority === addresses.accessManager, "VRFCoordinator obeys another AccessManager");
  }
  if (addresses.payoutDistributor !== null) {
    const authority = await authorityOf(addresses.payoutDistributor);
    expect(authority === addresses.accessManager, "PayoutDistributor obeys another AccessManager");
  }
  if (addresses.traderRegistry !== null) {
    const authority = await authorityOf(addresses.traderRegistry);
    expect(authority === addresses.accessManager, "TraderRegistry obeys another AccessManager");
  }
  for (const problem of await proofProblems(contracts)) expect(false, problem);
  if (target.payouts !== null) {
    for (const problem of await payoutProblems(contracts, target.payouts)) expect(false, problem);
  }
  if (target.vrf !== null) {
    const missing =
      vrfCoordinator === null
        ? target.vrf.keys
        : await missingKeys(vrfCoordinator, target.vrf.keys);
    expect(vrfCoordinator !== null, "there is no VRFCoordinator");
    expect(missing.length === 0, "a proving key is not registered");
  }
  await Promise.all(
    [...target.feeds.keys()].map(async (feedId) => {
      expect(known.includes(encodeBytes32String(feedId)), `feed ${feedId} does not exist`);
      const proxy = addresses.proxies[feedId];
      if (proxy === undefined) return expect(false, `feed ${feedId} has no proxy`);
      const described: unknown = await new Contract(proxy, PROXY_ABI, runner).getFunction(
        "description",
      )();
      expect(described === feedId, `proxy ${proxy} of ${feedId} says "${String(described)}"`);
    }),
  );
  if (governance !== null) {
    const { governor, timelock } = governance;
    const proposer = await governor.getAddress();
    const [mayPropose, mayCancel, keepsTimelock, [keepsManager]] = await Promise.all([
      timelock.hasRole(TIMELOCK_ROLES.proposer, proposer),
      timelock.hasRole(TIMELOCK_ROLES.canceller, proposer),
      timelock.hasRole(TIMELOCK_ROLES.admin, deployer),
      accessManager.hasRole(ADMIN_ROLE, deployer),
    ]);
    expect(mayPropose && mayCancel, "the governor does not command the timelock");
    expect(!keepsTimelock, "the deployer is still admin of the timelock");
    expect(!keepsManager, "the deployer is still admin of the AccessManager");
  }
  if (wrong.length > 0) {
    throw new DeploymentError(`The chain is not as deployed: ${wrong.join("; ")}.`);
  }
  return Number(setId);
}
