import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { readKeys, registrationAt } from "../../deploy/operators.ts";
import { registrationOf } from "../../keepers/feed/signing/keys.ts";
import type { TaskSettings } from "../shared/action.ts";
import { print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { openToSend } from "../shared/open.ts";
import { sendCall, sentLines } from "../shared/send.ts";

const ENDPOINT_MAX_BYTES = 256;

/** Registers an account as operator with its keys, proving possession of the secp256k1 key. */
export async function registerOperator(
  args: {
    keys: string | undefined;
    endpoint: string | undefined;
    account: string | undefined;
    json: boolean;
  },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  if (args.keys === undefined)
    throw new TaskError("Name the operator's key file with --keys FILE.");
  const endpoint = checkEndpoint(args.endpoint);
  const keys = await readKeys(args.keys);
  const opened = await openToSend(hre, settings, args.account ?? null);
  const { account, contracts, deployment } = opened;
  const registry = contracts.operators;
  const registered = await registrationAt(registry, account);
  if (registered !== null) {
    throw new TaskError(`${account} is registered already, at ${registered.endpoint}.`);
  }
  const { keys: publicKeys, possession } = registrationOf(keys, {
    account,
    chainId: BigInt(deployment.chainId),
    operators: deployment.addresses.operators,
  });
  const [x, y, proofX, proofY] = publicKeys;
  const { sent } = await sendCall(opened, {
    what: `Operators.register(${endpoint})`,
    to: deployment.addresses.operators,
    simulate: async () =>
      await registry.register.staticCall({ x, y, proofX, proofY }, possession, endpoint),
    send: async () => await registry.register({ x, y, proofX, proofY }, possession, endpoint),
  });
  if (args.json) return printJson({ account, endpoint, ...sent });
  print(`${account} is registered. Governance makes it active: npx hardhat operators set`);
  sentLines(sent).forEach(print);
}

/**
 * Checks an operator's endpoint: an http or https URL of at most 256 bytes.
 *
 * @throws {TaskError}
 */
export function checkEndpoint(endpoint: string | undefined): string {
  if (endpoint === undefined) {
    throw new TaskError("Say where peers reach the operator with --endpoint URL.");
  }
  const protocol = URL.parse(endpoint)?.protocol;
  if (protocol !== "http:" && protocol !== "https:") {
    throw new TaskError(`"${endpoint}" is not an http or https URL.`);
  }
  if (Buffer.byteLength(endpoint) > ENDPOINT_MAX_BYTES) {
    throw new TaskError(`The endpoint is longer than ${ENDPOINT_MAX_BYTES} bytes.`);
  }
  return endpoint;
}
