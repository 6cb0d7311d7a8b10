import accessManager from "@openzeppelin/contracts/build/contracts/AccessManager.json" with { type: "json" };
import { expect } from "chai";
import { ContractFactory, getBytes, hexlify, id, parseEther, ZeroAddress } from "ethers";
import type { JsonRpcSigner } from "ethers";

import { readIntent } from "../../../keepers/shared/intents.ts";
import { openPublicationFiles } from "../../../keepers/payout/files.ts";
import { programSchema, type Program } from "../../../keepers/payout/program.ts";
import { decodePublication } from "../../../keepers/payout/publication.ts";
import { requestStruct } from "../../../keepers/vrf/coordinator.ts";
import { alphaOf, openProvingKey, wordsOf } from "../../../keepers/vrf/prove.ts";
import { RaffleRandomness__factory } from "../../../types/ethers-contracts/factories/payouts/RaffleRandomness__factory.ts";
import { VRFCoordinator__factory } from "../../../types/ethers-contracts/factories/vrf/VRFCoordinator__factory.ts";
import type { RaffleRandomness } from "../../../types/ethers-contracts/payouts/RaffleRandomness.ts";
import type { VRFCoordinator } from "../../../types/ethers-contracts/vrf/VRFCoordinator.ts";
import { accountOf } from "./fixtures.ts";
import {
  approverWallets,
  chainId,
  pool,
  startPayoutNetwork,
  startTime,
  type PayoutKeeper,
  type PayoutNetwork,
} from "./harness.ts";

const DAY = 86_400;
const GWEI = 10n ** 9n;
const { signal } = new AbortController();
const key = openProvingKey(getBytes(id("the raffle's proving key")));

describe("payout keepers with a raffle", function () {
  this.timeout(60_000);
  let network: PayoutNetwork;
  let coordinator: VRFCoordinator;
  let coordinatorAddress: string;
  let raffle: RaffleRandomness;
  let consumer: string;
  let program: Program;
  let proposers: PayoutKeeper[];
  let others: PayoutKeeper[];

  before(async () => {
    network = await startPayoutNetwork();
    const admin = network.token.runner as JsonRpcSigner;
    const manager = await new ContractFactory(
      accessManager.abi,
      accessManager.bytecode,
      admin,
    ).deploy(admin.address);
    const config = {
      ...{ minConfirmations: 1, maxConfirmations: 20, maxCallbackGas: 500_000 },
      ...{ deadlineBlocks: 30, overheadGas: 120_000, tipCap: 3n * GWEI, l1DataFee: ZeroAddress },
    };
    coordinator = await new VRFCoordinator__factory(admin).deploy(
      await manager.getAddress(),
      config,
    );
    await coordinator.waitForDeployment();
    const terms = { maxGasPrice: 500n * GWEI, premium: 0n, bondShare: GWEI };
    await (await coordinator.registerProvingKey(key.x, key.y, admin.address, terms)).wait();
    await (await coordinator.depositBond(key.keyHash, { value: parseEther("1") })).wait();
    await (await coordinator.createSubscription()).wait();
    const [created] = await coordinator.queryFilter(coordinator.filters.SubscriptionCreated());
    const { subId } = created!.args;
    await (await coordinator.fundSubscriptionWithNative(subId, { value: parseEther("10") })).wait();
    coordinatorAddress = await coordinator.getAddress();
    const firstEnd = startTime + DAY;
    const asks = { keyHash: key.keyHash, subId, confirmations: 1, firstEnd };
    raffle = await new RaffleRandomness__factory(admin).deploy(coordinatorAddress, asks);
    await raffle.waitForDeployment();
    consumer = (await raffle.getAddress()).toLowerCase();
    await (await coordinator.addConsumer(subId, consumer)).wait();
    for (const i of [1, 2, 3, 4]) await (await network.token.transfer(accountOf(i), 100n)).wait();
    program = withConsumer(consumer);
    proposers = [1, 2].map(() => network.keeper("proposer", { program }));
    others = [
      ...approverWallets.map((wallet) => network.keeper(wallet, { program })),
      network.keeper("watcher", { program }),
    ];
    await network.goTo(startTime + DAY + 1);
    await network.mine(3);
  });
  after(() => network?.stop());

  function withConsumer(of: string): Program {
    const randomness = { coordinator: coordinatorAddress, consumer: of };
    const rule = { kind: "raffle", weighting: "equal", prizes: [5, 3], randomness };
    return programSchema.parse({
      ...(JSON.parse(
        JSON.stringify(network.program, (_, value: unknown) =>
          typeof value === "bigint" ? String(value) : value,
        ),
      ) as object),
      rule,
    });
  }

  const look = async (keepers: readonly PayoutKeeper[]): Promise<void> => {
    await Promise.all(keepers.map(async (keeper) => await keeper.look(signal)));
  };
  /** Forgets the pauses between attempts: they are the wall clock's. */
  const anew = (): PayoutKeeper[] => [1, 2].map(() => network.keeper("proposer", { program }));
  const requests = async () =>
    await coordinator.queryFilter(coordinator.filters.RandomWordsRequested());
  const structOf = async (index: number) => {
    const { args, blockHash, blockNumber } = (await requests())[index]!;
    return {
      ...{ requestId: args.requestId, block: blockNumber, blockHash, blockTime: 0 },
      ...{ keyHash: args.keyHash, subId: args.subId, sender: args.sender.toLowerCase() },
      ...{ callbackGasLimit: Number(args.callbackGasLimit), numWords: Number(args.numWords) },
      ...{ confirmations: Number(args.minimumRequestConfirmations), terms: args.preSeed },
    };
  };

  it("ask for the words once the day is over, once, however many they are", async () => {
    await look(proposers);
    const asked = await network.intents();
    expect(asked).to.deep.equal([`payout:${chainId}:words:${consumer}:0:1`]);
    expect(proposers[0]!.health().waiting).to.include("waits for random words");
    await look(anew());
    expect(await network.relay()).to.equal(1);
    expect(await requests()).to.have.length(1);
    expect((await readIntent(network.db.pool, asked[0]!))?.status).to.equal("confirmed");
    await look([...anew(), ...others]);
    expect(await network.intents()).to.have.length(1);
  });

  it("try anew what the relayer could not send, as often as is allowed", async () => {
    await network.mine(31);
    const { pool: database } = network.db;
    for (const attempt of [1, 2, 3]) {
      await look(anew());
      const last = (await network.intents()).at(-1);
      expect(last).to.match(new RegExp(`:${attempt}$`));
      await database.query(
        "UPDATE dodona.intents SET status = 'expired', reason = 'x' WHERE key = $1",
        [last],
      );
    }
    const before = (await network.intents()).length;
    await look(anew());
    expect(await network.intents()).to.have.length(before);
    await database.query("DELETE FROM dodona.intents WHERE status = 'expired'");
  });

  it("ask again when the request was not answered in time", async () => {
    const { requestId } = (await requests())[0]!.args;
    await look(anew());
    const asked = await network.intents();
    expect(asked[1]).to.equal(`payout:${chainId}:words:${consumer}:${requestId}:1`);
    await network.relay();
    expect(await requests()).to.have.length(2);
    await (await coordinator.refund(requestStruct(await structOf(0)))).wait();
  });

  it("draw with the words that were proved, and approvers and watcher draw the same", async () => {
    const request = await structOf(1);
    await network.mine(2);
    const at = { chainId, coordinator: coordinatorAddress };
    const { calldata, output } = key.prove(alphaOf(at, request));
    await (await coordinator.fulfillRandomWords(hexlify(calldata), requestStruct(request))).wait();
    await network.mine(3);
    proposers = anew();
    await look(proposers);
    expect(await network.relay()).to.equal(1);
    const { distributor } = network;
    const [log] = await distributor.queryFilter(distributor.filters.EpochProposed());
    const { dataHash, proposalId } = log!.args;
    const bytes = await openPublicationFiles(network.folder).read(dataHash);
    const { rows, words } = decodePublication(bytes!, dataHash);
    expect(words).to.deep.equal(wordsOf(output, 1));
    // Prizes of 5 : 3 of the pool, to two of the four holders.
    expect(rows.map(({ earned }) => earned)).to.have.members([(pool * 5n) / 8n, (pool * 3n) / 8n]);
    for (const { account } of rows) {
      expect([1, 2, 3, 4].map(accountOf)).to.include(account);
    }
    const keepers = [
      ...approverWallets.map((wallet) => network.keeper(wallet, { program })),
      network.keeper("watcher", { program }),
    ];
    await look(keepers);
    await network.relay();
    expect((await distributor.proposal(proposalId)).approvals).to.equal(2n);
    expect(await distributor.stateOf(proposalId)).to.equal(2n);
  });

  it("only wait where the consumer is of another kind", async () => {
    const before = (await network.intents()).length;
    const others = [network.tokenAddress, accountOf(9)].map((other) =>
      network.keeper("proposer", { program: withConsumer(other) }),
    );
    await look(others);
    for (const keeper of others) {
      expect(keeper.health().waiting).to.include("waits for random words");
    }
    expect(await network.intents()).to.have.length(before);
  });
});
