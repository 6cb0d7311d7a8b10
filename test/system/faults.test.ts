import { faults } from "./faults.ts";
import { TestNetwork } from "./network.ts";

const minute = 60_000;

describe("the whole network", function () {
  this.timeout(4 * minute);
  let network: TestNetwork;

  before(async () => {
    network = await TestNetwork.start();
  });
  after(async () => {
    await network?.stop();
  });

  it("publishes every feed that has its venues", async () => {
    await network.healthy();
    await network.until("index equals chain", 20, () => network.compare());
  });

  for (const fault of faults) {
    it(`goes on when ${fault.name}`, async () => {
      await fault.strike(network);
      await network.recovers();
      await fault.heal?.(network);
    });
  }
});
