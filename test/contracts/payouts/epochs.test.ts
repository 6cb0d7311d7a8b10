import { expect } from "chai";
import { concat, id, parseEther, TypedDataEncoder, ZeroAddress, ZeroHash } from "ethers";

import { at } from "../../helpers/contracts-fixture.ts";
import { CONFIG, DAY, deployPayouts, HOUR, LIMITS, ROLES, STATE, TYPES } from "./payouts.ts";
import type { Content, Payouts } from "./payouts.ts";

/** Digest that approvers sign, computed here and not by the contract. */
const digestOf = (payouts: Payouts, content: Content, attempt = 1) =>
  TypedDataEncoder.hash(payouts.domain, TYPES.approval, { ...content, attempt });

describe("PayoutDistributor: proposals", () => {
  it("are identified by the digest that approvers sign", async () => {
    const payouts = await deployPayouts();
    const content = await payouts.content({
      totals: [
        { token: ZeroAddress, amount: 5n },
        { token: payouts.tokenAddress, amount: 7n },
      ],
    });
    const expected = digestOf(payouts, content);
    expect(await payouts.distributor.proposalIdOf(content)).to.deep.equal([expected, 1n]);
    await expect(payouts.distributor.connect(payouts.proposer).propose(content))
      .to.emit(payouts.distributor, "EpochProposed")
      .withArgs(
        expected,
        1,
        payouts.proposer.address,
        1,
        content.root,
        content.totals.map(({ token, amount }) => [token, amount]),
        content.dataHash,
        content.uri,
        content.snapshotBlock,
      );
    const now = BigInt(await payouts.now());
    expect(await payouts.distributor.proposal(expected)).to.deep.equal([
      STATE.Proposed,
      1n,
      1n,
      0n,
      now,
      0n,
      now + BigInt(CONFIG.lifetimeSeconds),
      content.root,
      content.dataHash,
      content.totals.map(({ token, amount }) => [token, amount]),
    ]);
  });

  it("differ by every field, attempt, contract and chain", async () => {
    const payouts = await deployPayouts();
    const base = await payouts.content({ totals: [{ token: payouts.tokenAddress, amount: 7n }] });
    const other: Content[] = [
      { ...base, epoch: 2n },
      { ...base, root: id("other") },
      { ...base, dataHash: id("other") },
      { ...base, uri: "other" },
      { ...base, snapshotBlock: base.snapshotBlock + 1n },
      { ...base, totals: [] },
      { ...base, totals: [{ token: payouts.tokenAddress, amount: 8n }] },
      { ...base, totals: [{ token: ZeroAddress, amount: 7n }] },
    ];
    const ids = new Set([(await payouts.distributor.proposalIdOf(base)).proposalId]);
    for (const content of other)
      ids.add((await payouts.distributor.proposalIdOf(content)).proposalId);
    ids.add(digestOf(payouts, base, 2));
    const { domain } = payouts;
    for (const changed of [{ chainId: 1n }, { verifyingContract: payouts.tokenAddress }]) {
      ids.add(digestOf({ ...payouts, domain: { ...domain, ...changed } }, base));
    }
    expect(ids.size).to.equal(other.length + 4);
  });

  it("are made by the proposer role alone", async () => {
    const payouts = await deployPayouts();
    const content = await payouts.content();
    for (const caller of [payouts.watcher, payouts.guardian, payouts.relayer]) {
      await expect(payouts.distributor.connect(caller).propose(content))
        .to.be.revertedWithCustomError(payouts.distributor, "AccessManagedUnauthorized")
        .withArgs(caller.address);
    }
  });

  it("are for the next epoch", async () => {
    const payouts = await deployPayouts();
    await expect(payouts.propose(await payouts.content({ epoch: 2n })))
      .to.be.revertedWithCustomError(payouts.distributor, "WrongEpoch")
      .withArgs(2, 1);
    await payouts.activate([payouts.leaf(payouts.relayer.address, 1n)]);
    await expect(payouts.propose(await payouts.content({ epoch: 1n })))
      .to.be.revertedWithCustomError(payouts.distributor, "WrongEpoch")
      .withArgs(1, 2);
  });

  it("name a root, an address of bounded length and listed tokens in order", async () => {
    const payouts = await deployPayouts();
    const { distributor, tokenAddress: token, governance } = payouts;
    const refused = async (fields: Partial<Content>, error: string, args: unknown[]) => {
      await expect(payouts.propose(await payouts.content(fields)))
        .to.be.revertedWithCustomError(distributor, error)
        .withArgs(...args);
    };
    await refused({ root: ZeroHash }, "ZeroRoot", []);
    await refused({ uri: "x".repeat(257) }, "UriTooLong", [257, 256]);
    const total = (address: string) => ({ token: address, amount: 1n });
    await refused({ totals: [total(token), total(ZeroAddress)] }, "TokensNotAscending", [
      ZeroAddress,
      token,
    ]);
    await refused({ totals: [total(token), total(token)] }, "TokensNotAscending", [token, token]);
    await refused({ totals: [total(governance.address)] }, "UnknownToken", [governance.address]);
    await refused({ totals: Array(17).fill(total(token)) as [] }, "TooManyTotals", [17, 16]);
    await payouts.propose(await payouts.content({ uri: "x".repeat(256) }));
  });

  it("exist once while one with their content is open, and are repeated as another attempt", async () => {
    const payouts = await deployPayouts();
    const { distributor, watcher, networkHelpers } = payouts;
    const content = await payouts.content();
    const first = await payouts.propose(content);
    const refused = async (proposalId: string, state: bigint) => {
      await expect(payouts.propose(content))
        .to.be.revertedWithCustomError(distributor, "ProposalExists")
        .withArgs(proposalId, state);
      expect((await distributor.proposalIdOf(content)).proposalId).to.equal(proposalId);
    };
    await refused(first, STATE.Proposed);
    await distributor.connect(watcher).dispute(first, "wrong");
    const second = await payouts.ready(content);
    expect(second).to.equal(digestOf(payouts, content, 2));
    expect((await distributor.proposal(second)).attempt).to.equal(2n);
    await refused(second, STATE.Ready);
    await networkHelpers.time.increase(CONFIG.lifetimeSeconds);
    expect(await distributor.stateOf(second)).to.equal(STATE.Expired);
    const third = await payouts.propose(content);
    expect(third).to.equal(digestOf(payouts, content, 3));
  });

  it("may compete, and one activated supersedes the others", async () => {
    const payouts = await deployPayouts();
    const { distributor } = payouts;
    const one = await payouts.ready(await payouts.content({ root: id("one") }));
    const two = await payouts.ready(await payouts.content({ root: id("two") }));
    await distributor.activate(two);
    expect(await distributor.stateOf(one)).to.equal(STATE.Superseded);
    expect(await distributor.stateOf(two)).to.equal(STATE.Activated);
    await expect(distributor.activate(one))
      .to.be.revertedWithCustomError(distributor, "WrongState")
      .withArgs(one, STATE.Superseded);
    await expect(distributor.activate(two))
      .to.be.revertedWithCustomError(distributor, "WrongState")
      .withArgs(two, STATE.Activated);
  });

  it("expire", async () => {
    const payouts = await deployPayouts();
    const { distributor, networkHelpers } = payouts;
    const proposalId = await payouts.ready(await payouts.content());
    const { expiresAt } = await distributor.proposal(proposalId);
    await networkHelpers.time.increaseTo(expiresAt - 1n);
    expect(await distributor.stateOf(proposalId)).to.equal(STATE.Ready);
    await networkHelpers.time.increaseTo(expiresAt);
    await expect(distributor.activate(proposalId))
      .to.be.revertedWithCustomError(distributor, "WrongState")
      .withArgs(proposalId, STATE.Expired);
    await expect(distributor.connect(at(payouts.approvers, 2)).approve(proposalId))
      .to.be.revertedWithCustomError(distributor, "WrongState")
      .withArgs(proposalId, STATE.Expired);
  });

  it("that were never made are Unknown", async () => {
    const { distributor, approvers } = await deployPayouts();
    expect(await distributor.stateOf(id("none"))).to.equal(STATE.Unknown);
    expect((await distributor.proposal(id("none"))).expiresAt).to.equal(0n);
    await expect(distributor.connect(at(approvers, 0)).approve(id("none")))
      .to.be.revertedWithCustomError(distributor, "WrongState")
      .withArgs(id("none"), STATE.Unknown);
  });
});

describe("PayoutDistributor: approvals", () => {
  it("start the challenge window when there are enough of them", async () => {
    const payouts = await deployPayouts();
    const { distributor, approvers, networkHelpers } = payouts;
    const proposalId = await payouts.propose(await payouts.content());
    const [first, second, third] = [at(approvers, 0), at(approvers, 1), at(approvers, 2)];
    await expect(distributor.connect(first).approve(proposalId))
      .to.emit(distributor, "ProposalApproved")
      .withArgs(proposalId, first.address, 1)
      .and.not.to.emit(distributor, "ChallengeStarted");
    expect(await distributor.stateOf(proposalId)).to.equal(STATE.Proposed);
    const time = (await payouts.now()) + 100;
    await networkHelpers.time.setNextBlockTimestamp(time);
    const end = time + CONFIG.challengeSeconds;
    await expect(distributor.connect(second).approve(proposalId))
      .to.emit(distributor, "ChallengeStarted")
      .withArgs(proposalId, end);
    expect(await distributor.stateOf(proposalId)).to.equal(STATE.Approved);
    await expect(distributor.activate(proposalId))
      .to.be.revertedWithCustomError(distributor, "WrongState")
      .withArgs(proposalId, STATE.Approved);
    await distributor.connect(third).approve(proposalId);
    const { approvals, challengeEndsAt } = await distributor.proposal(proposalId);
    expect([approvals, challengeEndsAt]).to.deep.equal([3n, BigInt(end)]);
    await networkHelpers.time.increaseTo(end - 1);
    expect(await distributor.stateOf(proposalId)).to.equal(STATE.Approved);
    await networkHelpers.time.increaseTo(end);
    expect(await distributor.stateOf(proposalId)).to.equal(STATE.Ready);
  });

  it("count once each, and from approvers alone", async () => {
    const { distributor, approvers, relayer, ...payouts } = await deployPayouts();
    const proposalId = await payouts.propose(await payouts.content());
    const approver = at(approvers, 0);
    await distributor.connect(approver).approve(proposalId);
    await expect(distributor.connect(approver).approve(proposalId))
      .to.be.revertedWithCustomError(distributor, "AlreadyApproved")
      .withArgs(proposalId, approver.address);
    await expect(distributor.connect(relayer).approve(proposalId))
      .to.be.revertedWithCustomError(distributor, "NotApprover")
      .withArgs(relayer.address);
    expect(await distributor.hasApproved(proposalId, approver)).to.equal(true);
    expect(await distributor.hasApproved(proposalId, at(approvers, 1))).to.equal(false);
    expect(await distributor.hasApproved(proposalId, relayer)).to.equal(false);
  });

  it("are relayed by anybody as signatures", async () => {
    const payouts = await deployPayouts();
    const { distributor, approvers, relayer, domain } = payouts;
    const content = await payouts.content({ totals: [{ token: ZeroAddress, amount: 1n }] });
    const proposalId = await payouts.propose(content);
    const approver = at(approvers, 1);
    const signature = await approver.signTypedData(domain, TYPES.approval, {
      ...content,
      attempt: 1,
    });
    const relay = () =>
      distributor.connect(relayer).approveBySig(proposalId, approver.address, signature);
    await expect(relay())
      .to.emit(distributor, "ProposalApproved")
      .withArgs(proposalId, approver.address, 1);
    await expect(relay())
      .to.be.revertedWithCustomError(distributor, "AlreadyApproved")
      .withArgs(proposalId, approver.address);
  });

  it("by a signature of another account or over another digest do not count", async () => {
    const payouts = await deployPayouts();
    const { distributor, approvers, domain, tokenAddress } = payouts;
    const content = await payouts.content();
    const proposalId = await payouts.propose(content);
    const approver = at(approvers, 0);
    const sign = (by: typeof approver, on: object, fields: object) =>
      by.signTypedData({ ...domain, ...on }, TYPES.approval, { ...content, attempt: 1, ...fields });
    const good = await sign(approver, {}, {});
    for (const signature of [
      await sign(at(approvers, 1), {}, {}),
      await sign(approver, { chainId: 1n }, {}),
      await sign(approver, { verifyingContract: tokenAddress }, {}),
      await sign(approver, {}, { epoch: 2n }),
      await sign(approver, {}, { attempt: 2 }),
      await sign(approver, {}, { root: id("other") }),
      concat([good, "0x00"]),
      "0x",
    ]) {
      await expect(distributor.approveBySig(proposalId, approver, signature))
        .to.be.revertedWithCustomError(distributor, "InvalidSignature")
        .withArgs(approver.address, proposalId);
    }
    const stranger = payouts.relayer;
    await expect(
      distributor.approveBySig(proposalId, stranger, await sign(stranger, {}, {})),
    ).to.be.revertedWithCustomError(distributor, "NotApprover");
  });

  it("for one attempt do not serve the next", async () => {
    const payouts = await deployPayouts();
    const { distributor, approvers, domain, watcher } = payouts;
    const content = await payouts.content();
    const approver = at(approvers, 0);
    const signature = await approver.signTypedData(domain, TYPES.approval, {
      ...content,
      attempt: 1,
    });
    const first = await payouts.propose(content);
    await distributor.connect(watcher).dispute(first, "wrong");
    const second = await payouts.propose(content);
    await expect(distributor.approveBySig(second, approver, signature))
      .to.be.revertedWithCustomError(distributor, "InvalidSignature")
      .withArgs(approver.address, second);
    await expect(distributor.approveBySig(first, approver, signature))
      .to.be.revertedWithCustomError(distributor, "WrongState")
      .withArgs(first, STATE.Disputed);
  });

  it("of a contract account follow its own rule", async () => {
    const payouts = await deployPayouts();
    const { distributor, domain, users, ethers } = payouts;
    const [owner, other] = [at(users, 0), at(users, 1)];
    const wallet = await ethers.deployContract("PayoutWallet", [owner.address]);
    await distributor.setApprovers([wallet], 1);
    const content = await payouts.content();
    const proposalId = await payouts.propose(content);
    const value = { ...content, attempt: 1 };
    await expect(
      distributor.approveBySig(
        proposalId,
        wallet,
        await other.signTypedData(domain, TYPES.approval, value),
      ),
    ).to.be.revertedWithCustomError(distributor, "InvalidSignature");
    await distributor.approveBySig(
      proposalId,
      wallet,
      await owner.signTypedData(domain, TYPES.approval, value),
    );
    expect(await distributor.stateOf(proposalId)).to.equal(STATE.Approved);
  });

  it("are void once the approvers change", async () => {
    const payouts = await deployPayouts();
    const { distributor, approvers, users } = payouts;
    const content = await payouts.content();
    const proposalId = await payouts.ready(content);
    const accounts = [at(approvers, 0), at(users, 0)].map(({ address }) => address);
    await expect(distributor.setApprovers(accounts, 2))
      .to.emit(distributor, "ApproversChanged")
      .withArgs(2, accounts, 2);
    expect(await distributor.approvers()).to.deep.equal([2n, accounts, 2n]);
    expect(await distributor.hasApproved(proposalId, at(approvers, 0))).to.equal(false);
    await expect(distributor.activate(proposalId))
      .to.be.revertedWithCustomError(distributor, "WrongState")
      .withArgs(proposalId, STATE.Void);
    const again = await payouts.propose(content);
    await expect(
      distributor.connect(at(approvers, 1)).approve(again),
    ).to.be.revertedWithCustomError(distributor, "NotApprover");
    await distributor.connect(at(users, 0)).approve(again);
    await distributor.connect(at(approvers, 0)).approve(again);
    expect(await distributor.stateOf(again)).to.equal(STATE.Approved);
  });
});

describe("PayoutDistributor: disputes", () => {
  it("of a watcher or the guardian drop a proposal in any open state", async () => {
    const payouts = await deployPayouts();
    const { distributor, watcher, guardian, approvers } = payouts;
    const proposed = await payouts.propose(await payouts.content({ root: id("a") }));
    const approved = await payouts.propose(await payouts.content({ root: id("b") }));
    for (const approver of approvers) await distributor.connect(approver).approve(approved);
    const ready = await payouts.ready(await payouts.content({ root: id("c") }));
    for (const proposalId of [proposed, approved, ready]) {
      const isLast = proposalId === ready;
      const caller = isLast ? guardian : watcher;
      const call = isLast ? "guardianDispute" : "dispute";
      await expect(distributor.connect(caller)[call](proposalId, "differs"))
        .to.emit(distributor, "ProposalDisputed")
        .withArgs(proposalId, caller.address, "differs");
      await expect(distributor.activate(proposalId))
        .to.be.revertedWithCustomError(distributor, "WrongState")
        .withArgs(proposalId, STATE.Disputed);
    }
  });

  it("need their role", async () => {
    const { distributor, watcher, guardian, proposer, ...payouts } = await deployPayouts();
    const proposalId = await payouts.propose(await payouts.content());
    for (const caller of [guardian, proposer]) {
      await expect(
        distributor.connect(caller).dispute(proposalId, ""),
      ).to.be.revertedWithCustomError(distributor, "AccessManagedUnauthorized");
    }
    for (const caller of [watcher, proposer]) {
      await expect(
        distributor.connect(caller).guardianDispute(proposalId, ""),
      ).to.be.revertedWithCustomError(distributor, "AccessManagedUnauthorized");
    }
  });

  it("do not reach what is no longer open", async () => {
    const payouts = await deployPayouts();
    const { distributor, watcher } = payouts;
    const proposalId = await payouts.ready(await payouts.content());
    await distributor.activate(proposalId);
    await expect(distributor.connect(watcher).dispute(proposalId, ""))
      .to.be.revertedWithCustomError(distributor, "WrongState")
      .withArgs(proposalId, STATE.Activated);
  });

  it("are rationed for watcher and guardian apart", async () => {
    const payouts = await deployPayouts();
    const { distributor, watcher, guardian, networkHelpers } = payouts;
    const content = await payouts.content();
    let firstAt = 0;
    for (let i = 0; i < 5; i++) {
      await distributor.connect(watcher).dispute(await payouts.propose(content), "");
      if (i === 0) firstAt = await payouts.now();
      await networkHelpers.time.increase(HOUR);
    }
    const proposalId = await payouts.propose(content);
    const dispute = () => distributor.connect(watcher).dispute(proposalId, "");
    await expect(dispute())
      .to.be.revertedWithCustomError(distributor, "DisputesExhausted")
      .withArgs(firstAt + DAY);
    await networkHelpers.time.setNextBlockTimestamp(firstAt + DAY);
    await dispute();
    const next = await payouts.propose(content);
    await expect(distributor.connect(watcher).dispute(next, "")).to.be.revertedWithCustomError(
      distributor,
      "DisputesExhausted",
    );
    await distributor.connect(guardian).guardianDispute(next, "");
  });
});

describe("PayoutDistributor: activation", () => {
  it("makes the root the one that pays, with its totals", async () => {
    const payouts = await deployPayouts();
    const { distributor, tokenAddress: token, relayer } = payouts;
    const proposalId = await payouts.ready(
      await payouts.content({ totals: [{ token, amount: 700n }] }),
    );
    const sent = distributor.connect(relayer).activate(proposalId);
    await expect(sent).to.emit(distributor, "EpochActivated").withArgs(1, proposalId, id("root"));
    await expect(sent).to.emit(distributor, "TotalApproved").withArgs(1, token, 700, 0);
    expect(await distributor.activeEpoch()).to.deep.equal([
      1n,
      BigInt(await payouts.now()),
      id("root"),
      proposalId,
    ]);
    expect((await distributor.tokenState(token)).approved).to.equal(700n);
    expect((await distributor.tokenState(ZeroAddress)).approved).to.equal(0n);
  });

  it("waits until the total is deposited", async () => {
    const payouts = await deployPayouts({ deposit: 0n });
    const { distributor, tokenAddress: token, funder } = payouts;
    await distributor.connect(funder).deposit(token, 99n);
    const proposalId = await payouts.ready(
      await payouts.content({ totals: [{ token, amount: 100n }] }),
    );
    await expect(distributor.activate(proposalId))
      .to.be.revertedWithCustomError(distributor, "NotFunded")
      .withArgs(token, 100, 99);
    await distributor.connect(funder).deposit(token, 1n);
    await distributor.activate(proposalId);
  });

  it("is bounded by the increase per epoch, when proposed and when activated", async () => {
    const payouts = await deployPayouts({ limits: { perEpoch: 100n } });
    const { distributor, tokenAddress: token } = payouts;
    const content = (amount: bigint) => payouts.content({ totals: [{ token, amount }] });
    await distributor.activate(await payouts.ready(await content(100n)));
    const refused = async (sent: Promise<unknown>, given: bigint, limit: bigint) => {
      await expect(sent)
        .to.be.revertedWithCustomError(distributor, "IncreaseTooBig")
        .withArgs(token, given, limit);
    };
    await refused(payouts.propose(await content(201n)), 101n, 100n);
    const proposalId = await payouts.ready(await content(200n));
    await distributor.setLimits(token, { ...LIMITS, perEpoch: 99n });
    await refused(distributor.activate(proposalId), 100n, 99n);
    await distributor.setLimits(token, { ...LIMITS, perEpoch: 100n });
    await distributor.activate(proposalId);
  });

  it("may lower a total, but not below what is paid", async () => {
    const payouts = await deployPayouts();
    const { distributor, tokenAddress: token, users } = payouts;
    const leaves = users.slice(0, 2).map(({ address }) => payouts.leaf(address, 50n));
    const tree = await payouts.activate(leaves);
    await payouts.claim(at(users, 0), tree, at(leaves, 0));
    const content = (amount: bigint) => payouts.content({ totals: [{ token, amount }] });
    await expect(payouts.propose(await content(49n)))
      .to.be.revertedWithCustomError(distributor, "TotalBelowPaid")
      .withArgs(token, 49, 50);
    await distributor.activate(await payouts.ready(await content(50n)));
    const { approved, paid } = await distributor.tokenState(token);
    expect([approved, paid]).to.deep.equal([50n, 50n]);
  });

  it("keeps the time between epochs", async () => {
    const payouts = await deployPayouts({ config: { epochSeconds: 20 * HOUR } });
    const { distributor, networkHelpers } = payouts;
    await distributor.activate(await payouts.ready(await payouts.content()));
    const earliest = (await payouts.now()) + 20 * HOUR;
    const proposalId = await payouts.ready(await payouts.content());
    await networkHelpers.time.setNextBlockTimestamp(earliest - 1);
    await expect(distributor.activate(proposalId))
      .to.be.revertedWithCustomError(distributor, "EpochTooEarly")
      .withArgs(earliest - 1, earliest);
    await networkHelpers.time.setNextBlockTimestamp(earliest);
    await distributor.activate(proposalId);
  });
});

describe("PayoutDistributor: deployment", () => {
  it("bounds configuration and approvers", async () => {
    const { ethers, manager, distributor, users, config } = await deployPayouts();
    expect(await distributor.config()).to.deep.equal(Object.values(config).map(BigInt));
    const accounts = users.slice(0, 2).map(({ address }) => address);
    const refused = async (
      fields: Partial<typeof CONFIG>,
      list: string[],
      threshold: number,
      error: string,
      args: unknown[],
    ) => {
      await expect(
        ethers.deployContract("PayoutDistributor", [
          manager,
          { ...CONFIG, ...fields },
          list,
          threshold,
        ]),
      )
        .to.be.revertedWithCustomError(distributor, error)
        .withArgs(...args);
    };
    const name = ethers.encodeBytes32String;
    const outside = (fields: Partial<typeof CONFIG>, args: unknown[]) =>
      refused(fields, accounts, 1, "SettingOutOfRange", args);
    await outside({ challengeSeconds: 0 }, [name("challengeSeconds"), 0, 1, 30 * DAY]);
    const long = 30 * DAY + 1;
    await outside({ challengeSeconds: long }, [name("challengeSeconds"), long, 1, 30 * DAY]);
    await outside({ lifetimeSeconds: HOUR }, [name("lifetimeSeconds"), HOUR, HOUR + 1, 90 * DAY]);
    await outside({ epochSeconds: long }, [name("epochSeconds"), long, 0, 30 * DAY]);
    const wrong = (list: string[], threshold: number, args: unknown[]) =>
      refused({}, list, threshold, "SettingOutOfRange", args);
    await wrong([], 1, [name("approvers"), 0, 1, 32]);
    await wrong(accounts, 0, [name("threshold"), 0, 1, 2]);
    await wrong(accounts, 3, [name("threshold"), 3, 1, 2]);
    const many = Array.from({ length: 33 }, (_, i) => ethers.toBeHex(i + 1, 20));
    await wrong(many, 1, [name("approvers"), 33, 1, 32]);
    const [first] = accounts;
    await refused({}, [first!, first!], 1, "InvalidApprover", [first]);
    await refused({}, [first!, ZeroAddress], 1, "InvalidApprover", [ZeroAddress]);
  });

  it("serves 32 approvers", async () => {
    const { ethers, distributor, users, networkHelpers, ...payouts } = await deployPayouts();
    const accounts = Array.from({ length: 31 }, (_, i) => ethers.toBeHex(i + 1, 20));
    const last = at(users, 0);
    await distributor.setApprovers([...accounts, last.address], 1);
    const proposalId = await payouts.propose(await payouts.content());
    await distributor.connect(last).approve(proposalId);
    expect(await distributor.hasApproved(proposalId, last)).to.equal(true);
    expect(await distributor.hasApproved(proposalId, at(accounts, 30))).to.equal(false);
    await networkHelpers.time.increase(HOUR);
    await distributor.activate(proposalId);
  });

  it("leaves what governance does to governance", async () => {
    const { distributor, relayer, guardian, tokenAddress, manager } = await deployPayouts();
    await manager.grantRole(ROLES.proposer, relayer.address, 0);
    for (const caller of [relayer, guardian]) {
      const mine = distributor.connect(caller);
      for (const sent of [
        () => mine.setApprovers([caller], 1),
        () => mine.setLimits(tokenAddress, LIMITS),
        () => mine.reassign(caller, tokenAddress, caller),
        () => mine.withdraw(tokenAddress, caller, parseEther("1")),
        () => mine.unpause(),
      ]) {
        await expect(sent())
          .to.be.revertedWithCustomError(distributor, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    }
    await expect(distributor.connect(relayer).pause()).to.be.revertedWithCustomError(
      distributor,
      "AccessManagedUnauthorized",
    );
  });
});
