/** A network whose reports can be attested: observations with proofs' signatures, reports over them, statements. */
import { randomBytes } from "node:crypto";

import type { IncludedObservation, PriceBatch } from "../../../circuits/model/price-batch.ts";
import { priceBatch } from "../../../circuits/model/price-batch.ts";
import type { Prover } from "../../../circuits/prover/prover.ts";
import { signProof } from "../../../keepers/feed/signing/grumpkin.ts";
import type { Entry } from "../../helpers/contracts-fixture.ts";
import { at, bitmap, deployNetwork, packReport, range } from "../../helpers/contracts-fixture.ts";
import { grumpkinKey } from "../../helpers/schnorr.ts";
import { digestOf, rootOf, UNBONDING } from "../slashing/evidence.ts";
import { deployVerifier } from "./prover.ts";

/** Prices of one operator, by feed. */
export interface Observed {
  readonly operator: number;
  readonly prices: bigint[];
}

export const STAKE = 1_000_000n;
export const MEDIANS_BPS = 1_000;
export const REPORTER = "0x000000000000000000000000000000000000dEaD";

const secretBytes = (scalar: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(scalar.toString(16).padStart(64, "0"), "hex"));

/**
 * A network of twelve feeds, so of two chunks, with a slashing contract.
 * @param prover Whose verifier to deploy; null for one that accepts whatever it is given.
 */
export async function deployAttested(
  prover: Prover | null,
  options: { operatorCount?: number; feeds?: number } = {},
) {
  const { operatorCount = 5, feeds = 12 } = options;
  const names = range(feeds).map((i) => `F${i}`);
  const net = await deployNetwork({ operatorCount, names, params: { history: 3 } });
  const { ethers, accounts, secrets, chainId, feedsAddress, networkHelpers } = net;
  const mock = await ethers.deployContract("MockVerifier");
  const verifier = prover === null ? mock : await deployVerifier(ethers, prover, "price_batch");
  const attestations = await ethers.deployContract("PriceAttestations", [net.feeds, verifier]);
  const stake = await ethers.deployContract("SlashingStake", [UNBONDING]);
  const slashing = await ethers.deployContract("Slashing", [
    ...[net.manager, net.feeds, stake, UNBONDING - 1],
    ...[MEDIANS_BPS, MEDIANS_BPS],
  ] as never);
  await slashing.setMedianProofs(attestations);
  for (const account of accounts) await stake.set(account, STAKE);
  // So that there are slots of the set before the one that most is about.
  await networkHelpers.time.increase(100);
  const setId = Number((await net.feeds.currentSet()).setId);
  const slot = await networkHelpers.time.latest();
  const place = { chainId, contract: feedsAddress };

  /** What an operator puts under a root. */
  const include = ({ operator, prices }: Observed, ofSlot = slot): IncludedObservation => {
    const scalar = at(secrets, operator) >> 4n;
    const digest = digestOf(prices, setId, ofSlot, place);
    const proof = signProof(secretBytes(scalar), digest);
    return { operator, pricesE8: prices, key: grumpkinKey(scalar), proof };
  };
  /** Statement about a chunk of observations. */
  const state = (observed: readonly Observed[], changes: Partial<PriceBatch> = {}) =>
    priceBatch({
      chainId,
      priceFeeds: feedsAddress,
      setId,
      slot,
      quorum: net.quorum,
      chunk: 0,
      observations: observed.map((one) => include(one, changes.slot)),
      stated: [],
      ...changes,
    });
  /** A signed report over observations. */
  const report = (
    observed: readonly Observed[],
    entries: Entry[],
    change: { by?: number[]; slot?: number; setId?: number; root?: string } = {},
  ) => {
    const by = change.by ?? range(net.quorum);
    const head = { setId: change.setId ?? setId, slot: change.slot ?? slot };
    const root = change.root ?? rootOf([...observed], head.setId, head.slot, place);
    const bytes = packReport({ ...head, signers: bitmap(by), root, entries });
    return [bytes, net.signReport(bytes, by)] as const;
  };
  return {
    ...{ ...net, mock, verifier, attestations, stake, slashing },
    ...{ setId, slot, place, state, report, include },
  };
}

/** A proof in name only, for verifiers that do not look. */
export const anyProof = (): string => `0x${randomBytes(32).toString("hex")}`;
