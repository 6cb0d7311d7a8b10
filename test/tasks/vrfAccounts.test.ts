import { expect } from "chai";
import { formatEther, JsonRpcProvider, parseEther } from "ethers";

import { IVRFCoordinator__factory } from "../../types/ethers-contracts/factories/interfaces/IVRFCoordinator__factory.ts";
import type { IVRFCoordinator } from "../../types/ethers-contracts/interfaces/IVRFCoordinator.ts";
import { accountAt, startTaskNetwork } from "./network.ts";
import type { Outcome, TaskNetwork } from "./network.ts";
import { json, refusal } from "./outcome.ts";

const deadlineBlocks = 250;

describe("tasks of payers and operators of randomness", function () {
  this.timeout(60_000);
  let network: TaskNetwork;
  let coordinator: IVRFCoordinator;
  let address: string;
  let provider: JsonRpcProvider;
  let id: string;

  const done = ({ code, stderr, stdout }: Outcome): string => {
    expect(code, stderr).to.equal(0);
    return stdout;
  };
  const task = (name: string, args: Record<string, unknown> = {}): Promise<Outcome> =>
    network.task(`vrf ${name}`, args);

  before(async () => {
    network = await startTaskNetwork("randomness-accounts", "instant");
    const { addresses } = json<{ addresses: { vrfCoordinator: string } }>(await network.deploy());
    address = addresses.vrfCoordinator;
    provider = new JsonRpcProvider(network.anvil.url, undefined, {
      cacheTimeout: -1,
      pollingInterval: 50,
    });
    coordinator = IVRFCoordinator__factory.connect(address, provider);
  });
  after(async () => {
    provider?.destroy();
    await network?.stop();
  });

  it("subscription create makes and funds one, and says what comes next", async () => {
    const created = json<{ id: string; owner: string; balance: string }>(
      await task("subscription create", { fund: "1.5", json: true }),
    );
    ({ id } = created);
    expect(created.owner).to.equal(accountAt(0).address);
    const [, balance, , owner] = await coordinator.getSubscription(id);
    expect([balance, owner]).to.deep.equal([parseEther("1.5"), accountAt(0).address]);
    const second = done(await task("subscription create", { from: "2" }));
    expect(second).to.match(/^Subscription \d+ belongs to 0x3C44.* and holds 0\.0\.$/m);
    expect(second).to.match(/npx hardhat vrf subscription add-consumer \d+ CONSUMER$/m);
    expect(second).to.match(/npx hardhat vrf fund \d+ --ether 1$/m);
  });

  it("fund adds to a subscription, from any account, and refuses what is no amount", async () => {
    expect(done(await task("fund", { id, ether: "0.25", from: "3" }))).to.match(
      new RegExp(`^Subscription ${id} holds 1\\.75 now\\.$`, "m"),
    );
    const [, balance] = await coordinator.getSubscription(id);
    expect(balance).to.equal(parseEther("1.75"));
    for (const [args, words] of [
      [{ id }, "Say how much with --ether"],
      [{ id, ether: "0" }, '--ether "0" is not an amount such as 1.5'],
      [{ id, ether: "-1" }, '--ether "-1" is not an amount'],
      [{ id: "seven", ether: "1" }, '"seven" is not a subscription id'],
      [{ id: "7", ether: "1" }, `There is no subscription 7. Subscriptions: ${id}`],
    ] as const) {
      expect(refusal(await task("fund", { ...args }))).to.include(words);
    }
  });

  it("subscription add-consumer, show and remove-consumer manage who may request", async () => {
    // Any contract does: this one takes no words, and nobody asks.
    const consumer = address;
    const args = { id, consumer };
    expect(refusal(await task("subscription add-consumer", { ...args, from: "1" }))).to.include(
      `Subscription ${id} belongs to ${accountAt(0).address}, not to ${accountAt(1).address}. Choose the account with --from.`,
    );
    expect(
      refusal(await task("subscription add-consumer", { id, consumer: accountAt(8).address })),
    ).to.include("is no contract");
    expect(refusal(await task("subscription add-consumer", { id, consumer: "0x12" }))).to.include(
      '"0x12" is not the address of a consumer',
    );
    expect(done(await task("subscription add-consumer", args))).to.include(
      `${consumer} may request from subscription ${id}.`,
    );
    expect(refusal(await task("subscription add-consumer", args))).to.include("already");
    expect(json(await task("subscription show", { id, json: true }))).to.deep.equal({
      ...{ id, owner: accountAt(0).address, balance: parseEther("1.75").toString() },
      ...{ pending: "0", requests: "0", consumers: [consumer] },
    });
    const shown = done(await task("subscription show", { id }));
    expect(shown).to.match(/^Balance +1\.75 free for requests$/m);
    expect(shown).to.match(new RegExp(`^Consumers +${consumer}$`, "m"));
    expect(done(await task("subscription remove-consumer", args))).to.include("any more");
    expect(refusal(await task("subscription remove-consumer", args))).to.include(
      `is no consumer of subscription ${id}. Consumers: none.`,
    );
    const [, , , , consumers] = await coordinator.getSubscription(id);
    expect([...consumers]).to.deep.equal([]);
  });

  it("subscription transfer and accept hand it over in two steps", async () => {
    const to = accountAt(4).address;
    expect(refusal(await task("subscription accept", { id, from: "4" }))).to.include(to);
    expect(done(await task("subscription transfer", { id, account: to }))).to.include(
      `Subscription ${id} is offered to ${to}`,
    );
    expect((await coordinator.getSubscription(id)).owner).to.equal(accountAt(0).address);
    expect(json(await task("subscription accept", { id, from: "4", json: true }))).to.include({
      owner: to,
    });
    expect((await coordinator.getSubscription(id)).owner).to.equal(to);
    expect(refusal(await task("subscription accept", { id, from: "4" }))).to.include(
      `belongs to ${to} already`,
    );
  });

  it("subscription cancel waits for pending requests, then pays the balance out", async () => {
    const owner = accountAt(4);
    await network.task("vrf request", { sub: id, from: "4", timeout: 1 });
    expect(refusal(await task("subscription cancel", { id, from: "4" }))).to.include(
      `Subscription ${id} has 1 request pending: wait until they are answered or refunded.`,
    );
    const made = await coordinator.queryFilter(coordinator.filters.RandomWordsRequested());
    const { args, blockNumber } = made.at(-1)!;
    const details =
      BigInt(blockNumber) |
      (args.minimumRequestConfirmations << 64n) |
      (args.callbackGasLimit << 80n) |
      (args.numWords << 112n);
    await network.anvil.rpc("anvil_mine", [`0x${(deadlineBlocks + 1).toString(16)}`]);
    const refund = await coordinator
      .connect(accountAt(9).connect(provider))
      .refund({ subId: id, sender: args.sender, terms: args.preSeed, details });
    await refund.wait();
    const to = accountAt(6).address;
    const before = await provider.getBalance(to);
    const { balance } = json<{ balance: string }>(
      await task("subscription show", { id, json: true }),
    );
    expect(
      json(await task("subscription cancel", { id, from: owner.address, to, json: true })),
    ).to.include({ paid: balance, to });
    expect((await provider.getBalance(to)) - before).to.equal(BigInt(balance));
    expect(refusal(await task("subscription show", { id }))).to.include(
      `There is no subscription ${id}`,
    );
  });

  it("bond deposit, announce and withdraw move the operator's bond, after the wait", async () => {
    const keyHash = await coordinator.keyHashAt(1);
    const { bond } = await coordinator.provingKey(keyHash);
    expect(done(await task("bond deposit", { ether: "3" }))).to.include(
      `The bond of proving key ${keyHash} is ${formatEther(bond + parseEther("3"))} now.`,
    );
    expect(refusal(await task("bond withdraw", { from: "1" }))).to.include(
      "No withdrawal of the bond",
    );
    expect(refusal(await task("bond announce", { ether: "1" }))).to.include(
      `belongs to operator ${accountAt(1).address}, not to ${accountAt(0).address}`,
    );
    expect(refusal(await task("bond announce", { ether: "1000", from: "1" }))).to.include(
      "1000.0 cannot be taken",
    );
    const announced = json<{ withdrawableFrom: string }>(
      await task("bond announce", { ether: "2", from: "1", json: true }),
    );
    expect(refusal(await task("bond withdraw", { from: "1" }))).to.include(
      `2.0 can be withdrawn from block ${announced.withdrawableFrom} on; the chain is at `,
    );
    await network.anvil.rpc("anvil_mine", [`0x${(2 * deadlineBlocks + 1).toString(16)}`]);
    const to = accountAt(7).address;
    const before = await provider.getBalance(to);
    expect(done(await task("bond withdraw", { from: "1", to }))).to.include(`2.0 went to ${to}`);
    expect((await provider.getBalance(to)) - before).to.equal(parseEther("2"));
    expect((await coordinator.provingKey(keyHash)).bond).to.equal(bond + parseEther("1"));
    await task("bond announce", { ether: "1", from: "1" });
    expect(done(await task("bond announce", { ether: "0", from: "1" }))).to.include("any more");
    expect((await coordinator.provingKey(keyHash)).withdrawing).to.equal(0n);
  });

  it("rewards shows what a key earned and refuses to take nothing", async () => {
    const [key] = json<{ keyHash: string; total: string }[]>(await task("rewards", { json: true }));
    expect(key).to.include({ keyHash: await coordinator.keyHashAt(1), total: "0" });
    expect(done(await task("rewards"))).to.match(/^KEY HASH +OPERATOR +COLLECTED +OWED/m);
    expect(refusal(await task("rewards", { collect: true }))).to.include("belongs to operator");
    expect(refusal(await task("rewards", { collect: true, from: "1" }))).to.include(
      "has earned nothing since the last withdrawal",
    );
    expect(refusal(await task("rewards", { collect: true, key: "0x12" }))).to.include(
      "There is no proving key 0x12. Keys: 0x",
    );
  });

  it("shows an example with --help", async () => {
    const help = await network.run("vrf", "subscription", "add-consumer", "--help");
    expect(help.code, help.stderr).to.equal(0);
    expect(help.stdout).to.include("npx hardhat vrf subscription add-consumer 0x12ab…");
  });
});
