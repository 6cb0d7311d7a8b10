import { Hono } from "hono";
import { asc, client, desc, graphql } from "ponder";
import { db } from "ponder:api";
import schema, { feed, operator, operatorSet } from "ponder:schema";

import { settings } from "../../ponder.config.ts";
import { readHead } from "./head.ts";
import { readHistory } from "./history.ts";
import { operatorStatusReader, summarize, type OperatorStatus } from "./operatorStatus.ts";
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
  "GET /vrf",
  "GET /vrf/requests?status=&sub=&limit=&cursor=",
  "GET /vrf/requests/:id",
  "GET /vrf/subscriptions",
  "GET /vrf/keys",
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

app.get("/operators", async (c) => {
  const [rows, statuses] = await Promise.all([
    db.select().from(operator).orderBy(asc(operator.registeredAtBlock), asc(operator.account)),
    readStatuses(),
  ]);
  return c.json(
    rows.map((row) => {
      const status = statuses.find((one) => one.operator === row.account.toLowerCase());
      return {
        account: row.account,
        active: row.active,
        index: row.index,
        endpoint: row.endpoint,
        keyX: row.keyX.toString(),
        keyY: row.keyY.toString(),
        proofX: row.proofX.toString(),
        proofY: row.proofY.toString(),
        registeredAt: row.registeredAt,
        transaction: row.transaction,
        source: status?.source ?? null,
        seenAt: status === undefined ? null : Math.floor(status.updatedAtMs / 1000),
      };
    }),
  );
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
