import { expect } from "chai";

import { formatAmount, renderPayouts } from "../../deploy/stack/payout-table.ts";
import type { PayoutView } from "../../deploy/stack/payout-table.ts";

const token = `0x${"ab".repeat(20)}`;
const native = `0x${"0".repeat(40)}`;
const ether = 10n ** 18n;

const view: PayoutView = {
  payouts: {
    activeEpoch: 1,
    approvers: { threshold: 2, accounts: ["0x1", "0x2", "0x3"] },
    tokens: [
      { token, paid: 250n * ether, owed: 750n * ether, free: 99_000n * ether, fundingDays: 99 },
      { token: native, paid: 0n, owed: 0n, free: 0n, fundingDays: null },
    ],
    epochs: [{ epoch: 1, proposal: "0xa1", totals: [{ token, added: 1_000n * ether }] }],
  },
  proposals: [
    { id: "0xa2", epoch: 2, state: "proposed", approvedBy: [{ approver: "0x1" }] },
    {
      id: "0xa1",
      epoch: 1,
      state: "activated",
      approvedBy: [{ approver: "0x1" }, { approver: "0x2" }],
    },
  ],
  keepers: [
    { name: "payout-proposer", healthy: true, waiting: "waits for approvals" },
    { name: "payout-approver-1", healthy: true, waiting: null },
    { name: "payout-watcher", healthy: true, waiting: "waits for approvals" },
  ],
  names: new Map([[token, "DODONA"]]),
};

describe("table of payouts", () => {
  it("shows epochs with states and approvals, tokens with paid, owed and days of funding", () => {
    const lines = renderPayouts(view, false).split("\n");
    const row = (pattern: RegExp): boolean => lines.some((line) => pattern.test(line));
    expect(row(/2 │ proposed +│ +1 of 2 │ +- /), lines.join("\n")).to.equal(true);
    expect(row(/1 │ activated +│ +2 of 2 │ +1,000\.00 DODONA /)).to.equal(true);
    expect(row(/DODONA +│ +250\.00 │ +750\.00 │ +99,000\.00 │ +99\.0 /)).to.equal(true);
    expect(row(/native coin +│ +0\.00 │ +0\.00 │ +0\.00 │ +- /)).to.equal(true);
    expect(lines.at(-1)).to.equal("  proposer, watcher: waits for approvals");
  });

  it("says so when nothing was proposed and nothing is due", () => {
    const idle = view.keepers.map((keeper) => ({ ...keeper, waiting: null }));
    const text = renderPayouts({ ...view, proposals: [], keepers: idle }, false);
    expect(text).to.match(/^No epoch was proposed yet\./);
    expect(text).to.match(/Keepers: nothing is due$/);
  });

  it("writes amounts with two decimals, rounded down", () => {
    expect(formatAmount(1_234_567n * ether + 999n * 10n ** 15n)).to.equal("1,234,567.99");
    expect(formatAmount(1n)).to.equal("0.00");
  });
});
