import { ponder } from "ponder:registry";
import { performanceRecord, trader } from "ponder:schema";

import { instrumentName } from "./instrumentName.ts";
import { origin } from "./origin.ts";

ponder.on("TraderRegistry:PeriodRecorded", async ({ event, context }) => {
  const { account, index, service, statement } = event.args;
  const { capital, closes, count, drawdownBps, profitBps, wins } = statement;
  const instrument = instrumentName(event.args.instrument);
  const [start, end] = [Number(statement.start), Number(statement.end)];
  const { endCommitment, fillsCommitment, startCommitment } = statement;
  await context.db.insert(performanceRecord).values({
    ...{ account, instrument, index, capital, start, end, count, profitBps, wins, closes },
    ...{ drawdownBps, startCommitment, endCommitment, fillsCommitment, service },
    ...origin(event),
  });
  const isFirst = index === 0;
  const realizedBps = profitBps * capital;
  await context.db
    .insert(trader)
    .values({
      ...{ account, instruments: [instrument], periods: 1, fills: count, wins, closes },
      ...{ drawdownBps, capital, realizedBps, start },
    })
    .onConflictDoUpdate((row) => ({
      instruments: isFirst ? [...row.instruments, instrument] : row.instruments,
      periods: row.periods + 1,
      fills: row.fills + count,
      wins: row.wins + wins,
      closes: row.closes + closes,
      drawdownBps: Math.max(row.drawdownBps, drawdownBps),
      capital: isFirst ? row.capital + capital : row.capital,
      realizedBps: row.realizedBps + realizedBps,
      start: Math.min(row.start, start),
    }));
});
