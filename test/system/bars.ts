import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const firstTs = 1_700_000_000;
const barSeconds = 60;

/** Small deterministic generator (Lehmer, 1951), so that every run replays the same market. */
function lehmer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/**
 * Writes bars of a made-up market for three venues: BTC in dollars and USDT, and the stablecoins. BTC walks by a few
 * tenths of a percent now and then, so that both heartbeats and deviations cause rounds. There is no ETH: that feed
 * must say why it is empty.
 */
export function writeBars(folder: string, bars: number): void {
  mkdirSync(folder, { recursive: true });
  const markets = [
    { pair: "BTCUSD", start: 30_000, step: 0.0015, venues: ["alpha", "beta", "gamma"] },
    { pair: "BTCUSDT", start: 30_000, step: 0.0015, venues: ["alpha", "beta"] },
    { pair: "USDTUSD", start: 1, step: 0.00002, venues: ["alpha", "beta", "gamma"] },
    { pair: "USDCUSD", start: 1, step: 0.00002, venues: ["alpha"] },
  ];
  for (const { pair, start, step, venues } of markets) {
    const walk = lehmer(7);
    const level: number[] = [];
    for (let i = 0, price = start; i < bars; i++) {
      price *= 1 + (walk() - 0.5) * 2 * step;
      level.push(price);
    }
    venues.forEach((venue, index) => {
      const rows = level.map((price, i) => {
        const close = (price * (1 + (index - 1) * 0.00002)).toFixed(6);
        return `${firstTs + i * barSeconds},${close},${close},${close},${close},${(1 + index).toFixed(2)}`;
      });
      writeFileSync(
        path.join(folder, `${venue}_${pair}.csv`),
        `ts,open,high,low,close,volume\n${rows.join("\n")}\n`,
      );
    });
  }
}
