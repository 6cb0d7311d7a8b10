import { expect } from "chai";
import { ZeroHash } from "ethers";

import type { Prover } from "../../../circuits/prover/prover.ts";
import { at, bitmap, feedId, PARAMS, range } from "../../helpers/contracts-fixture.ts";
import type { Observed } from "./attested.ts";
import { deployAttested } from "./attested.ts";
import { openTestProver } from "./prover.ts";

const EMPTY = Array<bigint>(12).fill(0n);
const row = (prices: Record<number, bigint>): bigint[] => EMPTY.map((zero, i) => prices[i] ?? zero);

/** Medians: 101 of four, 200 of three, 7 of two; in the second chunk 5,002 of four and 41 of three. */
const OBSERVED: Observed[] = [
  { operator: 0, prices: row({ 0: 100n, 1: 200n, 2: 7n, 10: 5_001n, 11: 40n }) },
  { operator: 1, prices: row({ 0: 105n, 1: 0n, 2: 8n, 10: 5_002n, 11: 41n }) },
  { operator: 2, prices: row({ 0: 101n, 1: 190n, 10: 5_003n, 11: 42n }) },
  { operator: 4, prices: row({ 0: 102n, 1: 210n, 10: 5_004n }) },
];
const INCLUDED = bitmap([0, 1, 2, 4]);
const A = { index: 0, values: 4, answer: 101n };
const B = { index: 1, values: 3, answer: 200n };
const C = { index: 10, values: 4, answer: 5_002n };
const D = { index: 11, values: 3, answer: 41n };

type World = Awaited<ReturnType<typeof deployAttested>>;

describe("PriceAttestations", function () {
  this.timeout(120_000);

  let prover: Prover;
  let world: World;
  let proofs: { chunk: number; proof: string }[];
  let restore: () => Promise<void>;

  before(async () => {
    prover = await openTestProver();
    world = await deployAttested(prover);
    const { state } = world;
    const statements = [
      state(OBSERVED, { stated: [0, 1] }),
      state(OBSERVED, { stated: [10, 11], chunk: 1 }),
    ];
    proofs = [];
    for (const [chunk, { inputs }] of statements.entries()) {
      proofs.push({ chunk, proof: (await prover.prove("price_batch", inputs)).proof });
    }
    const snapshot = await world.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  afterEach(() => restore());
  after(() => prover.close());

  const [first, second] = [() => at(proofs, 0), () => at(proofs, 1)];
  const whole = () => world.report(OBSERVED, [A, B, C, D]);
  const refused = (
    name: string,
    report: ReturnType<World["report"]>,
    { included = INCLUDED, by = [first()] } = {},
  ) =>
    expect(world.attestations.attest(...report, included, by)).to.be.revertedWithCustomError(
      world.attestations,
      name,
    );
  const latest = (i: number) => world.attestations.latestAttested(feedId(`F${i}`));

  describe("attests", () => {
    it("a report of one chunk by its proof: report, prices, who signed and who is included", async () => {
      const { attestations, feeds, setId, slot } = world;
      const report = world.report(OBSERVED, [A, B], { by: [1, 2, 3] });
      const digest = await feeds.reportDigest(report[0]);
      const call = attestations.attest(...report, INCLUDED, [first()]);
      await expect(call)
        .to.emit(attestations, "ReportAttested")
        .withArgs(
          ...[digest, setId, slot, `0x${report[0].slice(26, 90)}`],
          ...[0b1110, INCLUDED, 1, true],
        );
      await expect(call)
        .to.emit(attestations, "PriceAttested")
        .withArgs(feedId("F0"), slot, digest, 101n, 4, 1);
      await expect(call)
        .to.emit(attestations, "PriceAttested")
        .withArgs(feedId("F1"), slot, digest, 200n, 3, 1);
      const now = await world.now();
      expect(await attestations.attestation(digest)).to.deep.equal(
        [setId, slot, 0b1110, INCLUDED, 1, 1, now].map(BigInt),
      );
      expect(await attestations.attestedAt(feedId("F1"), slot)).to.deep.equal(
        [200, 3, setId, 0b1110, INCLUDED, now].map(BigInt),
      );
      expect(await latest(0)).to.deep.equal([101n, BigInt(slot), 1n]);
      expect(await latest(1)).to.deep.equal([200n, BigInt(slot), 1n]);
    });

    it("two chunks in one call", async () => {
      const { attestations, feeds } = world;
      const report = whole();
      await attestations.attest(...report, INCLUDED, [second(), first()]);
      const { chunks, proven, attestedAt } = await attestations.attestation(
        await feeds.reportDigest(report[0]),
      );
      expect([chunks, proven, attestedAt]).to.deep.equal([3n, 3n, BigInt(await world.now())]);
      const answers = await Promise.all([0, 1, 10, 11].map(latest));
      expect(answers.map(([answer]) => answer)).to.deep.equal([101n, 200n, 5_002n, 41n]);
    });

    it("two chunks one after the other: each one's prices at once, the report with the last", async () => {
      const { attestations, feeds } = world;
      const report = whole();
      const digest = await feeds.reportDigest(report[0]);
      const call = attestations.attest(...report, INCLUDED, [second()]);
      await expect(call).to.emit(attestations, "ReportAttested");
      const half = await attestations.attestation(digest);
      expect([half.chunks, half.proven, half.attestedAt]).to.deep.equal([3n, 2n, 0n]);
      expect((await latest(11))[0]).to.equal(41n);
      await expect(latest(0)).to.be.revertedWithCustomError(attestations, "NotAttested");
      await attestations.attest(...report, INCLUDED, [first()]);
      expect((await attestations.attestation(digest)).proven).to.equal(3n);
      expect((await latest(0))[0]).to.equal(101n);
    });

    it("a report of an earlier set by the keys and feeds it had, long after", async () => {
      const { attestations, feeds, operators, accounts, networkHelpers } = world;
      const report = world.report(OBSERVED, [A, B]);
      await networkHelpers.time.increase(50);
      await operators.setActive([...accounts].reverse().slice(0, 4));
      await operators.advance();
      await feeds.sync();
      await feeds.setParams(feedId("F0"), { ...PARAMS, tau: 7 });
      await networkHelpers.time.increase(365 * 86_400);
      await attestations.attest(...report, INCLUDED, [first()]);
      expect((await latest(0))[0]).to.equal(101n);
    });

    it("a call with bytes behind it, once: what is stated counts, not what proves it", async () => {
      const { attestations, stranger } = world;
      const report = world.report(OBSERVED, [A, B]);
      const { data, to } = await attestations.attest.populateTransaction(...report, INCLUDED, [
        first(),
      ]);
      await stranger.sendTransaction({ to, data: `${data}00ff` });
      expect((await latest(0))[0]).to.equal(101n);
      await refused("ChunkAttested", report);
    });

    it("what PriceFeeds published, so that its rounds are attested", async () => {
      const { attestations, feeds, slot, networkHelpers } = world;
      const report = world.report(OBSERVED, [A, B]);
      await networkHelpers.time.setNextBlockTimestamp(slot + 1);
      await feeds.submit(...report);
      expect(await attestations.isRoundAttested(feedId("F0"), 1)).to.equal(false);
      await attestations.attest(...report, INCLUDED, [first()]);
      expect(await attestations.isRoundAttested(feedId("F0"), 1)).to.equal(true);
      await world.submit([{ ...A, answer: 102n }], slot + 10);
      expect(await attestations.isRoundAttested(feedId("F0"), 1)).to.equal(true);
      expect(await attestations.isRoundAttested(feedId("F0"), 2)).to.equal(false);
      await expect(attestations.isRoundAttested(feedId("F0"), 9)).to.be.revertedWithCustomError(
        feeds,
        "RoundNotKept",
      );
      await expect(attestations.isRoundAttested(feedId("none"), 1)).to.be.revertedWithCustomError(
        feeds,
        "UnknownFeed",
      );
    });

    it("for less gas than 1.1 million a chunk", async () => {
      const { attestations } = world;
      const sent = await attestations.attest(...whole(), INCLUDED, [first(), second()]);
      expect(Number((await sent.wait())?.gasUsed)).to.be.within(1_000_000, 2_200_000);
    });
  });

  describe("refuses with InvalidProof", () => {
    it("other answers, counts, feeds or fewer of them than the proof states", async () => {
      for (const entries of [
        [{ ...A, answer: 102n }, B],
        [A, { ...B, values: 4 }],
        [A],
        [A, B, { index: 2, values: 3, answer: 7n }],
        [A, { ...B, index: 3 }],
      ]) {
        await refused("InvalidProof", world.report(OBSERVED, entries));
      }
    });

    it("another root or slot", async () => {
      const root = `0x${"01".repeat(32)}`;
      await refused("InvalidProof", world.report(OBSERVED, [A, B], { root }));
      await refused("InvalidProof", world.report(OBSERVED, [A, B], { slot: world.slot - 1 }));
    });

    it("other operators as included", async () => {
      for (const included of [0, bitmap([0, 1, 2]), bitmap([0, 1, 2, 3]), bitmap([0, 1, 2, 3, 4])])
        await refused("InvalidProof", world.report(OBSERVED, [A, B]), { included });
    });

    it("the proof of another chunk", async () => {
      const by = [{ ...second(), chunk: 0 }];
      await refused("InvalidProof", world.report(OBSERVED, [A, B]), { by });
    });

    it("a report of which one chunk is proved wrongly, whole", async () => {
      const report = world.report(OBSERVED, [A, B, C, { ...D, answer: 40n }]);
      await refused("InvalidProof", report, { by: [first(), second()] });
      await expect(latest(0)).to.be.revertedWithCustomError(world.attestations, "NotAttested");
    });

    it("no proof, a short one, a long one, and one with a bit changed", async () => {
      const { proof } = first();
      const flipped = `${proof.slice(0, -1)}${proof.endsWith("0") ? "1" : "0"}`;
      for (const other of ["0x", proof.slice(0, -64), `${proof}00`, flipped])
        await refused("InvalidProof", world.report(OBSERVED, [A, B]), {
          by: [{ chunk: 0, proof: other }],
        });
    });

    it("a set with other keys for the same operators", async () => {
      // The proof is over set and keys: the same observations under a later set are other ones.
      const { feeds, setId, networkHelpers } = world;
      await feeds.setParams(feedId("F0"), { ...PARAMS, tau: 7 });
      const slot = await networkHelpers.time.latest();
      await refused("InvalidProof", world.report(OBSERVED, [A, B], { slot, setId: setId + 1 }));
    });
  });
});

describe("PriceAttestations, whatever the proof", () => {
  let world: World;
  let restore: () => Promise<void>;

  before(async () => {
    world = await deployAttested(null);
    const snapshot = await world.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  afterEach(() => restore());

  const one = (chunk = 0) => ({ chunk, proof: "0x" });
  const attest = (report: ReturnType<World["report"]>, included = INCLUDED, by = [one()]) =>
    world.attestations.attest(...report, included, by);
  const refused = (name: string, call: Promise<unknown>) =>
    expect(call).to.be.revertedWithCustomError(world.attestations, name);

  it("keeps the price of the latest slot, and numbers it", async () => {
    const { attestations, slot } = world;
    const given = async (answer: bigint, ofSlot: number) => {
      await attest(world.report(OBSERVED, [{ ...A, answer }], { slot: ofSlot }));
      return attestations.latestAttested(feedId("F0"));
    };
    expect(await given(100n, slot - 9)).to.deep.equal([100n, BigInt(slot - 9), 1n]);
    expect(await given(90n, slot - 3)).to.deep.equal([90n, BigInt(slot - 3), 2n]);
    // A slot in between is attested, and nobody's latest.
    expect(await given(80n, slot - 6)).to.deep.equal([90n, BigInt(slot - 3), 2n]);
    expect((await attestations.attestedAt(feedId("F0"), slot - 6)).answer).to.equal(80n);
    expect(await given(70n, slot)).to.deep.equal([70n, BigInt(slot), 3n]);
  });

  it("keeps the first of two answers of a slot, and says nothing of the second", async () => {
    const { attestations, feeds, slot } = world;
    const [report, other] = [101n, 99n].map((answer) =>
      world.report(OBSERVED, [{ ...A, answer }], { root: `0x${String(answer).padStart(64, "0")}` }),
    );
    await attest(report!);
    const call = attest(other!);
    await expect(call).to.emit(attestations, "ReportAttested");
    await expect(call).to.not.emit(attestations, "PriceAttested");
    expect((await attestations.attestedAt(feedId("F0"), slot)).answer).to.equal(101n);
    const digest = await feeds.reportDigest(other![0]);
    expect((await attestations.attestation(digest)).proven).to.equal(1n);
  });

  it("serves nothing older than a consumer takes", async () => {
    const { attestations, slot, networkHelpers } = world;
    const id = feedId("F0");
    await refused("NotAttested", attestations.attestedWithin(id, 1_000));
    await refused("NotAttested", attestations.latestAttested(id));
    await attest(world.report(OBSERVED, [A]));
    await networkHelpers.time.increaseTo(slot + 300);
    expect(await attestations.attestedWithin(id, 300)).to.deep.equal([101n, BigInt(slot), 1n]);
    expect((await attestations.attestedWithin(id, 2n ** 256n - 1n))[0]).to.equal(101n);
    await expect(attestations.attestedWithin(id, 299))
      .to.be.revertedWithCustomError(attestations, "StaleAttestation")
      .withArgs(id, slot, slot + 1);
  });

  it("knows nothing of what was never brought", async () => {
    const { attestations, slot } = world;
    expect(await attestations.attestation(ZeroHash)).to.deep.equal(range(7).map(() => 0n));
    expect((await attestations.attestedAt(feedId("F0"), slot)).answer).to.equal(0n);
  });

  it("reverts with NoProofs, ChunkNotInReport and ChunkAttested", async () => {
    const { feeds } = world;
    const report = world.report(OBSERVED, [A, B, C]);
    await refused("NoProofs", attest(report, INCLUDED, []));
    for (const chunk of [2, 31, 32, 255]) {
      await expect(attest(report, INCLUDED, [one(chunk)]))
        .to.be.revertedWithCustomError(world.attestations, "ChunkNotInReport")
        .withArgs(chunk, 3);
    }
    await refused("ChunkNotInReport", attest(world.report(OBSERVED, [C])));
    await expect(attest(report, INCLUDED, [one(), one()]))
      .to.be.revertedWithCustomError(world.attestations, "ChunkAttested")
      .withArgs(await feeds.reportDigest(report[0]), 0);
    await attest(report, INCLUDED, [one(1)]);
    await refused("ChunkAttested", attest(report, INCLUDED, [one(), one(1)]));
    await attest(report);
    await refused("ChunkAttested", attest(report));
  });

  it("reverts with ReportLength", async () => {
    const [bytes, signature] = world.report(OBSERVED, [A]);
    for (const cut of ["0x", bytes.slice(0, 90), bytes.slice(0, -2), `${bytes}00`])
      await refused("ReportLength", attest([cut, signature]));
  });

  it("reverts with FutureReport for a slot after the block, which others would read as the latest", async () => {
    const { slot, networkHelpers } = world;
    await networkHelpers.time.setNextBlockTimestamp(slot + 20);
    await refused("FutureReport", attest(world.report(OBSERVED, [A], { slot: slot + 21 })));
    await networkHelpers.time.setNextBlockTimestamp(slot + 22);
    await attest(world.report(OBSERVED, [A], { slot: slot + 22 }));
  });

  it("reverts with SlotOutsideSet for another set's slots, and with PriceFeeds' UnknownSet", async () => {
    const { feeds, slot, setId, networkHelpers } = world;
    await networkHelpers.time.setNextBlockTimestamp(slot + 50);
    await feeds.setParams(feedId("F0"), { ...PARAMS, tau: 7 });
    await networkHelpers.time.increase(100);
    await refused("SlotOutsideSet", attest(world.report(OBSERVED, [A], { slot: slot + 50 })));
    const early = world.report(OBSERVED, [A], { slot: slot + 49, setId: setId + 1 });
    await refused("SlotOutsideSet", attest(early));
    await attest(world.report(OBSERVED, [A], { slot: slot + 49 }));
    await expect(
      attest(world.report(OBSERVED, [A], { setId: setId + 2 })),
    ).to.be.revertedWithCustomError(feeds, "UnknownSet");
  });

  it("reverts with TooFewSigners, SignerBeyondSet, WrongInverse and InvalidSignature", async () => {
    const [bytes, signature] = world.report(OBSERVED, [A]);
    await refused("TooFewSigners", attest(world.report(OBSERVED, [A], { by: [0, 1] })));
    const beyond = `${bytes.slice(0, 18)}00000027${bytes.slice(26)}`;
    await refused("SignerBeyondSet", attest([beyond, signature]));
    await refused("WrongInverse", attest([bytes, { ...signature, zInverse: 5n }]));
    const other = world.report(OBSERVED, [B])[1];
    for (const forged of [{ ...signature, s: signature.s ^ 1n }, { ...signature, s: 0n }, other])
      await refused("InvalidSignature", attest([bytes, forged]));
  });

  it("reverts with UnknownFeedIndex, FeedsNotAscending, ValuesOutOfRange and AnswerOutOfRange", async () => {
    const entries = {
      UnknownFeedIndex: [A, { ...B, index: 12 }],
      FeedsNotAscending: [B, A],
      ValuesOutOfRange: [{ ...A, values: 2 }],
      AnswerOutOfRange: [{ ...A, answer: 0n }],
    };
    for (const [name, list] of Object.entries(entries))
      await refused(name, attest(world.report(OBSERVED, list)));
    await refused("FeedsNotAscending", attest(world.report(OBSERVED, [A, A])));
    await refused("ValuesOutOfRange", attest(world.report(OBSERVED, [{ ...A, values: 6 }])));
    await refused(
      "AnswerOutOfRange",
      attest(world.report(OBSERVED, [{ ...A, answer: 2n ** 95n }])),
    );
  });

  it("reverts with IncludedBeyondSet for an operator that the set does not have", async () => {
    await expect(attest(world.report(OBSERVED, [A]), 0b100000))
      .to.be.revertedWithCustomError(world.attestations, "IncludedBeyondSet")
      .withArgs(0b100000, 5);
  });

  it("reverts with TooManyIncluded for more operators than a proof has room for", async () => {
    const large = await deployAttested(null, { operatorCount: 21, feeds: 2 });
    const report = large.report([], [{ index: 0, values: 11, answer: 5n }]);
    await expect(large.attestations.attest(...report, 2 ** 12 - 1, [one()]))
      .to.be.revertedWithCustomError(large.attestations, "TooManyIncluded")
      .withArgs(12, 11);
    await large.attestations.attest(...report, 2 ** 11 - 1, [one()]);
  });

  it("reverts with InputOutOfField for a root that is no field element", async () => {
    const root = `0x${21888242871839275222246405745257275088548364400416034343698204186575808495617n.toString(16)}`;
    await expect(attest(world.report(OBSERVED, [A], { root })))
      .to.be.revertedWithCustomError(world.attestations, "InputOutOfField")
      .withArgs(8, root);
  });

  it("names its feeds' contract and verifier, and is deployed with a verifier only", async () => {
    const { attestations, mock, feedsAddress, ethers } = world;
    expect(await attestations.priceFeeds()).to.equal(feedsAddress);
    expect(await attestations.verifier()).to.equal(await mock.getAddress());
    await expect(
      ethers.deployContract("PriceAttestations", [feedsAddress, world.accounts[0]!]),
    ).to.be.revertedWithCustomError(attestations, "NoVerifier");
  });
});
