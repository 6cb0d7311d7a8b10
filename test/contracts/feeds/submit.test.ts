import { expect } from "chai";
import { dataSlice, hexlify, keccak256, toUtf8Bytes } from "ethers";

import type { Entry } from "../../helpers/contracts-fixture.ts";
import {
  at,
  deployBare,
  deployNetwork,
  digestOf,
  feedId,
  packReport,
  range,
  secretOf,
} from "../../helpers/contracts-fixture.ts";
import { SECP_N, SECP_P, publicKey, sign, signTogether, zInverse } from "../../helpers/schnorr.ts";

const BTC = 67_123_45678901n;
const ETH = 3_456_78901234n;
const MAX_ANSWER = (1n << 95n) - 1n;

describe("PriceFeeds.submit", () => {
  it("publishes every answer that a quorum signed", async () => {
    const net = await deployNetwork();
    const slot = (await net.now()) + 5;
    const { report } = await net.compose({ answers: [BTC, ETH], slot });
    await expect(net.submit([BTC, ETH], slot))
      .to.emit(net.feeds, "ReportAccepted")
      .withArgs(report);
    for (const [name, price] of [
      ["BTC/USD", BTC],
      ["ETH/USD", ETH],
    ] as const) {
      const state = await net.feeds.feed(feedId(name));
      expect(state.answer).to.equal(price);
      expect(state.round).to.equal(1);
      expect(state.updatedAt).to.equal(slot);
      expect(state.lastReportAt).to.equal(slot);
      expect(state.status).to.equal(1);
    }
  });

  it("publishes only the feeds that a report carries", async () => {
    const net = await deployNetwork({ names: ["A", "B", "C", "D"] });
    const slot = (await net.now()) + 5;
    await net.submit(
      [1, 3].map((index) => ({ index, values: 3, answer: BigInt(index + 10) })),
      slot,
    );
    const states = (await net.feeds.snapshot()).feeds;
    expect(states.map((s) => Number(s.answer))).to.deep.equal([0, 11, 0, 13]);
  });

  it("takes any quorum of operators, more than a quorum, and all", async () => {
    const net = await deployNetwork({ operatorCount: 7, names: ["A"] });
    let slot = (await net.now()) + 5;
    const chosen = [[0, 1, 2, 3], [3, 4, 5, 6], [0, 2, 4, 6], [1, 2, 3, 4, 5], range(7)];
    for (const [i, by] of chosen.entries()) {
      await net.submit([BTC + BigInt(i)], ++slot, { by });
      expect((await net.feeds.feed(feedId("A"))).answer).to.equal(BTC + BigInt(i));
    }
  });

  it("works with one operator, whose inverse is one", async () => {
    const net = await deployNetwork({ operatorCount: 1, names: ["A"] });
    await net.submit([BTC], (await net.now()) + 5);
    expect((await net.feeds.feed(feedId("A"))).answer).to.equal(BTC);
  });

  it("works with 31 operators", async () => {
    const net = await deployNetwork({ operatorCount: 31, names: ["A"] });
    await net.submit([BTC], (await net.now()) + 5, { by: range(16).map((i) => i * 2) });
    expect((await net.feeds.feed(feedId("A"))).answer).to.equal(BTC);
  });

  it("takes the largest and the smallest answer", async () => {
    const net = await deployNetwork();
    await net.submit([MAX_ANSWER, 1n], (await net.now()) + 5);
    expect((await net.feeds.latestRoundData(feedId("BTC/USD"))).answer).to.equal(MAX_ANSWER);
    expect((await net.feeds.latestRoundData(feedId("ETH/USD"))).answer).to.equal(1n);
  });

  it("computes the digest that operators compute", async () => {
    const net = await deployNetwork();
    const { report } = await net.compose({ answers: [BTC] });
    expect(await net.feeds.reportDigest(report)).to.equal(
      digestOf(report, net.chainId, net.feedsAddress),
    );
  });

  describe("length", () => {
    for (const [what, change] of [
      ["nothing", () => "0x"],
      ["a head without entries", (report: string) => dataSlice(report, 0, 44)],
      ["one byte less", (report: string) => dataSlice(report, 0, -1 + (report.length - 2) / 2)],
      ["one byte more", (report: string) => `${report}00`],
      ["less than a head", (report: string) => dataSlice(report, 0, 30)],
    ] as const) {
      it(`reverts with ReportLength for ${what}`, async () => {
        const net = await deployNetwork();
        const { report, signature } = await net.compose({ answers: [BTC] });
        const wrong = change(report);
        await expect(net.feeds.submit(wrong, signature))
          .to.be.revertedWithCustomError(net.feeds, "ReportLength")
          .withArgs((wrong.length - 2) / 2);
      });
    }
  });

  describe("time", () => {
    it("accepts a slot of the block itself and one 60 s before it", async () => {
      const net = await deployNetwork({ names: ["A"] });
      const start = (await net.now()) + 5;
      await net.submit([BTC], start, { blockTime: start });
      await net.submit([BTC], start + 10, { blockTime: start + 70 });
    });

    it("reverts with StaleReport 61 s after the slot", async () => {
      const net = await deployNetwork({ names: ["A"] });
      const slot = (await net.now()) + 5;
      await expect(net.submit([BTC], slot, { blockTime: slot + 61 }))
        .to.be.revertedWithCustomError(net.feeds, "StaleReport")
        .withArgs(slot, slot + 1);
    });

    it("reverts with FutureReport for a slot after the block", async () => {
      const net = await deployNetwork({ names: ["A"] });
      const slot = (await net.now()) + 5;
      await expect(net.submit([BTC], slot, { blockTime: slot - 1 }))
        .to.be.revertedWithCustomError(net.feeds, "FutureReport")
        .withArgs(slot, slot - 1);
    });
  });

  describe("order", () => {
    it("reverts with ReorderedReport when the same report comes again", async () => {
      const net = await deployNetwork();
      const slot = (await net.now()) + 5;
      await net.submit([BTC], slot);
      await expect(net.submit([BTC], slot, { blockTime: slot + 1 }))
        .to.be.revertedWithCustomError(net.feeds, "ReorderedReport")
        .withArgs(feedId("BTC/USD"), slot, slot);
    });

    it("reverts whole with ReorderedReport when one feed has a later report", async () => {
      const net = await deployNetwork();
      const slot = (await net.now()) + 5;
      await net.submit([{ index: 1, values: 3, answer: ETH }], slot);
      await expect(net.submit([BTC, ETH], slot - 1, { blockTime: slot + 1 }))
        .to.be.revertedWithCustomError(net.feeds, "ReorderedReport")
        .withArgs(feedId("ETH/USD"), slot - 1, slot);
      expect((await net.feeds.feed(feedId("BTC/USD"))).round).to.equal(0);
    });
  });

  describe("signers", () => {
    it("reverts with TooFewSigners below the quorum", async () => {
      const net = await deployNetwork();
      await expect(net.submit([BTC], (await net.now()) + 5, { by: [0, 4] }))
        .to.be.revertedWithCustomError(net.feeds, "TooFewSigners")
        .withArgs(2, 3);
    });

    it("reverts with TooFewSigners without signers", async () => {
      const net = await deployNetwork();
      const { signature, slot } = await net.compose({ answers: [BTC] });
      const entries = [{ index: 0, values: 3, answer: BTC }];
      const { setId } = await net.feeds.currentSet();
      const report = packReport({ setId, slot, signers: 0, entries });
      await expect(net.feeds.submit(report, signature))
        .to.be.revertedWithCustomError(net.feeds, "TooFewSigners")
        .withArgs(0, 3);
    });

    it("reverts with SignerBeyondSet for a bit that no operator has", async () => {
      const net = await deployNetwork();
      const { signature, slot } = await net.compose({ answers: [BTC] });
      const entries = [{ index: 0, values: 3, answer: BTC }];
      const { setId } = await net.feeds.currentSet();
      for (const signers of [0b100111, 2 ** 31 + 7]) {
        const report = packReport({ setId, slot, signers, entries });
        await expect(net.feeds.submit(report, signature))
          .to.be.revertedWithCustomError(net.feeds, "SignerBeyondSet")
          .withArgs(signers, 5);
      }
    });
  });

  describe("signature", () => {
    const scalars: [string, bigint][] = [
      ["zero", 0n],
      ["n", SECP_N],
      ["the largest word", (1n << 256n) - 1n],
    ];
    for (const [what, s] of scalars) {
      it(`reverts with ScalarOutOfRange for s = ${what}`, async () => {
        const net = await deployNetwork();
        const { report, signature } = await net.compose({ answers: [BTC] });
        await expect(net.feeds.submit(report, { ...signature, s }))
          .to.be.revertedWithCustomError(net.feeds, "ScalarOutOfRange")
          .withArgs(s);
      });
    }

    it("reverts with ZeroCommitment for R zero", async () => {
      const net = await deployNetwork();
      const { report, signature } = await net.compose({ answers: [BTC] });
      const commitment = `0x${"00".repeat(20)}`;
      await expect(
        net.feeds.submit(report, { ...signature, commitment }),
      ).to.be.revertedWithCustomError(net.feeds, "ZeroCommitment");
    });

    const inverses: [string, (right: bigint) => bigint][] = [
      ["zero", () => 0n],
      ["one", () => 1n],
      ["the negative", (right) => SECP_P - right],
      ["one more", (right) => right + 1n],
    ];
    for (const [what, change] of inverses) {
      it(`reverts with WrongInverse for ${what}`, async () => {
        const net = await deployNetwork();
        const { report, signature } = await net.compose({ answers: [BTC] });
        const wrong = change(signature.zInverse);
        await expect(net.feeds.submit(report, { ...signature, zInverse: wrong }))
          .to.be.revertedWithCustomError(net.feeds, "WrongInverse")
          .withArgs(wrong);
      });
    }

    const forgeries: [
      string,
      (net: Awaited<ReturnType<typeof deployNetwork>>, report: string) => object,
    ][] = [
      [
        "another chain",
        (net, report) =>
          signTogether(first(3), digestOf(report, net.chainId + 1n, net.feedsAddress)),
      ],
      [
        "another contract",
        (net, report) =>
          signTogether(first(3), digestOf(report, net.chainId, net.operatorsAddress)),
      ],
      [
        "a quorum less one",
        (net, report) => signTogether(first(2), digestOf(report, net.chainId, net.feedsAddress)),
      ],
      [
        "other operators than the bitmap says",
        (net, report) =>
          signTogether([1, 2, 3].map(secretOf), digestOf(report, net.chainId, net.feedsAddress)),
      ],
      ["the bare report's hash", (_, report) => signTogether(first(3), keccak256(report))],
      ["another commitment", () => ({ commitment: `0x${"11".repeat(20)}` })],
      ["s = 1", () => ({ s: 1n })],
    ];
    for (const [what, change] of forgeries) {
      it(`reverts with InvalidSignature for ${what}`, async () => {
        const net = await deployNetwork();
        const { report, signature } = await net.compose({ answers: [BTC] });
        await expect(
          net.feeds.submit(report, { ...signature, ...change(net, report) }),
        ).to.be.revertedWithCustomError(net.feeds, "InvalidSignature");
      });
    }

    it("reverts with InvalidSignature when any byte after the head's numbers changes", async () => {
      const net = await deployNetwork();
      const { report, signature } = await net.compose({ answers: [BTC] });
      for (const position of [12, 43, 47, 57]) {
        const bytes = Buffer.from(report.slice(2), "hex");
        bytes[position] = (bytes[position] ?? 0) ^ 1;
        await expect(net.feeds.submit(hexlify(bytes), signature)).to.be.revertedWithCustomError(
          net.feeds,
          "InvalidSignature",
        );
      }
    });

    it("refuses a proof of possession in the place of a report's signature", async () => {
      const net = await deployNetwork({ operatorCount: 1, names: ["A"] });
      const { report } = await net.compose({ answers: [BTC] });
      const proof = sign(secretOf(0), await net.operators.possessionDigest(at(net.accounts, 0)));
      await expect(
        net.feeds.submit(report, { ...proof, zInverse: zInverse([publicKey(secretOf(0))]) }),
      ).to.be.revertedWithCustomError(net.feeds, "InvalidSignature");
    });
  });

  describe("entries", () => {
    const one = (index: number): Entry => ({ index, values: 3, answer: BTC });
    const submitEntries = async (names: string[], entries: Entry[]) => {
      const net = await deployNetwork({ names });
      return { net, sent: net.submit(entries, (await net.now()) + 5) };
    };

    it("reverts with UnknownFeedIndex for an index that the set does not have", async () => {
      const { net, sent } = await submitEntries(["A", "B"], [one(0), one(2)]);
      await expect(sent)
        .to.be.revertedWithCustomError(net.feeds, "UnknownFeedIndex")
        .withArgs(2, 2);
    });

    const disorders: [string, number[], [number, number]][] = [
      ["a feed twice", [1, 1], [1, 1]],
      ["descending feeds", [2, 0], [0, 2]],
      ["a feed out of place", [0, 2, 1, 3], [1, 2]],
      ["an earlier feed above the last", [0, 3, 2], [2, 3]],
      ["an unknown feed before the last", [0, 200, 3], [3, 200]],
      ["the last feed twice, another between", [0, 3, 2, 3], [2, 3]],
      ["the first feed again", [1, 2, 1, 3], [1, 2]],
      ["a feed below the first", [1, 0, 3], [0, 1]],
    ];
    for (const [what, indices, [index, previous]] of disorders) {
      it(`reverts with FeedsNotAscending for ${what}`, async () => {
        const { net, sent } = await submitEntries(["A", "B", "C", "D"], indices.map(one));
        await expect(sent)
          .to.be.revertedWithCustomError(net.feeds, "FeedsNotAscending")
          .withArgs(index, previous);
      });
    }

    for (const values of [0, 2, 6, 255]) {
      it(`reverts with ValuesOutOfRange for ${values} values of 5 operators`, async () => {
        const { net, sent } = await submitEntries(["A"], [{ index: 0, values, answer: BTC }]);
        await expect(sent)
          .to.be.revertedWithCustomError(net.feeds, "ValuesOutOfRange")
          .withArgs(feedId("A"), values, 3, 5);
      });
    }

    it("accepts from a quorum of values up to all", async () => {
      const net = await deployNetwork({ names: ["A"] });
      let slot = (await net.now()) + 5;
      for (const values of [3, 4, 5]) await net.submit([{ index: 0, values, answer: BTC }], ++slot);
      expect((await net.feeds.feed(feedId("A"))).round).to.equal(3);
    });

    for (const answer of [0n, MAX_ANSWER + 1n, (1n << 96n) - 1n]) {
      it(`reverts with AnswerOutOfRange for ${answer}`, async () => {
        const { net, sent } = await submitEntries(["A"], [{ index: 0, values: 3, answer }]);
        await expect(sent)
          .to.be.revertedWithCustomError(net.feeds, "AnswerOutOfRange")
          .withArgs(feedId("A"), answer);
      });
    }
  });

  it("reverts with TooFewSigners before there is any set, whose quorum would be zero", async () => {
    const { feeds, networkHelpers } = await deployBare();
    const slot = await networkHelpers.time.latest();
    const report = packReport({
      setId: 0,
      slot,
      signers: 0,
      root: keccak256(toUtf8Bytes("")),
      entries: [{ index: 0, values: 0, answer: 1n }],
    });
    const signature = { s: 1n, commitment: `0x${"11".repeat(20)}`, zInverse: 1n };
    await expect(feeds.submit(report, signature))
      .to.be.revertedWithCustomError(feeds, "TooFewSigners")
      .withArgs(0, 0);
  });

  it("emits the report's bytes as they came, whatever stands behind them in the calldata", async () => {
    const net = await deployNetwork();
    const slot = (await net.now()) + 5;
    const { report, signature } = await net.compose({ answers: [BTC, ETH], slot });
    await net.networkHelpers.time.setNextBlockTimestamp(slot);
    const data = `${net.feeds.interface.encodeFunctionData("submit", [report, signature])}ffffff`;
    const sent = net.governance.sendTransaction({ to: net.feedsAddress, data });
    await expect(sent).to.emit(net.feeds, "ReportAccepted").withArgs(report);
  });
});

function first(count: number): bigint[] {
  return range(count).map(secretOf);
}
