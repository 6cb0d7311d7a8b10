import { ConfigError } from "../keepers/shared/config.ts";
import type { ProvingKey as OpenKey } from "../keepers/vrf/prove.ts";
import { DeploymentError } from "./files.ts";

/**
 * Opens a proving key that this machine holds.
 *
 * @param file `{"vrf": "0x…"}`, readable by its owner alone.
 * @throws {DeploymentError} naming the file, never the secret.
 */
export async function readVrfKey(file: string): Promise<OpenKey> {
  // Curve arithmetic takes a while to load, and only a deployment with a key of its own needs it.
  const { readProvingKey } = await import("../keepers/vrf/config.ts");
  try {
    return readProvingKey(file);
  } catch (error) {
    if (error instanceof ConfigError) throw new DeploymentError(error.message);
    throw error;
  }
}
