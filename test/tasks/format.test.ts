import { expect } from "chai";

import { parseTime } from "../../tasks/feeds/history.ts";
import {
  formatBps,
  formatPrice,
  formatSeconds,
  formatTable,
  formatTime,
  shortHex,
} from "../../tasks/shared/format.ts";

describe("what tasks print", () => {
  it("shows prices with the decimals that matter, cut and never rounded up", () => {
    expect(formatPrice(6_412_399_999_999n, "USD")).to.equal("64,123.99 USD");
    expect(formatPrice(123_456_789n, "USD")).to.equal("1.2345 USD");
    expect(formatPrice(99_999_999n, "USD")).to.equal("0.99999999 USD");
    expect(formatPrice(1n, "USD", 8)).to.equal("0.00000001 USD");
    expect(formatPrice(123_456_700_000_000n, "JPY", 0)).to.equal("1,234,567 JPY");
  });

  it("shows durations in their two largest units", () => {
    expect([0, 12, 60, 184, 3_600, 7_500, 604_800, 90_061].map(formatSeconds)).to.deep.equal([
      "0 s",
      "12 s",
      "1 min",
      "3 min 4 s",
      "1 h",
      "2 h 5 min",
      "7 d",
      "1 d 1 h",
    ]);
  });

  it("shows basis points, times and long hexadecimal values", () => {
    expect(formatBps(20)).to.equal("0.20 %");
    expect(formatTime(1_677_657_600)).to.equal("2023-03-01 08:00:00 UTC");
    expect(shortHex(`0x${"ab".repeat(32)}`)).to.equal("0xababab…abab");
    expect(shortHex("0x12")).to.equal("0x12");
  });

  it("aligns the columns of a table", () => {
    expect(
      formatTable(
        [
          { title: "A", align: "left" },
          { title: "LONG", align: "right" },
        ],
        [
          ["abc", "1"],
          ["d", "12345"],
        ],
      ),
    ).to.deep.equal(["A     LONG", "abc      1", "d    12345"]);
  });

  it("reads times as unix seconds or dates", () => {
    expect(parseTime("1677657600", "--from")).to.equal(1_677_657_600);
    expect(parseTime("2023-03-01T08:00Z", "--from")).to.equal(1_677_657_600);
    expect(() => parseTime("soon", "--to")).to.throw('--to "soon"');
  });
});
