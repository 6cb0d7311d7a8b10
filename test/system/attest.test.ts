import { expect } from "chai";

import { attestationsLine } from "../../deploy/stack/table.ts";
import { readAttestations } from "../../deploy/stack/api.ts";
import { hardhat } from "./command.ts";
import { TestNetwork } from "./network.ts";

const minute = 60_000;
/** From the start of the network: it starts in less than half a minute where nothing else runs. */
const firstSeconds = 120;
/** A period of the local network, and time for a proof and its block. */
const nextSeconds = 90;

interface Attested {
  readonly feed: string;
  readonly slot: number;
  readonly answer: string;
}

describe("attestations on a running network", function () {
  this.timeout(4 * minute);
  let network: TestNetwork;
  let startedAtMs = 0;

  before(async () => {
    startedAtMs = Date.now();
    network = await TestNetwork.start();
  });
  after(async () => {
    await network?.stop();
  });

  const elapsed = (): number => (Date.now() - startedAtMs) / 1_000;
  const reports = async (): Promise<number> =>
    (await readAttestations(network.stack.file.apiUrl)).reports;
  const graphql = async (query: string): Promise<unknown> => {
    const response = await fetch(`${network.stack.file.apiUrl}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query }),
    });
    return ((await response.json()) as { data: unknown }).data;
  };

  it("come by themselves within the first two minutes, and show in API, GraphQL and tasks", async () => {
    await network.until("the first attestation", firstSeconds - elapsed(), async () => {
      return (await reports()) > 0 || "none yet";
    });
    expect(elapsed()).to.be.below(firstSeconds);
    const { apiUrl } = network.stack.file;
    // Stablecoins need fewer venues, so that the first report of a slow start may be of them alone.
    await network.until("an attestation of BTC/USD", nextSeconds, async () => {
      const { latest } = await readAttestations(apiUrl);
      return latest?.feeds.includes("BTC/USD") === true || `of ${latest?.feeds.join(", ")}`;
    });
    const { latest } = await readAttestations(apiUrl);
    const slot = latest!.slot;
    const shown = (await (await fetch(`${apiUrl}/attestations/${slot}`)).json()) as {
      attestations: { complete: boolean; prices: { feed: string; answer: string }[] }[];
    };
    const [report] = shown.attestations;
    expect(report!.complete).to.equal(true);

    const data = (await graphql(
      `{ attestations(where: { slot: ${slot} }) { items { slot complete included } } attestedPrices(where: { slot: ${slot} }) { items { feed slot answer } } }`,
    )) as {
      attestations: { items: { included: string[] }[] };
      attestedPrices: { items: Attested[] };
    };
    expect(data.attestations.items).to.have.length(1);
    // A report stands on a quorum of five operators at least.
    expect(data.attestations.items[0]!.included.length).to.be.within(3, 5);
    const prices = report!.prices.map(({ answer, feed }) => ({ feed, slot: String(slot), answer }));
    const sorted = data.attestedPrices.items
      .map((one) => ({ ...one, slot: String(one.slot) }))
      .toSorted((a, b) => a.feed.localeCompare(b.feed));
    expect(sorted).to.deep.equal(prices);

    const { stackFile } = network.stack.paths;
    const printed = await hardhat(stackFile, "proofs", "verify", "--slot", String(slot), "--json");
    const said = JSON.parse(printed) as (Attested & { values: number })[];
    for (const { answer, feed } of prices) {
      expect(said.find((one) => one.feed === feed)).to.include({ answer, slot });
    }
    const line = attestationsLine(await readAttestations(apiUrl), slot + 5);
    expect(line).to.match(
      /^Proofs: \d+ rounds attested, the latest of BTC\/USD.* ago; contract 0x/,
    );
  });

  it("answer the round that the feed published", async () => {
    const { apiUrl } = network.stack.file;
    const { attested } = (await (await fetch(`${apiUrl}/feeds/BTC-USD`)).json()) as {
      attested: { slot: number; answer: string };
    };
    const { slot } = attested;
    const query = `from=${slot}&to=${slot}`;
    const { rounds } = (await (await fetch(`${apiUrl}/feeds/BTC-USD/history?${query}`)).json()) as {
      rounds: { answer: string }[];
    };
    expect(rounds.map(({ answer }) => answer)).to.deep.equal([attested.answer]);
  });

  it("are made on demand, on the machine of whoever wants one", async () => {
    const before = await reports();
    const { stackFile } = network.stack.paths;
    // The index shows the latest round once a block later.
    let printed = "";
    await network.until("a round that is not attested yet", 30, async () => {
      printed = await hardhat(stackFile, "proofs", "attest", "--feed", "BTC/USD", "--json");
      return printed.includes("transaction") || "attested already";
    });
    const { included, slot } = JSON.parse(printed) as { included: number[]; slot: number };
    expect(included.length).to.be.within(3, 5);
    await network.until("the index", 20, async () => {
      const response = await fetch(`${network.stack.file.apiUrl}/attestations/${slot}`);
      return response.ok || "not yet";
    });
    expect(await reports()).to.be.above(before);
  });

  it("go on when the keeper is killed with -9", async () => {
    await network.stack.kill("attest");
    const before = await reports();
    await network.stack.revive("attest");
    await network.until("another attestation", nextSeconds, async () => {
      return (await reports()) > before || "none yet";
    });
    await network.recovers();
  });
});
