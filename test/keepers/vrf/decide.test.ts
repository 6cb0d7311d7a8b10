import { expect } from "chai";

import { decide, type Situation } from "../../../keepers/vrf/decide.ts";
import { requestKey } from "../../../keepers/vrf/job.ts";
import type { PendingRequest } from "../../../keepers/vrf/model.ts";
import { coordinate, deliveryOf, limits, requestOf } from "./fixtures.ts";

const situation = (fields: Partial<Situation> = {}): Situation => ({
  coordinate,
  head: 120,
  index: { ready: true, block: 120 },
  actedBlock: 100,
  requests: [{ request: requestOf(), delivery: null }],
  dead: new Map(),
  limits,
  ...fields,
});

describe("VRF keeper decides", () => {
  it("asks for a job once the next block may hold the words", () => {
    // Words are accepted from block 103.
    expect(decide(situation({ head: 101 })).actions).to.deep.equal([]);
    expect(decide(situation({ head: 101 })).waiting.confirming).to.equal(1);
    expect(decide(situation({ head: 102 })).actions).to.deep.equal([
      { kind: "enqueue", request: requestOf(), attempt: 1 },
    ]);
  });

  it("waits at least for the next block when a request asks for no confirmations", () => {
    const requests = [{ request: requestOf({ confirmations: 0 }), delivery: null }];
    expect(decide(situation({ head: 99, requests })).actions).to.deep.equal([]);
    expect(decide(situation({ head: 100, requests })).actions).to.have.length(1);
  });

  it("does nothing while the index is behind what was acted on, not ready, or silent", () => {
    for (const [index, reason] of [
      [{ ready: true, block: 109 }, "the index is at block 109 and has to reach 110"],
      [{ ready: false, block: 120 }, "the index is not ready"],
      [null, "the index does not answer"],
    ] as const) {
      const { actions, blocked, waiting } = decide(situation({ index, actedBlock: 110 }));
      expect(actions).to.deep.equal([]);
      expect(blocked).to.equal(reason);
      expect(waiting.due).to.equal(1);
    }
    expect(decide(situation({ actedBlock: 120 })).blocked).to.equal(null);
  });

  it("follows a chain that is shorter than what was acted on", () => {
    const { blocked } = decide(
      situation({ head: 115, index: { ready: true, block: 115 }, actedBlock: 119 }),
    );
    expect(blocked).to.equal(null);
  });

  it("leaves alone what the relayer has, and what the index has not seen mined", () => {
    for (const delivery of [
      deliveryOf({ status: "queued", block: null }),
      deliveryOf({ status: "sent", block: null }),
      deliveryOf({ status: "confirmed", block: 121 }),
      deliveryOf({ status: "failed", block: 121 }),
    ]) {
      const requests = [{ request: requestOf(), delivery }];
      expect(decide(situation({ requests })).actions, delivery.status).to.deep.equal([]);
    }
  });

  it("delivers again what failed, expired, or was left out of a batch, each time with an attempt of its own", () => {
    for (const delivery of [
      deliveryOf(),
      deliveryOf({ status: "expired", block: null }),
      deliveryOf({ status: "superseded", block: null }),
      deliveryOf({ status: "confirmed" }),
    ]) {
      const requests = [{ request: requestOf(), delivery }];
      expect(decide(situation({ requests })).actions, delivery.status).to.deep.equal([
        { kind: "enqueue", request: requestOf(), attempt: 2 },
      ]);
    }
  });

  it("pauses longer after each failed delivery", () => {
    const at = (attempt: number, head: number): number =>
      decide(
        situation({
          head,
          index: { ready: true, block: head },
          requests: [{ request: requestOf(), delivery: deliveryOf({ attempt }) }],
        }),
      ).actions.length;
    expect([at(1, 110), at(1, 111)]).to.deep.equal([0, 1]);
    expect([at(2, 111), at(2, 112)]).to.deep.equal([0, 1]);
  });

  it("gives up after the last attempt and past the deadline, with the reason", () => {
    const exhausted: PendingRequest = {
      request: requestOf(),
      delivery: deliveryOf({ attempt: 3 }),
    };
    expect(decide(situation({ requests: [exhausted] })).actions).to.deep.equal([
      {
        kind: "giveUp",
        request: requestOf(),
        attempt: 3,
        reason: "given up after 3 deliveries: reverted in block 110: InsufficientGas(1, 2)",
      },
    ]);
    // The last block is 300: with the head at 299 it can still be reached.
    const late = (head: number) => decide(situation({ head, index: { ready: true, block: head } }));
    expect(late(299).actions[0]?.kind).to.equal("enqueue");
    expect(late(300).actions).to.deep.equal([
      {
        kind: "giveUp",
        request: requestOf(),
        attempt: 1,
        reason:
          "block 300 was the last that could fulfil it, and the chain is at 300: whoever likes may refund it",
      },
    ]);
  });

  it("touches nothing that was given up", () => {
    const dead = new Map([[requestKey(coordinate, requestOf()), "because"]]);
    const { actions, waiting } = decide(situation({ dead }));
    expect(actions).to.deep.equal([]);
    expect(waiting.dead).to.equal(1);
    // The same id in another block is another request.
    const moved = { request: requestOf({ blockHash: `0x${"01".repeat(32)}` }), delivery: null };
    expect(decide(situation({ dead, requests: [moved] })).actions).to.have.length(1);
  });

  it("stores the hash of a block that is about to leave the window, once for all its requests", () => {
    const requests = [1n, 2n].map((requestId) => ({
      request: requestOf({ requestId }),
      delivery: deliveryOf({ status: "sent", block: null }),
    }));
    const storing = { ...limits, deadlineBlocks: 1_000, storeHashAfterBlocks: 200 };
    const at = (head: number) =>
      decide(situation({ head, index: { ready: true, block: head }, requests, limits: storing }))
        .actions;
    expect(at(298)).to.deep.equal([]);
    const action = { kind: "storeBlockhash", block: 100, blockHash: requestOf().blockHash };
    expect(at(299)).to.deep.equal([action]);
    expect(at(355)).to.deep.equal([action]);
    expect(at(356), "BLOCKHASH does not reach it any more").to.deep.equal([]);
  });
});
