import { Contract, formatEther, parseUnits } from "ethers";

import type { FeedParams } from "../../deploy/parameters/read.ts";
import { checkFeedId, checkParams, PARAM_BOUNDS } from "../../deploy/parameters/read.ts";
import type { ParamOptions } from "../feeds/create.ts";
import { feedKey, findFeed, readFeeds } from "../feeds/state.ts";
import { checkAccounts } from "../operators/set.ts";
import { TaskError } from "../shared/error.ts";
import { formatBps } from "../shared/format.ts";
import { accountsOf, resolveAccount } from "../shared/open.ts";
import { formatTokens, parseTokens } from "../shared/tokens.ts";
import type { Action, Build, Wishes } from "./action.ts";
import { action, addressAt, find } from "./action.ts";
import type { Governed } from "./open.ts";
import { payouts } from "./payouts.ts";
import { provingKeys } from "./provingKeys.ts";
import { rawCall } from "./rawCall.ts";

/**
 * The calls that fulfil a person's wishes.
 *
 * @throws {TaskError} for a wish that makes no sense, and when there is none.
 */
export async function actionsOf(wishes: Wishes, governed: Governed): Promise<Action[]> {
  const actions: Action[] = [];
  for (const build of BUILDERS) actions.push(...(await build(wishes, governed)));
  if (actions.length === 0) {
    throw new TaskError(
      "Say what to propose, for example: --set-feed BTC/USD --heartbeat 60. npx hardhat gov propose --help lists everything.",
    );
  }
  return actions;
}

const setFeeds: Build = async ({ params, setFeed }, governed) => {
  if (setFeed === undefined) return [];
  const given = givenParams(params);
  if (given.length === 0) {
    throw new TaskError(`Say what changes, for example: --set-feed ${setFeed} --heartbeat 60.`);
  }
  const feeds = await readFeeds(governed);
  return setFeed.split(",").map((name) => {
    const { id, params: present } = findFeed(name.trim(), feeds);
    const changes = given.filter(([param, value]) => present[param] !== value);
    if (changes.length === 0) throw new TaskError(`${id} has these parameters already.`);
    const wanted = checkParams({ ...present, ...Object.fromEntries(given) }, id);
    const words = changes.map(
      ([param, value]) => `${param} ${withUnit(param, present[param])} → ${withUnit(param, value)}`,
    );
    return action(
      governed,
      "PriceFeeds",
      "setParams",
      [feedKey(id), wanted],
      `Set ${id}: ${words.join(", ")}`,
    );
  });
};

const createFeeds: Build = async ({ createFeed, like, params }, governed) => {
  if (createFeed === undefined) return [];
  const id = checkFeedId(createFeed.replace("-", "/"));
  const feeds = await readFeeds(governed);
  if (feeds.some((feed) => feed.id === id)) throw new TaskError(`Feed ${id} exists already.`);
  const model = like === undefined ? feeds[0] : findFeed(like, feeds);
  const wanted = checkParams({ ...model?.params, ...Object.fromEntries(givenParams(params)) }, id);
  return [action(governed, "PriceFeeds", "createFeeds", [[feedKey(id)], [wanted]], `Create ${id}`)];
};

const resetFeeds: Build = async ({ resetFeed }, governed) => {
  if (resetFeed === undefined) return [];
  const { id } = findFeed(resetFeed, await readFeeds(governed));
  return [action(governed, "PriceFeeds", "reset", [feedKey(id)], `Reset ${id}`)];
};

const setOperators: Build = async ({ setOperators: given }, governed) => {
  if (given === undefined) return [];
  const own = await accountsOf(governed.connection);
  const wanted = given.split(",").map((account) => resolveAccount(account.trim(), own));
  await checkAccounts(governed, wanted);
  const title = `Make ${wanted.length} operators active: ${wanted.join(", ")}`;
  return [action(governed, "Operators", "setActive", [wanted], title)];
};

const operatorTerms: Build = async (wishes, governed) => {
  const { equivocationBps, epochBudget, minStake, wrongMediansBps } = wishes;
  const { operatorRewards, operatorStake, slashing } = governed.governance;
  const actions: Action[] = [];
  if (minStake !== undefined) {
    const wanted = parseTokens(minStake, "--min-stake");
    const present = formatTokens(await operatorStake.minimumStake());
    const title = `Set the minimum stake: ${present} → ${formatTokens(wanted)}`;
    actions.push(action(governed, "OperatorStake", "setMinimumStake", [wanted], title));
  }
  if (equivocationBps !== undefined || wrongMediansBps !== undefined) {
    const [equivocation, wrongMedians] = await Promise.all([
      slashing.equivocationBps(),
      slashing.wrongMediansBps(),
    ]);
    const wanted = [
      bpsAt(equivocationBps, equivocation, "--equivocation-bps"),
      bpsAt(wrongMediansBps, wrongMedians, "--wrong-medians-bps"),
    ];
    const title = `Set penalties: two observations of a slot ${formatBps(wanted[0] ?? 0)}, wrong medians ${formatBps(wanted[1] ?? 0)} of the stake`;
    actions.push(action(governed, "Slashing", "setPenalties", wanted, title));
  }
  if (epochBudget !== undefined) {
    const wanted = parseTokens(epochBudget, "--epoch-budget");
    const present = formatTokens(await operatorRewards.epochBudget());
    const title = `Set the operators' reward of an epoch: ${present} → ${formatTokens(wanted)}`;
    actions.push(action(governed, "OperatorRewards", "setEpochBudget", [wanted], title));
  }
  return actions;
};

const send: Build = async ({ send: given, to, token }, governed) => {
  if (given === undefined) return [];
  if (to === undefined) throw new TaskError("Say who gets it with --to ADDRESS.");
  const contract = governed.catalog.find(({ name }) => name.toLowerCase() === to.toLowerCase());
  const recipient = contract?.address ?? resolveAccount(to, await accountsOf(governed.connection));
  if (token === undefined) {
    const value = parseTokens(given, "--send");
    const title = `Send ${formatEther(value)} ether to ${contract?.name ?? recipient}`;
    return [{ title, call: { target: recipient, value, data: "0x" } }];
  }
  const votes = find(governed.catalog, "DodonaToken");
  const isOwn = ["dodona", "dodonatoken", votes.address.toLowerCase()].includes(
    token.toLowerCase(),
  );
  const target = isOwn ? votes.address : addressAt(token, "--token");
  const decimals = isOwn ? 18 : await decimalsOf(governed, target);
  const amount = parseUnits(given.replaceAll(",", ""), decimals);
  const data = votes.interface.encodeFunctionData("transfer", [recipient, amount]);
  const what = isOwn ? formatTokens(amount) : `${given} of token ${target}`;
  return [
    { title: `Send ${what} to ${contract?.name ?? recipient}`, call: { target, value: 0n, data } },
  ];
};

const guardian: Build = async ({ appointGuardian, dismissGuardian, renewGuardian }, governed) => {
  const actions: Action[] = [];
  if (appointGuardian !== undefined) {
    const holder = resolveAccount(appointGuardian, await accountsOf(governed.connection));
    actions.push(
      action(governed, "Guardian", "appoint", [holder], `Appoint ${holder} guardian for 180 days`),
    );
  }
  if (dismissGuardian)
    actions.push(action(governed, "Guardian", "dismiss", [], "Dismiss the guardian"));
  if (renewGuardian) {
    actions.push(
      action(governed, "Guardian", "renew", [], "Renew the guardian's term for 180 days"),
    );
  }
  return actions;
};

const unpause: Build = ({ unpause: given }, governed) => {
  const names = given === undefined ? [] : given.split(",");
  return Promise.resolve(
    names.map((name) => {
      const known = find(governed.catalog, name.trim());
      return action(governed, known.name, "unpause", [], `Unpause ${known.name}`);
    }),
  );
};

const BUILDERS: readonly Build[] = [
  setFeeds,
  createFeeds,
  resetFeeds,
  setOperators,
  provingKeys,
  operatorTerms,
  send,
  payouts,
  guardian,
  unpause,
  (wishes, governed) => Promise.resolve(rawCall(wishes, governed)),
];

function givenParams(params: ParamOptions): [keyof FeedParams, number][] {
  return PARAM_BOUNDS.flatMap(({ name }) => {
    const value = params[name];
    return value === undefined ? [] : [[name, value] as [keyof FeedParams, number]];
  });
}

function withUnit(name: keyof FeedParams, value: number): string {
  const unit = PARAM_BOUNDS.find((bound) => bound.name === name)?.unit ?? "";
  return unit === "" ? String(value) : `${value} ${unit}`;
}

function bpsAt(given: string | undefined, present: bigint, name: string): number {
  if (given === undefined) return Number(present);
  if (!/^\d{1,5}$/.test(given)) throw new TaskError(`${name} "${given}" is not a whole number.`);
  return Number(given);
}

async function decimalsOf({ connection }: Governed, token: string): Promise<number> {
  const contract = new Contract(
    token,
    ["function decimals() view returns (uint8)"],
    connection.ethers.provider,
  );
  try {
    return Number(await contract.getFunction("decimals")());
  } catch {
    throw new TaskError(`${token} is no token: it does not say its decimals.`);
  }
}
