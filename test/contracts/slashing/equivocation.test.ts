import { anyValue } from "@nomicfoundation/hardhat-ethers-chai-matchers/withArgs";
import { expect } from "chai";
import { computeAddress, recoverAddress, Signature, toBeHex, ZeroAddress } from "ethers";

import { at, keysOf, PARAMS, secretOf } from "../../helpers/contracts-fixture.ts";
import {
  deploySlashing,
  EQUIVOCATION_BPS,
  EVIDENCE_PERIOD,
  malleate,
  REPORTER,
  signStatement,
  STAKE,
  typedHash,
} from "./evidence.ts";
import type { Statement } from "./evidence.ts";

const LIE = [100n, 200n, 300n];
const OTHER = [100n, 201n, 300n];
const PENALTY = (STAKE * BigInt(EQUIVOCATION_BPS)) / 10_000n;

describe("Slashing: two observations of one slot", () => {
  it("slashes the operator for its share, rounded down, and rewards the named reporter", async () => {
    const { slashing, stake, accounts, setId, slot, state, pair, stranger } =
      await deploySlashing();
    const account = at(accounts, 2);
    const call = slashing.connect(stranger).slashEquivocation(...pair(state(LIE), state(OTHER)));
    await expect(call)
      .to.emit(slashing, "EquivocationSlashed")
      .withArgs(account, setId, slot, PENALTY, REPORTER);
    await expect(call).to.emit(stake, "Slashed").withArgs(account, PENALTY, REPORTER);
    expect(await stake.slashable(account)).to.equal(STAKE - PENALTY);
    expect(await slashing.isEquivocationPunished(account, setId, slot)).to.equal(true);
    expect(await slashing.isEquivocationPunished(account, setId, slot + 1)).to.equal(false);
  });

  it("takes observations whatever digest and number of prices the operator signed", async () => {
    const { slashing, state, pair } = await deploySlashing();
    const first = state(LIE, { digest: 1n });
    const second = state([...LIE, 0n], { digest: 1n });
    await expect(slashing.slashEquivocation(...pair(first, second))).to.emit(
      slashing,
      "EquivocationSlashed",
    );
  });

  it("reverts with SamePrices for two signatures over one observation, or over two digests of it", async () => {
    const { slashing, state, place, secrets, pair } = await deploySlashing();
    const one = state(LIE);
    const signature = signStatement(at(secrets, 2), one, place);
    await expect(
      slashing.slashEquivocation(one, signature, one, malleate(signature), REPORTER),
    ).to.be.revertedWithCustomError(slashing, "SamePrices");
    await expect(
      slashing.slashEquivocation(...pair(one, state(LIE, { digest: 5n }))),
    ).to.be.revertedWithCustomError(slashing, "SamePrices");
  });

  it("reverts with EquivocationPunished when it is brought again, also with a third observation", async () => {
    const { slashing, accounts, setId, slot, state, pair } = await deploySlashing();
    await slashing.slashEquivocation(...pair(state(LIE), state(OTHER)));
    for (const again of [pair(state(OTHER), state(LIE)), pair(state(LIE), state([1n, 1n, 1n]))]) {
      await expect(slashing.slashEquivocation(...again))
        .to.be.revertedWithCustomError(slashing, "EquivocationPunished")
        .withArgs(at(accounts, 2), setId, slot);
    }
  });

  it("slashes for another slot again, from what is left", async () => {
    const { slashing, stake, accounts, slot, state, pair } = await deploySlashing();
    await slashing.slashEquivocation(...pair(state(LIE), state(OTHER)));
    const next = { slot: slot + 1 };
    await slashing.slashEquivocation(...pair(state(LIE, next), state(OTHER, next)));
    const left = STAKE - PENALTY;
    expect(await stake.slashable(at(accounts, 2))).to.equal(left - left / 2n);
  });

  it("reverts with DifferentSets, DifferentSlots and DifferentOperators where both are true", async () => {
    const { slashing, setId, slot, state, pair } = await deploySlashing();
    const cases = [
      [{ setId: setId - 1 }, "DifferentSets", [setId, setId - 1]],
      [{ slot: slot - 1 }, "DifferentSlots", [slot, slot - 1]],
      [{ operator: 1 }, "DifferentOperators", [2, 1]],
    ] as const;
    for (const [change, error, args] of cases) {
      await expect(slashing.slashEquivocation(...pair(state(LIE), state(OTHER, change))))
        .to.be.revertedWithCustomError(slashing, error)
        .withArgs(...args);
    }
  });

  it("reverts with WrongSigner for evidence forged by another operator, on either side", async () => {
    const { slashing, place, secrets, state } = await deploySlashing();
    const [lie, other] = [state(LIE), state(OTHER)];
    const own = (of: typeof lie) => signStatement(at(secrets, 2), of, place);
    const forged = (of: typeof lie) => signStatement(at(secrets, 1), of, place);
    for (const [first, second] of [
      [forged(lie), own(other)],
      [own(lie), forged(other)],
    ] as const) {
      await expect(
        slashing.slashEquivocation(lie, first, other, second, REPORTER),
      ).to.be.revertedWithCustomError(slashing, "WrongSigner");
    }
  });

  it("reverts with WrongSigner for signatures of another chain or another contract", async () => {
    const { slashing, place, operatorsAddress, state, pair } = await deploySlashing();
    const places = [
      { ...place, chainId: place.chainId + 1n },
      { ...place, contract: operatorsAddress },
    ];
    for (const where of places) {
      await expect(
        slashing.slashEquivocation(...pair(state(LIE), state(OTHER), undefined, where)),
      ).to.be.revertedWithCustomError(slashing, "WrongSigner");
    }
  });

  it("reverts with WrongSigner for a statement that was changed after it was signed", async () => {
    const { slashing, slot, state, pair } = await deploySlashing();
    const [first, signature, second, other] = pair(state(LIE), state(OTHER));
    const moved = { slot: slot + 1 };
    await expect(
      slashing.slashEquivocation(
        { ...first, ...moved },
        signature,
        { ...second, ...moved },
        other,
        REPORTER,
      ),
    ).to.be.revertedWithCustomError(slashing, "WrongSigner");
    await expect(
      slashing.slashEquivocation(
        { ...first, prices: [7n, 7n, 7n] },
        signature,
        second,
        other,
        REPORTER,
      ),
    ).to.be.revertedWithCustomError(slashing, "WrongSigner");
  });

  it("reverts with OpenZeppelin's errors for high s, other lengths and no curve point", async () => {
    const { slashing, place, secrets, state, pair } = await deploySlashing();
    const [first, signature, second, other] = pair(state(LIE), state(OTHER));
    const bring = (bytes: string) =>
      slashing.slashEquivocation(first, bytes, second, other, REPORTER);
    const high = malleate(signature);
    await expect(bring(high))
      .to.be.revertedWithCustomError(slashing, "ECDSAInvalidSignatureS")
      .withArgs(`0x${high.slice(66, 130)}`);
    await expect(bring(signature.slice(0, -2)))
      .to.be.revertedWithCustomError(slashing, "ECDSAInvalidSignatureLength")
      .withArgs(64);
    await expect(bring(`${signature.slice(0, -2)}1d`)).to.be.revertedWithCustomError(
      slashing,
      "ECDSAInvalidSignature",
    );
    // The twin satisfies the equation all right: only its high s keeps it out.
    expect(recoverAddress(typedHash(first, place), Signature.from(signature))).to.equal(
      computeAddress(toBeHex(at(secrets, 2), 32)),
    );
  });

  it("reverts with OperatorBeyondSet, ZeroReporter, and PriceFeeds' UnknownSet", async () => {
    const { slashing, feeds, setId, state, pair, secrets } = await deploySlashing();
    const beyond = { operator: 5 };
    await expect(
      slashing.slashEquivocation(...pair(state(LIE, beyond), state(OTHER, beyond), at(secrets, 0))),
    )
      .to.be.revertedWithCustomError(slashing, "OperatorBeyondSet")
      .withArgs(5, 5);
    const [first, signature, second, other] = pair(state(LIE), state(OTHER));
    await expect(
      slashing.slashEquivocation(first, signature, second, other, ZeroAddress),
    ).to.be.revertedWithCustomError(slashing, "ZeroReporter");
    for (const unknown of [0, setId + 1, 2 ** 32 - 1]) {
      const change = { setId: unknown };
      await expect(slashing.slashEquivocation(...pair(state(LIE, change), state(OTHER, change))))
        .to.be.revertedWithCustomError(feeds, "UnknownSet")
        .withArgs(unknown);
    }
  });

  it("takes evidence until the period's last second and reverts with EvidenceExpired after it", async () => {
    const { slashing, slot, state, pair, networkHelpers } = await deploySlashing();
    const evidence = pair(state(LIE), state(OTHER));
    const snapshot = await networkHelpers.takeSnapshot();
    await networkHelpers.time.setNextBlockTimestamp(slot + EVIDENCE_PERIOD + 1);
    await expect(slashing.slashEquivocation(...evidence))
      .to.be.revertedWithCustomError(slashing, "EvidenceExpired")
      .withArgs(slot, slot + EVIDENCE_PERIOD);
    await snapshot.restore();
    await networkHelpers.time.setNextBlockTimestamp(slot + EVIDENCE_PERIOD);
    await expect(slashing.slashEquivocation(...evidence)).to.emit(slashing, "EquivocationSlashed");
  });

  it("takes observations of a slot ahead of the block", async () => {
    const { slashing, slot, state, pair } = await deploySlashing();
    const ahead = { slot: slot + 10_000 };
    await expect(
      slashing.slashEquivocation(...pair(state(LIE, ahead), state(OTHER, ahead))),
    ).to.emit(slashing, "EquivocationSlashed");
  });

  it("reverts with NothingToSlash without stake, and takes the evidence once there is some", async () => {
    const { slashing, stake, accounts, state, pair } = await deploySlashing();
    const evidence = pair(state(LIE), state(OTHER));
    await stake.set(at(accounts, 2), 1n);
    await expect(slashing.slashEquivocation(...evidence)).to.be.revertedWithCustomError(
      slashing,
      "NothingToSlash",
    );
    await stake.set(at(accounts, 2), 2n);
    await expect(slashing.slashEquivocation(...evidence))
      .to.emit(stake, "Slashed")
      .withArgs(at(accounts, 2), 1n, REPORTER);
  });

  it("pays whoever is first: a copy that another brings before makes the original revert", async () => {
    const { slashing, stake, accounts, state, pair, stranger } = await deploySlashing();
    const [first, signature, second, other] = pair(state(LIE), state(OTHER));
    await expect(slashing.slashEquivocation(first, signature, second, other, stranger.address))
      .to.emit(stake, "Slashed")
      .withArgs(at(accounts, 2), PENALTY, stranger.address);
    await expect(
      slashing.slashEquivocation(first, signature, second, other, REPORTER),
    ).to.be.revertedWithCustomError(slashing, "EquivocationPunished");
  });

  describe("after the set has changed", () => {
    /** The set that `old` was before feeds' parameters changed at `since`. */
    async function changed() {
      const net = await deploySlashing();
      const since = net.slot + 100;
      await net.networkHelpers.time.setNextBlockTimestamp(since);
      await net.feeds.setParams(`0x41${"00".repeat(31)}`, { ...PARAMS, tau: 100 });
      return { ...net, since };
    }

    it("judges by the keys of the old set, for its own slots", async () => {
      const { slashing, since, state, pair } = await changed();
      const last = { slot: since - 1 };
      await expect(
        slashing.slashEquivocation(...pair(state(LIE, last), state(OTHER, last))),
      ).to.emit(slashing, "EquivocationSlashed");
    });

    it("reverts with SlotOutsideSet for slots from its end on, and for the new set's before its begin", async () => {
      const { slashing, feeds, setId, since, state, pair } = await changed();
      const late = { slot: since };
      const { since: oldSince } = await feeds.setOf(setId);
      await expect(slashing.slashEquivocation(...pair(state(LIE, late), state(OTHER, late))))
        .to.be.revertedWithCustomError(slashing, "SlotOutsideSet")
        .withArgs(since, oldSince, since);
      const early = { setId: setId + 1, slot: since - 1 };
      await expect(slashing.slashEquivocation(...pair(state(LIE, early), state(OTHER, early))))
        .to.be.revertedWithCustomError(slashing, "SlotOutsideSet")
        .withArgs(since - 1, since, 2n ** 256n - 1n);
    });

    it("judges by the key of the set that is named, not by today's", async () => {
      const { ethers, manager, stake, chainId, accounts, networkHelpers } = await deploySlashing();
      // A registry that changes at once.
      const registry = await ethers.deployContract("SlashingRegistry");
      const feeds = await ethers.deployContract("PriceFeeds", [manager, registry]);
      const slashing = await ethers.deployContract("Slashing", [
        ...[manager, feeds, stake, EVIDENCE_PERIOD, EQUIVOCATION_BPS, EQUIVOCATION_BPS],
      ]);
      const account = at(accounts, 0);
      const [old, rotated] = [secretOf(500), secretOf(501)];
      await registry.set([account], [keysOf(old)], [""]);
      await feeds.sync();
      await registry.set([account], [keysOf(rotated)], [""]);
      const since = (await networkHelpers.time.latest()) + 50;
      await networkHelpers.time.setNextBlockTimestamp(since);
      await feeds.sync();

      const place = { chainId, contract: await feeds.getAddress() };
      const evidence = (secret: bigint, setId: number, slot: number) => {
        const [first, second] = [LIE, OTHER].map((prices) => ({
          ...{ setId, slot, operator: 0, prices, digest: 0n },
        })) as [Statement, Statement];
        return [
          ...[first, signStatement(secret, first, place)],
          ...[second, signStatement(secret, second, place), REPORTER],
        ] as [Statement, string, Statement, string, string];
      };
      await expect(slashing.slashEquivocation(...evidence(rotated, 1, since - 1)))
        .to.be.revertedWithCustomError(slashing, "WrongSigner")
        .withArgs(computeAddress(toBeHex(rotated, 32)), computeAddress(toBeHex(old, 32)));
      await expect(slashing.slashEquivocation(...evidence(old, 2, since)))
        .to.be.revertedWithCustomError(slashing, "WrongSigner")
        .withArgs(computeAddress(toBeHex(old, 32)), computeAddress(toBeHex(rotated, 32)));
      for (const call of [evidence(old, 1, since - 1), evidence(rotated, 2, since)]) {
        await expect(slashing.slashEquivocation(...call))
          .to.emit(slashing, "EquivocationSlashed")
          .withArgs(account, call[0].setId, call[0].slot, anyValue, REPORTER);
      }
    });

    it("frames nobody by a key that leaks after its set has ended", async () => {
      const { slashing, since, setId, state, pair, networkHelpers } = await changed();
      // Whoever has the old key can only sign for slots of the old set's time, and these expire.
      await networkHelpers.time.setNextBlockTimestamp(since + EVIDENCE_PERIOD);
      const last = { slot: since - 1 };
      await expect(slashing.slashEquivocation(...pair(state(LIE, last), state(OTHER, last))))
        .to.be.revertedWithCustomError(slashing, "EvidenceExpired")
        .withArgs(since - 1, since - 1 + EVIDENCE_PERIOD);
      const late = { slot: since + EVIDENCE_PERIOD - 1, setId };
      await expect(
        slashing.slashEquivocation(...pair(state(LIE, late), state(OTHER, late))),
      ).to.be.revertedWithCustomError(slashing, "SlotOutsideSet");
    });
  });
});
