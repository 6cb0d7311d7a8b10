import { setTimeout as delay } from "node:timers/promises";

import { expect } from "chai";

import { keepChainTime, lagSeconds } from "../../deploy/stack/chain-clock.ts";
import { startAnvil, type TestAnvil } from "../helpers/anvil.ts";

const patienceMs = 10_000;

describe("the local chain's clock", function () {
  this.timeout(30_000);
  let anvil: TestAnvil;
  let end: () => void = () => undefined;

  beforeEach(async () => {
    anvil = await startAnvil({ mining: 1 });
  });
  afterEach(async () => {
    end();
    await anvil.stop();
  });

  const head = async () => {
    const block = await anvil.rpc<{ number: string; timestamp: string }>("eth_getBlockByNumber", [
      ...["latest", false],
    ]);
    return { number: Number(block.number), timestamp: Number(block.timestamp) };
  };
  const blocks = async (count: number): Promise<void> => {
    const target = (await head()).number + count;
    while ((await head()).number < target) await delay(50);
  };
  const corrected = async (): Promise<void> => {
    const deadline = Date.now() + patienceMs;
    while ((await lagSeconds(anvil.url)) >= 1) {
      if (Date.now() > deadline) throw new Error("the clock stays behind");
      await delay(50);
    }
  };

  it("is brought back to the present after a reorganisation, however short", async () => {
    for (const depth of [1, 4]) {
      await blocks(depth + 1);
      await anvil.rpc("anvil_reorg", [depth, []]);
      expect(await lagSeconds(anvil.url)).to.be.at.least(1);
      end = keepChainTime(anvil.url);
      await corrected();
      end();
    }
  });

  it("is left alone while it is right, and runs ahead at no time", async () => {
    end = keepChainTime(anvil.url);
    for (let i = 0; i < 5; i++) {
      await blocks(1);
      // Read before the present is: a block that came meanwhile does not count.
      const { timestamp } = await head();
      expect(timestamp).to.be.at.most(Math.floor(Date.now() / 1000));
    }
  });
});
