import { setTimeout as delay } from "node:timers/promises";

import { expect } from "chai";

import { rpc } from "../../deploy/stack/chain.ts";
import { TestNetwork } from "./network.ts";
import { Dapp } from "./randomness.ts";

const minute = 60_000;
const kills = 5;
const requestsUnderKills = 20;
const recoverySeconds = 30;
/** Blocks come every second; a request waits for one more, and is answered in the next. */
const expectedSeconds = 10;

describe("randomness on a running network", function () {
  this.timeout(3 * minute);
  let network: TestNetwork;
  let dapp: Dapp;
  let requests = 0;

  before(async () => {
    network = await TestNetwork.start();
    dapp = await Dapp.start(network.stack);
  });
  after(async () => {
    dapp?.stop();
    await network?.stop();
  });

  /** Waits until the chain has exactly these requests, each answered once, and the index says the same. */
  async function settles(count: number, seconds = recoverySeconds): Promise<void> {
    await network.until("each request answered once", seconds, () => dapp.settled(count));
    await network.until("index equals chain", seconds, async () => {
      const response = await fetch(`${network.stack.file.apiUrl}/vrf/requests?sub=${dapp.subId}`);
      const body = (await response.json()) as {
        requests: { id: string; status: string; block: number }[];
      };
      const open = body.requests.filter(({ status }) => status !== "fulfilled");
      if (open.length > 0) return `${open[0]?.id} is ${open[0]?.status}`;
      const onChain = new Set((await dapp.requests()).map(String));
      const same = body.requests.every(({ id }) => onChain.has(id));
      return same && onChain.size === body.requests.length ? true : "other requests";
    });
  }

  it("answers a request within seconds", async () => {
    await dapp.send(1);
    requests += 1;
    await settles(requests, expectedSeconds);
  });

  it(`answers each request once while keeper and relayer are killed ${kills} times`, async () => {
    const moments: string[] = [];
    let isOver = false;
    const load = (async () => {
      for (let i = 0; i < requestsUnderKills; i++) {
        await dapp.send(1);
        if (!isOver) await delay(Math.random() * 1_200);
      }
    })();
    for (let i = 0; i < kills; i++) {
      await delay(Math.random() * 1_500);
      const name = i % 2 === 0 ? "vrf" : "relayer";
      moments.push(`${name} at ${new Date().toISOString()}`);
      await network.stack.kill(name);
      await network.stack.revive(name);
    }
    isOver = true;
    await load;
    requests += requestsUnderKills;
    try {
      await settles(requests);
    } catch (error) {
      throw new Error(`${(error as Error).message}; killed ${moments.join(", ")}`);
    }
  });

  it("answers what a reorg of depth 1 leaves, and nothing else", async () => {
    await dapp.send(3);
    await delay(1_500);
    await rpc(network.stack.file.rpcUrl, "anvil_reorg", [1, []]);
    await dapp.send(2);
    await delay(2_000);
    // Which requests the reorg took depends on the moment; those that are there must be answered.
    requests = (await dapp.requests()).length;
    await settles(requests);
  });

  it("answers requests that a reorg of depth 3 moved to other blocks, with the words of those", async () => {
    await dapp.send(2);
    await delay(2_500);
    const before = await dapp.requests();
    const head = await dapp.provider.getBlockNumber();
    const logs = await dapp.coordinator.queryFilter(
      dapp.coordinator.filters.RandomWordsRequested(),
      head - 2,
    );
    const again = {
      from: dapp.owner.address,
      to: await dapp.consumer.getAddress(),
      data: dapp.requestData,
      gas: "0x7a120",
    };
    await rpc(network.stack.file.rpcUrl, "anvil_reorg", [3, logs.map(() => [again, 2])]);
    await delay(2_000);
    requests = (await dapp.requests()).length;
    expect(requests).to.equal(before.length);
    await settles(requests);
  });
});
