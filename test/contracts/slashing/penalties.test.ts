import { expect } from "chai";

import { GOVERNANCE } from "../../helpers/contracts-fixture.ts";
import {
  deploySlashing,
  EQUIVOCATION_BPS,
  EVIDENCE_PERIOD,
  MEDIANS_BPS,
  UNBONDING,
} from "./evidence.ts";

describe("Slashing: penalties and evidence period", () => {
  it("begins with what it was deployed with", async () => {
    const { slashing, feedsAddress, stake } = await deploySlashing();
    expect(await slashing.equivocationBps()).to.equal(EQUIVOCATION_BPS);
    expect(await slashing.wrongMediansBps()).to.equal(MEDIANS_BPS);
    expect(await slashing.evidencePeriod()).to.equal(EVIDENCE_PERIOD);
    expect(await slashing.priceFeeds()).to.equal(feedsAddress);
    expect(await slashing.stake()).to.equal(await stake.getAddress());
  });

  it("lets governance alone change penalties", async () => {
    const { slashing, manager, governance, stranger } = await deploySlashing();
    const selector = slashing.interface.getFunction("setPenalties").selector;
    await manager.setTargetFunctionRole(slashing, [selector], GOVERNANCE);
    await expect(slashing.connect(governance).setPenalties(100, 10_000))
      .to.emit(slashing, "PenaltiesChanged")
      .withArgs(100, 10_000);
    expect(await slashing.equivocationBps()).to.equal(100);
    expect(await slashing.wrongMediansBps()).to.equal(10_000);
    await expect(slashing.connect(stranger).setPenalties(100, 100))
      .to.be.revertedWithCustomError(slashing, "AccessManagedUnauthorized")
      .withArgs(stranger.address);
  });

  it("reverts with PenaltyOutOfRange for less than a hundredth and more than all", async () => {
    const { slashing, admin } = await deploySlashing();
    for (const [equivocation, medians, wrong] of [
      [99, 100, 99],
      [0, 100, 0],
      [10_001, 100, 10_001],
      [100, 99, 99],
      [100, 10_001, 10_001],
    ] as const) {
      await expect(slashing.connect(admin).setPenalties(equivocation, medians))
        .to.be.revertedWithCustomError(slashing, "PenaltyOutOfRange")
        .withArgs(wrong, 100, 10_000);
    }
  });

  it("reverts with EvidencePeriodOutOfRange for none, and where stake could leave before", async () => {
    const { slashing, ethers, manager, feeds, stake } = await deploySlashing();
    const deploy = (period: number, bps = 100) =>
      ethers.deployContract("Slashing", [manager, feeds, stake, period, bps, 100]);
    for (const period of [0, UNBONDING, UNBONDING + 1]) {
      await expect(deploy(period))
        .to.be.revertedWithCustomError(slashing, "EvidencePeriodOutOfRange")
        .withArgs(period, UNBONDING);
    }
    await expect(deploy(1, 99)).to.be.revertedWithCustomError(slashing, "PenaltyOutOfRange");
    await deploy(UNBONDING - 1);
  });
});
