import { expect } from "chai";

import { createArchive } from "../../../../keepers/feed/round/archive.ts";
import {
  BODY_LIMIT_BYTES,
  observationToWire,
  recordToWire,
} from "../../../../keepers/feed/round/wire.ts";
import { toHex, word } from "../../../../keepers/feed/signing/bytes.ts";
import type { SignedObservation } from "../../../../keepers/feed/signing/observation.ts";
import { observationRoot, signObservation } from "../../../../keepers/feed/signing/observation.ts";
import type { Report } from "../../../../keepers/feed/signing/report.ts";
import { encodeReport, signerIndexes } from "../../../../keepers/feed/signing/report.ts";
import { DOMAIN, freshKeys } from "../signing/helpers.ts";
import type { Network, Node } from "./network.ts";
import { startNetwork } from "./network.ts";

const PRICES = [6_000_000_000_000n, 300_000_000_000n, 100_000_000n];

interface WireSlot {
  setId: number;
  slot: number;
  observations: ReturnType<typeof observationToWire>[];
  reports: { report: string; signature: unknown; observations: number[] }[];
}

describe("what operators show to everybody", function () {
  this.timeout(60_000);
  let network: Network;

  beforeEach(async () => {
    network = await startNetwork(5);
    network.price(PRICES);
  });
  afterEach(() => network.close());

  const get = async (
    node: Node,
    path: string,
  ): Promise<{ status: number; [key: string]: unknown }> => {
    const response = await fetch(`http://127.0.0.1:${node.server.port}${path}`);
    return { status: response.status, ...((await response.json()) as object) };
  };
  const slotsOf = async (node: Node, from = network.slot): Promise<WireSlot[]> =>
    (await get(node, `/v1/slots/${from}`))["slots"] as WireSlot[];

  it("is each operator's own observation, once it was signed", async () => {
    const [node] = network.nodes as [Node];
    const path = `/v1/observations/7/${network.slot}`;
    expect(await get(node, path)).to.include({ status: 404, error: "unknown slot" });
    expect(node.rows.size, "a question makes no observation").to.equal(0);
    await network.lead();
    const stored = node.rows.get(`7:${network.slot}`) as SignedObservation;
    expect(await get(node, path)).to.deep.equal({
      status: 200,
      observation: observationToWire(stored),
    });
    expect(await get(node, `/v1/observations/8/${network.slot}`)).to.include({ status: 404 });
  });

  it("is each cosigned report with the observations under its root, at every signer", async () => {
    const outcome = await network.lead();
    if (outcome.kind !== "reported") throw new Error(outcome.kind);
    const { report, bytes } = outcome.signed;
    for (const index of signerIndexes(report.signers)) {
      const node = network.nodes[index]!;
      // The leader tells the others when it has handed the report over.
      while ((await slotsOf(node))[0]?.reports.length !== 1) await new Promise(setImmediate);
      const [record] = await slotsOf(node);
      expect(record).to.include({ setId: 7, slot: network.slot });
      const [shown] = record!.reports;
      expect(shown!.report).to.equal(toHex(bytes));
      const list = shown!.observations.map((position) => record!.observations[position]!);
      const signed = list.map((one) => ({ ...one, pricesE8: one.pricesE8.map(BigInt) }));
      expect(observationRoot(signed, DOMAIN)).to.equal(report.observationRoot);
      expect(list.map(({ operator }) => operator)).to.deep.equal([0, 1, 2, 3, 4]);
    }
  });

  it("is a report without observations at an operator that did not sign it", async () => {
    const outcome = await network.lead();
    if (outcome.kind !== "reported") throw new Error(outcome.kind);
    const signers = signerIndexes(outcome.signed.report.signers);
    const other = network.nodes.find(({ index }) => !signers.includes(index))!;
    while ((await slotsOf(other))[0]?.reports.length !== 1) await new Promise(setImmediate);
    const [record] = await slotsOf(other);
    expect(record!.reports[0]!.observations).to.deep.equal([]);
    expect(record!.observations.map(({ operator }) => operator)).to.deep.equal([other.index]);
  });

  it("are both observations of an operator that tells its peers different things", async () => {
    const leader = network.leader();
    const liar = network.nodes.find((node) => node !== leader)!;
    const lie = { setId: 7, slot: network.slot, operator: liar.index, pricesE8: [1n, 1n, 1n] };
    liar.cosigner.observe = () =>
      Promise.resolve({ observation: observationToWire(signObservation(lie, liar.keys, DOMAIN)) });
    // What it had told before, to whom asked earlier.
    leader.archive.observed(signObservation({ ...lie, pricesE8: PRICES }, liar.keys, DOMAIN));
    await network.lead();
    const [record] = await slotsOf(leader);
    const said = record!.observations.filter(({ operator }) => operator === liar.index);
    expect(said.map(({ pricesE8 }) => pricesE8[0])).to.deep.equal([String(PRICES[0]), "1"]);
  });

  it("goes on from the slot that is asked for, oldest first", async () => {
    const first = network.slot;
    for (let round = 0; round < 3; round++) {
      await network.lead();
      network.nextSlot();
      network.price(PRICES.map((price) => price + BigInt(round + 1) * 100_000_000_000n));
    }
    const node = network.nodes[0]!;
    const shown = await slotsOf(node, first);
    expect(shown.map(({ slot }) => slot)).to.deep.equal([...shown.map(({ slot }) => slot)].sort());
    expect(shown[0]!.slot).to.equal(first);
    expect((await slotsOf(node, first + 1)).every(({ slot }) => slot > first)).to.equal(true);
    expect(await slotsOf(node, first + 100)).to.deep.equal([]);
  });

  it("refuses what is no number, and bounds what one address may ask, without touching the peers' limit", async () => {
    const node = network.nodes.find((one) => one !== network.leader())!;
    for (const path of [
      "/v1/slots/now",
      "/v1/slots/-1",
      "/v1/slots/4294967296",
      "/v1/observations/7/01",
    ]) {
      expect(await get(node, path)).to.include({ status: 400, error: "malformed" });
    }
    const answers = await Promise.all(Array.from({ length: 70 }, () => get(node, "/v1/slots/1")));
    expect(answers.some(({ status }) => status === 429)).to.equal(true);
    expect((await network.lead()).kind).to.equal("reported");
  });
});

describe("an operator's archive", () => {
  const keys = freshKeys();
  const observe = (slot: number, price: bigint, operator = 0): SignedObservation =>
    signObservation({ setId: 1, slot, operator, pricesE8: [price] }, keys, DOMAIN);

  it("keeps two different observations of an operator and no third, and none twice", () => {
    const archive = createArchive();
    for (const price of [1n, 1n, 2n, 2n, 3n]) archive.observed(observe(5, price));
    archive.observed(observe(5, 9n, 1));
    const [record] = archive.since(0);
    expect(record!.observations.map(({ pricesE8 }) => pricesE8[0])).to.deep.equal([1n, 2n, 9n]);
  });

  it("forgets the oldest slots, and bounds reports and compositions of one", () => {
    const archive = createArchive();
    const signed = observe(1, 1n);
    for (let slot = 1; slot <= 605; slot++) archive.observed({ ...signed, slot });
    expect(archive.since(0)).to.have.length(600);
    expect(archive.since(0)[0]!.slot).to.equal(6);
    const report = (root: bigint): Report => ({
      ...{ setId: 1, slot: 605, signers: 1, observationRoot: root },
      entries: [{ feedIndex: 0, count: 1, answerE8: 1n }],
    });
    for (let root = 0n; root < 20n; root++) {
      const bytes = encodeReport(report(root));
      archive.composed(bytes, [observe(605, 1n)]);
      const signature = { s: 1n, commitment: `0x${"11".repeat(20)}`, zInverse: 1n };
      archive.reported({ report: report(root), bytes, signature });
    }
    expect(archive.since(605)[0]!.reports).to.have.length(8);
  });

  it("shows what a report stands on although a third observation of an operator was not kept apart", () => {
    const archive = createArchive();
    archive.observed(observe(5, 1n));
    archive.observed(observe(5, 2n));
    const third = observe(5, 3n);
    const report: Report = {
      ...{ setId: 1, slot: 5, signers: 1, observationRoot: observationRoot([third], DOMAIN) },
      entries: [{ feedIndex: 0, count: 1, answerE8: 3n }],
    };
    const bytes = encodeReport(report);
    archive.composed(bytes, [third]);
    const signature = { s: 1n, commitment: `0x${"11".repeat(20)}`, zInverse: 1n };
    archive.reported({ report, bytes, signature });
    const wire = recordToWire(archive.since(5)[0]!);
    expect(wire.reports[0]!.observations).to.deep.equal([2]);
    expect(wire.observations[2]!.pricesE8).to.deep.equal(["3"]);
    expect(wire.reports[0]!.signature).to.deep.equal({
      s: toHex(word(1n)),
      commitment: `0x${"11".repeat(20)}`,
      zInverse: toHex(word(1n)),
    });
    expect(JSON.stringify(wire).length).to.be.below(BODY_LIMIT_BYTES);
  });
});
