/** Something that a person should know before it happens. */
export interface Warning {
  /** The same while it is about the same thing. */
  readonly key: string;
  readonly text: string;
}

/** What is looked at. Times are unix seconds; 0 is never. */
export interface Vigil {
  /** Of the newest block. */
  readonly blockTime: number;
  readonly pauses: readonly { readonly target: string; readonly until: number }[];
  readonly trips: readonly { readonly feed: string; readonly until: number }[];
  /** End of the guardian's term, null when no guardian is configured. */
  readonly termEnds: number | null;
  readonly stakes: readonly { readonly account: string; readonly staked: bigint }[];
  /** Null when the custody names no minimum. */
  readonly minimumStake: bigint | null;
  /** When `advance` has something to do, in the past if it has now. */
  readonly nextChangeAt: number;
}

/** From when on a warning is given. */
export interface Limits {
  /** Before a pause or a trip lapses. */
  readonly pauseSeconds: number;
  /** Before the guardian's term ends. */
  readonly termSeconds: number;
  /** Of the minimum stake; 11,000 warns below a tenth more than the minimum. */
  readonly stakeBps: number;
  /** After a set change was due and nobody has called `advance`. */
  readonly overdueSeconds: number;
}

/** Says what should be known now. Pure. */
export function warningsOf(vigil: Vigil, limits: Limits): Warning[] {
  return [
    ...vigil.pauses.flatMap(({ target, until }) =>
      lapsing(vigil, limits, until, `pause:${target}`, `the pause of ${target}`),
    ),
    ...vigil.trips.flatMap(({ feed, until }) =>
      lapsing(vigil, limits, until, `trip:${feed}`, `the trip of ${feed}`),
    ),
    ...termOf(vigil, limits),
    ...stakesOf(vigil, limits),
    ...changeOf(vigil, limits),
  ];
}

function lapsing(
  { blockTime }: Vigil,
  { pauseSeconds }: Limits,
  until: number,
  key: string,
  what: string,
): Warning[] {
  const left = until - blockTime;
  if (left <= 0 || left > pauseSeconds) return [];
  return [{ key, text: `${what} lapses at ${timeOf(until)}: renew it, or be ready` }];
}

function termOf({ blockTime, termEnds }: Vigil, { termSeconds }: Limits): Warning[] {
  if (termEnds === null || termEnds - blockTime > termSeconds) return [];
  if (termEnds === 0) return [{ key: "term", text: "nobody holds the guardian" }];
  const when = termEnds > blockTime ? "ends" : "ended";
  return [{ key: "term", text: `the guardian's term ${when} at ${timeOf(termEnds)}` }];
}

function stakesOf({ stakes, minimumStake }: Vigil, { stakeBps }: Limits): Warning[] {
  if (minimumStake === null || minimumStake === 0n) return [];
  return stakes
    .filter(({ staked }) => staked * 10_000n < minimumStake * BigInt(stakeBps))
    .map(({ account, staked }) => ({
      key: `stake:${account}`,
      text: `operator ${account} has ${staked} staked, the minimum is ${minimumStake}`,
    }));
}

function changeOf({ blockTime, nextChangeAt }: Vigil, { overdueSeconds }: Limits): Warning[] {
  if (nextChangeAt === 0) return [];
  const overdue = blockTime - nextChangeAt;
  if (overdue > overdueSeconds) {
    const text = `operators or keys should have changed at ${timeOf(nextChangeAt)}: anyone may call Operators.advance, then PriceFeeds.sync`;
    return [{ key: `overdue:${nextChangeAt}`, text }];
  }
  return [
    { key: `change:${nextChangeAt}`, text: `operators or keys change at ${timeOf(nextChangeAt)}` },
  ];
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}
