import { expect } from "chai";
import { decide, type Action, type Snapshot } from "../../../keepers/relayer/decide.ts";
import type { Attempt, Content, OpenSlot, QueuedIntent } from "../../../keepers/relayer/model.ts";

const nowMs = 1_000_000;
const gwei = 1_000_000_000n;
const settings = {
  maxPending: 4,
  replaceAfterBlocks: 3,
  groupReplaceMs: 250,
  bumpPercent: 10,
  baseFeeMultiplier: 2,
  maxFeeWei: 500n * gwei,
  foreignAfterBlocks: 3,
  confirmations: 1,
  maxRequeues: 3,
  cancelGas: 21_000n,
};
// 2 × 1 gwei + 1 gwei.
const market = { maxFeeWei: 3n * gwei, tipWei: gwei };
const raised = { maxFeeWei: (33n * gwei) / 10n, tipWei: (11n * gwei) / 10n };

function intent(id: bigint, fields: Partial<QueuedIntent> = {}): QueuedIntent {
  return {
    id,
    group: null,
    ordinal: id,
    expiresAtMs: null,
    status: "queued",
    cancelReason: null,
    newest: null,
    lane: "feeds",
    account: null,
    valueWei: 0n,
    gasLimit: 100_000n,
    ...fields,
  };
}

function slot(
  nonce: number,
  content: Partial<Content> | null,
  fields: Partial<Attempt> = {},
): OpenSlot {
  const id = BigInt(nonce);
  const whole = content && { ...intent(100n + id), status: "sent" as const, ...content };
  return {
    id,
    nonce,
    status: "pending",
    content: whole,
    attempt: {
      id: 1_000n + id,
      hash: `0x${nonce}`,
      intentId: whole?.id ?? null,
      fees: market,
      gasLimit: 100_000n,
      valueWei: 0n,
      signedAtBlock: 50,
      createdMs: nowMs - 1_000,
      accepted: true,
      error: null,
      ...fields,
    },
    nextBroadcastMs: nowMs + 1_000,
  };
}

function snapshot(
  fields: Partial<Snapshot> = {},
  chain: Partial<Snapshot["chain"]> = {},
): Snapshot {
  return {
    nextNonce: 10,
    chain: {
      head: 50,
      baseFeeWei: gwei,
      tipWei: gwei,
      nonce: 10,
      balanceWei: 10n ** 18n,
      readAtMs: nowMs,
      ...chain,
    },
    slots: [],
    queued: [],
    settings,
    ...fields,
  };
}

const brief = (actions: Action[]): unknown[] =>
  actions.map((action) => {
    if (action.type === "sign") return [action.purpose, action.nonce, action.intentId];
    if (action.type === "drop") return [action.drop.status, action.drop.intentId];
    if (action.type === "broadcast") return ["broadcast", action.attemptId];
    if (action.type === "vacate") return ["vacate", action.slotId];
    return ["hold"];
  });

describe("relayer: decide", () => {
  it("does nothing when nothing is open and nothing is queued", () => {
    expect(decide(snapshot(), nowMs)).to.deep.equal([]);
  });

  it("gives new intents the next nonces at market fees, lanes by priority, first come first served", () => {
    const queued = [
      intent(1n, { lane: "admin" }),
      intent(2n, { lane: "payouts" }),
      intent(5n),
      intent(4n),
      intent(3n, { lane: "randomness" }),
    ];
    const actions = decide(snapshot({ queued }), nowMs);
    expect(brief(actions)).to.deep.equal([
      ["new", 10, 4n],
      ["new", 11, 5n],
      ["new", 12, 3n],
      ["new", 13, 2n],
    ]);
    expect(actions[0]).to.deep.include({ fees: market, slotId: null, drop: null });
  });

  it("opens no more nonces than the limit", () => {
    const slots = [slot(10, {}), slot(11, {}), slot(12, {})];
    const queued = [intent(1n), intent(2n)];
    expect(brief(decide(snapshot({ slots, queued, nextNonce: 13 }), nowMs))).to.deep.equal([
      ["new", 13, 1n],
    ]);
  });

  it("signs nothing new while the chain is ahead of the ledger", () => {
    expect(decide(snapshot({ queued: [intent(1n)] }, { nonce: 11 }), nowMs)).to.deep.equal([]);
  });

  it("drops what has expired at its very millisecond and what is not the newest of its group", () => {
    const queued = [
      intent(1n, { expiresAtMs: nowMs }),
      intent(2n, { expiresAtMs: nowMs + 1 }),
      intent(3n, { group: "g", newest: { ordinal: 4n, id: 9n } }),
      intent(4n, { group: "g", newest: { ordinal: 4n, id: 4n } }),
      intent(5n, { group: "h", newest: { ordinal: 5n, id: 6n } }),
    ];
    expect(brief(decide(snapshot({ queued }), nowMs))).to.deep.equal([
      ["expired", 1n],
      ["superseded", 3n],
      ["superseded", 5n],
      ["new", 10, 2n],
      ["new", 11, 4n],
    ]);
  });

  it("replaces a pending transaction by the newer intent of its group, fees raised", () => {
    const slots = [slot(10, { group: "g", newest: { ordinal: 200n, id: 200n } })];
    const queued = [intent(7n), intent(200n, { group: "g", newest: { ordinal: 200n, id: 200n } })];
    const actions = decide(snapshot({ slots, queued, nextNonce: 11 }), nowMs);
    expect(brief(actions)).to.deep.equal([
      ["group", 10, 200n],
      ["new", 11, 7n],
    ]);
    expect(actions[0]).to.deep.include({ fees: raised, slotId: 10n, formerAttemptId: 1_010n });
    expect(actions[0]).to.have.nested.property("drop.status", "superseded");
  });

  it("lets a pending transaction of a group grow old enough before it is replaced, and keeps the newer queued", () => {
    const newest = { ordinal: 200n, id: 200n };
    const queued = [intent(200n, { group: "g", newest })];
    const young = [slot(10, { group: "g", newest }, { createdMs: nowMs - 249 })];
    expect(decide(snapshot({ slots: young, queued, nextNonce: 11 }), nowMs)).to.deep.equal([]);
    const old = [slot(10, { group: "g", newest }, { createdMs: nowMs - 250 })];
    expect(decide(snapshot({ slots: old, queued, nextNonce: 11 }), nowMs)).to.have.length(1);
  });

  it("waits with the newer intent of a group while the older is at the fee cap", () => {
    const newest = { ordinal: 200n, id: 200n };
    const slots = [
      slot(10, { group: "g", newest }, { fees: { maxFeeWei: 490n * gwei, tipWei: gwei } }),
    ];
    const queued = [intent(200n, { group: "g", newest })];
    expect(decide(snapshot({ slots, queued, nextNonce: 11 }), nowMs)).to.deep.equal([]);
  });

  it("gives the nonce of an expired transaction to the queue, or cancels it", () => {
    const slots = [slot(10, { expiresAtMs: nowMs - 1 })];
    expect(
      brief(decide(snapshot({ slots, queued: [intent(1n)], nextNonce: 11 }), nowMs)),
    ).to.deep.equal([["reused", 10, 1n]]);
    const actions = decide(snapshot({ slots, nextNonce: 11 }), nowMs);
    expect(brief(actions)).to.deep.equal([["cancelled", 10, null]]);
    expect(actions[0]).to.deep.include({ fees: raised });
    expect(actions[0]).to.have.nested.property("drop.status", "expired");
  });

  it("leaves a cancellation alone once it is signed", () => {
    expect(decide(snapshot({ slots: [slot(10, null)], nextNonce: 11 }), nowMs)).to.deep.equal([]);
  });

  it("raises the fees of the lowest nonce once enough blocks went by without it, not of those that wait behind it", () => {
    const slots = [slot(10, {}), slot(11, {})];
    expect(decide(snapshot({ slots, nextNonce: 12 }, { head: 52 }), nowMs)).to.deep.equal([]);
    const actions = decide(snapshot({ slots, nextNonce: 12 }, { head: 53 }), nowMs);
    expect(brief(actions)).to.deep.equal([["stuck", 10, 110n]]);
    expect(actions[0]).to.deep.include({ fees: raised, drop: null });
  });

  it("raises the fees of every nonce that the base fee has left behind", () => {
    const slots = [slot(10, {}), slot(11, {})];
    const actions = decide(
      snapshot({ slots, nextNonce: 12 }, { head: 53, baseFeeWei: 4n * gwei }),
      nowMs,
    );
    expect(brief(actions)).to.deep.equal([
      ["stuck", 10, 110n],
      ["stuck", 11, 111n],
    ]);
    expect(actions[0]).to.have.nested.property("fees.maxFeeWei", 9n * gwei);
  });

  it("raises at once what a node called underpriced", () => {
    const slots = [slot(10, {}, { accepted: false, error: "underpriced" })];
    expect(brief(decide(snapshot({ slots, nextNonce: 11 }), nowMs))).to.deep.equal([
      ["underpriced", 10, 110n],
    ]);
  });

  it("fails what no node takes, unless a node has taken it before", () => {
    const error = "rejected: exceeds block gas limit";
    const refused = [slot(10, {}, { accepted: false, error })];
    const actions = decide(snapshot({ slots: refused, nextNonce: 11 }), nowMs);
    expect(brief(actions)).to.deep.equal([["cancelled", 10, null]]);
    expect(actions[0]).to.have.deep.nested.property("drop", {
      intentId: 110n,
      status: "failed",
      reason: error,
    });
    expect(
      decide(snapshot({ slots: [slot(10, {}, { error })], nextNonce: 11 }), nowMs),
    ).to.deep.equal([]);
  });

  it("sends again what is due, and leaves alone what the chain has used up", () => {
    const due = { ...slot(10, {}), nextBroadcastMs: nowMs };
    expect(brief(decide(snapshot({ slots: [due], nextNonce: 11 }), nowMs))).to.deep.equal([
      ["broadcast", 1_010n],
    ]);
    expect(decide(snapshot({ slots: [due], nextNonce: 11 }, { nonce: 11 }), nowMs)).to.deep.equal(
      [],
    );
  });

  it("reserves nothing that the balance less the worst cost of what is pending does not cover, and says so", () => {
    const slots = [slot(10, {})];
    const queued = [intent(1n), intent(2n)];
    // One pending and one new cost 100,000 gas × 3 gwei each.
    const costWei = 100_000n * 3n * gwei;
    const enough = decide(
      snapshot({ slots, queued, nextNonce: 11 }, { balanceWei: 2n * costWei }),
      nowMs,
    );
    expect(brief(enough)).to.deep.equal([["new", 11, 1n], ["hold"]]);
    const short = decide(
      snapshot({ slots, queued, nextNonce: 11 }, { balanceWei: 2n * costWei - 1n }),
      nowMs,
    );
    expect(short).to.deep.equal([
      {
        type: "hold",
        reason: `balance ${2n * costWei - 1n} wei is too low: 1 wei more are needed`,
      },
    ]);
  });

  it("does not let a later, cheaper intent overtake one that the balance does not cover", () => {
    const queued = [intent(1n, { valueWei: 10n ** 19n }), intent(2n)];
    expect(brief(decide(snapshot({ queued }), nowMs))).to.deep.equal([["hold"]]);
  });

  describe("with vacant nonces", () => {
    const vacant = (nonce: number): OpenSlot => ({ ...slot(nonce, null), status: "vacant" });

    it("fills the lowest first and opens no new nonce above a gap", () => {
      const slots = [vacant(10), vacant(11), vacant(12)];
      const queued = [intent(1n), intent(2n)];
      expect(brief(decide(snapshot({ slots, queued, nextNonce: 13 }), nowMs))).to.deep.equal([
        ["reused", 10, 1n],
        ["reused", 11, 2n],
      ]);
    });

    it("leaves them alone while nothing above is wanted", () => {
      expect(
        decide(snapshot({ slots: [vacant(10), vacant(11)], nextNonce: 12 }), nowMs),
      ).to.deep.equal([]);
    });

    it("closes the gap below a transaction that is wanted, beyond the limit of open nonces too", () => {
      const slots = [vacant(10), ...[11, 12, 13, 14].map((nonce) => slot(nonce, {}))];
      const actions = decide(snapshot({ slots, queued: [intent(1n)], nextNonce: 15 }), nowMs);
      expect(brief(actions)).to.deep.equal([["cancelled", 10, null]]);
    });

    it("gives back an expired transaction above a gap instead of filling the gap for it", () => {
      const slots = [vacant(10), slot(11, { expiresAtMs: nowMs })];
      expect(brief(decide(snapshot({ slots, nextNonce: 12 }), nowMs))).to.deep.equal([
        ["vacate", 11n],
      ]);
    });
  });
});
