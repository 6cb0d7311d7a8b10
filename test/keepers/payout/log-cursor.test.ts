import { expect } from "chai";

import { openLogCursor, type RpcLog } from "../../../keepers/payout/log-cursor.ts";
import { TRANSFER_TOPIC } from "../../../keepers/payout/log-source.ts";
import { accountOf, held } from "./fixtures.ts";
import { playChain, recordBlocks } from "./recorded.ts";

describe("log cursor's ranges", () => {
  const filter = { address: held, topics: [TRANSFER_TOPIC], fromBlock: 0 };

  /** Reads all blocks; numbers of logs of each answer. */
  async function readSizes(perBlock: readonly number[]): Promise<number[]> {
    const transfer = { token: held, from: accountOf(0), to: accountOf(1), value: 1n };
    const blocks = perBlock.map((count, time) => ({
      time,
      transfers: Array.from({ length: count }, () => transfer),
    }));
    const { chain } = playChain(recordBlocks(blocks));
    const sizes: number[] = [];
    const cursor = openLogCursor(
      {
        async send(method, params) {
          const answer = await chain.send(method, params);
          if (method === "eth_getLogs") sizes.push((answer as RpcLog[]).length);
          return answer;
        },
      },
      filter,
    );
    const logs = await cursor.sync(perBlock.length - 1);
    expect(logs).to.have.length(perBlock.reduce((sum, count) => sum + count, 0));
    return sizes;
  }

  it("grow fast where there is little", async () => {
    // 10, 40, 160, 640, 2,560 blocks, then 5,000 at a time.
    const sizes = await readSizes(new Array<number>(8_410).fill(0));
    expect(sizes).to.have.length(6);
  });

  it("stay small where blocks are full, from the first on", async () => {
    const sizes = await readSizes(new Array<number>(60).fill(1_000));
    expect(Math.max(...sizes)).to.be.at.most(20_000);
    expect(sizes).to.deep.equal([10_000, 20_000, 20_000, 10_000]);
  });
});
