import { readFile } from "node:fs/promises";
import path from "node:path";

import type { Provider } from "ethers";
import { isHexString, Wallet } from "ethers";

import type { ProvingKey } from "../keepers/vrf/prove.ts";
import { parseKeys, registrationOf } from "../keepers/feed/signing/keys.ts";
import type { OperatorKeys } from "../keepers/feed/signing/keys.ts";
import type { IOperators } from "../types/ethers-contracts/interfaces/IOperators.ts";
import { DeploymentError, objectAt, readJson, stringAt } from "./files.ts";
import { revertOf } from "./reverts.ts";
import { receiptOf } from "./transactions.ts";
import { readVrfKey } from "./vrfKeyFile.ts";

/** An operator whose keys this machine holds: only a local stack has that for all of them. */
export interface LocalOperator {
  /** Sends the registration and pays for it. */
  wallet: Wallet;
  keys: OperatorKeys;
  /** Its proving key for randomness, null for an operator without one. */
  vrfKey: ProvingKey | null;
  /** Where its peers reach it. */
  endpoint: string;
}

/**
 * Reads operators that a local stack registers: an array of
 * `{ accountKeyFile, keyFile, vrfKeyFile?, endpoint }`. `accountKeyFile` holds the account's private key (0x and 64 hex
 * digits), `keyFile` the operator's keys `{ secp256k1, grumpkin }`, `vrfKeyFile` its proving key `{ vrf }`. Paths are
 * relative to the file.
 *
 * @throws {DeploymentError} naming the file and the entry, never a secret.
 */
export async function readOperators(file: string): Promise<LocalOperator[]> {
  const given = await readJson(file, file);
  if (!Array.isArray(given)) throw new DeploymentError(`${file} must be an array of operators.`);
  const folder = path.dirname(path.resolve(file));
  const operators = await Promise.all(
    given.map(async (entry: unknown, index): Promise<LocalOperator> => {
      const where = `${file}: operator ${index}`;
      const fields = objectAt(entry, where);
      const at = (name: string): string => stringAt(fields[name], `${where}: ${name}`);
      return {
        wallet: await readAccount(path.resolve(folder, at("accountKeyFile"))),
        keys: await readKeys(path.resolve(folder, at("keyFile"))),
        vrfKey:
          fields["vrfKeyFile"] === undefined
            ? null
            : await readVrfKey(path.resolve(folder, at("vrfKeyFile"))),
        endpoint: at("endpoint"),
      };
    }),
  );
  const accounts = operators.map(({ wallet }) => wallet.address);
  const twice = accounts.find((account, index) => accounts.indexOf(account) !== index);
  if (twice !== undefined) throw new DeploymentError(`${file}: account ${twice} stands twice.`);
  return operators;
}

/**
 * Reads an operator's keys from its key file.
 *
 * @throws {DeploymentError} naming the file, never a secret.
 */
export async function readKeys(file: string): Promise<OperatorKeys> {
  const content = await readJson(file, file);
  try {
    return parseKeys(content);
  } catch (error) {
    throw new DeploymentError(`${file}: ${(error as Error).message}.`);
  }
}

/**
 * Makes the registry know an operator with its present keys and endpoint; sends only what is missing.
 *
 * @returns Number of transactions sent: 0 or 1.
 * @throws {DeploymentError} when the account is registered with other keys and has not announced these.
 */
export async function ensureRegistered(
  operator: LocalOperator,
  registry: IOperators,
  target: { provider: Provider; chainId: number },
): Promise<number> {
  const { endpoint, keys, wallet } = operator;
  const registered = await registrationAt(registry, wallet.address);
  const own = registry.connect(wallet.connect(target.provider));
  const registration = registrationOf(keys, {
    account: wallet.address,
    chainId: BigInt(target.chainId),
    operators: await registry.getAddress(),
  });
  if (registered === null) {
    const [x, y, proofX, proofY] = registration.keys;
    const sent = await own.register({ x, y, proofX, proofY }, registration.possession, endpoint);
    await receiptOf(target.provider, sent.hash);
    return 1;
  }
  const [ownX] = registration.keys;
  const isOwn =
    registered.keyX === ownX || (await registry.announcedKeys(wallet.address)).keys.x === ownX;
  if (!isOwn) {
    throw new DeploymentError(
      `${wallet.address} is registered with other keys: use the key file that holds these, ` +
        "or replace them with: npx hardhat operators rotate",
    );
  }
  if (registered.endpoint === endpoint) return 0;
  const sent = await own.setEndpoint(endpoint);
  await receiptOf(target.provider, sent.hash);
  return 1;
}

/** The x of an account's secp256k1 key and its endpoint, null when it is not registered. */
export async function registrationAt(
  registry: IOperators,
  account: string,
): Promise<{ keyX: bigint; endpoint: string } | null> {
  try {
    const [keys, endpoint] = await registry.operator(account);
    return { keyX: keys.x, endpoint };
  } catch (error) {
    if (revertOf(registry.interface, error)?.name === "NotRegistered") return null;
    throw error;
  }
}

async function readAccount(file: string): Promise<Wallet> {
  let text: string;
  try {
    text = (await readFile(file, "utf8")).trim();
  } catch (error) {
    throw new DeploymentError(`Cannot read ${file}: ${(error as Error).message}.`);
  }
  if (!isHexString(text, 32)) {
    throw new DeploymentError(`${file} must hold a private key: 0x and 64 hex digits.`);
  }
  return new Wallet(text);
}
