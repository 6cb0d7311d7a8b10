import { expect } from "chai";
import { Registry } from "prom-client";

import { createPayoutMetrics } from "../../../keepers/payout/metrics.ts";

describe("payout metrics", () => {
  let nowMs: number;
  let registry: Registry;
  let metrics: ReturnType<typeof createPayoutMetrics>;

  beforeEach(() => {
    nowMs = 1_000_000;
    registry = new Registry();
    metrics = createPayoutMetrics(registry, { nowMs: () => nowMs });
  });

  async function valueOf(name: string): Promise<number> {
    const { values } = (await registry.getSingleMetric(`dodona_payout_${name}`)!.get()) as {
      values: Array<{ value: number }>;
    };
    return values[0]!.value;
  }

  const look = (activatedAt: number, chainTime: number) => ({
    ...{ due: 2, activatedAt, chainTime, isHeld: true, isWaiting: false },
  });

  it("tell the age of the last payout by the chain's time, which goes on when nobody looks", async () => {
    expect(await valueOf("last_activation_age_seconds")).to.be.NaN;
    metrics.looked(look(0, 5_000));
    expect(await valueOf("last_activation_age_seconds")).to.be.NaN;
    metrics.looked(look(4_000, 5_000));
    expect(await valueOf("last_activation_age_seconds")).to.equal(1_000);
    nowMs += 7_500;
    expect(await valueOf("last_activation_age_seconds")).to.equal(1_007.5);
    expect(await valueOf("last_activation_seconds")).to.equal(4_000);
    expect(await valueOf("epochs_due")).to.equal(2);
    expect(await valueOf("held")).to.equal(1);
    expect(await valueOf("waiting")).to.equal(0);
  });

  it("tell how far the participants' scan is behind", async () => {
    metrics.sourceLag(17);
    expect(await valueOf("source_lag_blocks")).to.equal(17);
  });

  it("tell what is unclaimed, and how many days deposits last", async () => {
    const whole = 10n ** 18n;
    const funding = { deposited: 100n * whole, approved: 40n * whole, paid: 15n * whole };
    metrics.funding(funding, 8n * whole);
    expect(await valueOf("unclaimed")).to.equal(25);
    expect(await valueOf("funding_days")).to.equal(7.5);
  });
});
