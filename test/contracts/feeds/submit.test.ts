import { expect } from "chai";

import { deployNetwork, feedId } from "../../helpers/contracts-fixture.ts";

describe("PriceFeeds.submit", () => {
  it("publishes what a quorum signed", async () => {
    const net = await deployNetwork();
    const slot = (await net.now()) + 5;
    const price = 67_000_00000000n;
    const { report } = await net.compose({ answers: [price], slot });
    await expect(net.submit([price], slot))
      .to.emit(net.feeds, "ReportAccepted")
      .withArgs(report);
    const state = await net.feeds.feed(feedId("BTC/USD"));
    expect(state.answer).to.equal(price);
  });
});
