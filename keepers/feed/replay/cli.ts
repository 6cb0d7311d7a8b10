import { Command } from "commander";

import { readRecording } from "./bars.ts";
import { collectRates, parseBps, parseTime, wholeNumber } from "./options.ts";
import { marketsFor, planReplay } from "./plan.ts";
import { renderReplay } from "./render.ts";
import { replay } from "./replay.ts";
import type { ReplayLine } from "./replay.ts";
import { reportMarket } from "./silences.ts";
import { createSummarizer } from "./summary.ts";

const SECONDS = wholeNumber(1, 2 ** 24 - 1);
/** Venues that a feed needs when --min-venues is not given: as on the local chain. */
const MIN_VENUES: Readonly<Record<string, number>> = { "USDT/USD": 2, "USDC/USD": 1 };
const DEFAULT_MIN_VENUES = 3;
/** Lines between two writes: one write a line is slow, one for all fills the memory. */
const LINES_PER_WRITE = 500;

interface Options {
  data: string;
  feed: string;
  from?: number;
  to?: number;
  step: number;
  minVenues?: number;
  band: number;
  heartbeat: number;
  deviation: number;
  tau: number;
  cooldown: number;
  minReports: number;
  dormancy: number;
  assume: Record<string, number>;
  json?: true;
}

const HELP = `
DIR holds one-minute bars in files named VENUE_PAIR.csv or VENUE_PAIR.csv.gz (kraken_BTCUSD.csv.gz), with the header
ts,open,high,low,close,volume; more columns are ignored. PAIR_VENUE_anything.csv.gz is read too. A bar is one trade at
its close, at its end (ts + 60); a bar without volume is no trade.

A feed is priced in its quote: BTC/USD converts USDT and USDC markets by the recorded USDT/USD and USDC/USD; LUNA/USDT
takes USDT markets as they are. A recording of one single market that nothing can convert is replayed in its own
currency; a warning and the reason of every line say so.

With --json, one line for every step:
  {ts, price, reason, venues, answer, status, published}
ts is unix seconds; price (what operators observe, or null) and answer (what the contract serves, or null) are numbers in
units of the feed's quote; venues maps each venue to "used" or why it was not; status is live, suspended, dormant or
empty; published says whether a new answer came since the line before. The last line is
  {summary: {steps, published, missing, suspended, maxGapSeconds}, incidents: [{venue, pair, from, to, seconds}]}
missing counts steps without a price, suspended steps that ended so; maxGapSeconds is the longest time without a new
answer; incidents are the times when a market was silent beyond its limit.

Example:
  npm run replay -- --data ./bars --feed BTC/USD --from 2023-03-04T16:00 --to 2023-03-04T23:00
  npm run replay -- --data ./luna --feed LUNA/USDT --min-venues 1 --band 10% --json`;

const command = new Command("npm run replay --")
  .description("Runs recorded bars through the operators' pricing and the contract's breaker.")
  .requiredOption("--data <dir>", "folder of recorded bars")
  .requiredOption("--feed <id>", "feed, such as BTC/USD")
  .option("--from <time>", "first step: unix seconds or ISO date, UTC (first bar's end)", parseTime)
  .option("--to <time>", "last step (last bar's end)", parseTime)
  .option("--step <seconds>", "time between lines", wholeNumber(1, 86_400), 60)
  .option(
    "--min-venues <n>",
    "live venues a price needs (3; USDT/USD 2, USDC/USD 1)",
    wholeNumber(1, 255),
  )
  .option("--band <bps>", "half-width of the breaker's band, bps or percent", parseBps, 1_000)
  .option("--heartbeat <seconds>", "longest time between reports", SECONDS, 10)
  .option("--deviation <bps>", "change that makes a report due, bps or percent", parseBps, 20)
  .option("--tau <seconds>", "time constant of the moving average", SECONDS, 3_600)
  .option("--cooldown <seconds>", "time an out-of-band price must hold", wholeNumber(1, 4_095), 120)
  .option("--min-reports <n>", "reports that must confirm it", wholeNumber(1, 7), 3)
  .option("--dormancy <seconds>", "silence after which the feed needs governance", SECONDS, 604_800)
  .option(
    "--assume <currency=rate>",
    "state a rate that is not recorded (repeatable)",
    collectRates,
    {},
  )
  .option("--json", "one JSON object a line")
  .addHelpText("after", HELP)
  .parse();

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader of a pipe may stop early: that is its right.
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  await run(command.opts<Options>());
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function run(options: Options): Promise<void> {
  const { series, markets } = readRecording(options.data, marketsFor(options.feed));
  const { spec, warnings } = planReplay(
    {
      feedId: options.feed,
      minVenues: options.minVenues ?? MIN_VENUES[options.feed] ?? DEFAULT_MIN_VENUES,
      from: options.from ?? null,
      to: options.to ?? null,
      step: options.step,
      params: {
        heartbeat: options.heartbeat,
        deviationBps: options.deviation,
        bandBps: options.band,
        tau: options.tau,
        cooldown: options.cooldown,
        minReports: options.minReports,
        dormancy: options.dormancy,
      },
      assumedRates: options.assume,
    },
    series,
    markets,
  );
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);

  const summarizer = createSummarizer();
  const total = Math.floor((spec.to - spec.from) / spec.step) + 1;
  let last: ReplayLine | null = null;
  let chunk = "";
  let done = 0;
  for (const line of replay(series, spec)) {
    summarizer.add(line);
    last = line;
    done += 1;
    if (options.json === true) chunk += `${JSON.stringify(line)}\n`;
    if (done % LINES_PER_WRITE === 0) {
      await write(chunk);
      chunk = "";
      progress(done, total);
    }
  }
  await write(chunk);
  progress(total, total);

  const summary = summarizer.summary();
  const reports = series.map((one) => reportMarket(one, spec.from, spec.to, spec.settings));
  if (options.json === true) {
    const incidents = reports.flatMap((report) => report.silences);
    await write(`${JSON.stringify({ summary, incidents })}\n`);
    return;
  }
  const text = renderReplay({
    feedId: spec.feedId,
    from: spec.from,
    to: spec.to,
    step: spec.step,
    summary,
    usedSteps: summarizer.usedSteps(),
    stretches: summarizer.stretches(),
    markets: reports,
    last: { answer: last?.answer ?? null, status: last?.status ?? "empty" },
  });
  await write(`${text}\n`);
}

async function write(text: string): Promise<void> {
  if (text === "" || process.stdout.write(text)) return;
  await new Promise<void>((resolve) => process.stdout.once("drain", resolve));
}

function progress(done: number, total: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(done < total ? `\r${done} of ${total} steps` : "\r\u001b[K");
}
