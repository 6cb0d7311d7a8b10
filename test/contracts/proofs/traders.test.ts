import { expect } from "chai";
import { Wallet, ZeroAddress, ZeroHash } from "ethers";

import { FIELD_MODULUS } from "../../../circuits/model/field.ts";
import type { Prover } from "../../../circuits/prover/prover.ts";
import { at } from "../../helpers/contracts-fixture.ts";
import { malleate } from "../slashing/evidence.ts";
import { openTestProver } from "./prover.ts";
import type { Statement } from "./traders.ts";
import {
  ACCOUNT,
  deployRegistry,
  fieldWord,
  historyOf,
  instrumentOf,
  OTHER,
  SERVICE,
  signFills,
  START_MS,
  statementOf,
} from "./traders.ts";

type World = Awaited<ReturnType<typeof deployRegistry>>;

const DOGE = instrumentOf("DOGE");

describe("TraderRegistry", function () {
  this.timeout(120_000);

  let prover: Prover;
  let world: World;
  let restore: () => Promise<void>;
  let proofs: string[];
  const statements = historyOf(ACCOUNT, "DOGE", 2).map(statementOf);
  const [first, second] = [at(statements, 0), at(statements, 1)];

  before(async () => {
    prover = await openTestProver();
    world = await deployRegistry(prover);
    proofs = [];
    for (const { statement } of historyOf(ACCOUNT, "DOGE", 2)) {
      const { proof, publicInputs } = await prover.prove("performance", statement.inputs);
      expect(publicInputs.map(BigInt)).to.deep.equal([...statement.publicInputs]);
      proofs.push(proof);
    }
    const snapshot = await world.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  afterEach(() => restore());
  after(() => prover.close());

  const submit = (statement: Statement, proof = at(proofs, 0)) =>
    world.registry.submit(statement, world.sign(statement.fillsCommitment), proof);
  const refused = (name: string, call: Promise<unknown>) =>
    expect(call).to.be.revertedWithCustomError(world.registry, name);

  it("records a period that somebody brings, for whom it is about, and then the next one", async () => {
    const { registry, stranger } = world;
    const call = registry
      .connect(stranger)
      .submit(first, world.sign(first.fillsCommitment), at(proofs, 0));
    await expect(call)
      .to.emit(registry, "PeriodRecorded")
      .withArgs(ACCOUNT, DOGE, 0, Object.values({ ...first, account: ACCOUNT }), SERVICE.address);
    await expect(submit(second, at(proofs, 1))).to.emit(registry, "PeriodRecorded");
    const { start, end, profitBps, drawdownBps, count, wins, closes } = second;
    expect(await registry.recordAt(ACCOUNT, DOGE, 1)).to.deep.equal([
      ...[start, end, profitBps, drawdownBps, count, wins, closes],
    ]);
    const most = first.drawdownBps > drawdownBps ? first.drawdownBps : drawdownBps;
    expect(await registry.chainOf(ACCOUNT, DOGE)).to.deep.equal([
      ...[second.endCommitment, 100_000n, end, 2n, first.count + count, first.wins + wins],
      ...[first.closes + closes, first.start, most, first.profitBps + profitBps],
    ]);
    expect(await registry.instrumentsOf(ACCOUNT)).to.deep.equal([DOGE]);
  });

  it("has negative profits to prove in these tests", () => {
    // Else half of the encoding would go untested.
    expect(first.profitBps < 0n).to.equal(true);
  });

  it("takes a statement once, and its proof for no other one", async () => {
    const { registry } = world;
    await submit(first);
    await refused("WrongStart", submit(first));
    const { data, to } = await registry.submit.populateTransaction(
      ...([second, world.sign(second.fillsCommitment), at(proofs, 1)] as const),
    );
    await world.stranger.sendTransaction({ to, data: `${data}00ff` });
    await refused("WrongStart", submit(second, at(proofs, 1)));
    expect((await registry.chainOf(ACCOUNT, DOGE)).periods).to.equal(2n);
  });

  it("reverts with InvalidProof for any other figure, account or instrument", async () => {
    const changes: Partial<Statement>[] = [
      { account: OTHER },
      { instrument: instrumentOf("XRP") },
      { endCommitment: fieldWord(1n) },
      { fillsCommitment: fieldWord(1n) },
      { capital: first.capital + 1n },
      { start: first.start - 1n },
      { end: first.end + 1n },
      { count: first.count + 1n },
      { profitBps: first.profitBps + 1n },
      { profitBps: -first.profitBps },
      { wins: first.wins + 1n },
      { closes: first.closes + 1n },
      { drawdownBps: first.drawdownBps - 1n },
    ];
    for (const change of changes) await refused("InvalidProof", submit({ ...first, ...change }));
    await refused("InvalidProof", submit(first, at(proofs, 1)));
    await refused("InvalidProof", submit(first, "0x"));
    await submit(first);
  });

  it("records for less than 1.2 million gas", async () => {
    const sent = await submit(first);
    expect(Number((await sent.wait())?.gasUsed)).to.be.below(1_200_000);
  });
});

describe("TraderRegistry, whatever the proof", () => {
  let world: World;
  let restore: () => Promise<void>;
  const [first, second] = historyOf(ACCOUNT, "DOGE", 2).map(statementOf) as [Statement, Statement];

  before(async () => {
    world = await deployRegistry(null);
    const snapshot = await world.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  afterEach(() => restore());

  const submit = (statement: Statement, signature = world.sign(statement.fillsCommitment)) =>
    world.registry.submit(statement, signature, "0x");
  const refused = (name: string, call: Promise<unknown>) =>
    expect(call).to.be.revertedWithCustomError(world.registry, name);

  it("reverts with WrongStart unless a period starts from the last one's end, 0 before the first", async () => {
    const { registry } = world;
    await expect(submit(second))
      .to.be.revertedWithCustomError(registry, "WrongStart")
      .withArgs(second.startCommitment, ZeroHash);
    await submit(first);
    // A second history, and one with a period left out.
    for (const startCommitment of [ZeroHash, fieldWord(7n), second.endCommitment]) {
      await expect(submit({ ...second, startCommitment }))
        .to.be.revertedWithCustomError(registry, "WrongStart")
        .withArgs(startCommitment, first.endCommitment);
    }
    await submit(second);
  });

  it("reverts with PeriodsApart for a gap and for an overlap", async () => {
    await submit(first);
    for (const start of [first.end - 1n, first.end + 1n, 0n]) {
      await expect(submit({ ...second, start }))
        .to.be.revertedWithCustomError(world.registry, "PeriodsApart")
        .withArgs(start, first.end);
    }
  });

  it("keeps histories of accounts and instruments apart", async () => {
    const { registry } = world;
    await submit(first);
    await submit({ ...first, account: OTHER });
    await submit({ ...first, instrument: instrumentOf("XRP") });
    await refused(
      "WrongStart",
      submit({ ...second, account: first.account, instrument: ZeroHash }),
    );
    expect(await registry.instrumentsOf(ACCOUNT)).to.deep.equal([DOGE, instrumentOf("XRP")]);
    expect(await registry.instrumentsOf(OTHER)).to.deep.equal([DOGE]);
  });

  it("reverts with PeriodNotOver for a period that ends after the block", async () => {
    const { networkHelpers } = world;
    const now = (await networkHelpers.time.latest()) + 10;
    await networkHelpers.time.setNextBlockTimestamp(now);
    await expect(submit({ ...first, end: BigInt(now) * 1000n + 1n }))
      .to.be.revertedWithCustomError(world.registry, "PeriodNotOver")
      .withArgs(BigInt(now) * 1000n + 1n, BigInt(now) * 1000n);
    await networkHelpers.time.setNextBlockTimestamp(now + 1);
    await submit({ ...first, end: BigInt(now + 1) * 1000n });
  });

  it("reverts with WrongService for a signature of anybody else, for another chain, contract or commitment", async () => {
    const { place, sign, mock } = world;
    const { fillsCommitment } = first;
    const contract = await mock.getAddress();
    for (const signature of [
      signFills(fillsCommitment, place, Wallet.createRandom() as never),
      signFills(fillsCommitment, { ...place, chainId: 1n }),
      signFills(fillsCommitment, { ...place, contract }),
      sign(second.fillsCommitment),
      // A raw one, and one over the message that wallets sign.
      SERVICE.signingKey.sign(fillsCommitment).serialized,
      SERVICE.signMessageSync(Buffer.from(fillsCommitment.slice(2), "hex")),
    ]) {
      await refused("WrongService", submit(first, signature));
    }
  });

  it("refuses a signature's other form, a compact one, and what is none", async () => {
    const signature = world.sign(first.fillsCommitment);
    await refused("ECDSAInvalidSignatureS", submit(first, malleate(signature)));
    await refused("ECDSAInvalidSignatureLength", submit(first, signature.slice(0, -2)));
    await refused("ECDSAInvalidSignatureLength", submit(first, `${signature}00`));
    await refused("ECDSAInvalidSignatureLength", submit(first, "0x"));
    await refused("ECDSAInvalidSignature", submit(first, `${signature.slice(0, -2)}00`));
    await refused("ECDSAInvalidSignature", submit(first, `0x${"00".repeat(64)}1b`));
  });

  it("reverts with InputOutOfField for commitments and instruments that stand for smaller ones", async () => {
    const names = ["startCommitment", "endCommitment", "fillsCommitment", "instrument"] as const;
    for (const [i, name] of names.entries()) {
      const given = fieldWord(BigInt(first[name]) + FIELD_MODULUS);
      const call = submit({ ...first, [name]: given });
      // Nothing has begun with such a start, so that it is refused before.
      if (name === "startCommitment") await refused("WrongStart", call);
      else
        await expect(call)
          .to.be.revertedWithCustomError(world.registry, "InputOutOfField")
          .withArgs(name === "instrument" ? 4 : i, given);
    }
  });

  it("hands a negative profit to the verifier as what counts down from the modulus", async () => {
    const { registry, mock } = world;
    await mock.setExpected(
      [
        ...[first.startCommitment, first.endCommitment, first.fillsCommitment].map(BigInt),
        ...[BigInt(ACCOUNT), BigInt(first.instrument), first.capital, first.start, first.end],
        ...[first.count, FIELD_MODULUS - 2n ** 63n, first.wins, first.closes, first.drawdownBps],
      ].map(fieldWord),
    );
    await refused("InvalidProof", submit(first));
    await submit({ ...first, profitBps: -(2n ** 63n) });
    expect((await registry.recordAt(ACCOUNT, DOGE, 0)).profitBps).to.equal(-(2n ** 63n));
  });

  it("lets governance alone name the service, at once, and disable it", async () => {
    const { registry, stranger, place, ethers, manager, mock } = world;
    const next = new Wallet(`0x${"07".repeat(32)}`);
    await expect(registry.connect(stranger).setService(next.address)).to.be.revertedWithCustomError(
      registry,
      "AccessManagedUnauthorized",
    );
    await expect(registry.setService(next.address))
      .to.emit(registry, "ServiceChanged")
      .withArgs(SERVICE.address, next.address);
    await refused("WrongService", submit(first));
    await submit(first, signFills(first.fillsCommitment, place, next));
    await registry.setService(ZeroAddress);
    await refused("ServiceDisabled", submit(second));
    const none = await ethers.deployContract("TraderRegistry", [manager, mock, ZeroAddress]);
    await refused("ServiceDisabled", none.submit(first, world.sign(first.fillsCommitment), "0x"));
    await expect(
      ethers.deployContract("TraderRegistry", [manager, stranger.address, ZeroAddress]),
    ).to.be.revertedWithCustomError(registry, "NoVerifier");
  });

  it("reverts with UnknownPeriod beyond the last", async () => {
    const { registry } = world;
    await expect(registry.recordAt(ACCOUNT, DOGE, 0))
      .to.be.revertedWithCustomError(registry, "UnknownPeriod")
      .withArgs(0, 0);
    await submit(first);
    await expect(registry.recordAt(ACCOUNT, DOGE, 1))
      .to.be.revertedWithCustomError(registry, "UnknownPeriod")
      .withArgs(1, 1);
  });

  describe("the reputation of an account", () => {
    const period = (name: string, change: Partial<Statement>): Statement => ({
      ...{ ...first, instrument: instrumentOf(name), count: 10n, wins: 3n, closes: 5n },
      ...change,
    });

    it("is nothing without periods", async () => {
      expect(await world.registry.reputationOf(ACCOUNT)).to.deep.equal(Array(10).fill(0n));
    });

    it("adds up counts, takes the worst drawdown, weights profits by capital and ends with the first to end", async () => {
      const startMs = BigInt(START_MS);
      const a = period("A", { capital: 1_000n, profitBps: 500n, drawdownBps: 90n });
      const more = {
        ...{ ...a, startCommitment: a.endCommitment, endCommitment: fieldWord(9n), start: a.end },
        ...{ end: startMs + 9_000n, profitBps: -200n, drawdownBps: 40n, count: 1n, wins: 0n },
      };
      const b = period("B", { capital: 9_000n, profitBps: -777n, drawdownBps: 1_234n });
      const last = { ...b, start: startMs - 99n, end: startMs + 8_000n };
      for (const statement of [a, more, last]) await submit(statement);
      // (300 · 1,000 − 777 · 9,000) / 10,000 = −669.3
      expect(await world.registry.reputationOf(ACCOUNT)).to.deep.equal([
        ...[2n, 3n, 21n, 6n, 15n, 1_234n, -670n, 10_000n],
        ...[first.start < startMs - 99n ? first.start : startMs - 99n, startMs + 8_000n],
      ]);
      expect((await world.registry.reputationOf(OTHER)).periods).to.equal(0n);
    });

    it("rounds a gain down too, and stands the largest figures", async () => {
      await submit(period("A", { capital: 3n, profitBps: 10n }));
      await submit(period("B", { capital: 4n, profitBps: 11n }));
      // (30 + 44) / 7 = 10.57…
      expect((await world.registry.reputationOf(ACCOUNT)).profitBps).to.equal(10n);
      const most = { capital: 2n ** 64n - 1n, profitBps: 2n ** 63n - 1n, count: 200n };
      for (const name of ["A", "B", "C"]) await submit({ ...period(name, most), account: OTHER });
      const { capital, profitBps, fills } = await world.registry.reputationOf(OTHER);
      expect([capital, profitBps, fills]).to.deep.equal([
        ...[3n * (2n ** 64n - 1n), 2n ** 63n - 1n, 600n],
      ]);
    });
  });
});
