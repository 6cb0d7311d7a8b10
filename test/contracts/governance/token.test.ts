import { expect } from "chai";
import { MaxUint256, parseEther, Signature } from "ethers";

import { deployGovernance, SHARES } from "./governance.ts";

describe("DodonaToken", () => {
  it("mints its whole supply to those named, once", async () => {
    const { token, alice, bob, timelock } = await deployGovernance();
    expect(await token.totalSupply()).to.equal(parseEther("100000"));
    expect(await token.balanceOf(alice)).to.equal(SHARES.alice);
    expect(await token.balanceOf(bob)).to.equal(SHARES.bob);
    expect(await token.balanceOf(timelock)).to.equal(SHARES.treasury);
    const names = token.interface.fragments.map((fragment) => JSON.stringify(fragment));
    expect(names.filter((name) => /mint/i.test(name))).to.deep.equal([]);
  });

  it("is Dodona, DODONA, of 18 decimals, and counts time in seconds", async () => {
    const { token, now } = await deployGovernance();
    expect(await token.name()).to.equal("Dodona");
    expect(await token.symbol()).to.equal("DODONA");
    expect(await token.decimals()).to.equal(18n);
    expect(await token.CLOCK_MODE()).to.equal("mode=timestamp");
    expect(await token.clock()).to.equal(await now());
  });

  it("reverts with LengthMismatch when accounts and amounts differ in number", async () => {
    const { ethers, token, alice } = await deployGovernance();
    await expect(ethers.deployContract("DodonaToken", [[alice, alice], [1n]]))
      .to.be.revertedWithCustomError(token, "LengthMismatch")
      .withArgs(2, 1);
  });

  it("cannot have a supply that votes could not count", async () => {
    const { ethers, token, alice } = await deployGovernance();
    await expect(ethers.deployContract("DodonaToken", [[alice], [2n ** 208n]]))
      .to.be.revertedWithCustomError(token, "ERC20ExceededSafeSupply")
      .withArgs(2n ** 208n, 2n ** 208n - 1n);
  });

  it("burns a holder's own tokens and their votes, and no others'", async () => {
    const { token, alice, bob } = await deployGovernance();
    await token.connect(alice).burn(parseEther("1"));
    expect(await token.totalSupply()).to.equal(parseEther("99999"));
    expect(await token.getVotes(alice)).to.equal(SHARES.alice - parseEther("1"));
    await expect(token.connect(alice).burnFrom(bob, 1n))
      .to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance")
      .withArgs(alice.address, 0n, 1n);
    await token.connect(bob).approve(alice, 5n);
    await token.connect(alice).burnFrom(bob, 5n);
    expect(await token.balanceOf(bob)).to.equal(SHARES.bob - 5n);
  });

  it("counts votes only once they are delegated, and moves them with the tokens", async () => {
    const { token, alice, stranger } = await deployGovernance();
    await token.connect(alice).transfer(stranger, 100n);
    expect(await token.getVotes(alice)).to.equal(SHARES.alice - 100n);
    expect(await token.getVotes(stranger)).to.equal(0n);
    await token.connect(stranger).delegate(alice);
    expect(await token.getVotes(alice)).to.equal(SHARES.alice);
  });

  it("keeps past votes as they were at each time", async () => {
    const { token, networkHelpers, alice, stranger, now } = await deployGovernance();
    await networkHelpers.time.increase(100);
    const before = await now();
    await networkHelpers.time.increase(100);
    await token.connect(alice).transfer(stranger, SHARES.alice);
    await networkHelpers.time.increase(100);
    expect(await token.getPastVotes(alice, before)).to.equal(SHARES.alice);
    expect(await token.getPastVotes(alice, (await now()) - 1)).to.equal(0n);
    expect(await token.getPastTotalSupply(before)).to.equal(parseEther("100000"));
    await expect(token.getPastVotes(alice, (await now()) + 10)).to.be.revertedWithCustomError(
      token,
      "ERC5805FutureLookup",
    );
  });

  it("takes permits, once each", async () => {
    const { ethers, token, alice, bob } = await deployGovernance();
    const { chainId } = await ethers.provider.getNetwork();
    const domain = {
      name: "Dodona",
      version: "1",
      chainId,
      verifyingContract: await token.getAddress(),
    };
    const types = {
      Permit: [
        { name: "owner", type: "address" },
        { name: "spender", type: "address" },
        { name: "value", type: "uint256" },
        { name: "nonce", type: "uint256" },
        { name: "deadline", type: "uint256" },
      ],
    };
    const message = {
      owner: alice.address,
      spender: bob.address,
      value: 7n,
      nonce: await token.nonces(alice),
      deadline: MaxUint256,
    };
    const { v, r, s } = Signature.from(await alice.signTypedData(domain, types, message));
    await token.connect(bob).permit(alice, bob, 7n, MaxUint256, v, r, s);
    expect(await token.allowance(alice, bob)).to.equal(7n);
    expect(await token.nonces(alice)).to.equal(1n);
    await expect(
      token.connect(bob).permit(alice, bob, 7n, MaxUint256, v, r, s),
    ).to.be.revertedWithCustomError(token, "ERC2612InvalidSigner");
  });
});
