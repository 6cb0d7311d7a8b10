import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { expect } from "chai";
import { getBytes, hexlify, JsonRpcProvider } from "ethers";

import { alphaOf, openProvingKey } from "../../keepers/vrf/prove.ts";
import { requestStruct } from "../../keepers/vrf/coordinator.ts";
import { IVRFCoordinator__factory } from "../../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import { accountAt, startTaskNetwork } from "./network.ts";
import type { TaskNetwork } from "./network.ts";
import { json, refusal } from "./outcome.ts";

interface Requested {
  request: { id: string; subId: string; consumer: string; numWords: number };
  proof: { pi: string; verified: boolean };
  randomWords: string[];
  delivery: { transaction: string; success: boolean };
}

describe("tasks of randomness", function () {
  this.timeout(60_000);
  let network: TaskNetwork;
  let coordinator: string;
  let provider: JsonRpcProvider;

  /** Fulfils requests as the operator's keeper and the relayer do, until it is stopped. */
  const startKeeper = async (): Promise<() => Promise<void>> => {
    const file = await readFile(path.join(network.folder, "vrf.json"), "utf8");
    const key = openProvingKey(getBytes((JSON.parse(file) as { vrf: string }).vrf));
    const contract = IVRFCoordinator__factory.connect(coordinator, accountAt(9).connect(provider));
    const done = new Set<bigint>();
    let isOver = false;
    const loop = (async () => {
      while (!isOver) {
        for (const log of await contract.queryFilter(contract.filters.RandomWordsRequested())) {
          const { args, blockHash } = log;
          if (done.has(args.requestId)) continue;
          await network.anvil.rpc("anvil_mine", ["0x1"]);
          const request = {
            ...{ requestId: args.requestId, block: log.blockNumber, blockHash, blockTime: 0 },
            ...{ keyHash: args.keyHash, subId: args.subId, sender: args.sender.toLowerCase() },
            callbackGasLimit: Number(args.callbackGasLimit),
            numWords: Number(args.numWords),
            confirmations: Number(args.minimumRequestConfirmations),
            terms: args.preSeed,
          };
          const alpha = alphaOf({ chainId: 31_337, coordinator }, request);
          const proof = hexlify(key.prove(alpha).calldata);
          const sent = await contract.fulfillRandomWords(proof, requestStruct(request));
          await sent.wait();
          done.add(args.requestId);
        }
        await delay(50);
      }
    })();
    return async () => {
      isOver = true;
      await loop;
    };
  };

  before(async () => {
    network = await startTaskNetwork("randomness", "instant");
    const { addresses } = json<{ addresses: { vrfCoordinator: string } }>(await network.deploy());
    coordinator = addresses.vrfCoordinator;
    provider = new JsonRpcProvider(network.anvil.url, undefined, {
      cacheTimeout: -1,
      pollingInterval: 50,
    });
  });
  after(async () => {
    provider?.destroy();
    await network?.stop();
  });

  it("vrf keys lists the local key with terms and bond", async () => {
    const [key] = json<Record<string, unknown>[]>(await network.task("vrf keys", { json: true }));
    expect(key).to.include({
      operator: accountAt(1).address,
      active: true,
      maxGasPrice: "100000000000",
      premium: "100000000000000",
      bond: "10000000000000000000",
    });
    const { stdout } = await network.task("vrf keys");
    expect(stdout).to.match(/yes +100\.0 gwei +0\.0001 +10\.0 +0\.01 +0\.0$/m);
  });

  it("vrf subscriptions says how to get one where there is none", async () => {
    const { code, stdout } = await network.task("vrf subscriptions");
    expect(code).to.equal(0);
    expect(stdout).to.include("npx hardhat vrf request");
    expect(json(await network.task("vrf subscriptions", { json: true }))).to.deep.equal([]);
    expect(refusal(await network.task("vrf status", { id: "7" }))).to.include(
      "Error: There is no request 7. None was made so far. Make one with: npx hardhat vrf request\n",
    );
  });

  let first: Requested;

  it("vrf request makes subscription and consumer, and prints words, proof and delivery", async () => {
    const stop = await startKeeper();
    try {
      first = json<Requested>(await network.task("vrf request", { words: 2, json: true }));
      expect(first.randomWords).to.have.length(2);
      expect(first.proof.verified).to.equal(true);
      // pi_string of RFC 9381 for this suite: 33 + 16 + 32 bytes.
      expect(first.proof.pi).to.have.length(2 + 2 * 81);
      expect(first.delivery.success).to.equal(true);
      const again = await network.task("vrf request");
      expect(again.code, again.stderr).to.equal(0);
      expect(again.stdout).to.match(/^Word 0 +\d+$/m);
      expect(again.stdout).to.match(/^Delivered +0x[0-9a-f]{64} \(block \d+\), after [\d.]+ s$/m);
      expect(again.stdout)
        .to.match(/^Consumer +0x/m)
        .and.include(first.request.consumer);
      expect(again.stderr).not.to.include("Created subscription");
    } finally {
      await stop();
    }
    const [subscription, ...others] = json<Record<string, unknown>[]>(
      await network.task("vrf subscriptions", { json: true }),
    );
    expect(others).to.deep.equal([]);
    expect(subscription).to.deep.include({
      id: first.request.subId,
      owner: accountAt(0).address,
      consumers: [first.request.consumer],
      requests: "2",
      pending: "0",
    });
  });

  it("vrf verify checks a request from the chain alone", async () => {
    const { id } = first.request;
    const verified = json<{ ok: boolean; checks: { name: string; ok: boolean }[] }>(
      await network.task("vrf verify", { id: `0x${BigInt(id).toString(16)}`, json: true }),
    );
    expect(verified.ok).to.equal(true);
    expect(verified.checks.map(({ name }) => name)).to.include.members(["proof", "output", "key"]);
    const { stdout } = await network.task("vrf verify", { id });
    expect(stdout).to.match(/^✓ proof +ECVRF holds/m);
    expect(stdout).to.include(`Word 1  ${first.randomWords[1]}`);
  });

  it("vrf status says in words how a request ended, without database or index", async () => {
    const { id } = first.request;
    const { stdout, stderr } = await network.task("vrf status", { id });
    expect(stdout).to.include(`Request ${id} fulfilled in block`);
    expect(stdout).to.include(first.delivery.transaction);
    expect(stderr).to.include("what the chain alone says");
    const status = json<{ status: { kind: string } }>(
      await network.task("vrf status", { id, json: true }),
    );
    expect(status.status.kind).to.equal("fulfilled");
  });

  it("vrf request says where the request stands when its words do not come", async () => {
    const refused = refusal(await network.task("vrf request", { confirmations: "4", timeout: 1 }));
    const id = /Request (\d+) has no words after 1 s; it waits for 3 more blocks/.exec(
      refused,
    )?.[1];
    expect(refused).to.include(`npx hardhat vrf status ${id}`);
    const pending = await network.task("vrf verify", { id });
    expect(pending.code).to.equal(1);
    expect(pending.stdout).to.include("✗ fulfilment  not fulfilled so far");
    expect(pending.stderr).to.include("does not verify: fulfilment (not fulfilled so far)");
    expect(refusal(await network.task("vrf replay", { id }))).to.include("DATABASE_URL");
  });

  it("refuses what cannot be, in words, and names what exists", async () => {
    for (const [id, problem] of [
      ["last", '"last" is not a request id: it is an unsigned 256-bit integer'],
      [(2n ** 256n).toString(), "is not a request id"],
      ["5", "There is no request 5. The newest requests: "],
    ] as const) {
      const message = refusal(await network.task("vrf verify", { id, json: true }));
      expect(message).to.include(problem).and.include(first.request.id);
    }
    for (const [args, problem] of [
      [{ words: 0 }, "--words must be at least 1"],
      [{ words: 501 }, "501 words are too many; a request has 500"],
      [{ timeout: 0 }, "--timeout must be from 1 to 3600"],
      [
        { confirmations: "201" },
        "201 confirmations are not allowed; the coordinator takes 1 to 200",
      ],
      [{ confirmations: "1.5" }, '--confirmations "1.5" is not a whole number'],
      [{ callbackGas: 3_000_000 }, "3000000 gas for the callback are too much"],
      [{ key: "0x12" }, "There is no active proving key 0x12. Keys: 0x"],
      [{ sub: "7" }, `There is no subscription 7. Subscriptions: ${first.request.subId}.`],
      [{ sub: first.request.subId, from: "3" }, `belongs to ${accountAt(0).address}`],
    ] as const) {
      expect(refusal(await network.task("vrf request", { ...args }))).to.include(problem);
    }
  });

  it("vrf rewards shows what the key earned, and pays it to the operator", async () => {
    const contract = IVRFCoordinator__factory.connect(coordinator, provider);
    const answers = await contract.queryFilter(contract.filters.RandomWordsFulfilled());
    const earned = answers.reduce((sum, { args }) => sum + args.payment, 0n);
    expect(earned > 0n).to.equal(true);
    const [key] = json<Record<string, string>[]>(await network.task("vrf rewards", { json: true }));
    expect(key?.["total"]).to.equal(earned.toString());
    const to = accountAt(8).address;
    const before = await provider.getBalance(to);
    const paid = json<{ amount: string; transactions: unknown[] }>(
      await network.task("vrf rewards", { collect: true, from: "1", to, json: true }),
    );
    expect(paid.amount).to.equal(earned.toString());
    expect((await provider.getBalance(to)) - before).to.equal(earned);
    const [after] = json<Record<string, string>[]>(
      await network.task("vrf rewards", { json: true }),
    );
    expect(after?.["total"]).to.equal("0");
  });

  it("shows an example with --help", async () => {
    const help = await network.run("vrf", "request", "--help");
    expect(help.code).to.equal(0);
    expect(help.stdout).to.include("npx hardhat vrf request --words 3 --network local");
  });
});
