import { expect } from "chai";

import { judge, type JobView } from "../../../keepers/vrf/judge.ts";
import { limits, requestOf } from "./fixtures.ts";

const request = requestOf();
const view = (fields: Partial<JobView> = {}): JobView => ({
  head: 102,
  canonicalHash: request.blockHash,
  indexed: { status: "pending", blockHash: request.blockHash },
  storedAttempt: undefined,
  limits,
  ...fields,
});
const kind = (fields: Partial<JobView>, attempt = 1): string =>
  judge({ request, attempt }, view(fields)).kind;

describe("a job is judged", () => {
  it("to be served when the chain holds its block and the words are due", () => {
    expect(kind({})).to.equal("serve");
  });

  it("to be served without a row, since the index may be on its way back", () => {
    expect(kind({ indexed: undefined })).to.equal("serve");
  });

  it("to be gone when another block took the place of its own", () => {
    expect(kind({ canonicalHash: `0x${"99".repeat(32)}` })).to.equal("gone");
  });

  it("for later when the node does not know the block, or the chain went back", () => {
    expect(kind({ canonicalHash: null })).to.equal("later");
    expect(kind({ head: 101 })).to.equal("later");
  });

  it("to be done when it was handed over, fulfilled, or refunded", () => {
    expect(kind({ storedAttempt: 1 })).to.equal("done");
    expect(kind({ storedAttempt: 1 }, 2)).to.equal("serve");
    for (const status of ["fulfilled", "refunded"] as const) {
      expect(kind({ indexed: { status, blockHash: request.blockHash } })).to.equal("done");
      // That was the same id in a block that is gone.
      expect(kind({ indexed: { status, blockHash: `0x${"01".repeat(32)}` } })).to.equal("serve");
    }
  });

  it("to be dead past its deadline", () => {
    expect(kind({ head: 299 })).to.equal("serve");
    expect(kind({ head: 300 })).to.equal("dead");
  });
});
