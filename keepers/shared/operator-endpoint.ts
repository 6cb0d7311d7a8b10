import type { IOperators } from "../../types/ethers-contracts/interfaces/IOperators.ts";

/** Where an operator listens, as it registered it; null if it says nothing usable. */
export async function operatorEndpoint(
  operators: IOperators,
  account: string,
): Promise<string | null> {
  const [, endpoint] = await operators.operator(account);
  return /^https?:\/\//.test(endpoint) && URL.canParse(endpoint) ? endpoint : null;
}
