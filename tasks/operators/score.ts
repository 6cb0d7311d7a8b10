import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { TaskSettings } from "../shared/action.ts";
import { note, print, printJson } from "../shared/action.ts";
import { TaskError } from "../shared/error.ts";
import { formatBps, formatTable } from "../shared/format.ts";
import { openToRead } from "../shared/open.ts";
import { formatTokens } from "../shared/tokens.ts";

const API_TIMEOUT_MS = 5_000;

/** What the index says of an operator; parts of the reputation from 0 to 10,000, null where nothing is known. */
interface Scored {
  account: string;
  active: boolean;
  staked?: string;
  slashed?: string;
  reputation?: Record<string, number | null>;
}

/** Prints the operators' reputation of the last day, best first, as the index computes it from rounds. */
export async function scoreOperators(
  { json }: { json: boolean },
  hre: HardhatRuntimeEnvironment,
  settings: TaskSettings,
): Promise<void> {
  const { deployment } = await openToRead(hre, settings);
  const operators = (await fetchOperators(deployment.apiUrl)).sort(
    (a, b) => (b.reputation?.["score"] ?? -1) - (a.reputation?.["score"] ?? -1),
  );
  if (json) return printJson(operators);
  const parts = ["score", "participation", "accuracy", "promptness"];
  formatTable(
    [
      { title: "ACCOUNT", align: "left" },
      { title: "ACTIVE", align: "left" },
      ...parts.map((part) => ({ title: part.toUpperCase(), align: "right" as const })),
      { title: "STAKED", align: "right" },
      { title: "SLASHED", align: "right" },
    ],
    operators.map(({ account, active, reputation, slashed, staked }) => [
      account,
      active ? "yes" : "no",
      ...parts.map((part) => {
        const value = reputation?.[part];
        return value === null || value === undefined ? "–" : formatBps(value);
      }),
      formatTokens(BigInt(staked ?? 0)),
      formatTokens(BigInt(slashed ?? 0)),
    ]),
  ).forEach(print);
  note("Reputation of the last day; liveness costs nothing but this.");
}

async function fetchOperators(apiUrl: string | null): Promise<Scored[]> {
  if (apiUrl === null) {
    throw new TaskError(
      "Scores come from the index, and no stack file names one. Start it with: npm start",
    );
  }
  try {
    const response = await fetch(`${apiUrl}/operators`, {
      signal: AbortSignal.timeout(API_TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    const body = (await response.json()) as Scored[] | { operators: Scored[] };
    return Array.isArray(body) ? body : body.operators;
  } catch (error) {
    throw new TaskError(`The index at ${apiUrl} does not answer: ${(error as Error).message}.`);
  }
}
