import { expect } from "chai";

import { BadRequest } from "../../indexer/src/api/query.ts";
import { encodePosition, parseId, parseRequestsQuery } from "../../indexer/src/api/vrfQuery.ts";

describe("query for requests of randomness", () => {
  it("asks for the latest 100 of all requests unless told otherwise", () => {
    expect(parseRequestsQuery({})).to.deep.equal({
      status: null,
      subId: null,
      limit: 100,
      before: null,
    });
  });

  it("reads all parameters, ids decimal or hexadecimal", () => {
    const cursor = encodePosition({ block: 120, logIndex: 3 });
    expect(
      parseRequestsQuery({ status: "pending", sub: "0xff", limit: "7", cursor }),
    ).to.deep.equal({
      status: "pending",
      subId: 255n,
      limit: 7,
      before: { block: 120, logIndex: 3 },
    });
    expect(parseId("request id", (2n ** 256n - 1n).toString())).to.equal(2n ** 256n - 1n);
  });

  it("refuses what is not allowed and says what is", () => {
    const cases: [Record<string, string>, RegExp][] = [
      [{ limit: "0" }, /integer from 1 to 1000/],
      [
        { status: "done" },
        /status "done" is not allowed; give one of pending, fulfilled, refunded/,
      ],
      [{ sub: "-1" }, /sub "-1" is not allowed; give an unsigned 256-bit integer/],
      [{ sub: (2n ** 256n).toString() }, /256-bit/],
      [{ sub: "" }, /256-bit/],
      [{ cursor: "r5" }, /take "next" of the page before/],
      [{ page: "2" }, /unknown parameter page; allowed are status, sub, limit, cursor/],
    ];
    for (const [query, message] of cases) {
      expect(() => parseRequestsQuery(query), JSON.stringify(query)).to.throw(BadRequest, message);
    }
  });
});
