import { existsSync, readFileSync, renameSync } from "node:fs";

import { JsonRpcProvider } from "ethers";

import { parseKeys, publicKeys } from "../../keepers/feed/signing/keys.ts";
import { IOperators__factory } from "../../types/ethers-contracts/factories/interfaces/IOperators__factory.ts";
import { IPriceFeeds__factory } from "../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { rpc } from "./chain.ts";
import type { LocalOperator } from "./configs.ts";

/**
 * Operators as the deployment has to see them: with the key file whose keys are registered. A rotation that is over ends
 * here: the next key file takes the place of the one before.
 *
 * @param addresses Of an earlier start; without them nothing was rotated.
 */
export async function withKeysInUse(
  operators: readonly LocalOperator[],
  rpcUrl: string,
  addresses: { readonly operators: string; readonly priceFeeds: string } | undefined,
): Promise<LocalOperator[]> {
  const rotating = operators.filter(({ nextKeyFile }) => existsSync(nextKeyFile));
  if (rotating.length === 0 || addresses === undefined) return [...operators];
  if ((await rpc(rpcUrl, "eth_getCode", [addresses.priceFeeds, "latest"])) === "0x")
    return [...operators];
  const provider = new JsonRpcProvider(rpcUrl, undefined, { staticNetwork: true });
  try {
    const registry = IOperators__factory.connect(addresses.operators, provider);
    const priceFeeds = IPriceFeeds__factory.connect(addresses.priceFeeds, provider);
    const { setId } = await priceFeeds.currentSet();
    // By position: `keys` of ethers' Result is the array's own method.
    const [, keysOfSet] = await priceFeeds.describeSet(setId);
    return await Promise.all(
      operators.map(async (operator) => {
        if (!rotating.includes(operator)) return operator;
        const x = keyXIn(operator.nextKeyFile);
        const [registered] = await registry.operator(operator.account);
        if (registered.x !== x) return operator;
        if (!keysOfSet.some(([keyX]) => keyX === x))
          return { ...operator, keyFile: operator.nextKeyFile };
        renameSync(operator.nextKeyFile, operator.keyFile);
        return operator;
      }),
    );
  } finally {
    provider.destroy();
  }
}

/** The x of the secp256k1 key in a key file. */
function keyXIn(file: string): bigint {
  return publicKeys(parseKeys(JSON.parse(readFileSync(file, "utf8")))).secp256k1.toAffine().x;
}
