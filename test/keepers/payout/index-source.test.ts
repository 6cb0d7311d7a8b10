import { expect } from "chai";
import fc from "fast-check";

import { windowOf, type Window } from "../../../keepers/payout/calendar.ts";
import { createIndexSource } from "../../../keepers/payout/index-source.ts";
import { createLogSource } from "../../../keepers/payout/log-source.ts";
import { ZERO_ADDRESS } from "../../../keepers/payout/model.ts";
import type { Program } from "../../../keepers/payout/program.ts";
import { SourceBehindError } from "../../../keepers/payout/source.ts";
import { openDatabase, type Database } from "../../../keepers/shared/database.ts";
import { createLogger } from "../../../keepers/shared/log.ts";
import { startPostgres, type TestPostgres } from "../../helpers/postgres.ts";
import { accountOf, firstEnd, held, programOf, token } from "./fixtures.ts";
import {
  createIndexTables,
  indexBlocks,
  playChain,
  recordBlocks,
  type RecordedBlock,
  type RecordedTransfer,
} from "./recorded.ts";

const chainId = 31_337;
const day = 86_400;
const firstStart = firstEnd - day;
const tokens = [held, token];
const program = programOf({ rule: { kind: "timeWeighted" } });
const twoTokens = programOf({ participants: { source: "transfers", token } });
const listed = programOf({
  participants: { source: "list", accounts: [1, 2, 40].map(accountOf) },
});

/** What a random block is made of: seconds since the one before, and transfers by account number and share. */
const stepOf = fc.record({
  gap: fc.integer({ min: 1, max: day / 3 }),
  moves: fc.array(
    fc.record({
      from: fc.nat(5),
      to: fc.nat(6),
      /** Of the sender's balance, in tenths. */
      tenths: fc.nat(10),
      ofOther: fc.boolean(),
    }),
    { maxLength: 4 },
  ),
});
type Step = (typeof stepOf extends fc.Arbitrary<infer T> ? T : never) | { gap: number; moves: [] };

/** Blocks from two days before the first window on, in which nobody sends what it does not have. */
function blocksOf(steps: readonly Step[]): RecordedBlock[] {
  const balances = new Map<string, bigint>();
  const add = (key: string, amount: bigint): void => {
    balances.set(key, (balances.get(key) ?? 0n) + amount);
  };
  const minted = tokens.flatMap((address) =>
    [0, 1, 2].map((i) => {
      add(`${address} ${i}`, 1_000_000n);
      return { token: address, from: ZERO_ADDRESS, to: accountOf(i), value: 1_000_000n };
    }),
  );
  let time = firstStart - 2 * day;
  return recordBlocks([
    { time, transfers: [] },
    { time: time + 1, transfers: minted },
    ...steps.map(({ gap, moves }) => {
      time += gap;
      const transfers = moves.map(({ from, to, tenths, ofOther }): RecordedTransfer => {
        const address = ofOther ? token : held;
        const value = ((balances.get(`${address} ${from}`) ?? 0n) * BigInt(tenths)) / 10n;
        add(`${address} ${from}`, -value);
        add(`${address} ${to}`, value);
        // Number 6 is burning.
        const target = to === 6 ? ZERO_ADDRESS : accountOf(to);
        return { token: address, from: accountOf(from), to: target, value };
      });
      return { time: time + 1, transfers };
    }),
  ]);
}

/** The last block of each window that has a block after it. */
function snapshotsOf(blocks: readonly RecordedBlock[]): Array<[RecordedBlock, Window]> {
  const snapshots: Array<[RecordedBlock, Window]> = [];
  for (let epoch = 1; ; epoch++) {
    const window = windowOf(program, epoch)!;
    const next = blocks.findIndex(({ time }) => time > window.end);
    if (next < 1) return snapshots;
    snapshots.push([blocks[next - 1]!, window]);
  }
}

describe("payout holdings from the index", function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let db: Database;

  before(async () => {
    postgres = await startPostgres();
    db = openDatabase(postgres.url, createLogger({ name: "test", level: "silent" }));
  });

  beforeEach(async () => {
    await db.pool.query("DROP SCHEMA IF EXISTS chain CASCADE");
    await createIndexTables(db);
  });

  after(async () => {
    await db?.close();
    await postgres?.stop();
  });

  const index = (blocks: readonly RecordedBlock[], startBlock = 0): Promise<void> =>
    indexBlocks(db, chainId, blocks, tokens, startBlock);

  async function expectSame(
    source: ReturnType<typeof createIndexSource>,
    chain: ReturnType<typeof playChain>["chain"],
    wanted: Program,
    [block, window]: [RecordedBlock, Window],
  ): Promise<void> {
    const { number, hash, time } = block;
    const snapshot = { number, hash, time };
    const [own, expected] = await Promise.all([
      source.holdings(wanted, snapshot, window),
      createLogSource(chain).holdings(wanted, snapshot, window),
    ]);
    expect(own).to.deep.equal(expected);
  }

  async function failure(work: Promise<unknown>): Promise<string> {
    try {
      await work;
    } catch (error) {
      expect(error).to.be.instanceOf(SourceBehindError);
      return (error as Error).message;
    }
    return "no failure";
  }

  it("are those from the logs, day after day, whatever the order of programs and pages", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(stepOf, { minLength: 5, maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        async (steps, page) => {
          const blocks = blocksOf([...steps, { gap: 3 * day, moves: [] }, { gap: day, moves: [] }]);
          const { chain } = playChain(blocks);
          await index(blocks);
          for (const wanted of [program, twoTokens, listed]) {
            const source = createIndexSource({ chain, db, chainId, page });
            const snapshots = snapshotsOf(blocks);
            // Each day, the first once more, and a day that is skipped.
            const last = snapshots.length - 1;
            for (const i of [...snapshots.keys(), 0, last]) {
              await expectSame(source, chain, wanted, snapshots[i]!);
            }
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  const move = (from: number, to: number, tenths: number) => ({
    ...{ from, to, tenths, ofOther: false },
  });
  const quiet = { gap: day, moves: [] };
  const steps: Step[] = [
    { gap: day, moves: [move(0, 3, 5)] },
    { gap: day + 100, moves: [move(1, 4, 5)] },
    { gap: day, moves: [move(2, 5, 5)] },
    quiet,
    quiet,
  ];

  it("read no transfer twice, and keep none", async () => {
    const blocks = blocksOf(steps);
    const { chain } = playChain(blocks);
    await index(blocks);
    const source = createIndexSource({ chain, db, chainId });
    const [first, second] = snapshotsOf(blocks);
    await expectSame(source, chain, program, first!);
    // What it has read is gone from the table but for the last, which tells it where it is.
    await db.pool.query("DELETE FROM chain.payout_transfer WHERE block < 3");
    await expectSame(source, chain, program, second!);
  });

  it("are read again when a reorganisation has replaced what was read", async () => {
    const blocks = blocksOf(steps);
    const { chain, state } = playChain(blocks);
    await index(blocks);
    const source = createIndexSource({ chain, db, chainId });
    const [first] = snapshotsOf(blocks);
    await expectSame(source, chain, program, first!);
    const other = blocksOf([{ gap: day, moves: [move(0, 4, 7)] }, ...steps.slice(1)]);
    state.blocks = other;
    const [replaced] = snapshotsOf(other);
    const { number, hash, time } = replaced![0];
    const asked = () => source.holdings(program, { number, hash, time }, replaced![1]);
    expect(await failure(asked())).to.equal("the index has another block 3 than the chain");
    await index(other);
    await expectSame(source, chain, program, replaced!);
    // And back, this time seen by the index first.
    state.blocks = blocks;
    await index(blocks);
    await expectSame(source, chain, program, first!);
  });

  it("are refused until the index has reached the snapshot", async () => {
    const blocks = blocksOf(steps);
    const { chain } = playChain(blocks);
    const source = createIndexSource({ chain, db, chainId });
    const [snapshot] = snapshotsOf(blocks);
    const [{ number, hash, time }, window] = snapshot!;
    const asked = () => failure(source.holdings(program, { number, hash, time }, window));
    await db.pool.query("DROP TABLE chain._ponder_checkpoint");
    expect(await asked()).to.equal("there is no index with payouts in this database yet");
    await db.pool.query("DROP SCHEMA chain CASCADE");
    expect(await asked()).to.equal("there is no index with payouts in this database yet");
    await createIndexTables(db);
    expect(await asked()).to.equal(`the index of chain ${chainId} is not ready`);
    await index(blocks.slice(0, number));
    expect(await asked()).to.equal(
      `the index is at block ${number - 1}, the snapshot is ${number}`,
    );
    expect(source.block()).to.equal(number - 1);
    await index(blocks);
    await expectSame(source, chain, program, snapshot!);
    await source.advance(program, 0);
    expect(source.block()).to.equal(blocks.length - 1);
  });

  it("are refused where the index is of another block of the snapshot's number", async () => {
    const blocks = blocksOf(steps);
    const { chain } = playChain(blocks);
    await index(blocks);
    const [[block, window]] = snapshotsOf(blocks) as [[RecordedBlock, Window]];
    const hash = `0x${"ee".repeat(32)}`;
    const { number, time } = block;
    const source = createIndexSource({ chain, db, chainId });
    expect(await failure(source.holdings(program, { number, hash, time }, window))).to.equal(
      `the index has another block ${number} than the chain`,
    );
  });

  it("are refused where the chain has a transfer that the index lacks", async () => {
    const blocks = blocksOf(steps);
    const { chain } = playChain(blocks);
    await index(blocks);
    await db.pool.query("DELETE FROM chain.payout_transfer WHERE block = 3");
    const [[{ number, hash, time }, window]] = snapshotsOf(blocks) as [[RecordedBlock, Window]];
    const source = createIndexSource({ chain, db, chainId });
    expect(await failure(source.holdings(program, { number, hash, time }, window))).to.equal(
      `the index lacks a transfer of ${held} in block 3`,
    );
  });

  it("are refused for a token that is not indexed, or not from its first transfer on", async () => {
    const blocks = blocksOf(steps);
    const { chain } = playChain(blocks);
    const [[{ number, hash, time }, window]] = snapshotsOf(blocks) as [[RecordedBlock, Window]];
    const source = createIndexSource({ chain, db, chainId });
    const asked = () => failure(source.holdings(program, { number, hash, time }, window));
    await indexBlocks(db, chainId, blocks, [token]);
    expect(await asked()).to.contain(`does not contain the transfers of ${held}`);
    await index(blocks, 2);
    expect(await asked()).to.equal(`the index lacks a transfer of ${held} in block 1`);
    await index(blocks, 1);
    await expectSame(source, chain, program, snapshotsOf(blocks)[0]!);
  });
});
