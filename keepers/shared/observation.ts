import { poseidon2Hash } from "@zkpassport/poseidon2";

/*
 * What operators sign, computed without their code: whoever judges or proves must not share the mistakes of whom it judges,
 * so that keepers/feed does not use this, and this nothing of keepers/feed. The formats are those of ISlashing and of the
 * ObservationHash library.
 */

/** Where observations and reports are signed for. */
export interface Domain {
  readonly chainId: number;
  /** Address of PriceFeeds, lower case. */
  readonly priceFeeds: string;
}

/** What an observation's digest contains. */
export interface Observed {
  readonly setId: number;
  /** Unix seconds. */
  readonly slot: number;
  /** By feed index of the set, 8 decimals; 0 is "no price". */
  readonly pricesE8: readonly bigint[];
}

const TAG = BigInt(`0x${Buffer.from("Dodona observation v1", "ascii").toString("hex")}`);
const FEEDS_PER_CHUNK = 10;

/** Poseidon2 digest of an observation: what its report's root contains. */
export function digestOf({ setId, slot, pricesE8 }: Observed, domain: Domain): bigint {
  const at = (feed: number): bigint => pricesE8[feed] ?? 0n;
  const chunks = Array.from({ length: Math.ceil(pricesE8.length / FEEDS_PER_CHUNK) }, (_, chunk) =>
    poseidon2Hash(
      Array.from({ length: FEEDS_PER_CHUNK / 2 }, (_, pair) => {
        const even = chunk * FEEDS_PER_CHUNK + 2 * pair;
        return at(even) + (at(even + 1) << 96n);
      }),
    ),
  );
  const head = [TAG, BigInt(domain.chainId), BigInt(domain.priceFeeds)];
  return poseidon2Hash([...head, (BigInt(setId) << 32n) + BigInt(slot), ...chunks]);
}
