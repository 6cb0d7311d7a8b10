import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { addressesOf, deploymentFolder, recordedAddresses } from "../../deploy/deployments.ts";
import { ignitionConfig } from "../../deploy/deploy.ts";
import { recordedArguments } from "../../deploy/journal.ts";
import { dodonaModule } from "../../deploy/modules/Dodona.ts";
import { IMMEDIATE } from "../../deploy/modules/Operators.ts";
import type { FeedParams } from "../../deploy/parameters/read.ts";
import { checkFeedId, checkParams, PARAM_BOUNDS } from "../../deploy/parameters/read.ts";
import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatFields } from "../shared/format.ts";
import { openToSend } from "../shared/open.ts";
import { requirePower } from "../shared/power.ts";
import type { Sent } from "../shared/send.ts";
import { sendCall, sentLines } from "../shared/send.ts";
import { feedKey, findFeed, readFeeds } from "./state.ts";

/** Values given for single parameters; what is absent comes from the feed named by `like`. */
export type ParamOptions = { [Name in keyof FeedParams]: number | undefined };

/**
 * Creates a feed, as governance, and its proxy. A feed that exists without a proxy gets one, so that a run that was
 * interrupted between the two can be repeated.
 */
export async function createFeed(
  args: {
    feed: string;
    like: string | undefined;
    from: string | undefined;
    json: boolean;
    params: ParamOptions;
  },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const id = checkFeedId(args.feed.replace("-", "/"));
  const opened = await openToSend(hre, settings, args.from ?? null);
  const { connection, contracts, deployment } = opened;
  const feeds = await readFeeds(opened);
  const existing = feeds.find((feed) => feed.id === id);
  if (existing !== undefined && existing.proxy !== null) {
    throw new TaskError(`Feed ${id} exists already; its proxy is ${existing.proxy}.`);
  }
  let sent: Sent | null = null;
  let params = existing?.params;
  if (params === undefined) {
    const model = args.like === undefined ? feeds[0] : findFeed(args.like, feeds);
    const created = paramsOf(args.params, model?.params ?? null);
    params = created;
    await requirePower(opened, {
      target: deployment.addresses.priceFeeds,
      selector: contracts.priceFeeds.interface.getFunction("createFeeds").selector,
      instead: `gov propose --create-feed ${id} --why "…"`,
    });
    ({ sent } = await sendCall(opened, {
      what: `PriceFeeds.createFeeds(${id})`,
      to: deployment.addresses.priceFeeds,
      simulate: async () =>
        await contracts.priceFeeds.createFeeds.staticCall([feedKey(id)], [created]),
      send: async () => await contracts.priceFeeds.createFeeds([feedKey(id)], [created]),
    }));
  }
  note(`Deploy the proxy of ${id}`);
  const { deploymentId } = deployment;
  const { vrfCoordinator } = contracts;
  // Generated types, hence not importable before the build.
  const { deployedConfig } = await import("../../deploy/vrfKeys.ts");
  const vrf = vrfCoordinator === null ? null : await deployedConfig(vrfCoordinator);
  const folder = deploymentFolder(hre.config.paths.ignition, deploymentId);
  const plan = {
    feedIds: [...Object.keys(deployment.addresses.proxies), id],
    vrf,
    schedule: IMMEDIATE,
    governance: null,
    ...{ payouts: null, proofs: null },
    recorded: await recordedArguments(folder),
  };
  await connection.ignition.deploy(dodonaModule(plan), {
    deploymentId,
    config: ignitionConfig(deployment.chainId),
  });
  const proxy = addressesOf((await recordedAddresses(folder)) ?? {})?.proxies[id];
  if (proxy === undefined) throw new TaskError(`${folder} lacks the proxy of ${id}.`);
  if (args.json) return printJson({ feed: id, proxy, params, ...(sent ?? {}) });
  print(`${id} exists. Operators publish it as soon as they have a price.`);
  formatFields([
    ["Proxy", proxy],
    ...PARAM_BOUNDS.map(({ name, unit }) => [name, `${params[name]} ${unit}`] as const),
  ]).forEach(print);
  if (sent !== null) sentLines(sent).forEach(print);
}

/**
 * Reads the parameters that were given as options.
 *
 * @throws {TaskError} for a value that is not a whole number.
 */
export function parseParams(given: Record<keyof FeedParams, string | undefined>): ParamOptions {
  return Object.fromEntries(
    PARAM_BOUNDS.map(({ name }) => {
      const text = given[name];
      if (text !== undefined && !/^\d{1,9}$/.test(text)) {
        throw new TaskError(`${name} "${text}" is not a whole number.`);
      }
      return [name, text === undefined ? undefined : Number(text)];
    }),
  ) as ParamOptions;
}

function paramsOf(given: ParamOptions, model: FeedParams | null): FeedParams {
  const merged = Object.fromEntries(
    PARAM_BOUNDS.map(({ name }) => [name, given[name] ?? model?.[name]]),
  );
  return checkParams(merged, "The feed's parameters");
}
