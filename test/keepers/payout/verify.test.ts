import { expect } from "chai";
import { AbiCoder, id } from "ethers";

import { distributorAbi } from "../../../keepers/payout/distributor.ts";
import { prepareEpoch, type ActiveEpoch, type EpochDeps } from "../../../keepers/payout/epoch.ts";
import { createLogSource } from "../../../keepers/payout/log-source.ts";
import { ZERO_ADDRESS, type Row } from "../../../keepers/payout/model.ts";
import { encodePublication, type Publication } from "../../../keepers/payout/publication.ts";
import {
  differencesOf,
  UnknownEpochError,
  verifyEpoch,
  type VerifyDeps,
} from "../../../keepers/payout/verify.ts";
import { standardLeaves } from "../../../keepers/shared/merkle/leaves.ts";
import { buildTree, rootOf } from "../../../keepers/shared/merkle/tree.ts";
import { accountOf, distributor, firstEnd, held, programOf, token } from "./fixtures.ts";
import { playChain, recordBlocks } from "./recorded.ts";

const DAY = 86_400;
const STATES = { proposed: 1, activated: 4, disputed: 5 };
const audit = { sequence: 1, head: `0x${"00".repeat(32)}` };

/** A chain on which 1 and 2 hold 600 and 400, and from the second day on 3 has half of what 1 had. */
function start() {
  const mint = (i: number, value: bigint) => ({
    ...{ token: held, from: ZERO_ADDRESS, to: accountOf(i), value },
  });
  const moved = { token: held, from: accountOf(1), to: accountOf(3), value: 300n };
  const { chain: node } = playChain(
    recordBlocks([
      { time: firstEnd - 2 * DAY, transfers: [mint(1, 600n), mint(2, 400n)] },
      { time: firstEnd - 10, transfers: [] },
      { time: firstEnd + 10, transfers: [moved] },
      { time: firstEnd + DAY - 10, transfers: [] },
      { time: firstEnd + DAY + 10, transfers: [] },
      { time: firstEnd + 2 * DAY + 10, transfers: [] },
    ]),
  );
  const proposals: Array<{ log: object; epoch: number; id: string; state: keyof typeof STATES }> =
    [];
  const files = new Map<string, Uint8Array>();
  const chain: VerifyDeps["chain"] = {
    async send(method, params) {
      if (method === "eth_blockNumber") return "0x5";
      if (method === "eth_call") {
        const [{ data }] = params as [{ data: string }];
        const [proposalId] = distributorAbi.decodeFunctionData("stateOf", data) as unknown as [
          string,
        ];
        const { state } = proposals.find((one) => one.id === proposalId)!;
        return AbiCoder.defaultAbiCoder().encode(["uint8"], [STATES[state]]);
      }
      const [filter] = params as [{ address?: string; topics?: Array<string | null> }];
      if (method !== "eth_getLogs" || filter.address !== distributor) {
        return await node.send(method, params);
      }
      return proposals
        .filter(({ epoch }) => BigInt(filter.topics![2]!) === BigInt(epoch))
        .map(({ log }) => log);
    },
  };
  const deps: VerifyDeps = {
    ...{ chain, program: programOf(), chainId: 31_337, distributor, startBlock: 0 },
    ...{ source: createLogSource(chain), confirmations: 1, checkSize: null },
    files: {
      write: () => Promise.reject(new Error("not written")),
      read: (dataHash) => Promise.resolve(files.get(dataHash) ?? null),
    },
    clock: { nowMs: () => 0 },
  };

  /** Puts a proposal on the chain. */
  function propose(content: Omit<Publication, "audit">, state: keyof typeof STATES): ActiveEpoch {
    const { epoch, root, totals, snapshot } = content;
    const { bytes, dataHash } = encodePublication({ ...content, audit });
    const proposalId = id(`${proposals.length}`);
    const { data, topics } = distributorAbi.encodeEventLog("EpochProposed", [
      ...[proposalId, epoch, accountOf(90), 1, root],
      totals.map((total) => [total.token, total.amount]),
      ...[dataHash, "", snapshot.number],
    ]);
    const place = { blockNumber: "0x4", logIndex: `0x${proposals.length}`, address: distributor };
    proposals.push({ log: { ...place, data, topics }, epoch, id: proposalId, state });
    files.set(dataHash, bytes);
    return { root, dataHash };
  }

  return { deps, files, propose };
}

const prepare = async (deps: EpochDeps, epoch: number, active: ActiveEpoch | null) =>
  (await prepareEpoch(deps, epoch, active)).content!;

/** The same with other rows, and root and totals that fit them. */
function withRows(content: Omit<Publication, "audit">, rows: Row[]): Omit<Publication, "audit"> {
  const amount = rows.reduce((sum, { cumulative }) => sum + cumulative, 0n);
  const root = rootOf(buildTree(standardLeaves(rows)));
  return { ...content, rows, root, totals: [{ token, amount }] };
}

describe("payout verification", () => {
  it("finds the root of an epoch that follows from the chain, with and without the files", async () => {
    const { deps, files, propose } = start();
    const first = propose(await prepare(deps, 1, null), "activated");
    const second = propose(await prepare(deps, 2, first), "proposed");
    const one = await verifyEpoch(deps, 1);
    expect(one).to.deep.include({ isEqual: true, problems: [], differences: [], basis: "none" });
    expect(one.root).to.deep.equal({ chain: first.root, recomputed: first.root });
    expect(one.recipients).to.equal(2);
    const two = await verifyEpoch(deps, 2);
    expect(two).to.deep.include({ isEqual: true, problems: [], basis: "published" });
    expect(two.recipients).to.equal(3);
    expect(await verifyEpoch({ ...deps, fromFirst: true }, 2)).to.deep.include({
      ...{ isEqual: true, problems: [], basis: "recomputed" },
      root: { chain: second.root, recomputed: second.root },
    });
    files.clear();
    const alone = await verifyEpoch(deps, 2);
    expect(alone).to.deep.include({ isEqual: true, basis: "recomputed", differences: [] });
    expect(alone.root.recomputed).to.equal(second.root);
    expect(alone.problems).to.deep.equal([`the file ${second.dataHash} is not there`]);
  });

  it("names every leaf of a root that differs, with both amounts", async () => {
    const { deps, propose } = start();
    const content = await prepare(deps, 1, null);
    const row = (i: number) => content.rows.find(({ account }) => account === accountOf(i))!;
    // 1 gets 50 of 2's; and a stranger 7.
    const rows = [
      { ...row(1), cumulative: 650n, earned: 650n },
      { ...row(2), cumulative: 350n, earned: 350n },
      { account: accountOf(66), token, cumulative: 7n, earned: 7n },
    ].sort((a, b) => (a.account < b.account ? -1 : 1));
    propose(withRows(content, rows), "proposed");
    const result = await verifyEpoch(deps, 1);
    expect(result.isEqual).to.equal(false);
    expect(result.root.recomputed).to.equal(content.root);
    expect(new Map(result.differences.map((one) => [one.account, one]))).to.deep.equal(
      new Map(
        [[1, 650n, 600n] as const, [2, 350n, 400n] as const, [66, 7n, 0n] as const].map(
          ([i, published, recomputed]) => [
            accountOf(i),
            { account: accountOf(i), token, published, recomputed },
          ],
        ),
      ),
    );
    expect(result.problems[0]).to.contain(`root: computed ${content.root}`);
  });

  it("sees another snapshot block, and a file that says another thing than the chain", async () => {
    const { deps, propose } = start();
    const content = await prepare(deps, 1, null);
    const { snapshot } = content;
    propose({ ...content, snapshot: { ...snapshot, number: 0 } }, "proposed");
    expect(await verifyEpoch(deps, 1)).to.deep.include({
      ...{ isEqual: false, differences: [] },
      problems: ["snapshot block: computed 1, proposed 0"],
    });
    const other = start();
    other.propose({ ...content, program: programOf({ name: "Another" }) }, "proposed");
    const result = await verifyEpoch(other.deps, 1);
    expect(result.isEqual).to.equal(true);
    expect(result.problems[0]).to.contain("program: computed");
  });

  it("judges the activated proposal, else the newest that is open, and says when there is none", async () => {
    const { deps, propose } = start();
    const content = await prepare(deps, 1, null);
    const wrong = withRows(content, [...content.rows.slice(1)]);
    propose(content, "proposed");
    propose(wrong, "disputed");
    expect((await verifyEpoch(deps, 1)).proposal.state).to.equal("proposed");
    propose(wrong, "activated");
    propose(content, "proposed");
    const result = await verifyEpoch(deps, 1);
    expect(result.proposal.state).to.equal("activated");
    expect(result.isEqual).to.equal(false);
    const unknown = await verifyEpoch(deps, 2).catch((error: unknown) => error);
    expect(unknown).to.be.instanceOf(UnknownEpochError);
  });

  it("compares lists of any order of gaps", () => {
    const row = (i: number, cumulative: bigint): Row => ({
      ...{ account: `0x${String(i).padStart(40, "0")}`, token, cumulative, earned: 0n },
    });
    const found = differencesOf(
      [row(1, 1n), row(3, 3n), row(4, 4n)],
      [row(2, 2n), row(3, 3n), row(4, 5n), row(9, 9n)],
    );
    expect(
      found.map(({ account, published, recomputed }) => [
        Number(account.slice(-2)),
        published,
        recomputed,
      ]),
    ).to.deep.equal([
      [1, 1n, 0n],
      [2, 0n, 2n],
      [4, 4n, 5n],
      [9, 0n, 9n],
    ]);
  });
});
