import { expect } from "chai";
import { getBytes, parseEther, toBeHex } from "ethers";
import pg from "pg";

import { signObservation } from "../../keepers/feed/signing/observation.ts";
import { observationDigest } from "../../keepers/feed/signing/observation.ts";
import { migrate, openDatabase } from "../../keepers/shared/database.ts";
import { createLogger } from "../../keepers/shared/log.ts";
import { DodonaToken__factory } from "../../types/ethers-contracts/factories/governance/DodonaToken__factory.ts";
import { IOperatorRewards__factory } from "../../types/ethers-contracts/factories/interfaces/IOperatorRewards__factory.ts";
import { IOperatorStake__factory } from "../../types/ethers-contracts/factories/interfaces/IOperatorStake__factory.ts";
import { ISlashing__factory } from "../../types/ethers-contracts/factories/interfaces/ISlashing__factory.ts";
import { startPostgres, type TestPostgres } from "../helpers/postgres.ts";
import { rowsOf } from "./equality.ts";
import { prepareIndexer, settle, type Indexer } from "./indexer.ts";
import { deployOwn, EPOCH_SECONDS, mined, startNetwork, type Network } from "./network.ts";

const E8 = 10n ** 8n;
const MINIMUM = parseEther("100");
const STAKE = parseEther("150");
const UNBONDING_SECONDS = 600;
const BUDGET = parseEther("7");

describe("index of operators' economics", function () {
  this.timeout(120_000);
  let postgres: TestPostgres;
  let network: Network;
  let indexer: Indexer;
  let database: pg.Client;
  let economy: Awaited<ReturnType<typeof startEconomy>>;

  async function startEconomy() {
    const { admin, contracts, manager, operators } = network;
    const tokenAddress = await deployOwn(admin, "governance/DodonaToken.sol", [
      ...[[admin.address], [parseEther("10000")]],
    ]);
    const stakeAddress = await deployOwn(admin, "operators/OperatorStake.sol", [
      ...[manager, tokenAddress, contracts.operators, admin.address, UNBONDING_SECONDS, MINIMUM],
    ]);
    const slashingAddress = await deployOwn(admin, "operators/Slashing.sol", [
      ...[manager, contracts.priceFeeds, stakeAddress, UNBONDING_SECONDS - 1, 5_000, 10_000],
    ]);
    const rewardsAddress = await deployOwn(admin, "operators/OperatorRewards.sol", [
      ...[manager, tokenAddress, contracts.operators, BUDGET],
    ]);
    const token = DodonaToken__factory.connect(tokenAddress, admin);
    const stake = IOperatorStake__factory.connect(stakeAddress, admin);
    await mined(operators.setStake(stakeAddress));
    await mined(token.approve(stakeAddress, parseEther("5000")));
    for (const account of network.accounts) await mined(stake.stakeFor(account, STAKE));
    await mined(token.transfer(rewardsAddress, BUDGET * 3n));
    const grant = network.grantFunction;
    await grant(stakeAddress, stake.interface.getFunction("slash").selector, 2n, slashingAddress);
    return {
      ...{ token, stake },
      slashing: ISlashing__factory.connect(slashingAddress, admin),
      rewards: IOperatorRewards__factory.connect(rewardsAddress, admin),
      contracts: {
        accessManager: manager,
        ...{ governor: admin.address, guardian: admin.address, timelock: admin.address },
        ...{ token: tokenAddress, operatorStake: stakeAddress },
        ...{ slashing: slashingAddress, operatorRewards: rewardsAddress },
      },
    };
  }

  before(async () => {
    [postgres, network] = await Promise.all([startPostgres(), startNetwork(["BTC/USD"])]);
    database = new pg.Client(postgres.url);
    await database.connect();
    economy = await startEconomy();
    indexer = await prepareIndexer({
      rpcUrl: network.anvil.url,
      databaseUrl: postgres.url,
      contracts: { ...network.contracts, governance: economy.contracts },
    });
    await indexer.start();
  });

  after(async () => {
    await indexer?.dispose();
    await database?.end();
    await Promise.all([network?.stop(), postgres?.stop()]);
  });

  /** Holds stakes, seats and keys against the contracts. */
  async function expectIndexed(): Promise<void> {
    await settle(indexer, network);
    const { operators } = network;
    for (const row of await rowsOf(database, "operator_stake", "account")) {
      const account = String(row["account"]);
      const [unbonding, releaseAt] = await economy.stake.unbondingOf(account);
      expect(row).to.include({
        staked: String(await economy.stake.stakeOf(account)),
        unbonding: String(unbonding),
        release_at: String(releaseAt),
      });
    }
    for (const row of await rowsOf(database, "operator", "account")) {
      const account = String(row["account"]);
      const standing = await operators.standingOf(account);
      const [keys] = await operators.operator(account);
      expect(row).to.include({
        seat: ["none", "governance", "stake"][Number(standing.seat)],
        joins_at: String(standing.requestedFor),
        leaves_at: String(standing.leavesAt),
        keys_change_at: String(standing.keysChangeAt),
        key_x: String(keys.x),
        proof_x: String(keys.proofX),
      });
    }
  }

  async function operatorOf(account: string): Promise<Record<string, unknown>> {
    await settle(indexer, network);
    const { body, status } = await indexer.get(`/operators/${account}`);
    expect(status).to.equal(200);
    return body as Record<string, unknown>;
  }

  const signerOf = async (i: number) => await network.provider.getSigner(i + 1);

  it("contains stakes and seats from before it was started", async () => {
    await expectIndexed();
    expect(await operatorOf(network.accounts[0] ?? "")).to.deep.include({
      seat: "governance",
      staked: String(STAKE),
      slashed: "0",
    });
  });

  it("follows unbonding and withdrawal", async () => {
    const own = economy.stake.connect(await signerOf(1));
    await mined(own.announceUnstake(parseEther("20")));
    await expectIndexed();
    await network.anvil.rpc("evm_increaseTime", [UNBONDING_SECONDS]);
    await mined(own.withdraw());
    await expectIndexed();
    const { stakeEvents } = await operatorOf(network.accounts[1] ?? "");
    expect((stakeEvents as { kind: string }[]).map(({ kind }) => kind)).to.deep.equal([
      "withdrawn",
      "unstaked",
      "staked",
    ]);
  });

  it("follows an announced departure and a change of keys to the next epoch", async () => {
    const { accounts, operators } = network;
    const { keys, possession } = await network.keysFor(9, accounts[2] ?? "");
    await mined(operators.connect(await signerOf(2)).announceKeys(keys, possession));
    await mined(operators.connect(await signerOf(4)).leave());
    await expectIndexed();
    await network.anvil.rpc("evm_increaseTime", [EPOCH_SECONDS]);
    await mined(operators.advance());
    await expectIndexed();
    const { keyChanges } = await operatorOf(accounts[2] ?? "");
    expect((keyChanges as { kind: string }[]).map(({ kind }) => kind)).to.deep.equal([
      "rotated",
      "announced",
    ]);
    expect(await operatorOf(accounts[4] ?? "")).to.include({ active: false, seat: "none" });
  });

  it("counts each operator's part in reports by epoch, which its reputation follows from", async () => {
    // Set 1 is still the one that signs: nobody has synced.
    for (const by of [
      [0, 1, 2],
      [0, 1, 3],
      [0, 1, 2, 3],
    ]) {
      await network.submit([[0, 60_000n * E8]], { by, after: 1 });
    }
    await settle(indexer, network);
    const rows = await rowsOf(database, "participation", "account, epoch");
    const sums = network.accounts.map((account) => {
      const own = rows.filter((row) => row["account"] === account.toLowerCase());
      const sum = (name: string) => own.reduce((total, row) => total + Number(row[name]), 0);
      return [sum("reports"), sum("signed")];
    });
    expect(sums).to.deep.equal([
      [3, 3],
      [3, 3],
      [3, 2],
      [3, 2],
      [3, 0],
    ]);
    const reports = await rowsOf(database, "report", "block");
    for (const row of rows) {
      const seconds = EPOCH_SECONDS;
      expect(Number(row["started_at"])).to.equal(Number(row["epoch"]) * seconds);
      expect(
        reports.some((one) => Math.floor(Number(one["slot"]) / seconds) === Number(row["epoch"])),
      ).to.equal(true);
    }
  });

  it("takes operators' own prices for their accuracy where a watch keeper collected them", async () => {
    const url = postgres.url;
    const log = createLogger({ name: "test", level: "silent" });
    const db = openDatabase(url, log, { maxConnections: 1 });
    try {
      await migrate(db);
    } finally {
      await db.close();
    }
    const [report] = (await rowsOf(database, "report", "block")).slice(-1);
    // 60,060 and 60,000 of 60,000: 10 and 0 basis points.
    for (const [index, price] of [
      [0, 60_060n * E8],
      [1, 60_000n * E8],
    ] as const) {
      await database.query(
        `INSERT INTO dodona.watch_observations
           (chain_id, contract, set_id, slot, operator_index, ordinal, prices_e8, digest, signature)
         VALUES (31337, $1, $2, $3, $4, 0, $5, 0, $6)`,
        [
          ...[network.contracts.priceFeeds.toLowerCase(), report?.["set_id"], report?.["slot"]],
          ...[index, [String(price)], `0x${"00".repeat(65)}`],
        ],
      );
    }
    const accuracy = async (i: number) =>
      ((await operatorOf(network.accounts[i] ?? ""))["reputation"] as { accuracy: unknown })
        .accuracy;
    expect([await accuracy(0), await accuracy(1), await accuracy(2)]).to.deep.equal([
      ...[8_000, 10_000, null],
    ]);
  });

  it("follows a slash on evidence to its burned, reported and treasury parts", async () => {
    const { accounts, contracts, feeds } = network;
    const { secret } = await network.keysFor(3, accounts[3] ?? "");
    const keys = {
      secp256k1: getBytes(toBeHex(secret, 32)),
      grumpkin: getBytes(toBeHex(secret >> 4n, 32)),
    };
    const domain = { chainId: 31337n, priceFeeds: contracts.priceFeeds };
    const setId = Number((await feeds.currentSet()).setId);
    const slot = (await network.provider.getBlock("latest"))?.timestamp ?? 0;
    const [first, second] = [1n, 2n].map((price) => {
      const observation = { setId, slot, operator: 3, pricesE8: [price] };
      const { signature } = signObservation(observation, keys, domain);
      const digest = observationDigest(observation, domain);
      return { struct: { setId, slot, operator: 3, prices: [price], digest }, signature };
    });
    if (first === undefined || second === undefined) throw new Error("two observations");
    const reporter = await signerOf(7);
    await mined(
      economy.slashing.slashEquivocation(
        ...[first.struct, first.signature, second.struct, second.signature, reporter.address],
      ),
    );
    await expectIndexed();
    const { offences, slashed, slashes } = await operatorOf(accounts[3] ?? "");
    const half = STAKE / 2n;
    expect(slashed).to.equal(String(half));
    expect((slashes as unknown[])[0]).to.deep.include({
      amount: String(half),
      reporter: reporter.address.toLowerCase(),
      reporterShare: String(half / 10n),
      burned: String(half / 2n),
      treasuryShare: String(half - half / 10n - half / 2n),
    });
    expect((offences as unknown[])[0]).to.deep.include({ kind: "equivocation", slot, setId });
  });

  it("follows rewards of an epoch from their weights to the claim", async () => {
    const { accounts, operators } = network;
    const epoch = (await operators.currentEpoch()) - 1n;
    const order = [0, 1].sort((a, b) => ((accounts[a] ?? "") < (accounts[b] ?? "") ? -1 : 1));
    const sorted = order
      .map((i) => accounts[i] ?? "")
      .sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
    await mined(economy.rewards.postWeights(epoch, sorted, [1, 2]));
    await network.anvil.rpc("evm_increaseTime", [EPOCH_SECONDS]);
    await mined(economy.rewards.claim(epoch, sorted[1] ?? ""));
    await expectIndexed();
    const [row] = await rowsOf(database, "reward_epoch", "epoch");
    const state = await economy.rewards.epochOf(epoch);
    expect(row).to.deep.include({
      epoch: String(epoch),
      budget: String(BUDGET),
      allocated: String(state.allocated),
      paid: String((BUDGET * 2n) / 3n),
      dropped: false,
      weights: sorted.map((account, i) => ({ account: account.toLowerCase(), weight: i + 1 })),
    });
    const { rewards } = await operatorOf(sorted[1] ?? "");
    expect((rewards as { amount: string }[]).map(({ amount }) => amount)).to.deep.equal([
      String((BUDGET * 2n) / 3n),
    ]);
  });

  it("undoes what a reorg takes back", async () => {
    await mined(economy.stake.stakeFor(network.accounts[0] ?? "", parseEther("1")));
    await mined(economy.stake.connect(await signerOf(0)).announceUnstake(parseEther("3")));
    await expectIndexed();
    await network.anvil.rpc("anvil_reorg", [2, []]);
    await network.mine(1);
    await expectIndexed();
  });

  it("says who is known for an unknown operator", async () => {
    const nobody = `0x${"12".repeat(20)}`;
    const { body, status } = await indexer.get(`/operators/${nobody}`);
    expect(status).to.equal(404);
    expect((body as { operators: unknown[] }).operators).to.have.length(5);
  });
});
