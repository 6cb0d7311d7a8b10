import { expect } from "chai";
import { ZeroAddress } from "ethers";

import type { PriceBatchStatement } from "../../../circuits/model/price-batch.ts";
import type { Prover } from "../../../circuits/prover/prover.ts";
import type { Entry } from "../../helpers/contracts-fixture.ts";
import { at, bitmap } from "../../helpers/contracts-fixture.ts";
import type { Observed } from "./attested.ts";
import { deployAttested, MEDIANS_BPS, REPORTER, STAKE } from "./attested.ts";
import { openTestProver } from "./prover.ts";

/** Medians: 101 of four, 200 of three, 7 of two, nothing of the fourth feed. */
const OBSERVED: Observed[] = [
  { operator: 0, prices: [100n, 200n, 7n, 0n] },
  { operator: 1, prices: [105n, 0n, 8n, 0n] },
  { operator: 2, prices: [101n, 190n, 0n, 0n] },
  { operator: 4, prices: [102n, 210n, 0n, 0n] },
];
const A = { index: 0, values: 4, answer: 101n };
const B = { index: 1, values: 3, answer: 200n };
const C = { index: 2, values: 3, answer: 7n };
const PENALTY = (STAKE * BigInt(MEDIANS_BPS)) / 10_000n;

type World = Awaited<ReturnType<typeof deployAttested>>;

/** What a proof states, as the contract takes it. */
interface Evidence {
  chunk: number;
  quorum: number;
  included: number;
  entries: bigint[];
  proof: string;
}

describe("Slashing: medians other than are proved", function () {
  this.timeout(120_000);

  let prover: Prover;
  let world: World;
  let restore: () => Promise<void>;
  /** Of the first two feeds with the set's quorum, and of the first three with a quorum of one. */
  let strict: Evidence;
  let loose: Evidence;

  before(async () => {
    prover = await openTestProver();
    world = await deployAttested(prover, { feeds: 4 });
    const { slashing, state } = world;
    const evidenceOf = async (statement: PriceBatchStatement, quorum: number) => ({
      ...{ chunk: 0, quorum, included: bitmap([0, 1, 2, 4]) },
      entries: [...statement.publicInputs.slice(9, 19)],
      proof: (await prover.prove("price_batch", statement.inputs)).proof,
    });
    strict = await evidenceOf(state(OBSERVED, { stated: [0, 1] }), 3);
    loose = await evidenceOf(state(OBSERVED, { stated: [0, 1, 2], quorum: 1 }), 1);
    expect(await slashing.medianProofs()).to.equal(await world.attestations.getAddress());
    const snapshot = await world.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  afterEach(() => restore());
  after(() => prover.close());

  const slash = (
    entries: Entry[],
    proof = strict,
    change: Parameters<World["report"]>[2] = {},
    reporter = REPORTER,
  ) =>
    world.slashing.slashProvenMedians(...world.report(OBSERVED, entries, change), proof, reporter);
  const refused = (name: string, call: Promise<unknown>, by: "slashing" | "attestations") =>
    expect(call).to.be.revertedWithCustomError(world[by], name);

  it("slashes every signer and nobody else, and rewards the named reporter", async () => {
    const { slashing, stake, feeds, accounts, report } = world;
    const digest = await feeds.reportDigest(
      report(OBSERVED, [{ ...A, answer: 102n }], { by: [0, 2, 4] })[0],
    );
    const call = slash([{ ...A, answer: 102n }], strict, { by: [0, 2, 4] });
    for (const i of [0, 2, 4]) {
      await expect(call)
        .to.emit(slashing, "WrongMediansSlashed")
        .withArgs(at(accounts, i), digest, PENALTY, REPORTER);
    }
    const left = await Promise.all(accounts.map((account) => stake.slashable(account)));
    expect(left).to.deep.equal([0, 1, 2, 3, 4].map((i) => (i % 2 === 0 ? STAKE - PENALTY : STAKE)));
    expect(await slashing.isReportPunished(digest)).to.equal(true);
  });

  it("finds a wrong answer and a wrong number of values, in any entry", async () => {
    for (const entries of [
      [A, { ...B, answer: 210n }],
      [{ ...A, answer: 100n }, B],
      [{ ...A, values: 3 }],
      [A, { ...B, values: 4 }],
    ]) {
      await expect(slash(entries)).to.emit(world.slashing, "WrongMediansSlashed");
      await restore();
    }
  });

  it("finds a median of fewer prices than the quorum, by a proof of a lower one", async () => {
    await expect(slash([A, B, C], loose)).to.emit(world.slashing, "WrongMediansSlashed");
  });

  it("reverts with MediansMatch for what the proof says too, and where it says nothing", async () => {
    for (const [entries, proof] of [
      [[A], strict],
      [[A, B], strict],
      [[A, B], loose],
      // Feeds that are not stated, and another chunk's.
      [[C], strict],
      [[A, B, { index: 3, values: 3, answer: 1n }], loose],
      [[A, { index: 10, values: 3, answer: 1n }], strict],
    ] as const) {
      await refused("MediansMatch", slash([...entries], proof), "slashing");
    }
    await refused(
      "MediansMatch",
      slash([{ ...A, answer: 9n }], { ...strict, chunk: 1 }),
      "slashing",
    );
  });

  it("reverts with InvalidProof for entries that the proof does not state, which would frame honest signers", async () => {
    const entries = [...strict.entries];
    const framed = { ...strict, entries: [entries[0]! + 1n, ...entries.slice(1)] };
    await refused("InvalidProof", slash([A, B], framed), "attestations");
    const counted = { ...strict, entries: [entries[0]! + (1n << 96n), ...entries.slice(1)] };
    await refused("InvalidProof", slash([A, B], counted), "attestations");
  });

  it("reverts with InvalidProof for another root, slot, bitmap, quorum or proof", async () => {
    const wrong = [{ ...A, answer: 9n }];
    const invalid = (proof: Evidence, change = {}) =>
      refused("InvalidProof", slash(wrong, proof, change), "attestations");
    await invalid(strict, { root: `0x${"07".repeat(32)}` });
    await invalid(strict, { slot: world.slot - 1 });
    await invalid({ ...strict, included: 0b01111 });
    await invalid({ ...strict, quorum: 2 });
    await invalid({ ...strict, proof: "0x" });
    await invalid({ ...strict, proof: loose.proof });
  });

  it("reverts with IncludedBeyondSet and InputOutOfField as attesting does", async () => {
    const wrong = [{ ...A, answer: 9n }];
    await refused(
      "IncludedBeyondSet",
      slash(wrong, { ...strict, included: 0b100000 }),
      "attestations",
    );
    const entries = [2n ** 256n - 1n, ...strict.entries.slice(1)];
    await refused("InputOutOfField", slash(wrong, { ...strict, entries }), "attestations");
  });

  it("reverts with ReportPunished when either kind of evidence was brought before", async () => {
    const { slashing, report } = world;
    const entries = [{ ...A, answer: 9n }];
    await slash(entries);
    await refused("ReportPunished", slash(entries), "slashing");
    await refused("ReportPunished", slash(entries, loose), "slashing");
    const observations = OBSERVED.map(({ operator, prices }) => ({ operator, prices }));
    const all = [...report(OBSERVED, entries), observations, REPORTER] as const;
    await refused("ReportPunished", slashing.slashWrongMedians(...all), "slashing");
    await restore();
    await slashing.slashWrongMedians(...all);
    await refused("ReportPunished", slash(entries), "slashing");
  });

  it("reverts with InvalidSignature and TooFewSigners for what no quorum said", async () => {
    const { slashing, report } = world;
    const [bytes] = report(OBSERVED, [{ ...A, answer: 9n }]);
    const [, signature] = report(OBSERVED, [A]);
    await refused(
      "InvalidSignature",
      slashing.slashProvenMedians(bytes, signature, strict, REPORTER),
      "slashing",
    );
    await refused(
      "TooFewSigners",
      slash([{ ...A, answer: 9n }], strict, { by: [0, 1] }),
      "slashing",
    );
  });

  it("reverts with ReportLength, ZeroReporter, SlotOutsideSet and EvidenceExpired", async () => {
    const { slashing, report, slot, networkHelpers } = world;
    const wrong = [{ ...A, answer: 9n }];
    const [bytes, signature] = report(OBSERVED, wrong);
    await refused(
      "ReportLength",
      slashing.slashProvenMedians(`${bytes}00`, signature, strict, REPORTER),
      "slashing",
    );
    await refused("ZeroReporter", slash(wrong, strict, {}, ZeroAddress), "slashing");
    await refused("SlotOutsideSet", slash(wrong, strict, { slot: slot - 1_000 }), "slashing");
    await networkHelpers.time.increase(Number(await slashing.evidencePeriod()) + 60);
    await refused("EvidenceExpired", slash(wrong), "slashing");
  });

  it("reverts with NothingToSlash when no signer has stake left", async () => {
    const { stake, accounts } = world;
    for (const account of accounts) await stake.set(account, 0n);
    await refused("NothingToSlash", slash([{ ...A, answer: 9n }]), "slashing");
  });

  it("lets governance alone name who judges proofs, of the same feeds, or nobody", async () => {
    const { slashing, stranger, ethers, mock, operatorsAddress, attestations } = world;
    await expect(
      slashing.connect(stranger).setMedianProofs(ZeroAddress),
    ).to.be.revertedWithCustomError(slashing, "AccessManagedUnauthorized");
    const other = await ethers.deployContract("PriceAttestations", [operatorsAddress, mock]);
    await expect(slashing.setMedianProofs(other))
      .to.be.revertedWithCustomError(slashing, "MedianProofsOfAnother")
      .withArgs(await other.getAddress(), operatorsAddress);
    await expect(slashing.setMedianProofs(ZeroAddress))
      .to.emit(slashing, "MedianProofsChanged")
      .withArgs(ZeroAddress);
    await refused("NoMedianProofs", slash([{ ...A, answer: 9n }]), "slashing");
    await expect(slashing.setMedianProofs(attestations))
      .to.emit(slashing, "MedianProofsChanged")
      .withArgs(await attestations.getAddress());
  });
});
