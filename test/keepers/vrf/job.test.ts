import { expect } from "chai";

import {
  attemptKey,
  batchKey,
  decodeJob,
  encodeJob,
  jobId,
  queueNames,
  requestKey,
} from "../../../keepers/vrf/job.ts";
import { coordinate, requestOf } from "./fixtures.ts";

const key = requestKey(coordinate, requestOf());

describe("VRF jobs", () => {
  it("are named after request, coordinator and block", () => {
    expect(key).to.equal(`vrf:31337:${coordinate.coordinator}:7:${requestOf().blockHash}`);
    expect(attemptKey(key, 1)).to.equal(key);
    expect(attemptKey(key, 2)).to.equal(`${key}:2`);
  });

  it("have the same id whoever asks, and another one in another block or attempt", () => {
    const moved = requestKey(coordinate, requestOf({ blockHash: `0x${"01".repeat(32)}` }));
    expect(jobId(key, 1)).to.match(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(jobId(key, 1)).to.equal(jobId(key, 1));
    expect(new Set([jobId(key, 1), jobId(key, 2), jobId(moved, 1)]).size).to.equal(3);
  });

  it("share a batch key in any order", () => {
    expect(batchKey(coordinate, ["a", "b"])).to.equal(batchKey(coordinate, ["b", "a"]));
    expect(batchKey(coordinate, ["a", "b"])).to.not.equal(batchKey(coordinate, ["a", "c"]));
  });

  it("survive JSON", () => {
    const content = { request: requestOf({ requestId: 2n ** 256n - 1n }), attempt: 2 };
    const copy: unknown = JSON.parse(JSON.stringify(encodeJob(content, "because")));
    expect(decodeJob(copy)).to.deep.equal({ ...content, reason: "because" });
  });

  it("are in a queue of their chain, coordinator and key", () => {
    const { work, dead } = queueNames(coordinate, requestOf().keyHash);
    expect(work).to.equal(`vrf/31337/${coordinate.coordinator.slice(2)}/cdcdcdcdcdcdcdcd`);
    expect(dead).to.equal(`${work}/dead`);
  });
});
