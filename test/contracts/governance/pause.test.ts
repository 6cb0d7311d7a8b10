import { expect } from "chai";

import { DAY, deployGovernance, HOUR } from "./governance.ts";
import type { Governance } from "./governance.ts";

const PAUSE = 72 * HOUR;

const unpause = (gov: Governance) => ({
  target: gov.pausable,
  data: gov.pausable.interface.encodeFunctionData("unpause"),
});

describe("GuardedPause", () => {
  it("stops what it guards until 72 hours have passed, and then lapses by itself", async () => {
    const { guardian, pausable, networkHelpers, now } = await deployGovernance();
    await pausable.work();
    expect(await pausable.pausedUntil()).to.equal(0n);
    const sent = await guardian.pause(pausable);
    const until = (await now()) + PAUSE;
    await expect(sent).to.emit(pausable, "Paused").withArgs(until);
    expect(await pausable.pausedUntil()).to.equal(until);
    expect(await pausable.isPaused()).to.equal(true);
    await networkHelpers.time.setNextBlockTimestamp(until - 1);
    await expect(pausable.work())
      .to.be.revertedWithCustomError(pausable, "ContractPaused")
      .withArgs(until);
    await networkHelpers.time.setNextBlockTimestamp(until);
    await pausable.work();
    expect(await pausable.isPaused()).to.equal(false);
  });

  it("begins at most twice in 30 days, whether it is renewed, lapses or is ended", async () => {
    const { guardian, pausable, networkHelpers, now } = await deployGovernance();
    await guardian.pause(pausable);
    const first = await now();
    await networkHelpers.time.increaseTo(first + 2 * DAY);
    await guardian.pause(pausable);
    const second = await now();
    expect(await pausable.pausedUntil()).to.equal(second + PAUSE);
    const next = first + 30 * DAY;
    for (const at of [second + HOUR, next - 1]) {
      await networkHelpers.time.setNextBlockTimestamp(at);
      await expect(guardian.pause(pausable))
        .to.be.revertedWithCustomError(pausable, "PauseExhausted")
        .withArgs(next);
    }
    await networkHelpers.time.setNextBlockTimestamp(next);
    await guardian.pause(pausable);
    await expect(guardian.pause(pausable))
      .to.be.revertedWithCustomError(pausable, "PauseExhausted")
      .withArgs(second + 30 * DAY);
  });

  it("ends early by governance, which gives the guardian nothing back", async () => {
    // Faster than a pause lapses.
    const gov = await deployGovernance({
      settings: { votingDelay: 1, votingPeriod: 60, voteExtension: 30 },
    });
    const { guardian, pausable, networkHelpers, now } = gov;
    const proposal = await gov.propose([unpause(gov)]);
    await gov.ripen(proposal);
    await guardian.pause(pausable);
    const first = await now();
    await expect(gov.execute(proposal)).to.emit(pausable, "Unpaused").withArgs();
    expect(await pausable.pausedUntil()).to.equal(0n);
    await pausable.work();
    await guardian.pause(pausable);
    await networkHelpers.time.increase(4 * DAY);
    await expect(guardian.pause(pausable))
      .to.be.revertedWithCustomError(pausable, "PauseExhausted")
      .withArgs(first + 30 * DAY);
  });

  it("reverts with NotPaused when governance ends what nobody began or what has lapsed", async () => {
    const gov = await deployGovernance();
    const { guardian, pausable } = gov;
    await expect(gov.enact([unpause(gov)])).to.be.revertedWithCustomError(pausable, "NotPaused");
    await guardian.pause(pausable);
    await gov.networkHelpers.time.increase(PAUSE);
    await expect(gov.enact([unpause(gov)])).to.be.revertedWithCustomError(pausable, "NotPaused");
  });

  it("obeys the guardian's contract alone", async () => {
    const { pausable, holder, alice, deployer } = await deployGovernance();
    for (const account of [holder, alice, deployer]) {
      for (const name of ["pause", "unpause"] as const) {
        await expect(pausable.connect(account)[name]())
          .to.be.revertedWithCustomError(pausable, "AccessManagedUnauthorized")
          .withArgs(account.address);
      }
    }
  });
});
