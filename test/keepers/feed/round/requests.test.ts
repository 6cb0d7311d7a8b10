import { randomBytes } from "node:crypto";

import { expect } from "chai";

import { toHex } from "../../../../keepers/feed/signing/bytes.ts";
import { SigningSession } from "../../../../keepers/feed/signing/multisig.ts";
import type { Envelope } from "../../../../keepers/feed/signing/envelope.ts";
import { sealEnvelope } from "../../../../keepers/feed/signing/envelope.ts";
import type { SignedObservation } from "../../../../keepers/feed/signing/observation.ts";
import { observationRoot, signObservation } from "../../../../keepers/feed/signing/observation.ts";
import type { Report } from "../../../../keepers/feed/signing/report.ts";
import { encodeReport } from "../../../../keepers/feed/signing/report.ts";
import {
  BODY_LIMIT_BYTES,
  nonceAnswer,
  nonceToWire,
  observationToWire,
  PATHS,
  signatureToWire,
} from "../../../../keepers/feed/round/wire.ts";
import type { RoundPath } from "../../../../keepers/feed/round/wire.ts";
import { DOMAIN } from "../signing/helpers.ts";
import type { Network, Node } from "./network.ts";
import { startNetwork } from "./network.ts";

const PRICES = [6_000_000_000_000n, 300_000_000_000n, 100_000_000n];

describe("requests between operators", function () {
  this.timeout(60_000);
  let network: Network;
  let leader: Node;
  let peer: Node;

  beforeEach(async () => {
    network = await startNetwork(3);
    network.price(PRICES);
    leader = network.leader();
    peer = network.nodes.find((node) => node !== leader)!;
  });
  afterEach(() => network.close());

  async function post(
    path: string,
    body: unknown,
  ): Promise<{ status: number; error?: string; [key: string]: unknown }> {
    const response = await fetch(`http://127.0.0.1:${peer.server.port}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return { status: response.status, ...((await response.json()) as object) };
  }

  function seal(
    path: RoundPath,
    body: unknown,
    change: Partial<Envelope> = {},
    from = leader,
  ): Envelope {
    network.clock.now += 1;
    const request = {
      setId: 7,
      from: from.index,
      sentAt: network.clock.now,
      body: JSON.stringify(body),
      ...change,
    };
    return sealEnvelope(request, { to: peer.index, path }, from.keys.secp256k1, DOMAIN);
  }

  const send = (path: RoundPath, body: unknown, change?: Partial<Envelope>, from?: Node) =>
    post(path, seal(path, body, change, from));
  const observe = (change?: Partial<Envelope>, from?: Node) =>
    send(PATHS.observe, { slot: network.slot }, change, from);

  describe("authentication", () => {
    it("lets the slot's leader through", async () => {
      expect(await observe()).to.include({ status: 200 });
    });

    it("refuses a request signed by another key than the sender's", async () => {
      const other = network.nodes.find((node) => node !== leader && node !== peer)!;
      const forged = sealEnvelope(
        { setId: 7, from: leader.index, sentAt: network.clock.now, body: "{}" },
        { to: peer.index, path: PATHS.observe },
        other.keys.secp256k1,
        DOMAIN,
      );
      expect(await post(PATHS.observe, forged)).to.include({ status: 401, error: "not authentic" });
    });

    it("refuses a body that was changed, and a request for another path", async () => {
      const envelope = seal(PATHS.observe, { slot: network.slot });
      const changed = { ...envelope, body: `{"slot":${network.slot + 1}}` };
      expect(await post(PATHS.observe, changed)).to.include({ error: "not authentic" });
      expect(await post(PATHS.nonce, envelope)).to.include({ error: "not authentic" });
    });

    it("refuses the same request a second time", async () => {
      const envelope = seal(PATHS.observe, { slot: network.slot });
      expect(await post(PATHS.observe, envelope)).to.include({ status: 200 });
      expect(await post(PATHS.observe, envelope)).to.include({ status: 409, error: "replayed" });
    });

    it("refuses a request from long ago or from the future", async () => {
      for (const offsetMs of [-5_001, 5_010]) {
        expect(await observe({ sentAt: network.clock.now + offsetMs })).to.include({
          error: "out of time",
        });
      }
    });

    it("refuses an unknown set, a sender beyond the set, and itself as sender", async () => {
      expect(await observe({ setId: 8 })).to.include({ error: "unknown set" });
      expect(await observe({ from: 3 })).to.include({ error: "not authentic" });
      expect(await observe({}, peer)).to.include({ error: "not authentic" });
    });

    it("refuses who does not lead the slot, and slots far from the clock", async () => {
      const other = network.nodes.find((node) => node !== leader && node !== peer)!;
      expect(await observe({}, other)).to.include({ error: "not the leader" });
      const slot = network.slot - 6;
      expect(await send(PATHS.observe, { slot })).to.include({ error: "out of time" });
    });

    it("bounds what one peer may ask", async () => {
      const answers = await Promise.all(Array.from({ length: 70 }, () => observe()));
      const refused = answers.filter(({ error }) => error === "too many requests");
      // The clock moves by 1 ms with each request, so a token or two come back.
      expect(refused.length).to.be.within(5, 10);
      expect(refused[0]).to.include({ status: 429 });
    });
  });

  describe("shape", () => {
    it("refuses bodies above the limit before reading them", async () => {
      const huge = JSON.stringify({ body: "x".repeat(BODY_LIMIT_BYTES) });
      expect(await post(PATHS.sign, huge)).to.include({ status: 413, error: "malformed" });
    });

    it("refuses what is not JSON, not an envelope, or has a body of another shape", async () => {
      expect(await post(PATHS.observe, "{")).to.include({ status: 400, error: "malformed" });
      expect(await post(PATHS.observe, { hello: 1 })).to.include({
        status: 400,
        error: "malformed",
      });
      expect(await send(PATHS.observe, { slot: "now" })).to.include({ error: "malformed" });
      expect(await send(PATHS.observe, { slot: network.slot, more: 1 })).to.include({
        error: "malformed",
      });
      expect(await observe({ body: "{" })).to.include({ error: "malformed" });
      expect(await post("/v1/other", {})).to.include({ status: 404 });
    });
  });

  describe("observations", () => {
    it("are the same bytes for everybody who asks", async () => {
      const { observation } = await observe();
      expect((await observe()).observation).to.deep.equal(observation);
    });

    it("are refused while there is no price", async () => {
      network.nextSlot();
      network.price([null, null, null]);
      leader = network.leader();
      peer = network.nodes.find((node) => node !== leader)!;
      expect(await observe()).to.include({ error: "no prices" });
    });
  });

  describe("signing", () => {
    let observations: SignedObservation[];

    beforeEach(() => {
      observations = network.nodes.map(({ index, keys }) =>
        signObservation(
          { setId: 7, slot: network.slot, operator: index, pricesE8: PRICES },
          keys,
          DOMAIN,
        ),
      );
    });

    const honestReport = (): Report => ({
      setId: 7,
      slot: network.slot,
      signers: (1 << leader.index) | (1 << peer.index),
      observationRoot: observationRoot(observations, DOMAIN),
      entries: PRICES.map((answerE8, feedIndex) => ({
        feedIndex,
        count: observations.length,
        answerE8,
      })),
    });

    /** A leader that asks for everything as it should, except for the changes. */
    async function ask(
      change: {
        report?: Partial<Report>;
        observations?: SignedObservation[];
        session?: string;
        foreignNonces?: boolean;
        withoutNonces?: boolean;
      } = {},
    ) {
      expect(await observe()).to.include({ status: 200 });
      const session = randomBytes(16).toString("hex");
      const given = nonceAnswer.parse(
        withoutStatus(await send(PATHS.nonce, { slot: network.slot, session })),
      );
      const own = new SigningSession(leader.index);
      const theirs = change.foreignNonces
        ? new SigningSession(peer.index).commitment
        : { index: peer.index, ...given };
      const nonces = change.withoutNonces ? [own.commitment] : [own.commitment, theirs];
      const body = {
        session: change.session ?? session,
        report: toHex(encodeReport({ ...honestReport(), ...change.report })),
        observations: (change.observations ?? observations).map(observationToWire),
        nonces: nonces.map(nonceToWire),
      };
      return { answer: await send(PATHS.sign, body), body };
    }

    function withoutStatus(answer: object): unknown {
      return Object.fromEntries(Object.entries(answer).filter(([name]) => name !== "status"));
    }

    const median = (answerE8: bigint): Partial<Report> => ({
      entries: honestReport().entries.map((entry) =>
        entry.feedIndex === 0 ? { ...entry, answerE8 } : entry,
      ),
    });

    it("gives a partial signature for a report that follows from the observations", async () => {
      const { answer } = await ask();
      expect(answer).to.include({ status: 200 });
      expect(peer.signedSlots).to.deep.equal([network.slot]);
    });

    it("never serves a session twice, whatever is asked the second time", async () => {
      const { answer, body } = await ask();
      expect(answer).to.include({ status: 200 });
      expect(await send(PATHS.sign, body)).to.include({ error: "unknown session" });
    });

    it("does not serve a session again after it has refused it", async () => {
      const { answer, body } = await ask({ report: median(PRICES[0]! + 1n) });
      expect(answer).to.include({ error: "wrong median" });
      const repaired = { ...body, report: toHex(encodeReport(honestReport())) };
      expect(await send(PATHS.sign, repaired)).to.include({ error: "unknown session" });
    });

    it("serves one of two requests that come together", async () => {
      expect(await observe()).to.include({ status: 200 });
      const session = randomBytes(16).toString("hex");
      const given = nonceAnswer.parse(
        withoutStatus(await send(PATHS.nonce, { slot: network.slot, session })),
      );
      const bodies = [new SigningSession(leader.index), new SigningSession(leader.index)].map(
        (own) => ({
          session,
          report: toHex(encodeReport(honestReport())),
          observations: observations.map(observationToWire),
          nonces: [own.commitment, { index: peer.index, ...given }].map(nonceToWire),
        }),
      );
      const answers = await Promise.all(bodies.map((body) => send(PATHS.sign, body)));
      expect(answers.map(({ status }) => status).toSorted()).to.deep.equal([200, 409]);
    });

    it("refuses a tampered median, count, root, slot or set", async () => {
      const { entries } = honestReport();
      const cases: [Partial<Report>, string][] = [
        [median(PRICES[0]! - 1n), "wrong median"],
        [{ entries: entries.map((entry) => ({ ...entry, count: 2 })) }, "wrong count"],
        [{ observationRoot: 1n }, "wrong root"],
        [{ slot: network.slot + 1 }, "wrong slot"],
        [{ setId: 8 }, "wrong set"],
        [{ entries: [{ feedIndex: 9, count: 3, answerE8: 1n }] }, "unknown feed"],
      ];
      for (const [report, error] of cases) {
        expect((await ask({ report })).answer, error).to.include({ status: 409, error });
      }
    });

    it("refuses signers without itself, without the leader, beyond the set, or not exactly a quorum", async () => {
      for (const signers of [1 << leader.index, 0b111, (1 << peer.index) | (1 << 9), 0b11 << 3]) {
        expect((await ask({ report: { signers } })).answer).to.include({ error: "wrong signers" });
      }
    });

    it("refuses two observations of one operator, one of another slot, and the own one left out or changed", async () => {
      const own = observations[peer.index]!;
      const late = signObservation(
        { ...observations[leader.index]!, slot: network.slot + 1 },
        leader.keys,
        DOMAIN,
      );
      const cases = [
        [...observations, observations[leader.index]!],
        observations.filter((observation) => observation !== own),
        observations.map((observation) =>
          observation.operator === leader.index ? late : observation,
        ),
        observations.map((observation) =>
          observation === own ? { ...own, pricesE8: own.pricesE8.with(0, 5n) } : observation,
        ),
      ];
      for (const list of cases) {
        expect((await ask({ observations: list })).answer).to.include({
          error: "wrong observations",
        });
      }
    });

    it("refuses an observation that its operator did not sign", async () => {
      const third = network.nodes.find((node) => node !== leader && node !== peer)!;
      const forged = signObservation(observations[third.index]!, leader.keys, DOMAIN);
      const list = observations.with(third.index, forged);
      expect((await ask({ observations: list })).answer).to.include({ error: "bad observation" });
    });

    it("refuses a second observation of an operator for a slot, though it is signed", async () => {
      expect((await ask()).answer).to.include({ status: 200 });
      const third = network.nodes.find((node) => node !== leader && node !== peer)!;
      const other = {
        ...observations[third.index]!,
        pricesE8: [PRICES[0]! + 1n, PRICES[1]!, PRICES[2]!],
      };
      observations = observations.with(third.index, signObservation(other, third.keys, DOMAIN));
      expect((await ask()).answer).to.include({ error: "bad observation" });
    });

    it("refuses an answer further from its own price than the feed's tolerance, whatever the others saw", async () => {
      const far = [(PRICES[0]! * 10_051n) / 10_000n, PRICES[1]!, PRICES[2]!];
      observations = network.nodes.map(({ index, keys }) =>
        signObservation(
          {
            setId: 7,
            slot: network.slot,
            operator: index,
            pricesE8: index === peer.index ? PRICES : far,
          },
          keys,
          DOMAIN,
        ),
      );
      expect((await ask({ report: median(far[0]!) })).answer).to.include({
        error: "out of tolerance",
      });
    });

    it("refuses a feed that needs no report by its own view", async () => {
      network.states[1] = {
        ...network.states[1]!,
        status: 1,
        answer: PRICES[1]!,
        average: PRICES[1]!,
        lastReportAt: network.slot - 4,
      };
      const { answer } = await ask();
      expect(answer).to.include({ error: "not due" });
    });

    it("refuses a list of nonces that lacks its own or has others for it", async () => {
      expect((await ask({ withoutNonces: true })).answer).to.include({ error: "bad nonces" });
      const { answer, body } = await ask({ foreignNonces: true });
      expect(answer.status).to.equal(409);
      expect(await send(PATHS.sign, body)).to.include({ error: "unknown session" });
    });

    it("opens a bounded number of sessions in a slot", async () => {
      const open = () =>
        send(PATHS.nonce, { slot: network.slot, session: randomBytes(16).toString("hex") });
      for (let session = 0; session < 6; session++)
        expect(await open()).to.include({ status: 200 });
      expect(await open()).to.include({ status: 429 });
    });
  });

  describe("finished reports", () => {
    it("are believed only with a valid multisignature", async () => {
      const outcome = await network.lead();
      if (outcome.kind !== "reported") throw new Error(outcome.kind);
      const { bytes, signature, report } = outcome.signed;
      const while_ = async (): Promise<void> => {
        while (peer.inFlight.recent(7, network.clock.now).length === 0)
          await new Promise(setImmediate);
      };
      await while_();
      const good = { report: toHex(bytes), signature: signatureToWire(signature) };
      expect(await send(PATHS.report, good)).to.deep.include({ status: 200, known: true });
      const tampered = toHex(
        encodeReport({ ...report, observationRoot: report.observationRoot + 1n }),
      );
      expect(await send(PATHS.report, { ...good, report: tampered })).to.include({
        error: "bad signature",
      });
      const few = toHex(encodeReport({ ...report, signers: 1 }));
      expect(await send(PATHS.report, { ...good, report: few })).to.include({
        error: "wrong signers",
      });
    });
  });
});
