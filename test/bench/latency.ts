import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { getBytes, Interface, JsonRpcProvider } from "ethers";

import { decodeReport } from "../../keepers/feed/signing/report.ts";
import { IPriceFeeds__factory } from "../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { TestNetwork } from "../system/network.ts";
import type { Row } from "./row.ts";

const eventsWanted = 200;
const firstTs = 1_700_000_000;
const barSeconds = 60;
/** Not a whole number of bars a second, so that the jumps fall on every part of a slot. */
const speed = 57.3;
const barMs = (barSeconds / speed) * 1000;
/** A feed jumps by 0.4 % every so many bars: more than its deviation, less than its breaker's band. */
const barsPerJump = 5;
const jump = 1.004;
const warmUpBars = 20;
const pollMs = 25;
const targetP95Seconds = 3;

interface Pair {
  readonly feed: string;
  readonly pair: string;
  readonly level: number;
  /** Bars by which this feed's jumps are later than the first one's. */
  readonly offset: number;
}

const pairs: readonly Pair[] = [
  { feed: "BTC/USD", pair: "BTCUSD", level: 30_000, offset: 0 },
  { feed: "ETH/USD", pair: "ETHUSD", level: 2_000, offset: 2 },
];

/** Level of a pair in a bar: it alternates between two values. */
function levelAt(pair: Pair, bar: number): number {
  const jumps = Math.max(0, Math.floor((bar - warmUpBars - pair.offset) / barsPerJump) + 1);
  return jumps % 2 === 0 ? pair.level : pair.level * jump;
}

function isJump(pair: Pair, bar: number): boolean {
  return bar > 0 && levelAt(pair, bar) !== levelAt(pair, bar - 1);
}

function writeJumps(folder: string, bars: number): void {
  mkdirSync(folder, { recursive: true });
  const steady: Pair[] = [
    { feed: "USDT/USD", pair: "USDTUSD", level: 1, offset: bars },
    { feed: "USDC/USD", pair: "USDCUSD", level: 1, offset: bars },
  ];
  for (const pair of [...pairs, ...steady]) {
    for (const venue of ["alpha", "beta", "gamma"]) {
      const rows = Array.from({ length: bars }, (_, bar) => {
        const price = levelAt(pair, bar).toFixed(4);
        return `${firstTs + bar * barSeconds},${price},${price},${price},${price},1`;
      });
      writeFileSync(
        path.join(folder, `${venue}_${pair.pair}.csv`),
        `ts,open,high,low,close,volume\n${rows.join("\n")}\n`,
      );
    }
  }
}

interface Seen {
  readonly feed: string;
  readonly answer: number;
  readonly atMs: number;
}

/** Notes every published answer at the moment its receipt can be had. */
async function watch(
  network: TestNetwork,
  feeds: readonly string[],
  seen: Seen[],
  signal: AbortSignal,
): Promise<void> {
  const provider = new JsonRpcProvider(network.stack.file.rpcUrl, undefined, {
    staticNetwork: true,
  });
  const abi = new Interface(IPriceFeeds__factory.abi);
  const topic = abi.getEvent("ReportAccepted")!.topicHash;
  let next = await provider.getBlockNumber();
  while (!signal.aborted) {
    const head = Number(await provider.send("eth_blockNumber", []));
    if (head >= next) {
      const logs = await provider.getLogs({
        address: network.stack.file.addresses.priceFeeds,
        topics: [topic],
        fromBlock: next,
        toBlock: head,
      });
      const atMs = Date.now();
      for (const log of logs) {
        const report = decodeReport(
          getBytes(abi.decodeEventLog("ReportAccepted", log.data)[0] as string),
        );
        for (const entry of report.entries) {
          seen.push({ feed: feeds[entry.feedIndex]!, answer: Number(entry.answerE8) / 1e8, atMs });
        }
      }
      next = head + 1;
    }
    await delay(pollMs);
  }
  provider.destroy();
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)]!;
}

/**
 * Time from the moment a quote that crosses the deviation is received to the first receipt that contains its effect,
 * on a running network with 1 s blocks. Every venue of a feed jumps at once; jumps fall on all parts of a slot.
 */
export async function latencyBench(say: (line: string) => void): Promise<Row[]> {
  const bars = warmUpBars + barsPerJump * (eventsWanted / pairs.length + 100);
  const network = await TestNetwork.start(say, {
    write: (folder) => writeJumps(folder, bars),
    speed,
  });
  const stop = new AbortController();
  try {
    const startedAtMs = network.stack.file.replay!.startedAtMs;
    const chain = await network.chainRounds();
    const seen: Seen[] = [];
    const watching = watch(network, [...chain.keys()], seen, stop.signal);
    const latencies: number[] = [];
    let missed = 0;
    // Jumps while the network was starting have no meaning: begin with the next one.
    let bar = Math.max(warmUpBars, Math.ceil((Date.now() - startedAtMs) / barMs) + 2 * barsPerJump);
    while (latencies.length + missed < eventsWanted && bar < bars) {
      const due = pairs.filter((pair) => isJump(pair, bar));
      const receivedAtMs = startedAtMs + (bar + 1) * barMs;
      const timeoutMs = (barsPerJump - 1) * barMs;
      await delay(Math.max(0, receivedAtMs + timeoutMs - Date.now()));
      for (const pair of due) {
        const level = levelAt(pair, bar);
        const effect = seen.find(
          (row) =>
            row.feed === pair.feed &&
            row.atMs >= receivedAtMs &&
            Math.abs(row.answer / level - 1) < (jump - 1) / 4,
        );
        if (effect === undefined) missed++;
        else latencies.push((effect.atMs - receivedAtMs) / 1000);
      }
      if (due.length > 0 && latencies.length % 20 < due.length)
        say(`${latencies.length} of ${eventsWanted} jumps, ${missed} missed`);
      bar++;
    }
    stop.abort();
    await watching;
    const sorted = latencies.sort((a, b) => a - b);
    const row = (name: string, value: number, target: number | null): Row => ({
      name,
      value: Math.round(value * 1000) / 1000,
      unit: "s",
      peer: null,
      peerValue: null,
      target,
      ok: target === null || value <= target,
    });
    return [
      row("feed.latency.p50.seconds", percentile(sorted, 0.5), null),
      row("feed.latency.p95.seconds", percentile(sorted, 0.95), targetP95Seconds),
      row("feed.latency.p99.seconds", percentile(sorted, 0.99), null),
      { ...row("feed.latency.events", sorted.length, null), unit: "events", ok: missed === 0 },
    ];
  } finally {
    stop.abort();
    await network.stop();
  }
}
