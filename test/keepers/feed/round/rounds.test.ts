import { expect } from "chai";

import type { RoundOutcome } from "../../../../keepers/feed/round/leader.ts";
import { decodeReport, reportDigest } from "../../../../keepers/feed/signing/report.ts";
import { fromHex } from "../../../../keepers/feed/signing/bytes.ts";
import { observationRoot, signObservation } from "../../../../keepers/feed/signing/observation.ts";
import { observationToWire } from "../../../../keepers/feed/round/wire.ts";
import { contractAccepts, DOMAIN, freshKeys } from "../signing/helpers.ts";
import type { PlainPoint } from "../signing/plain.ts";
import { plus } from "../signing/plain.ts";
import type { Network, Node } from "./network.ts";
import { startNetwork } from "./network.ts";

type Reported = Extract<RoundOutcome, { kind: "reported" }>;

const PRICES = [6_000_000_000_000n, 300_000_000_000n, 100_000_000n];
const never = (): Promise<never> => new Promise(() => undefined);

describe("a round between five operators", function () {
  this.timeout(60_000);
  let network: Network;

  beforeEach(async () => {
    network = await startNetwork(5);
  });
  afterEach(() => network.close());

  const others = (): Node[] => network.nodes.filter((node) => node !== network.leader());

  function expectReported(outcome: RoundOutcome): asserts outcome is Reported {
    expect(
      outcome.kind,
      JSON.stringify(outcome, (_, value: unknown) =>
        typeof value === "bigint" ? String(value) : value,
      ),
    ).to.equal("reported");
  }

  /** The report as the contract would judge it: signers of the bitmap, plain sum of their keys. */
  function expectAcceptable({ signed }: Reported): void {
    const { report, bytes, signature } = signed;
    expect(decodeReport(bytes)).to.deep.equal(report);
    const signers = network.nodes.filter(({ index }) => (report.signers >> index) & 1);
    expect(signers).to.have.length(network.set.quorum);
    const sum = signers.reduce<PlainPoint | null>(
      (total, { index }) => plus(total, network.set.operators[index]!.secp256k1.toAffine()),
      null,
    );
    expect(contractAccepts(sum!, reportDigest(bytes, DOMAIN), signature)).to.equal(true);
  }

  it("gives a report of lower medians that the contract accepts, and everybody hears of it", async () => {
    const btc = [
      5_990_000_000_000n,
      6_000_000_000_000n,
      6_001_000_000_000n,
      6_002_000_000_000n,
      null,
    ];
    for (const { index } of network.nodes) network.price([btc[index]!, ...PRICES.slice(1)], index);
    network.states.forEach((_, feed) => expect(network.states[feed]!.lastReportAt).to.equal(0));
    // Four values: the lower of the two in the middle.
    const outcome = await network.lead();
    const isPriceless = btc[network.leader().index] === null;
    expect(isPriceless).to.equal(false);
    expectReported(outcome);
    expectAcceptable(outcome);
    expect(outcome.signed.report.entries).to.deep.equal([
      { feedIndex: 0, count: 4, answerE8: 6_000_000_000_000n },
      { feedIndex: 1, count: 5, answerE8: PRICES[1] },
      { feedIndex: 2, count: 5, answerE8: PRICES[2] },
    ]);
    expect(network.leader().delivered).to.deep.equal([outcome.signed]);
    const observations = network.nodes.map(({ rows }) => [...rows.values()][0]!);
    expect(outcome.signed.report.observationRoot).to.equal(observationRoot(observations, DOMAIN));
    for (const { inFlight } of network.nodes) {
      while (inFlight.recent(7, network.clock.now).length === 0) await new Promise(setImmediate);
      expect(inFlight.pending(7, network.states, network.clock.now)).to.have.length(1);
    }
  });

  it("is not run when nothing is due, and not again while a report is in flight", async () => {
    network.price(PRICES);
    expectReported(await network.lead());
    const first = network.leader();
    for (const { inFlight } of network.nodes) {
      while (inFlight.recent(7, network.clock.now).length === 0) await new Promise(setImmediate);
    }
    network.nextSlot();
    network.price(PRICES);
    expect(network.leader()).not.to.equal(first);
    expect(await network.lead()).to.deep.equal({ kind: "idle" });
  });

  it("is taken over by the next leader when a report never lands", async () => {
    network.price(PRICES);
    expectReported(await network.lead());
    network.clock.now += 8_000;
    network.price(PRICES);
    const outcome = await network.lead();
    expectReported(outcome);
    expectAcceptable(outcome);
  });

  it("does not need dead operators", async () => {
    const [a, b] = others();
    await Promise.all([a!.server.close(), b!.server.close()]);
    network.price(PRICES);
    const outcome = await network.lead();
    expectReported(outcome);
    expectAcceptable(outcome);
    expect([...outcome.faults.keys()].toSorted()).to.deep.equal([a!.index, b!.index].toSorted());
    expect(outcome.signed.report.entries.map(({ count }) => count)).to.deep.equal([3, 3, 3]);
  });

  it("fails and says why when more than half are dead", async () => {
    const [a, b, c] = others();
    await Promise.all([a, b, c].map((node) => node!.server.close()));
    network.price(PRICES);
    const outcome = await network.lead();
    expect(outcome).to.include({ kind: "failed" });
    expect(network.leader().delivered).to.deep.equal([]);
  });

  it("leaves out who is silent when asked to observe", async () => {
    const [silent] = others();
    silent!.cosigner.observe = never;
    network.price(PRICES);
    const outcome = await network.lead();
    expectReported(outcome);
    expectAcceptable(outcome);
    expect([...outcome.faults]).to.deep.equal([[silent!.index, "slower than the others"]]);
  });

  for (const step of ["nonce", "sign"] as const) {
    it(`starts again without who is silent at ${step}, and next time asks it last`, async () => {
      const [silent] = others();
      silent!.cosigner[step] = never;
      // All others are made to come later, so that the silent one is among the signers.
      preferred(silent!);
      network.price(PRICES);
      const outcome = await network.lead();
      expectReported(outcome);
      expectAcceptable(outcome);
      expect(outcome.attempts).to.equal(2);
      expect(outcome.faults.get(silent!.index)).to.match(new RegExp(`^${step}: no answer within`));

      // It answers first again, and is passed over all the same.
      preferred(silent!);
      network.clock.now += 10_000;
      network.price(PRICES);
      const next = await network.lead();
      expectReported(next);
      expect(next.attempts).to.equal(1);
    });
  }

  it("names and drops who sends a wrong partial signature", async () => {
    const [liar] = others();
    liar!.cosigner.sign = async (caller, request) => {
      await liar!.honest.sign(caller, request);
      return { partial: `0x${"11".repeat(32)}` };
    };
    preferred(liar!);
    network.price(PRICES);
    const outcome = await network.lead();
    expectReported(outcome);
    expectAcceptable(outcome);
    expect([...outcome.faults]).to.deep.equal([[liar!.index, "sign: wrong partial signature"]]);
    expect((outcome.signed.report.signers >> liar!.index) & 1).to.equal(0);
  });

  it("names who answers with nonces off the curve, or with something else altogether", async () => {
    const [a, b] = others();
    const bad = `0x02${"ff".repeat(32)}`;
    a!.cosigner.nonce = () => ({ hiding: bad, binding: bad });
    b!.cosigner.nonce = () => ({ hello: "world" });
    preferred(a!, b!);
    network.price(PRICES);
    const outcome = await network.lead();
    expectReported(outcome);
    expectAcceptable(outcome);
    expect([...outcome.faults.keys()].toSorted()).to.deep.equal([a!.index, b!.index].toSorted());
  });

  it("does not count an observation that its operator did not sign", async () => {
    const [liar] = others();
    liar!.cosigner.observe = async (caller, { slot }) => {
      const observation = { setId: 7, slot, operator: caller.self, pricesE8: [1n, 1n, 1n] };
      await Promise.resolve();
      return { observation: observationToWire(signObservation(observation, freshKeys(), DOMAIN)) };
    };
    network.price(PRICES);
    const outcome = await network.lead();
    expectReported(outcome);
    expect(outcome.faults.get(liar!.index)).to.equal("observation: signature");
    expect(outcome.signed.report.entries[0]).to.deep.equal({
      feedIndex: 0,
      count: 4,
      answerE8: PRICES[0],
    });
  });

  it("does not count an observation of another slot or another operator", async () => {
    const [a, b] = others();
    for (const [node, change] of [
      [a, { slot: network.slot - 1 }],
      [b, { operator: network.leader().index }],
    ] as const) {
      node!.cosigner.observe = () => {
        const observation = {
          setId: 7,
          slot: network.slot,
          operator: node!.index,
          pricesE8: PRICES,
        };
        const signed = signObservation({ ...observation, ...change }, node!.keys, DOMAIN);
        return Promise.resolve({ observation: observationToWire(signed) });
      };
    }
    network.price(PRICES);
    const outcome = await network.lead();
    expectReported(outcome);
    expect(outcome.faults.get(a!.index)).to.equal("another observation");
    expect(outcome.faults.get(b!.index)).to.equal("another observation");
  });

  it("notices who signs two different observations of one slot", async () => {
    network.price(PRICES);
    const [liar] = others();
    let asked = 0;
    liar!.cosigner.observe = () => {
      const pricesE8 = PRICES.map((price) => price + BigInt(asked++));
      const observation = { setId: 7, slot: network.slot, operator: liar!.index, pricesE8 };
      return Promise.resolve({
        observation: observationToWire(signObservation(observation, liar!.keys, DOMAIN)),
      });
    };
    const first = await network.lead();
    expectReported(first);
    // As after a restart of the leader: it has forgotten its report and asks again within the slot.
    Object.assign(network.leader().inFlight, { pending: () => [] });
    network.clock.now += 10;
    const again = await network.lead();
    expectReported(again);
    expect(again.faults.get(liar!.index)).to.equal("two observations for one slot");
  });

  it("does not let one operator of five move an answer beyond its neighbours", async () => {
    const [liar] = others();
    for (const { index } of network.nodes) {
      network.price(index === liar!.index ? [PRICES[0]! * 2n, ...PRICES.slice(1)] : PRICES, index);
    }
    const outcome = await network.lead();
    expectReported(outcome);
    expect(outcome.signed.report.entries[0]!.answerE8).to.equal(PRICES[0]);
    // It is not asked to sign what is far from its own price.
    expect((outcome.signed.report.signers >> liar!.index) & 1).to.equal(0);
  });

  it("carries only feeds for which enough operators have a price", async () => {
    for (const { index } of network.nodes) {
      network.price(index % 2 === 0 ? PRICES : [PRICES[0]!, null, PRICES[2]!], index);
    }
    const two = others().filter(({ index }) => index % 2 === 0);
    const outcome = await network.lead();
    expectReported(outcome);
    const feeds = outcome.signed.report.entries.map(({ feedIndex }) => feedIndex);
    // Three of five have the second feed, a quorum, but only if the leader is one of them.
    expect(feeds).to.deep.equal(two.length === 2 ? [0, 1, 2] : [0, 2]);
  });

  it("publishes nothing without prices", async () => {
    network.price([null, null, null]);
    expect(await network.lead()).to.deep.equal({ kind: "idle" });
  });

  it("asks nobody for more than a signed report holds", async () => {
    network.price(PRICES);
    const seen: string[] = [];
    for (const node of others()) {
      node.cosigner.sign = (caller, request) => {
        seen.push(...Object.keys(request));
        expect(decodeReport(fromHex(request.report)).slot).to.equal(network.slot);
        return node.honest.sign(caller, request);
      };
    }
    expectReported(await network.lead());
    expect(new Set(seen)).to.deep.equal(new Set(["session", "report", "observations", "nonces"]));
  });

  /** Makes the leader's list of observations begin with these operators. */
  function preferred(...first: Node[]): void {
    let left = first.length;
    // The others begin when the leader has the observations of these.
    const gate = new Promise<void>((open) => {
      network.leader().onObserved = () => {
        if (--left === 0) open();
      };
    });
    for (const node of others()) {
      node.cosigner.observe = async (caller, request) => {
        if (!first.includes(node)) await gate;
        return node.honest.observe(caller, request);
      };
    }
  }
});
