/** Operators whose keys the tests hold, and what they sign. */
import { dataSlice, getAddress, getBytes, hexlify } from "ethers";

import {
  signObservation,
  type SignedObservation as FeedObservation,
} from "../../../keepers/feed/signing/observation.ts";
import {
  generateKeys,
  parseKeys,
  publicKeys,
  signerAddress,
  type OperatorKeys,
} from "../../../keepers/feed/signing/keys.ts";
import { observationRoot } from "../../../keepers/feed/signing/observation.ts";
import type { Domain } from "../../../keepers/shared/observation.ts";
import type {
  Multisignature,
  OperatorSet,
  ReportBundle,
  SignedObservation,
} from "../../../keepers/watch/model.ts";
import {
  encodeReport,
  reportDigest,
  signerBitmap,
  type ReportEntry,
} from "../../../keepers/feed/signing/report.ts";
import { publicKey, signTogether, zInverse } from "../../helpers/schnorr.ts";

export const DOMAIN: Domain = {
  chainId: 31337,
  priceFeeds: "0x5fbdb2315678afecb367f032d93f642f64180aa3",
};
export const SET_ID = 3;
export const SLOT = 1_800_000_000;
export const PRICES = [6_000_000_000_000n, 300_000_000_000n, 0n];

/** Fresh keys of an operator. */
export const freshKeys = (): OperatorKeys => parseKeys(generateKeys());

const feedDomain = ({ chainId, priceFeeds }: Domain) => ({ chainId: BigInt(chainId), priceFeeds });

/** Account of operator i. */
export const accountOf = (index: number): string =>
  `0x${(0x1000 + index).toString(16).padStart(40, "0")}`;

/** The set that these operators are. */
export function setOf(
  keys: readonly OperatorKeys[],
  feeds = PRICES.length,
  id = SET_ID,
): OperatorSet {
  return {
    ...{ id, feeds, quorum: Math.floor(keys.length / 2) + 1 },
    operators: keys.map((own, index) => {
      const { x, y } = publicKeys(own).secp256k1.toAffine();
      return { account: accountOf(index), x, y, signer: getAddress(signerAddress(own)) };
    }),
  };
}

/** What operator `index` signs, by the code that operators run. */
export function observe(
  keys: readonly OperatorKeys[],
  index: number,
  pricesE8: readonly bigint[] = PRICES,
  { slot = SLOT, setId = SET_ID, domain = DOMAIN } = {},
): FeedObservation {
  return signObservation(
    { setId, slot, operator: index, pricesE8 },
    keys[index]!,
    feedDomain(domain),
  );
}

/** A report over observations, signed by some operators. */
export function bundle(
  keys: readonly OperatorKeys[],
  observations: readonly FeedObservation[],
  entries: readonly ReportEntry[],
  { by = [0, 1, 2], slot = SLOT, setId = SET_ID, domain = DOMAIN } = {},
): ReportBundle {
  const root = observationRoot(observations, feedDomain(domain));
  const report = hexlify(
    encodeReport({ setId, slot, signers: signerBitmap(by), observationRoot: root, entries }),
  );
  return { report, signature: multisign(keys, report, by, domain), observations };
}

/** Signs a report with the sum of secrets. */
export function multisign(
  keys: readonly OperatorKeys[],
  report: string,
  by: readonly number[],
  domain = DOMAIN,
): Multisignature {
  const secrets = by.map((index) =>
    BigInt(`0x${Buffer.from(keys[index]!.secp256k1).toString("hex")}`),
  );
  const digest = hexlify(reportDigest(getBytes(report), feedDomain(domain)));
  return { ...signTogether(secrets, digest), zInverse: zInverse(secrets.map(publicKey)) };
}

/** The JSON of slots as an operator would show them. */
export function wireSlots(
  observations: readonly SignedObservation[],
  bundles: readonly ReportBundle[] = [],
): { slots: unknown[]; nextSlot: number | null } {
  const slots = new Map<
    string,
    { setId: number; slot: number; observations: unknown[]; reports: unknown[] }
  >();
  const recordOf = (setId: number, slot: number) => {
    const key = `${setId}:${slot}`;
    const record = slots.get(key) ?? { setId, slot, observations: [], reports: [] };
    slots.set(key, record);
    return record;
  };
  const hex = (value: bigint): string => `0x${value.toString(16).padStart(64, "0")}`;
  const add = (one: SignedObservation): number => {
    const { setId, slot, operator, pricesE8, signature } = one;
    const { proof } = one as { proof?: { s: bigint; e: bigint } };
    const json = {
      ...{ setId, slot, operator, pricesE8: pricesE8.map(String), signature },
      ...(proof === undefined ? {} : { proof: { s: hex(proof.s), e: hex(proof.e) } }),
    };
    return recordOf(setId, slot).observations.push(json) - 1;
  };
  observations.forEach(add);
  for (const { report, signature, observations: under } of bundles) {
    const positions = under.map(add);
    const [setId, slot] = [Number(dataSlice(report, 0, 4)), Number(dataSlice(report, 4, 8))];
    recordOf(setId, slot).reports.push({
      report,
      signature: {
        s: hex(signature.s),
        commitment: signature.commitment.toLowerCase(),
        zInverse: hex(signature.zInverse),
      },
      observations: positions,
    });
  }
  return { slots: [...slots.values()], nextSlot: null };
}
