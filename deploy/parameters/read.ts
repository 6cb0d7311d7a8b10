import path from "node:path";

import { DeploymentError, objectAt, readJson } from "../files.ts";
import { addressAt, countAt, refuseUnknown } from "./fields.ts";
import type { GovernanceParameters } from "./governance.ts";
import { checkGovernance } from "./governance.ts";
import type { PayoutParameters } from "./payouts.ts";
import { checkPayouts } from "./payouts.ts";
import type { ProofParameters } from "./proofs.ts";
import { checkProofs } from "./proofs.ts";
import type { VrfParameters } from "./vrf.ts";
import { checkVrf } from "./vrf.ts";

/** Parameters of one feed, named and bounded as `IPriceFeeds.Params`: seconds, basis points, counts. */
export interface FeedParams {
  heartbeat: number;
  deviationBps: number;
  cosignToleranceBps: number;
  bandBps: number;
  tau: number;
  cooldown: number;
  minReports: number;
  dormancy: number;
  minVenues: number;
  history: number;
}

/** One parameter's name, bounds (inclusive) and unit as shown to people. */
export interface ParamBound {
  name: keyof FeedParams;
  min: number;
  max: number;
  unit: string;
  meaning: string;
}

const UINT24_MAX = 2 ** 24 - 1;

/** Bounds of `IPriceFeeds.Params`, in the struct's order. Dormancy must also exceed the heartbeat. */
export const PARAM_BOUNDS: readonly ParamBound[] = [
  {
    name: "heartbeat",
    min: 1,
    max: UINT24_MAX,
    unit: "s",
    meaning: "longest time between two reports",
  },
  {
    name: "deviationBps",
    min: 1,
    max: 10_000,
    unit: "bps",
    meaning: "change that makes a report due",
  },
  {
    name: "cosignToleranceBps",
    min: 1,
    max: 10_000,
    unit: "bps",
    meaning: "furthest from a cosigner's own price",
  },
  {
    name: "bandBps",
    min: 1,
    max: 10_000,
    unit: "bps",
    meaning: "half-width of the breaker's band",
  },
  {
    name: "tau",
    min: 1,
    max: UINT24_MAX,
    unit: "s",
    meaning: "time constant of the moving average",
  },
  {
    name: "cooldown",
    min: 1,
    max: 4_095,
    unit: "s",
    meaning: "time an out-of-band answer must hold",
  },
  {
    name: "minReports",
    min: 1,
    max: 7,
    unit: "",
    meaning: "reports that confirm an out-of-band answer",
  },
  {
    name: "dormancy",
    min: 2,
    max: UINT24_MAX,
    unit: "s",
    meaning: "silence after which governance must reset the feed",
  },
  { name: "minVenues", min: 1, max: 255, unit: "", meaning: "venues an operator needs" },
  {
    name: "history",
    min: 0,
    max: 65_535,
    unit: "rounds",
    meaning: "rounds kept for getRoundData",
  },
];

/** What a deployment is made of, as read from a file in deploy/parameters. */
export interface DeployParameters {
  /** Admin of the AccessManager where no governance is deployed. The deployer when absent. */
  admin: string | null;
  /** Account that may trip a feed where no governance is deployed. The deployer when absent. */
  guardian: string | null;
  /** Token, governor, timelock and guardian; null where named accounts govern. */
  governance: GovernanceParameters | null;
  feeds: ReadonlyMap<string, FeedParams>;
  /** Randomness; null where none is deployed. */
  vrf: VrfParameters | null;
  /** Payouts; null where no distributor is deployed. */
  payouts: PayoutParameters | null;
  /** Proofs; null where none are verified. */
  proofs: ProofParameters | null;
}

const FIELDS = ["admin", "guardian", "governance", "feeds", "vrf", "payouts", "proofs"];
const FEED_ID = /^[A-Za-z0-9]+\/[A-Za-z0-9]+$/;
const FEED_ID_MAX_LENGTH = 31;

/**
 * Checks a feed id: BASE/QUOTE, letters and digits, at most 31 characters (a bytes32 short string).
 *
 * @throws {DeploymentError} naming the id and the rule.
 */
export function checkFeedId(feedId: string): string {
  if (!FEED_ID.test(feedId) || feedId.length > FEED_ID_MAX_LENGTH) {
    throw new DeploymentError(
      `"${feedId}" is not a feed id: it is BASE/QUOTE in letters and digits, at most ${FEED_ID_MAX_LENGTH} characters, for example BTC/USD.`,
    );
  }
  return feedId;
}

/**
 * Checks a feed's parameters against the contract's bounds.
 *
 * @param where Named in errors, for example a file and a feed id.
 * @throws {DeploymentError} for a missing, unknown or out-of-range parameter.
 */
export function checkParams(given: unknown, where: string): FeedParams {
  const fields = objectAt(given, where);
  const known = new Set<string>(PARAM_BOUNDS.map(({ name }) => name));
  const unknown = Object.keys(fields).find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw new DeploymentError(
      `${where}: unknown parameter "${unknown}"; known are ${[...known].join(", ")}.`,
    );
  }
  const params = Object.fromEntries(
    PARAM_BOUNDS.map(({ name, min, max, unit }) => [
      name,
      countAt(fields[name], [min, max], `${where}: ${name}`, unit),
    ]),
  ) as unknown as FeedParams;
  if (params.dormancy <= params.heartbeat) {
    throw new DeploymentError(
      `${where}: dormancy (${params.dormancy} s) must exceed the heartbeat (${params.heartbeat} s).`,
    );
  }
  return params;
}

/**
 * Reads a parameters file: `{ admin?, guardian?, governance?: { … }, feeds: { "BTC/USD": { …FeedParams } }, vrf?: { … },
 * payouts?: { … }, proofs?: { … } }`.
 *
 * @throws {DeploymentError} naming the file and the field that is wrong.
 */
export async function readParameters(file: string): Promise<DeployParameters> {
  const name = path.relative(process.cwd(), file);
  const root = objectAt(await readJson(file, name), name);
  refuseUnknown(root, FIELDS, name);
  const admin = addressIfAny(root["admin"], `${name}: admin`);
  const guardian = addressIfAny(root["guardian"], `${name}: guardian`);
  const governance =
    root["governance"] === undefined
      ? null
      : checkGovernance(root["governance"], `${name}: governance`);
  if (governance !== null && (admin !== null || guardian !== null)) {
    throw new DeploymentError(
      `${name}: admin and guardian are for a deployment without governance; governance names its own guardian.`,
    );
  }
  const feeds = objectAt(root["feeds"], `${name}: feeds`);
  if (Object.keys(feeds).length === 0) throw new DeploymentError(`${name}: feeds is empty.`);
  return {
    admin,
    guardian,
    governance,
    feeds: new Map(
      Object.entries(feeds).map(([id, params]) => [
        checkFeedId(id),
        checkParams(params, `${name}: ${id}`),
      ]),
    ),
    vrf: root["vrf"] === undefined ? null : checkVrf(root["vrf"], `${name}: vrf`),
    payouts:
      root["payouts"] === undefined
        ? null
        : checkPayouts(root["payouts"], governance !== null, `${name}: payouts`),
    proofs: root["proofs"] === undefined ? null : checkProofs(root["proofs"], `${name}: proofs`),
  };
}

function addressIfAny(value: unknown, where: string): string | null {
  return value === undefined || value === null ? null : addressAt(value, where);
}
