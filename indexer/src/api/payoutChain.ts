import { publicClients } from "ponder:api";

import { PayoutDistributor__factory } from "../../../types/ethers-contracts/factories/payouts/PayoutDistributor__factory.ts";

const { abi } = PayoutDistributor__factory;

/** What the distributor was deployed with, in seconds. */
export interface PayoutConfig {
  readonly challengeSeconds: number;
  readonly lifetimeSeconds: number;
  readonly epochSeconds: number;
}

/** What the limits of a token still allow, as decimal digits. */
export interface LimitsLeft {
  readonly thisHour: string;
  readonly today: string;
}

/**
 * Reader of what no event tells: fixed settings, and what limits allow at the chain's present time. All answers are null
 * while the RPC endpoint does not answer.
 *
 * @param distributor The contract.
 */
export function payoutChainReader(distributor: `0x${string}`) {
  const contract = { address: distributor, abi } as const;
  const client = publicClients.network;
  let config: PayoutConfig | null = null;
  const orNull = async <Value>(reading: Promise<Value>): Promise<Value | null> =>
    await reading.catch(() => null);

  return {
    /** Fixed, so that it is asked for once. */
    async config(): Promise<PayoutConfig | null> {
      config ??= await orNull(client.readContract({ ...contract, functionName: "config" }));
      return config;
    },
    async left(token: `0x${string}`): Promise<LimitsLeft | null> {
      const state = await orNull(
        client.readContract({ ...contract, functionName: "tokenState", args: [token] }),
      );
      return state === null
        ? null
        : { thisHour: String(state.leftThisHour), today: String(state.leftToday) };
    },
    /** What a claim of a leaf would pay now, pauses aside. */
    async claimable(
      account: `0x${string}`,
      token: `0x${string}`,
      cumulative: bigint,
    ): Promise<string | null> {
      const args = [account, token, cumulative] as const;
      const amount = await orNull(
        client.readContract({ ...contract, functionName: "claimable", args }),
      );
      return amount === null ? null : String(amount);
    },
    /** Unix seconds; 0 where it was never paused. */
    async pausedUntil(): Promise<number | null> {
      const until = await orNull(client.readContract({ ...contract, functionName: "pausedUntil" }));
      return until === null ? null : Number(until);
    },
  };
}
