import { TaskError } from "../shared/error.ts";
import type { SendingPayouts } from "./open.ts";

/**
 * Refuses a call that the account may not make, and says who may.
 *
 * @throws {TaskError}
 */
export async function requireRole(
  { account, connection, contracts, distributor }: SendingPayouts,
  call: "propose" | "dispute",
  role: string,
): Promise<void> {
  const { selector } = distributor.interface.getFunction(call);
  const target = await distributor.getAddress();
  const [isAllowed] = await contracts.accessManager.canCall(account, target, selector);
  if (isAllowed) return;
  throw new TaskError(
    `${account} is no ${role}. Choose the account with --from; who may is listed by: ` +
      `npx hardhat access show --network ${connection.networkName}`,
  );
}
