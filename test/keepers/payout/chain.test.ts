import { AbiCoder, id, keccak256 } from "ethers";
import { expect } from "chai";

import { findSnapshotBlock } from "../../../keepers/payout/blocks.ts";
import {
  chooseHolders,
  crossCheck,
  CrossCheckError,
  MULTICALL3,
} from "../../../keepers/payout/cross-check.ts";
import { openLogCursor, type RpcLog } from "../../../keepers/payout/log-cursor.ts";
import { createLogSource } from "../../../keepers/payout/log-source.ts";
import { expandWords, findWords } from "../../../keepers/payout/words.ts";
import { accountOf, held, holdersFrom, holdingOf, programOf } from "./fixtures.ts";

const coder = AbiCoder.defaultAbiCoder();
const hex = (value: number): string => `0x${value.toString(16)}`;
const word = (value: bigint | string): string =>
  `0x${BigInt(value).toString(16).padStart(64, "0")}`;

interface Event {
  readonly address: string;
  readonly topics: string[];
  readonly data: string;
}

/** A chain in memory: a block every 12 s, whose branch can be replaced. */
class FakeChain {
  readonly blocks: Array<{ hash: string; events: Event[] }> = [];
  readonly asked: Array<[number, number]> = [];
  maxSpan = Infinity;
  balances = new Map<string, bigint>();
  multicall = false;

  mine(...events: Event[]): void {
    const hash = id(`${this.blocks.length} ${this.blocks.at(-1)?.hash ?? ""} ${Math.random()}`);
    this.blocks.push({ hash, events });
  }

  timeOf(number: number): number {
    return 1_000 + 12 * number;
  }

  send = async (method: string, params: unknown[]): Promise<unknown> => {
    if (method === "eth_getBlockByNumber") {
      const number = params[0] === "latest" ? this.blocks.length - 1 : Number(params[0]);
      const block = this.blocks[number];
      if (block === undefined) return null;
      return { number: hex(number), hash: block.hash, timestamp: hex(this.timeOf(number)) };
    }
    if (method === "eth_getCode") return this.multicall && params[0] === MULTICALL3 ? "0x01" : "0x";
    if (method === "eth_call") return this.#call(params[0] as { to: string; data: string });
    if (method === "eth_getLogs") return this.#logs(params[0] as Record<string, unknown>);
    throw new Error(`unexpected ${method}`);
  };

  #call({ to, data }: { to: string; data: string }): string {
    const balanceOf = (call: string): string =>
      word(this.balances.get(`0x${call.slice(34)}`) ?? 0n);
    if (to !== MULTICALL3) return balanceOf(data);
    // Multicall3's own selector; what is sent is what ethers would send.
    expect(data.slice(0, 10)).to.equal("0x82ad56cb");
    const [calls] = coder.decode(["(address,bool,bytes)[]"], `0x${data.slice(10)}`) as unknown as [
      Array<[string, boolean, string]>,
    ];
    expect(coder.encode(["(address,bool,bytes)[]"], [calls])).to.equal(`0x${data.slice(10)}`);
    const results = calls.map(([target, mayFail, call]) => {
      expect([target.toLowerCase(), mayFail]).to.deep.equal([held, true]);
      return [true, balanceOf(call)];
    });
    return coder.encode(["(bool,bytes)[]"], [results]);
  }

  #logs(filter: Record<string, unknown>): RpcLog[] {
    const [from, to] = [Number(filter["fromBlock"]), Number(filter["toBlock"])];
    if (to - from + 1 > this.maxSpan) throw new Error("too many blocks");
    this.asked.push([from, to]);
    const topics = filter["topics"] as Array<string | null>;
    return this.blocks.slice(from, to + 1).flatMap(({ hash, events }, offset) =>
      events
        .map((event, logIndex) => ({
          ...event,
          blockNumber: hex(from + offset),
          blockHash: hash,
          ...{ logIndex: hex(logIndex), transactionHash: hash },
        }))
        .filter(
          (log) =>
            log.address === filter["address"] &&
            topics.every((topic, i) => topic === null || topic === log.topics[i]),
        ),
    );
  }
}

const transfer = (from: string, to: string, value: bigint): Event => ({
  address: held,
  topics: [id("Transfer(address,address,uint256)"), word(from), word(to)],
  data: word(value),
});
const zero = `0x${"0".repeat(40)}`;
const [a, b] = [accountOf(1), accountOf(2)];
const filter = { address: held, topics: [transfer(a, b, 1n).topics[0]!], fromBlock: 0 };

describe("payout chain readers", () => {
  describe("snapshot block", () => {
    it("is the last at or before the time, once it is final", async () => {
      const chain = new FakeChain();
      for (let i = 0; i <= 40; i++) chain.mine();
      const find = async (time: number, confirmations: number) =>
        (await findSnapshotBlock(chain, time, confirmations))?.number ?? null;
      expect(await find(chain.timeOf(20), 5)).to.equal(20);
      expect(await find(chain.timeOf(20) + 11, 5)).to.equal(20);
      expect(await find(chain.timeOf(20) - 1, 5)).to.equal(19);
      expect(await find(chain.timeOf(0), 5)).to.equal(0);
      expect(await find(chain.timeOf(0) - 1, 5)).to.equal(null);
      expect(await find(chain.timeOf(35), 5)).to.equal(35);
      expect(await find(chain.timeOf(36), 5)).to.equal(null);
      // With the newest block at that very second another one may still follow in it.
      expect(await find(chain.timeOf(40), 1)).to.equal(null);
      expect(await find(chain.timeOf(39), 0)).to.equal(39);
    });
  });

  describe("log cursor", () => {
    it("reads every block once", async () => {
      const chain = new FakeChain();
      for (let i = 0; i < 30; i++) chain.mine(transfer(zero, a, BigInt(i)));
      const cursor = openLogCursor(chain, filter, 10);
      expect(await cursor.sync(14)).to.have.length(15);
      expect(await cursor.sync(29)).to.have.length(30);
      expect(await cursor.sync(29)).to.have.length(30);
      expect(chain.asked).to.deep.equal([
        ...[
          [0, 9],
          [10, 14],
          [15, 24],
          [25, 29],
        ],
      ]);
      expect(await cursor.sync(3)).to.have.length(4);
    });

    it("reads again what a reorganisation replaced, from the last shared range on", async () => {
      const chain = new FakeChain();
      for (let i = 0; i < 30; i++) chain.mine(transfer(zero, a, BigInt(i)));
      const cursor = openLogCursor(chain, filter, 10);
      await cursor.sync(29);
      chain.blocks.splice(25);
      for (let i = 25; i < 32; i++) chain.mine(transfer(zero, b, BigInt(100 + i)));
      chain.asked.length = 0;
      const logs = await cursor.sync(31);
      expect(chain.asked[0]).to.deep.equal([20, 29]);
      const values = logs.map(({ data }) => Number(data));
      expect(values.slice(0, 25)).to.deep.equal(Array.from({ length: 25 }, (_, i) => i));
      expect(values.slice(25)).to.deep.equal([125, 126, 127, 128, 129, 130, 131]);
    });

    it("halves ranges that a node refuses", async () => {
      const chain = new FakeChain();
      for (let i = 0; i < 30; i++) chain.mine(transfer(zero, a, BigInt(i)));
      chain.maxSpan = 3;
      const logs = await openLogCursor(chain, filter, 16).sync(29);
      expect(logs.map(({ data }) => Number(data))).to.deep.equal(
        Array.from({ length: 30 }, (_, i) => i),
      );
      chain.maxSpan = 0;
      const error = await openLogCursor(chain, filter, 16)
        .sync(29)
        .catch((e: Error) => e.message);
      expect(error).to.equal("too many blocks");
    });
  });

  describe("log source", () => {
    const window = { start: 0, end: 100_000 };

    it("names participants and what they held at the block", async () => {
      const chain = new FakeChain();
      chain.mine(transfer(zero, a, 10n));
      chain.mine(transfer(a, b, 4n));
      chain.mine(transfer(a, b, 1n));
      const source = createLogSource(chain);
      const program = programOf();
      const at = (number: number) => ({
        ...{ number, hash: chain.blocks[number]!.hash, time: chain.timeOf(number) },
      });
      await source.advance(program, 2);
      const { holdings } = await source.holdings(program, at(1), window);
      const balances = new Map(holdings.map(({ account, balance }) => [account, balance]));
      expect(balances).to.deep.equal(
        new Map(
          [
            [a, 6n],
            [b, 4n],
          ].sort() as Array<[string, bigint]>,
        ),
      );
      const listed = programOf({ participants: { source: "list", accounts: [b, accountOf(9)] } });
      const chosen = await source.holdings(listed, at(2), window);
      expect(new Map(chosen.holdings.map((h) => [h.account, h.balance]))).to.deep.equal(
        new Map(
          [
            [b, 5n],
            [accountOf(9), 0n],
          ].sort() as Array<[string, bigint]>,
        ),
      );
      const gone = { ...at(1), hash: `0x${"00".repeat(32)}` };
      const error = await source.holdings(program, gone, window).catch((e: Error) => e.message);
      expect(error).to.contain("was replaced");
    });

    it("refuses a token whose events are of another kind", async () => {
      const chain = new FakeChain();
      const event = transfer(zero, a, 10n);
      chain.mine({ ...event, topics: [...event.topics, word(1n)], data: "0x" });
      const block = { number: 0, hash: chain.blocks[0]!.hash, time: 1_000 };
      const error = await createLogSource(chain)
        .holdings(programOf(), block, window)
        .catch((e: Error) => e.message);
      expect(error).to.contain("no ERC-20 token");
    });
  });

  describe("cross-check", () => {
    const snapshotOf = (chain: FakeChain, count: number) => ({
      block: { number: 0, hash: chain.blocks[0]!.hash, time: 1_000 },
      holdings: holdersFrom(1, count),
    });

    for (const multicall of [true, false]) {
      it(`passes what is right and refuses one wrong unit, ${multicall ? "with" : "without"} Multicall3`, async () => {
        const chain = new FakeChain();
        chain.mine();
        chain.multicall = multicall;
        const snapshot = snapshotOf(chain, 700);
        for (const { account, balance } of snapshot.holdings) chain.balances.set(account, balance);
        const size = { all: 1_000, sample: 10 };
        expect(await crossCheck(chain, held, snapshot, size)).to.equal(700);
        const wrong = snapshot.holdings[650]!;
        chain.balances.set(wrong.account, wrong.balance + 1n);
        const error: unknown = await crossCheck(chain, held, snapshot, size).catch(
          (e: unknown) => e,
        );
        expect(error).to.be.instanceOf(CrossCheckError);
        expect((error as Error).message).to.contain(
          `${wrong.account} has ${wrong.balance + 1n} by balanceOf and ${wrong.balance} by transfers`,
        );
      });
    }

    it("refuses a block that was replaced", async () => {
      const chain = new FakeChain();
      chain.mine();
      const snapshot = { ...snapshotOf(chain, 0), holdings: [holdingOf(1, { balance: 0n })] };
      chain.blocks[0]!.hash = id("another");
      const error = await crossCheck(chain, held, snapshot, { all: 1, sample: 1 }).catch(
        (e: Error) => e.message,
      );
      expect(error).to.contain("was replaced");
    });

    it("checks the largest and a sample that depends on the block", () => {
      const chain = new FakeChain();
      chain.mine();
      chain.mine();
      const snapshot = snapshotOf(chain, 500);
      const chosen = chooseHolders(snapshot, { all: 10, sample: 40 });
      expect(new Set(chosen)).to.have.property("size", 40);
      const largest = [...snapshot.holdings].sort((x, y) => (x.balance > y.balance ? -1 : 1));
      expect(chosen).to.include.members(largest.slice(0, 20));
      expect(chooseHolders(snapshot, { all: 10, sample: 40 })).to.deep.equal(chosen);
      const other = { ...snapshot, block: { ...snapshot.block, hash: chain.blocks[1]!.hash } };
      expect(chooseHolders(other, { all: 10, sample: 40 })).not.to.deep.equal(chosen);
    });
  });

  describe("random words", () => {
    const coordinator = `0x${"c0".repeat(20)}`;
    const consumer = `0x${"c1".repeat(20)}`;
    const requested = (requestId: bigint, sender = consumer): Event => ({
      address: coordinator,
      topics: [
        id(
          "RandomWordsRequested(bytes32,uint256,uint256,uint256,uint16,uint32,uint32,bytes,address)",
        ),
        ...[word(1n), word(5n), word(sender)],
      ],
      data: coder.encode(
        ["uint256", "uint256", "uint16", "uint32", "uint32", "bytes"],
        [requestId, 0n, 3, 100_000, 2, "0x"],
      ),
    });
    const fulfilled = (requestId: bigint, output: bigint): Event => ({
      address: coordinator,
      topics: [
        id("RandomWordsFulfilled(uint256,uint256,uint256,uint96,bool,bool,bool)"),
        ...[word(requestId), word(5n)],
      ],
      data: coder.encode(
        ["uint256", "uint96", "bool", "bool", "bool"],
        [output, 1n, true, true, false],
      ),
    });
    const refunded = (requestId: bigint): Event => ({
      address: coordinator,
      topics: [id("RequestRefunded(uint256,uint256,uint96,uint96)"), word(requestId), word(5n)],
      data: coder.encode(["uint96", "uint96"], [1n, 1n]),
    });
    const find = (chain: FakeChain, toBlock: number) =>
      findWords(
        chain,
        { coordinator, consumer },
        { number: 1, hash: chain.blocks[1]!.hash, time: 0 },
        toBlock,
      );

    it("are those of the consumer's first request after the snapshot", async () => {
      const chain = new FakeChain();
      chain.mine(requested(1n));
      chain.mine(fulfilled(1n, 111n), requested(2n));
      chain.mine(requested(3n, accountOf(1)), fulfilled(2n, 222n), fulfilled(3n, 333n));
      expect(await find(chain, 2)).to.equal(null);
      chain.mine(requested(4n), requested(5n));
      chain.mine(fulfilled(5n, 555n));
      // The first decides: that a later one is answered does not count.
      expect(await find(chain, 4)).to.equal(null);
      chain.mine(fulfilled(4n, 444n));
      expect(await find(chain, 4)).to.equal(null);
      const words = await find(chain, 5);
      const expected = [0n, 1n].map((i) => BigInt(wordOf(444n, i)));
      expect(words).to.deep.equal(expected);
      expect(expandWords(444n, 2)).to.deep.equal(expected);
    });

    it("are the next request's when the first was refunded", async () => {
      const chain = new FakeChain();
      chain.mine();
      chain.mine();
      chain.mine(requested(4n), requested(5n), fulfilled(5n, 555n));
      expect(await find(chain, 2)).to.equal(null);
      chain.mine(refunded(4n));
      expect(await find(chain, 3)).to.deep.equal([0n, 1n].map((i) => BigInt(wordOf(555n, i))));
    });
  });
});

/** keccak256(abi.encode(output, i)). */
function wordOf(output: bigint, i: bigint): string {
  return keccak256(coder.encode(["uint256", "uint256"], [output, i]));
}
