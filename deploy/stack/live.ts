import { setTimeout as delay } from "node:timers/promises";

import { createLogUpdate } from "log-update";

import {
  type ApiAttestations,
  type ApiFeed,
  type ApiRandomness,
  readAttestations,
  readFeeds,
  readRandomness,
} from "./api.ts";
import { chooseFallback } from "./fallback.ts";
import { operatorCount } from "./layout.ts";
import { payoutFrame, payoutIntroduction } from "./live-payouts.ts";
import type { Stack } from "./stack.ts";
import { type OperatorStatus, StatusReader } from "./status.ts";
import { attestationsLine, randomnessLine, renderFeeds, sourceLine } from "./table.ts";

const refreshMs = 1_000;
/** Without a terminal the table is printed now and then, for a log that somebody reads later. */
const plainEveryMs = 30_000;
const noticesShown = 3;

/** What a person needs to go on: where things are and what to try. */
function introduction(stack: Stack): string {
  const { file, ports } = stack;
  const proxies = Object.entries(file.addresses.proxies);
  const metrics = `http://127.0.0.1:${ports.relayerMetrics}/metrics`;
  return [
    "",
    `  chain      ${file.rpcUrl}  (chain id ${file.chainId})`,
    `  API        ${file.apiUrl}/feeds   ${file.apiUrl}/graphql`,
    `  metrics    ${metrics}`,
    `  PriceFeeds ${file.addresses.priceFeeds}`,
    `  Operators  ${file.addresses.operators}`,
    `  VRF        ${file.addresses.vrfCoordinator}  (VRFCoordinatorV2_5)`,
    `  Governor   ${file.addresses.governance.governor}  (OpenZeppelin Governor, token ${file.addresses.governance.token})`,
    ...proxies.map(([id, address]) => `  ${id.padEnd(10)} ${address}  (AggregatorV3Interface)`),
    "",
    "  Try next, in another terminal:",
    "    npx hardhat feeds list --network local",
    "    npx hardhat vrf request --network local",
    "    npx hardhat proofs verify --network local",
    "    npx hardhat access show --network local",
    '    npx hardhat gov propose --set-feed BTC/USD --heartbeat 60 --why "fewer transactions" --network local',
    "    npx hardhat gov vote 1 for --wait --network local   (then: gov queue 1 --wait, gov execute 1 --wait)",
    `    curl ${file.apiUrl}/feeds/BTC-USD/history`,
    "",
  ].join("\n");
}

/** Shows the network until it is stopped. Resolves with the exit code. */
export async function live(stack: Stack, signal: AbortSignal): Promise<number> {
  const color = process.stdout.isTTY;
  if (stack.options.only === "payouts") {
    process.stdout.write(`${payoutIntroduction(stack)}\n`);
    return show(stack, signal, async () => await payoutFrame(stack, color));
  }
  process.stdout.write(`${introduction(stack)}\n`);
  const reader = new StatusReader(stack.file.databaseUrl, stack.file.addresses.priceFeeds);
  const fallback = chooseFallback(stack);
  try {
    return await show(stack, signal, async () => {
      const [feeds, statuses, randomness, attestations] = await view(stack, reader);
      await fallback(statuses);
      if (feeds.length === 0 && !color) return null;
      return [
        renderFeeds(feeds, statuses, operatorCount, Math.floor(Date.now() / 1000), color),
        sourceLine(statuses, color),
        ...(randomness === null ? [] : [randomnessLine(randomness)]),
        ...(attestations === null
          ? []
          : [attestationsLine(attestations, Math.floor(Date.now() / 1000))]),
      ].join("\n");
    });
  } finally {
    await reader.close();
  }
}

/**
 * Draws the newest frame, with what a person should know and how to end, until the signal aborts.
 * @param frameOf null while there is nothing to show.
 * @returns The exit code.
 */
async function show(
  stack: Stack,
  signal: AbortSignal,
  frameOf: () => Promise<string | null>,
): Promise<number> {
  const { stdout } = process;
  const update = createLogUpdate(stdout);
  const notices: string[] = [];
  if (stdout.isTTY) stack.notice = (line) => void notices.push(line);
  let printedAt = 0;
  try {
    while (!signal.aborted) {
      const drawn = await frameOf();
      const isDue = stdout.isTTY || Date.now() - printedAt >= plainEveryMs;
      if (drawn !== null && isDue) {
        const frame = [drawn, ...notices.slice(-noticesShown), footer(stack)].join("\n");
        if (stdout.isTTY) update(frame);
        else stdout.write(`${frame}\n`);
        printedAt = Date.now();
      }
      await delay(refreshMs, undefined, { signal }).catch(() => undefined);
    }
    return 0;
  } finally {
    update.done();
  }
}

function footer(stack: Stack): string {
  const end = "Ctrl-C stops everything.";
  if (stack.options.only === "payouts") return end;
  return `Operators: ${stack.aliveOperators} of ${operatorCount}.  ${end}`;
}

/** The newest view; a part that is being restarted shows as empty for a moment rather than ending the table. */
async function view(
  stack: Stack,
  reader: StatusReader,
): Promise<[ApiFeed[], OperatorStatus[], ApiRandomness | null, ApiAttestations | null]> {
  const recentMs = 10_000;
  return Promise.all([
    readFeeds(stack.file.apiUrl).catch(() => []),
    reader.read(Date.now() - recentMs).catch(() => []),
    readRandomness(stack.file.apiUrl).catch(() => null),
    readAttestations(stack.file.apiUrl).catch(() => null),
  ]);
}
