import { expect } from "chai";

import { describeRequest, type Ending, type RequestSnapshot } from "../../../keepers/vrf/status.ts";
import { deliveryOf, limits, requestOf } from "./fixtures.ts";

const ether = 10n ** 18n;
const snapshot = (fields: Partial<RequestSnapshot> = {}): RequestSnapshot => ({
  requestId: 7n,
  request: requestOf(),
  ending: null,
  head: 110,
  indexBlock: 110,
  limits,
  subscription: { balanceWei: ether, neededWei: ether / 2n },
  job: null,
  delivery: null,
  relayerPosition: null,
  accounts: [],
  operator: { silentSeconds: 1, heldReason: null },
  deadReason: null,
  ...fields,
});
const sent = deliveryOf({ status: "sent", block: null, reason: null });
const queued = deliveryOf({ ...sent, status: "queued", transactionHash: null });
const job = { state: "created", position: 0, tries: 1, lastError: null } as const;

const cases: ReadonlyArray<readonly [string, Partial<RequestSnapshot>, string, RegExp]> = [
  ["unknown", { request: null }, "unknown", /^there is no request 7 up to block 110$/],
  ["confirming", { head: 100 }, "confirming", /^waits for 2 more blocks: .* block 103, .* 100$/],
  ["one block left", { head: 101 }, "confirming", /^waits for 1 more block:/],
  ["not taken up", {}, "queued", /has not taken it up yet$/],
  ["next in the queue", { job }, "queued", /; next in the operator's queue$/],
  ["behind others", { job: { ...job, position: 4 } }, "queued", /; 4 requests are before it/],
  ["being proved", { job: { ...job, state: "active" } }, "proving", /^is being proved$/],
  [
    "failing in the queue",
    { job: { ...job, state: "retry", tries: 2, lastError: "no node" } },
    "retrying",
    /^try 2 failed and is repeated: no node$/,
  ],
  [
    "operator silent",
    { operator: { silentSeconds: 61, heldReason: null } },
    "operatorOffline",
    /it was last at work 61 s ago$/,
  ],
  [
    "operator never there",
    { operator: { silentSeconds: null, heldReason: null } },
    "operatorOffline",
    /it was never at work$/,
  ],
  [
    "operator waits",
    { operator: { silentSeconds: 1, heldReason: "the index does not answer" } },
    "indexBehind",
    /^the operator waits: the index does not answer$/,
  ],
  [
    "relayer without an account",
    { delivery: queued, relayerPosition: 3 },
    "relayerAccountLow",
    /^proved, but no relayer has an account on this chain$/,
  ],
  [
    "account low",
    {
      delivery: queued,
      accounts: [{ address: "0xaa", balanceWei: 5n, heldReason: "balance 5 wei is too low" }],
    },
    "relayerAccountLow",
    /^proved, but no account of the relayer can send: balance 5 wei is too low$/,
  ],
  [
    "relayer busy",
    {
      delivery: queued,
      relayerPosition: 3,
      accounts: [{ address: "0xaa", balanceWei: ether, heldReason: null }],
    },
    "queued",
    /^proved; 3 transactions are before it in the relayer's queue$/,
  ],
  ["sent", { delivery: sent }, "sending", /^proved and sent as 0x1212.*; waits for a block$/],
  [
    "mined beyond the index",
    { delivery: deliveryOf({ status: "confirmed", block: 111 }) },
    "sending",
    /^its transaction is in block 111, which the index has not reached \(it is at 110\)$/,
  ],
  [
    "failed and waiting",
    { delivery: deliveryOf() },
    "retrying",
    /^delivery 1 failed: reverted in block 110: .*; the next is made at block 111$/,
  ],
  ["given up", { deadReason: "no proof" }, "givenUp", /^given up: no proof$/],
  [
    "expired",
    { head: 300 },
    "expired",
    /^expired: block 300 was the last that could fulfil it, and the chain is at 300$/,
  ],
  [
    "fulfilled",
    {
      ending: {
        ...{ kind: "fulfilled", block: 105, transaction: "0xfe" },
        ...{ success: true, paymentWei: ether / 4n },
      },
    },
    "fulfilled",
    /^fulfilled in block 105 by 0xfe for 0\.25 of native coin$/,
  ],
  [
    "callback failed",
    {
      ending: {
        ...{ kind: "fulfilled", block: 105, transaction: "0xfe" },
        ...{ success: false, paymentWei: ether },
      },
    },
    "callbackFailed",
    /, but the consumer's callback failed$/,
  ],
  [
    "refunded",
    { ending: { kind: "refunded", block: 301, transaction: "0xfe" } },
    "refunded",
    /^expired and refunded in block 301 by 0xfe$/,
  ],
];

describe("status of a request", () => {
  for (const [name, fields, kind, text] of cases) {
    it(`is in words: ${name}`, () => {
      const status = describeRequest(snapshot(fields));
      expect(status.kind).to.equal(kind);
      expect(status.text).to.match(text);
    });
  }

  it("says by how much the subscription is too empty for the next request", () => {
    const subscription = { balanceWei: ether / 10n, neededWei: ether / 2n };
    const { hints } = describeRequest(snapshot({ subscription }));
    expect(hints).to.include(
      "subscription 5 is too empty for another request like this: it holds 0.1 and lacks 0.4",
    );
    expect(describeRequest(snapshot()).hints).to.deep.equal([]);
  });

  it("says what to do when it was given up, and what the callback had", () => {
    expect(describeRequest(snapshot({ deadReason: "no proof" })).hints[0]).to.equal(
      "the operator can try again with: npx hardhat vrf replay 7",
    );
    const ending: Ending = {
      kind: "fulfilled",
      block: 105,
      transaction: "0xfe",
      success: false,
      paymentWei: 1n,
    };
    expect(describeRequest(snapshot({ ending })).hints[0]).to.match(/^it had 100000 gas/);
  });
});
