import { expect } from "chai";
import { network } from "hardhat";

import { applyReport, emptyFeed, resetFeed, tripFeed } from "../../keepers/feed/price/breaker.ts";
import type {
  BreakerParams,
  FeedState,
  FeedStatus,
  Outcome,
  Side,
} from "../../keepers/feed/price/breaker.ts";

const SEQUENCES = 10_020;
/** ethers copies the whole answer for every value that it reads from it. */
const SEQUENCES_PER_CALL = 15;
const MAX_STEPS = 14;
const SEED = 20_230_311;
const TRIP_SECONDS = 72 * 3_600;
const MAX_ANSWER = 2n ** 95n - 1n;
const REPORT = 0;
const TRIP = 1;
const RESET = 2;
/** Values of the contract's Breaker.Outcome. */
const CODE = { held: 0, published: 1, suspended: 2, resumed: 3, reordered: 4, dormant: 5 } as const;

interface Step {
  readonly action: number;
  readonly answer: bigint;
  readonly slot: number;
  readonly blockTime: number;
}

interface Sequence {
  readonly params: BreakerParams;
  readonly steps: Step[];
  /** What TypeScript says after each step. */
  readonly states: FeedState[];
  readonly outcomes: number[];
}

/** mulberry32: a small generator, so that a failure repeats. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function codeOf(outcome: Outcome): number {
  if (outcome.kind === "rejected") {
    return outcome.error === "ReorderedReport" ? CODE.reordered : CODE.dormant;
  }
  if (outcome.event === "FeedResumed") return CODE.resumed;
  if (outcome.event === "FeedSuspended") return CODE.suspended;
  return outcome.published ? CODE.published : CODE.held;
}

/** Draws sequences that lean on every edge of the rules. */
function createDrawer(random: () => number) {
  const int = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  const pick = <T>(values: readonly T[]): T => values[int(0, values.length - 1)]!;
  const jitter = (): number => int(-1, 1);

  const params = (): BreakerParams => {
    const heartbeat = pick([1, 10, 60, 3_600, int(1, 100_000)]);
    const dormancy = Math.min(2 ** 24 - 1, heartbeat + pick([1, 30, 1_000, 604_800, int(1, 2e6)]));
    return {
      heartbeat,
      bandBps: pick([1, 50, 1_000, 5_000, 10_000, int(1, 10_000)]),
      tau: pick([1, 60, 3_600, 2 ** 24 - 1, int(1, 100_000)]),
      cooldown: pick([1, 2, 120, 4_094, 4_095, int(1, 4_095)]),
      minReports: int(1, 7),
      dormancy,
    };
  };

  const answer = (state: FeedState, { bandBps }: BreakerParams): bigint => {
    const { average } = state;
    const band = (average * BigInt(bandBps)) / 10_000n;
    const around = average === 0n ? BigInt(Math.floor(10 ** (random() * 18))) : average;
    const draws: readonly (() => bigint)[] = [
      () => average + band + BigInt(int(-2, 2)),
      () => average - band + BigInt(int(-2, 2)),
      () => around + (band * BigInt(int(-999, 999))) / 1_000n,
      () => around + (band * BigInt(int(-3_000, 3_000))) / 1_000n,
      () => around * BigInt(int(2, 40)),
      () => around / BigInt(int(2, 40)),
      () => pick([1n, 2n, MAX_ANSWER, MAX_ANSWER - 1n, 2n ** 40n, 2n ** 40n - 1n, 2n ** 41n - 1n]),
      () => state.answer,
    ];
    const drawn = pick(draws)();
    return drawn < 1n ? 1n : drawn > MAX_ANSWER ? MAX_ANSWER : drawn;
  };

  const delay = (state: FeedState, params: BreakerParams): number => {
    const { cooldown, minReports, heartbeat, dormancy, tau } = params;
    const share = Math.max(1, Math.floor(cooldown / minReports));
    const expected = Math.max(heartbeat, Math.floor(cooldown / minReports));
    return pick([
      1,
      int(1, 60),
      share,
      share + 1,
      2 * expected + jitter(),
      cooldown - state.candidateAge + jitter(),
      tau + jitter(),
      random() < 0.15 ? dormancy + jitter() : int(1, 2 * expected),
      random() < 0.3 ? int(-2, 0) : share,
    ]);
  };

  return (): Sequence => {
    const drawn = params();
    const sequence: Sequence = { params: drawn, steps: [], states: [], outcomes: [] };
    let state = emptyFeed;
    let until = 0;
    // Most sequences stay on one side for a while: that is how a candidate is confirmed.
    let held: bigint | null = null;
    let clock = 1_600_000_000;
    const length = int(4, MAX_STEPS);
    while (sequence.steps.length < length) {
      const luck = random();
      const action = luck < 0.03 ? TRIP : luck < 0.05 ? RESET : REPORT;
      const lapse = until > clock && random() < 0.3 ? until - clock + jitter() : null;
      const slot = Math.max(1, (state.lastReportAt || clock) + (lapse ?? delay(state, drawn)));
      const blockTime = action === REPORT ? slot + pick([0, 0, 1, 60]) : clock;
      if (held === null || random() < 0.35) held = answer(state, drawn);
      const step: Step = { action, answer: held, slot, blockTime };
      clock = Math.max(clock, blockTime);
      let code: number = CODE.held;
      if (action === REPORT) {
        const report = { priceE8: held, slot, now: blockTime, trippedUntil: until };
        const outcome = applyReport(state, drawn, report);
        code = codeOf(outcome);
        if (outcome.kind === "accepted") state = outcome.state;
      } else if (action === TRIP) {
        if (state.status !== 0) until = blockTime + TRIP_SECONDS;
        state = tripFeed(state);
      } else {
        state = resetFeed(state);
        until = 0;
      }
      sequence.steps.push(step);
      sequence.states.push(state);
      sequence.outcomes.push(code);
    }
    return sequence;
  };
}

/** Reads a feed word by its documented layout, least significant field first. */
function decode(word: bigint): FeedState {
  let rest = word;
  const take = (bits: bigint): bigint => {
    const field = rest & ((1n << bits) - 1n);
    rest >>= bits;
    return field;
  };
  const answer = take(95n);
  const updatedAt = Number(take(32n));
  const round = Number(take(32n));
  const lastReportAt = Number(take(32n));
  const mantissa = take(40n);
  const average = mantissa << take(6n);
  const candidateSide = Number(take(2n)) as Side;
  const candidateAge = Number(take(12n));
  const candidateReports = Number(take(3n));
  const status = Number(take(2n)) as FeedStatus;
  return {
    answer,
    average,
    updatedAt,
    lastReportAt,
    round,
    status,
    candidateSide,
    candidateAge,
    candidateReports,
  };
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) =>
    typeof field === "bigint" ? String(field) : field,
  );
}

describe("breaker: TypeScript against Solidity", function () {
  this.timeout(300_000);

  it(`agrees on every integer of ${SEQUENCES} random sequences`, async () => {
    const { ethers } = await network.create();
    const harness = await ethers.deployContract("BreakerHarness");
    const draw = createDrawer(generator(SEED));
    const seen = new Map<number, number>();
    for (let done = 0; done < SEQUENCES; done += SEQUENCES_PER_CALL) {
      const sequences = Array.from({ length: SEQUENCES_PER_CALL }, draw);
      const [words, outcomes] = (await harness.getFunction("runMany").staticCall(
        sequences.map(({ params }) => ({
          deviationBps: 1,
          cosignToleranceBps: 1,
          minVenues: 1,
          history: 0,
          ...params,
        })),
        sequences.map(({ steps }) => steps),
      )) as unknown as [bigint[][], bigint[][]];
      sequences.forEach((sequence, i) => {
        sequence.steps.forEach((_, j) => {
          const code = Number(outcomes[i]![j]);
          const onChain = decode(words[i]![j]!);
          if (code !== sequence.outcomes[j] || show(onChain) !== show(sequence.states[j])) {
            const history = show({ ...sequence, steps: sequence.steps.slice(0, j + 1) });
            expect.fail(`step ${j}: Solidity ${code} ${show(onChain)} for ${history}`);
          }
          if (sequence.steps[j]!.action === REPORT) seen.set(code, (seen.get(code) ?? 0) + 1);
        });
      });
    }
    for (const [name, code] of Object.entries(CODE)) {
      expect(seen.get(code) ?? 0, `sequences never reach "${name}"`).to.be.greaterThan(500);
    }
  });

  it("reads the word as the contract does", async () => {
    const { ethers } = await network.create();
    const harness = await ethers.deployContract("BreakerHarness");
    const word =
      (2n << 254n) | (5n << 251n) | (77n << 239n) | (1n << 237n) | (3n << 231n) | (9n << 191n);
    const feed = (await harness.getFunction("decode").staticCall(word)) as unknown as {
      toObject(): Record<string, bigint>;
    };
    const expected = decode(word);
    expect(expected.average).to.equal(72n);
    const numbers = Object.entries(feed.toObject()).map(([name, value]) => [name, Number(value)]);
    expect(Object.fromEntries(numbers)).to.deep.equal({ ...expected, answer: 0, average: 72 });
  });
});
