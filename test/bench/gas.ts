/** Gas of updates and reads on Hardhat's EVM, beside what other networks pay. Run by `hardhat run test/bench/gas.ts`. */
import type { Entry, Network } from "../helpers/contracts-fixture.ts";
import { deployNetwork, feedId, range } from "../helpers/contracts-fixture.ts";
import { gasRow as row, type Row } from "./row.ts";

const FEEDS = 50;
const CURRENT_SET_SLOT = 1;
const QUORUM_SHIFT = 240n;
const PRICE_E8 = 67_123_45678901n;

/** Measures everything; each call deploys its own networks. */
export async function gasBench(): Promise<Row[]> {
  const small = await measureUpdates(16, 5);
  const large = await measureUpdates(31, 11);
  const majority16 = await measureUpdates(16, 9);
  const majority31 = await measureUpdates(31, 16);
  return [
    row(
      "feed.update.5of16",
      small.single,
      46_000,
      "Chainlink OCR2, 16 operators (reference)",
      131_504,
    ),
    row(
      "feed.update.11of31",
      large.single,
      50_000,
      "Chainlink OCR2, 31 operators (reference)",
      177_360,
    ),
    row("feed.batch10.perFeed", small.batch10, 10_000, "RedStone, 10 feeds (reference)", 16_700),
    row("feed.batch50.perFeed", small.batch50, 7_000, "RedStone, 50 feeds (reference)", 18_500),
    row("feed.batch10.11of31.perFeed", large.batch10, 10_000, "Pyth, 10 feeds (reference)", 39_200),
    row("feed.batch50.11of31.perFeed", large.batch50, 7_000, "Pyth, 50 feeds (reference)", 25_900),
    row(
      "feed.update.9of16",
      majority16.single,
      null,
      "Chainlink OCR2, 16 operators (reference)",
      131_504,
    ),
    row(
      "feed.update.16of31",
      majority31.single,
      null,
      "Chainlink OCR2, 31 operators (reference)",
      177_360,
    ),
    row("feed.read.direct.cold", small.direct.cold, 5_700, "API3 raw read (reference)", 5_204),
    row("feed.read.proxy.cold", small.proxy.cold, 8_600, "Chainlink proxy (reference)", 18_232),
    row("feed.read.direct.warm", small.direct.warm, null, "API3 raw read (reference)", 704),
    row("feed.read.proxy.warm", small.proxy.warm, null, "Chainlink proxy (reference)", 3_232),
  ];
}

async function measureUpdates(operatorCount: number, signerCount: number) {
  const names = range(FEEDS).map((i) => `FEED${i}/USD`);
  const net = await deployNetwork({ operatorCount, names });
  await setQuorum(net, signerCount);
  let slot = (await net.now()) + 10;
  const spread = range(signerCount).map((i) => Math.floor((i * operatorCount) / signerCount));
  const update = async (feeds: number) => {
    slot += 10;
    const entries: Entry[] = range(feeds).map((index) => ({
      index,
      values: signerCount,
      answer: PRICE_E8 + BigInt(slot),
    }));
    const receipt = await (await net.submit(entries, slot, { by: spread })).wait();
    return Number(receipt?.gasUsed ?? 0n);
  };
  await update(FEEDS);
  await update(FEEDS);
  const single = await update(1);
  const batch10 = (await update(10)) / 10;
  const batch50 = (await update(50)) / 50;

  const proxy = await net.ethers.deployContract("FeedProxy", [net.feeds, feedId("FEED0/USD")]);
  const consumer = await net.ethers.deployContract("ReadConsumer");
  const [proxyCold, proxyWarm] = await consumer.readProxy(proxy);
  const [directCold, directWarm] = await consumer.readDirect(net.feeds, feedId("FEED0/USD"));
  return {
    single,
    batch10,
    batch50,
    proxy: { cold: Number(proxyCold), warm: Number(proxyWarm) },
    direct: { cold: Number(directCold), warm: Number(directWarm) },
  };
}

/**
 * Overwrites the quorum in the word of the current set. A set's quorum is always its majority; 5-of-16 and 11-of-31 are
 * what other networks publish figures for, so the deployed code is measured with theirs.
 */
async function setQuorum(net: Network, quorum: number): Promise<void> {
  const word = BigInt(await net.ethers.provider.getStorage(net.feedsAddress, CURRENT_SET_SLOT));
  const others = word & ~(0xffn << QUORUM_SHIFT);
  await net.networkHelpers.setStorageAt(
    net.feedsAddress,
    CURRENT_SET_SLOT,
    others | (BigInt(quorum) << QUORUM_SHIFT),
  );
  const { quorum: read } = await net.feeds.currentSet();
  if (Number(read) !== quorum) throw new Error("the current set's word is laid out differently");
}

if (process.argv.some((argument) => argument.endsWith("test/bench/gas.ts"))) {
  console.table(await gasBench());
}
