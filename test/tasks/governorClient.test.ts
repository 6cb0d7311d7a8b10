import governorArtifact from "@openzeppelin/contracts/build/contracts/IGovernor.json" with { type: "json" };
import { expect } from "chai";
import {
  AbiCoder,
  concat,
  Contract,
  encodeBytes32String,
  id,
  JsonRpcProvider,
  Wallet,
} from "ethers";

import { accountAt, startTaskNetwork } from "./network.ts";
import type { TaskNetwork } from "./network.ts";

// What a stock client knows: OpenZeppelin's IGovernor, nothing of this project.
const PENDING = 0n;
const ACTIVE = 1n;
const SUCCEEDED = 4n;
const QUEUED = 5n;
const EXECUTED = 7n;
const FOR = 1;

const PARAMS =
  "(uint24 heartbeat,uint16 deviationBps,uint16 cosignToleranceBps,uint16 bandBps,uint24 tau,uint16 cooldown,uint8 minReports,uint24 dormancy,uint8 minVenues,uint16 history)";

describe("a stock client of OpenZeppelin's Governor", function () {
  this.timeout(120_000);
  let network: TaskNetwork;
  let provider: JsonRpcProvider;

  before(async () => {
    network = await startTaskNetwork("client", 1);
    provider = new JsonRpcProvider(network.anvil.url, undefined, {
      ...{ cacheTimeout: -1, pollingInterval: 100 },
    });
  });
  after(async () => {
    provider.destroy();
    await network.stop();
  });

  it("proposes, votes, queues and executes with IGovernor's published ABI alone", async () => {
    const { code, stderr, stdout } = await network.deploy();
    expect(code, stderr).to.equal(0);
    const { addresses } = JSON.parse(stdout) as {
      addresses: { priceFeeds: string; governance: { governor: string } };
    };
    const voter = new Wallet(accountAt(14).privateKey, provider);
    const governor = new Contract(addresses.governance.governor, governorArtifact.abi, voter);
    expect(await governor["CLOCK_MODE"]!()).to.equal("mode=timestamp");
    expect(await governor["COUNTING_MODE"]!()).to.equal("support=bravo&quorum=for,abstain");

    const params = [30, 20, 50, 1000, 3600, 120, 3, 604800, 3, 64];
    const selector = id(`setParams(bytes32,${PARAMS.replace(/ \w+/g, "")})`).slice(0, 10);
    const args = AbiCoder.defaultAbiCoder().encode(
      ["bytes32", PARAMS],
      [encodeBytes32String("BTC/USD"), params],
    );
    const description = "BTC/USD: heartbeat 30 s";
    const proposal = [[addresses.priceFeeds], [0], [concat([selector, args])]] as const;
    const send = async (method: string, ...given: unknown[]): Promise<void> => {
      const sent = (await governor[method]!(...given)) as { wait(): Promise<unknown> };
      await sent.wait();
    };
    await send("propose", ...proposal, description);
    const proposalId = (await governor["getProposalId"]!(...proposal, id(description))) as bigint;
    const reaches = async (state: bigint): Promise<void> => {
      while ((await governor["state"]!(proposalId)) !== state) {
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    };
    expect(await governor["state"]!(proposalId)).to.equal(PENDING);
    await reaches(ACTIVE);
    await send("castVote", proposalId, FOR);
    expect(await governor["hasVoted"]!(proposalId, voter.address)).to.equal(true);
    await reaches(SUCCEEDED);
    await send("queue", ...proposal, id(description));
    await reaches(QUEUED);
    const eta = (await governor["proposalEta"]!(proposalId)) as bigint;
    while (BigInt((await provider.getBlock("latest"))?.timestamp ?? 0) < eta) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await send("execute", ...proposal, id(description));
    expect(await governor["state"]!(proposalId)).to.equal(EXECUTED);

    const read = await network.task("feeds read", { feed: "BTC/USD", json: true });
    const feed = JSON.parse(read.stdout) as { params: { heartbeat: number } };
    expect(feed.params.heartbeat).to.equal(30);
  });
});
