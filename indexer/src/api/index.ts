import { Hono } from "hono";
import { asc, client, desc, graphql } from "ponder";
import { db } from "ponder:api";
import schema, { feed, operatorSet } from "ponder:schema";

import { settings } from "../../ponder.config.ts";
import {
  newestProposals,
  readAccess,
  readGovernance,
  readGuardian,
  readProposal,
  readProposals,
  readVoter,
  readVoters,
} from "./governance.ts";
import { parseAccount, parseProposalsQuery, parseVotersQuery } from "./governanceQuery.ts";
import { readHead } from "./head.ts";
import { readHistory } from "./history.ts";
import { deviationReader } from "./deviation.ts";
import { readEconomics, readOperators } from "./operators.ts";
import { operatorStatusReader, summarize, type OperatorStatus } from "./operatorStatus.ts";
import { servePayoutData } from "./payoutData.ts";
import { knownEpochs, readPayoutAccount, readPayoutEpoch, readPayouts } from "./payouts.ts";
import { parseEpoch, parseEpochsQuery } from "./payoutsQuery.ts";
import {
  knownTraders,
  newestSlots,
  readAttestations,
  readAttestationsAt,
  readLatestAttested,
  readTrader,
} from "./proofs.ts";
import { parseAttestationsQuery, parseSlot } from "./proofsQuery.ts";
import { presentFeed, type FeedItem, type FeedRow } from "./present.ts";
import { BadRequest, findFeed, parseHistoryQuery } from "./query.ts";
import {
  countRequests,
  newestRequests,
  readKeys,
  readRequest,
  readRequests,
  readSubscriptions,
} from "./vrf.ts";
import { parseId, parseRequestsQuery } from "./vrfQuery.ts";

const ROUTES = [
  "GET /feeds",
  "GET /feeds/:id",
  "GET /feeds/:id/history?interval=5m&from=&to=&limit=&cursor=",
  "GET /operators",
  "GET /operators/:account",
  "GET /vrf",
  "GET /vrf/requests?status=&sub=&limit=&cursor=",
  "GET /vrf/requests/:id",
  "GET /vrf/subscriptions",
  "GET /vrf/keys",
  "GET /governance",
  "GET /governance/proposals?limit=&cursor=",
  "GET /governance/proposals/:id",
  "GET /governance/voters?limit=",
  "GET /governance/voters/:account",
  "GET /governance/access",
  "GET /governance/guardian",
  "GET /payouts?limit=&cursor=",
  "GET /payouts/:epoch",
  "GET /payouts/:epoch/:address",
  "GET /payouts/data/:hash.json",
  "GET /attestations?limit=&cursor=",
  "GET /attestations/:slot",
  "GET /traders/:account",
  "GET /head",
  "GET /health",
  "POST /graphql",
  "GET /sql/*",
];

const readStatuses = operatorStatusReader(
  settings.databaseUrl,
  settings.chainId,
  settings.contracts.priceFeeds,
);

const readDeviations = deviationReader(
  settings.databaseUrl,
  settings.chainId,
  settings.contracts.priceFeeds,
);

const app = new Hono();

app.use("/sql/*", client({ db, schema }));
app.use("/graphql", graphql({ db, schema }));

app.get("/", (c) => c.json({ name: "dodona", chainId: settings.chainId, routes: ROUTES }));

app.get("/feeds", async (c) => {
  const [rows, words] = await Promise.all([readFeeds(), readWords()]);
  return c.json(rows.map((row) => toItem(row, words)));
});

app.get("/feeds/:id", async (c) => {
  const [rows, words] = await Promise.all([readFeeds(), readWords()]);
  const row = findFeed(c.req.param("id"), rows);
  if (row === undefined) return c.json(unknownFeed(c.req.param("id"), rows), 404);
  return c.json({
    ...toItem(row, words),
    feedId: row.feedId,
    average: row.average.toString(),
    lastReportAt: row.lastReportAt,
    trippedUntil: row.trippedUntil,
    params: row.params,
    attested: await readLatestAttested(row.id),
    operators: words.statuses.map(({ operator: account, source, updatedAtMs, feeds }) => ({
      account,
      source,
      updatedAt: Math.floor(updatedAtMs / 1000),
      ...(feeds[row.id] ?? { priceE8: null, reason: "no price", venues: {} }),
    })),
  });
});

app.get("/feeds/:id/history", async (c) => {
  const rows = await readFeeds();
  const row = findFeed(c.req.param("id"), rows);
  if (row === undefined) return c.json(unknownFeed(c.req.param("id"), rows), 404);
  return c.json(await readHistory(row.id, parseHistoryQuery(c.req.query())));
});

app.get("/operators", async (c) => c.json(await readAllOperators()));

app.get("/operators/:account", async (c) => {
  const account = parseAccount(c.req.param("account"));
  const operators = await readAllOperators();
  const found = operators.find((one) => one.account.toLowerCase() === account);
  if (found === undefined) {
    const known = operators.map((one) => one.account);
    return c.json({ error: `no operator ${account}`, operators: known }, 404);
  }
  return c.json({ ...found, ...(await readEconomics(account)) });
});

app.get("/vrf", async (c) =>
  c.json({
    coordinator: settings.contracts.vrfCoordinator ?? null,
    requests: await countRequests(),
  }),
);

app.get("/vrf/requests", async (c) =>
  c.json(await readRequests(parseRequestsQuery(c.req.query()))),
);

app.get("/vrf/requests/:id", async (c) => {
  const given = c.req.param("id");
  const request = await readRequest(parseId("request id", given));
  if (request !== null) return c.json(request);
  return c.json({ error: `no request "${given}"`, newest: await newestRequests() }, 404);
});

app.get("/vrf/subscriptions", async (c) => c.json(await readSubscriptions()));

app.get("/vrf/keys", async (c) => c.json(await readKeys()));

app.get("/governance", async (c) =>
  c.json({ contracts: settings.contracts.governance ?? null, ...(await readGovernance()) }),
);

app.get("/governance/proposals", async (c) =>
  c.json(await readProposals(parseProposalsQuery(c.req.query()))),
);

app.get("/governance/proposals/:id", async (c) => {
  const given = c.req.param("id");
  const found = await readProposal(parseId("proposal id", given));
  if (found !== null) return c.json(found);
  return c.json({ error: `no proposal "${given}"`, newest: await newestProposals() }, 404);
});

app.get("/governance/voters", async (c) =>
  c.json(await readVoters(parseVotersQuery(c.req.query()))),
);

app.get("/governance/voters/:account", async (c) => {
  const account = parseAccount(c.req.param("account"));
  const found = await readVoter(account);
  if (found !== null) return c.json(found);
  return c.json({ error: `${account} never had tokens or votes` }, 404);
});

app.get("/governance/access", async (c) => c.json(await readAccess()));

app.get("/governance/guardian", async (c) => c.json(await readGuardian()));

app.get("/payouts", async (c) => c.json(await readPayouts(parseEpochsQuery(c.req.query()))));

app.get("/payouts/data/:file", async (c) => await servePayoutData(c, c.req.param("file")));

app.get("/payouts/:epoch", async (c) => {
  const epoch = parseEpoch(c.req.param("epoch"));
  const found = await readPayoutEpoch(epoch);
  if (found !== null) return c.json(found);
  return c.json({ error: `epoch ${epoch} was never proposed`, ...(await knownEpochs()) }, 404);
});

app.get("/payouts/:epoch/:address", async (c) => {
  const account = parseAccount(c.req.param("address"));
  const { kind, body } = await readPayoutAccount(parseEpoch(c.req.param("epoch")), account);
  return c.json(body, kind === "found" ? 200 : kind === "unknown" ? 404 : 503);
});

app.get("/attestations", async (c) =>
  c.json({
    priceAttestations: settings.contracts.proofs?.priceAttestations ?? null,
    ...(await readAttestations(parseAttestationsQuery(c.req.query()))),
  }),
);

app.get("/attestations/:slot", async (c) => {
  const slot = parseSlot(c.req.param("slot"));
  const attestations = await readAttestationsAt(slot);
  if (attestations.length > 0) return c.json({ slot, attestations });
  return c.json({ error: `slot ${slot} is not attested`, newest: await newestSlots() }, 404);
});

app.get("/traders/:account", async (c) => {
  const account = parseAccount(c.req.param("account"));
  const found = await readTrader(account);
  if (found !== null) return c.json(found);
  const error = `no record of ${account} was proved`;
  return c.json({ error, traders: await knownTraders() }, 404);
});

app.get("/head", async (c) => c.json(await readHead(settings.chainId)));

// Ponder mounts this application inside its own, whose answer to an unknown route would be plain text.
app.all("*", (c) => c.json({ error: `no route ${c.req.path}`, routes: ROUTES }, 404));

app.onError((error, c) => {
  if (error instanceof BadRequest) return c.json({ error: error.message }, 400);
  return c.json({ error: "the index cannot be read at the moment; try again" }, 503);
});

interface Words {
  readonly statuses: readonly OperatorStatus[];
  readonly quorum: number;
}

function readFeeds() {
  return db.select().from(feed).orderBy(asc(feed.createdAtBlock), asc(feed.id));
}

async function readAllOperators() {
  return await readOperators(await readStatuses(), await readDeviations());
}

async function readWords(): Promise<Words> {
  const [statuses, [set]] = await Promise.all([
    readStatuses(),
    db.select().from(operatorSet).orderBy(desc(operatorSet.setId)).limit(1),
  ]);
  return { statuses, quorum: set?.quorum ?? 1 };
}

function toItem(row: FeedRow, { statuses, quorum }: Words): FeedItem {
  const nowMs = Date.now();
  return presentFeed(row, summarize(row.id, statuses, quorum, nowMs), Math.floor(nowMs / 1000));
}

function unknownFeed(given: string, rows: readonly FeedRow[]) {
  return { error: `no feed "${given}"`, feeds: rows.map(({ id }) => id) };
}

export default app;
