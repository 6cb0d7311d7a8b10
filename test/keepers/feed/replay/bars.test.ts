import { writeFileSync } from "node:fs";
import path from "node:path";

import { expect } from "chai";

import {
  marketOfFile,
  parseBars,
  readRecording,
  splitPair,
} from "../../../../keepers/feed/replay/bars.ts";
import { ticksOf } from "../../../../keepers/feed/replay/ticks.ts";
import { csv, folder, OPEN_TS, series } from "./fixtures.ts";

const HEADER = "ts,open,high,low,close,volume";

describe("names of recorded markets", () => {
  const pairs: Record<string, [string, string] | null> = {
    BTCUSD: ["BTC", "USD"],
    BTCUSDT: ["BTC", "USDT"],
    BTCUSDC: ["BTC", "USDC"],
    USDTUSD: ["USDT", "USD"],
    USDCUSDT: ["USDC", "USDT"],
    ARBUSD: ["ARB", "USD"],
    "1INCHUSDT": ["1INCH", "USDT"],
    USD: null,
    BTC: null,
    btcusd: null,
  };
  for (const [symbol, expected] of Object.entries(pairs)) {
    it(`splits ${symbol}`, () => {
      const [base, quote] = expected ?? [];
      expect(splitPair(symbol)).to.deep.equal(expected === null ? null : { base, quote });
    });
  }

  const files: Record<string, string | null> = {
    "kraken_BTCUSD.csv": "kraken BTC/USD",
    "kraken_BTCUSD.csv.gz": "kraken BTC/USD",
    "binance_us_BTCUSDT.csv": "binance_us BTC/USDT",
    "HITBTC_ETHUSD.csv": "HITBTC ETH/USD",
    "LUNAUSDT_binance_1m_2022-05.csv.gz": "binance LUNA/USDT",
    "BTCUSD.csv": null,
    "kraken_BTCUSD.txt": null,
    "kraken.csv": null,
    "README.md": null,
  };
  for (const [name, expected] of Object.entries(files)) {
    it(`reads ${name}`, () => {
      const market = marketOfFile(name);
      const told = market === null ? null : `${market.venue} ${market.base}/${market.quote}`;
      expect(told).to.equal(expected);
    });
  }
});

describe("parsing of bars", () => {
  it("reads columns, ignores further ones, and takes rows in any order", () => {
    const text = `${HEADER},trades\r\n120,1,2,0.5,1.5,7,3\r\n60,1,1,1,1,0,0\r\n`;
    const { openTs, close, volume } = parseBars(text, "f.csv");
    expect([[...openTs], [...close], [...volume]]).to.deep.equal([
      [60, 120],
      [1, 1.5],
      [0, 7],
    ]);
  });

  it("takes a file without rows", () => {
    expect(parseBars(`${HEADER}\n`, "f.csv").openTs).to.have.length(0);
  });

  const malformed: Record<string, string> = {
    "60,1,1,1,1": "5 fields, the header has 6",
    "60,1,1,1,1,2,9": "7 fields, the header has 6",
    "60,1,1,1,abc,2": 'close is not a number: "abc"',
    "60,1,1,1,,2": 'close is not a number: ""',
    "60,1,1,1,NaN,2": 'close is not a number: "NaN"',
    "60,1,1,1,Infinity,2": 'close is not a number: "Infinity"',
    "60,1,-1,1,1,2": "high is negative: -1",
    "60,1,1,1,1,-2": "volume is negative: -2",
    "60,1,1,1,0,2": "a trade at price zero",
    "60.5,1,1,1,1,2": 'ts is not a unix time in seconds: "60.5"',
    "1677628800000,1,1,1,1,2": 'ts is not in seconds: "1677628800000"',
    "2023-03-01,1,1,1,1,2": 'ts is not a number: "2023-03-01"',
    "30,1,1,1,1,2": "a second bar at 30",
  };
  for (const [row, problem] of Object.entries(malformed)) {
    it(`names file and line of ${row}`, () => {
      const text = `${HEADER}\n30,1,1,1,1,1\n${row}\n90,1,1,1,1,1\n`;
      expect(() => parseBars(text, "dir/x.csv")).to.throw(`dir/x.csv line 3: ${problem}`);
    });
  }

  it("refuses another header", () => {
    expect(() => parseBars("time,price\n", "x.csv")).to.throw(
      `x.csv line 1: the header must be ${HEADER}`,
    );
    expect(() => parseBars("", "x.csv")).to.throw("x.csv line 1");
  });
});

describe("reading of a folder", () => {
  it("reads plain and compressed files, joins files of one market, and skips the rest", () => {
    const { dir, remove } = folder({
      "a_BTCUSD.csv": csv([60, 1, 1]),
      "b_BTCUSDT.csv.gz": csv([60, 2, 1]),
      "LUNAUSDT_c_2.csv": csv([180, 4, 1]),
      "LUNAUSDT_c_1.csv": csv([60, 3, 1]),
      "notes.csv": "anything",
      "README.md": "anything",
    });
    try {
      const { series: read, ignored } = readRecording(dir);
      expect(read.map(({ venue, base, close }) => [venue, base, ...close])).to.deep.equal([
        ["c", "LUNA", 3, 4],
        ["a", "BTC", 1],
        ["b", "BTC", 2],
      ]);
      expect(ignored).to.deep.equal(["notes.csv"]);
    } finally {
      remove();
    }
  });

  it("reads only what is wanted", () => {
    const { dir, remove } = folder({ "a_BTCUSD.csv": csv([60, 1, 1]), "a_ETHUSD.csv": "broken" });
    try {
      expect(readRecording(dir, ({ base }) => base === "BTC").series).to.have.length(1);
    } finally {
      remove();
    }
  });

  it("explains a folder that has nothing, is missing, or holds a broken file", () => {
    const { dir, remove } = folder({ "notes.csv": "x" });
    try {
      expect(() => readRecording(dir)).to.throw(`${dir} has no usable files`);
      expect(() => readRecording(path.join(dir, "none"))).to.throw("cannot read the folder");
      writeFileSync(path.join(dir, "a_BTCUSD.csv.gz"), "not compressed");
      expect(() => readRecording(dir)).to.throw(`cannot read ${path.join(dir, "a_BTCUSD.csv.gz")}`);
    } finally {
      remove();
    }
  });

  it("refuses two files of one market that overlap", () => {
    const { dir, remove } = folder({
      "a_BTCUSD.csv": csv([60, 1, 1], [120, 1, 1]),
      "a_BTCUSD.csv.gz": csv([120, 1, 1]),
    });
    try {
      expect(() => readRecording(dir)).to.throw("overlaps another file of the same market at 120");
    } finally {
      remove();
    }
  });
});

describe("ticks of bars", () => {
  it("makes a bar one trade at its close, at its end, and none of a bar without volume", () => {
    const bars = series("a BTC/USD", [10, 11, 12], (index) => (index === 1 ? 0 : index + 5));
    expect(ticksOf([bars])).to.deep.equal(
      [
        { price: 10, size: 5, atMs: (OPEN_TS + 60) * 1000 },
        { price: 12, size: 7, atMs: (OPEN_TS + 180) * 1000 },
      ].map((rest) => ({ venue: "a", base: "BTC", quote: "USD", kind: "trade", ...rest })),
    );
  });

  it("merges markets by time", () => {
    const both = ticksOf([series("a BTC/USD", [1, 3]), series("b BTC/USD", [2, 4])]);
    expect(both.map(({ price }) => price)).to.deep.equal([1, 2, 3, 4]);
  });
});
