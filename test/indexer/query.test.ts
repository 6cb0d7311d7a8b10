import { expect } from "chai";

import {
  BadRequest,
  decodeCursor,
  encodeCursor,
  findFeed,
  parseHistoryQuery,
  parseInterval,
} from "../../indexer/src/api/query.ts";

describe("history query", () => {
  it("asks for the latest 100 rounds unless told otherwise", () => {
    expect(parseHistoryQuery({})).to.deep.equal({
      intervalSeconds: null,
      from: 0,
      to: 4_294_967_295,
      limit: 100,
      before: null,
    });
  });

  it("reads all parameters", () => {
    expect(
      parseHistoryQuery({ interval: "5m", from: "10", to: "20", limit: "7", cursor: "b300.600" }),
    ).to.deep.equal({ intervalSeconds: 300, from: 10, to: 20, limit: 7, before: 600 });
  });

  it("refuses what is not allowed and says what is", () => {
    const cases: [Record<string, string>, RegExp][] = [
      [{ limit: "0" }, /integer from 1 to 1000/],
      [{ limit: "1001" }, /integer from 1 to 1000/],
      [{ limit: "ten" }, /integer from 1 to 1000/],
      [{ from: "-1" }, /from 0 to 4294967295/],
      [{ to: "1e9" }, /from 0 to 4294967295/],
      [{ to: "4294967296" }, /from 0 to 4294967295/],
      [{ from: "20", to: "10" }, /from 20 is after to 10/],
      [{ interval: "" }, /from 1s to 31d/],
      [{ page: "2" }, /unknown parameter page; allowed are interval, from, to, limit, cursor/],
      [{ cursor: "b60.5" }, /same interval/],
      [{ cursor: "5" }, /same interval/],
    ];
    for (const [query, message] of cases) {
      expect(() => parseHistoryQuery(query), JSON.stringify(query)).to.throw(BadRequest, message);
    }
  });
});

describe("interval", () => {
  it("is seconds, or a number with its unit", () => {
    const texts = ["60", "60s", "1m", "5m", "1h", "1d", "31d"];
    expect(texts.map(parseInterval)).to.deep.equal([60, 60, 60, 300, 3_600, 86_400, 2_678_400]);
  });

  it("refuses nothing, zero, fractions, unknown units and more than 31 days", () => {
    for (const text of ["", "0", "0m", "1.5h", "-1", "1w", "32d", "m", "1 m", "99999999999"]) {
      expect(() => parseInterval(text), text).to.throw(BadRequest);
    }
  });
});

describe("cursor", () => {
  it("comes back as the number it was made of", () => {
    for (const interval of [null, 60, 2_678_400]) {
      for (const last of [0, 17, 4_294_967_295]) {
        expect(decodeCursor(encodeCursor(last, interval), interval)).to.equal(last);
      }
    }
  });

  it("does not serve another interval than the one it was made for", () => {
    expect(() => decodeCursor(encodeCursor(5, 60), 300)).to.throw(BadRequest);
    expect(() => decodeCursor(encodeCursor(5, null), 60)).to.throw(BadRequest);
    expect(() => decodeCursor("r5; DROP TABLE", null)).to.throw(BadRequest);
  });
});

describe("findFeed", () => {
  const feeds = [
    { id: "BTC/USD", feedId: `0x${"ab".repeat(32)}` },
    { id: "BTC-USD", feedId: `0x${"cd".repeat(32)}` },
    { id: "A/B/C", feedId: `0x${"ef".repeat(32)}` },
  ];

  it("prefers the exact name", () => {
    expect(findFeed("BTC-USD", feeds)?.feedId).to.equal(`0x${"cd".repeat(32)}`);
    expect(findFeed("BTC/USD", feeds)?.feedId).to.equal(`0x${"ab".repeat(32)}`);
  });

  it("takes dashes for slashes, any letter case, and the bytes32", () => {
    expect(findFeed("a-b-c", feeds)?.id).to.equal("A/B/C");
    expect(findFeed(`0x${"AB".repeat(32)}`, feeds)?.id).to.equal("BTC/USD");
    expect(findFeed("ETH/USD", feeds)).to.equal(undefined);
  });
});
