import { isAddress } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { readJsonIfPresent } from "../../deploy/files.ts";
import { ConfigError, databaseUrlFromEnv } from "../../keepers/shared/config.ts";
import { isConnectionError, openDatabase } from "../../keepers/shared/database.ts";
import type { Database } from "../../keepers/shared/database.ts";
import { createLogger } from "../../keepers/shared/log.ts";
import type { TaskSettings } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { connect } from "../shared/network.ts";

/** The ledger of a chain's relayers. */
export interface Ledger {
  db: Database;
  chainId: number;
}

/**
 * Opens the relayers' database for the chosen network and closes it afterwards: that of the running stack for "local",
 * else the one named by DATABASE_URL.
 *
 * @throws {TaskError} when there is none, it does not answer, or no relayer has ever used it.
 */
export async function withLedger(
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
  work: (ledger: Ledger) => Promise<void>,
): Promise<void> {
  const url = await databaseUrl(hre, settings);
  const chainId = await chainIdOf(hre);
  const db = openDatabase(url, createLogger({ name: "tasks", level: "silent" }), {
    maxConnections: 2,
    patienceMs: 0,
  });
  try {
    await work({ db, chainId });
  } catch (error) {
    if (isConnectionError(error))
      throw new TaskError(`The relayers' database does not answer: ${(error as Error).message}.`);
    // Undefined table, column or schema.
    if (
      error instanceof Error &&
      "code" in error &&
      /^(42P01|42703|3F000)$/.test(String(error.code))
    )
      throw new TaskError("No relayer of this version has ever used the database.");
    throw error;
  } finally {
    await db.close();
  }
}

/**
 * Checks an account named on the command line.
 *
 * @returns It in lower case, as the ledger has it.
 */
export function accountNamed(given: string): string {
  const named: boolean = isAddress(given);
  if (!named) throw new TaskError(`"${given}" is not an address.`);
  return given.toLowerCase();
}

async function databaseUrl(
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<string> {
  if (hre.globalOptions.network === "local") {
    const stack = await readJsonIfPresent(settings.stackFile, "the stack file");
    const url = (stack as { databaseUrl?: unknown } | null)?.databaseUrl;
    if (typeof url === "string") return url;
  }
  try {
    return databaseUrlFromEnv();
  } catch (error) {
    if (error instanceof ConfigError) throw new TaskError(error.message);
    throw error;
  }
}

/** By the configuration where it says so: the relayers' state is of interest when the node is down, too. */
async function chainIdOf(hre: HardhatRuntimeEnvironment): Promise<number> {
  const config = hre.config.networks[hre.globalOptions.network ?? "default"];
  if (config?.type === "http" && config.chainId !== undefined) return config.chainId;
  const connection = await connect(hre, { readOnly: true });
  return Number(await connection.provider.request({ method: "eth_chainId" }));
}
