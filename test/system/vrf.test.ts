import { expect } from "chai";

import { hardhat } from "./command.ts";
import { createDice } from "./dice.ts";
import { TestNetwork } from "./network.ts";
import { everyReorg, kills, randomFaults } from "./randomFaults.ts";
import { type KeeperConfig, Rig } from "./rig.ts";

const minute = 60_000;
const killCount = 5;
/** Blocks come every second; a request waits for one more, and is answered in the next. */
const expectedSeconds = 10;
const recoverySeconds = 30;

describe("randomness on a running network", function () {
  this.timeout(2 * minute);
  const seed = Math.floor(Math.random() * 2 ** 32);
  let network: TestNetwork;
  let rig: Rig;

  before(async () => {
    network = await TestNetwork.start();
    rig = await Rig.start(network, createDice(seed));
  });
  after(async () => {
    await rig?.stop();
    await network?.stop();
  });

  it("answers a request within seconds", async () => {
    await rig.send(1);
    await rig.settles(expectedSeconds);
  });

  for (const fault of [kills(killCount), ...everyReorg([1, 3, 10]), ...randomFaults]) {
    it(`answers each request once when ${fault.name}`, async () => {
      try {
        await fault.strike(rig);
        await rig.settles();
      } catch (error) {
        throw new Error(`${(error as Error).message} (seed ${seed})`, { cause: error });
      }
    });
  }

  it("answers a request that was given up once a person replays it", async () => {
    const { accounts, dapp } = rig;
    const { stackFile } = network.stack.paths;
    const once = (config: KeeperConfig): KeeperConfig => ({ ...config, maxAttempts: 1 });
    await rig.withConfig("vrf", once, async () => {
      await hardhat(stackFile, "relayer", "pause", "--reason", "test");
      await rig.send(1);
      let key: string | undefined;
      await network.until("the delivery", expectedSeconds, async () => {
        const rows = await accounts.query<{ key: string }>(
          "SELECT key FROM dodona.intents WHERE lane = 'randomness' AND status = 'queued'",
        );
        key = rows[0]?.key;
        return key !== undefined || "no intent";
      });
      await hardhat(stackFile, "relayer", "cancel", key!, "--reason", "test");
      const id = String((await dapp.made()).at(-1)?.args.requestId);
      const status = async (): Promise<{ status: { kind: string; text: string } }> =>
        JSON.parse(await hardhat(stackFile, "vrf", "status", id, "--json")) as Awaited<
          ReturnType<typeof status>
        >;
      await network.until("its end", recoverySeconds, async () => {
        const { kind, text } = (await status()).status;
        return kind === "givenUp" || text;
      });
      await hardhat(stackFile, "relayer", "resume");
      expect(await hardhat(stackFile, "vrf", "replay", id)).to.match(
        /is in the queue again, for delivery 2\. It had been given up: given up after 1 deliveries: cancelled: test\.$/m,
      );
      await rig.settles();
      expect((await status()).status.kind).to.equal("fulfilled");
    });
  });
});
