import { expect } from "chai";

import {
  at,
  deployBare,
  deployNetwork,
  keysOf,
  possessionDigest,
  range,
  secretOf,
} from "../../helpers/contracts-fixture.ts";
import { GRUMPKIN_P, SECP_N, SECP_P, grumpkinKey, publicKey, sign } from "../../helpers/schnorr.ts";

const ENDPOINT = "http://operator.example:8571";
const SECRET = secretOf(900);

async function bare() {
  const env = await deployBare();
  const account = env.stranger;
  const operators = env.operators.connect(account);
  const prove = (secret: bigint, holder = account.address) =>
    sign(secret, possessionDigest(holder, env.chainId, env.operatorsAddress));
  return { ...env, account, operators, prove };
}

/** y of some point with this x, null if x is no point's; y² = x³ + b. */
function liftX(x: bigint, b: bigint, p: bigint): bigint | null {
  const square = (((x * x) % p) * x + b) % p;
  const y = power(square, (p + 1n) / 4n, p);
  return (y * y) % p === square ? y : null;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let b = base % modulus, e = exponent; e > 0n; e >>= 1n, b = (b * b) % modulus) {
    if (e & 1n) result = (result * b) % modulus;
  }
  return result;
}

describe("Operators", () => {
  describe("register", () => {
    it("stores keys and endpoint, and finds the account by its key", async () => {
      const { operators, account, prove } = await bare();
      const keys = keysOf(SECRET);
      await expect(operators.register(keys, prove(SECRET), ENDPOINT))
        .to.emit(operators, "OperatorRegistered")
        .withArgs(account.address, [keys.x, keys.y, keys.proofX, keys.proofY], ENDPOINT);
      const [stored, endpoint] = await operators.operator(account.address);
      expect([...stored]).to.deep.equal([keys.x, keys.y, keys.proofX, keys.proofY]);
      expect(endpoint).to.equal(ENDPOINT);
      expect(await operators.accountOf(keys.x)).to.equal(account.address);
    });

    it("publishes the digest that a proof of possession signs", async () => {
      const { operators, account, chainId, operatorsAddress } = await bare();
      expect(await operators.possessionDigest(account.address)).to.equal(
        possessionDigest(account.address, chainId, operatorsAddress),
      );
    });

    it("takes keys with y of either parity", async () => {
      const { ethers, operators, operatorsAddress, chainId } = await bare();
      const signers = (await ethers.getSigners()).slice(5);
      const seen = new Set<bigint>();
      for (let i = 0; seen.size < 2; i++) {
        const secret = secretOf(1_000 + i);
        const signer = at(signers, i);
        const proof = sign(secret, possessionDigest(signer.address, chainId, operatorsAddress));
        await operators.connect(signer).register(keysOf(secret), proof, ENDPOINT);
        seen.add(publicKey(secret).y & 1n);
      }
    });

    it("reverts with AlreadyRegistered for an account that is registered", async () => {
      const { operators, account, prove } = await bare();
      await operators.register(keysOf(SECRET), prove(SECRET), ENDPOINT);
      const other = secretOf(901);
      await expect(operators.register(keysOf(other), prove(other), ENDPOINT))
        .to.be.revertedWithCustomError(operators, "AlreadyRegistered")
        .withArgs(account.address);
    });

    it("reverts with KeyAlreadyRegistered for a key that another account holds", async () => {
      const { operators, account, governance, prove } = await bare();
      await operators.register(keysOf(SECRET), prove(SECRET), ENDPOINT);
      const proof = prove(SECRET, governance.address);
      await expect(operators.connect(governance).register(keysOf(SECRET), proof, ENDPOINT))
        .to.be.revertedWithCustomError(operators, "KeyAlreadyRegistered")
        .withArgs(keysOf(SECRET).x, account.address);
    });

    it("reverts with KeyAlreadyRegistered for the negative of a registered key", async () => {
      const { operators, account, governance, prove } = await bare();
      await operators.register(keysOf(SECRET), prove(SECRET), ENDPOINT);
      const negative = SECP_N - SECRET;
      expect(publicKey(negative).y).to.equal(SECP_P - publicKey(SECRET).y);
      const proof = prove(negative, governance.address);
      await expect(operators.connect(governance).register(keysOf(negative), proof, ENDPOINT))
        .to.be.revertedWithCustomError(operators, "KeyAlreadyRegistered")
        .withArgs(keysOf(negative).x, account.address);
    });

    it("reverts with KeyOutOfRange for x at or above the group's order, though on the curve", async () => {
      const { operators, prove } = await bare();
      let x = SECP_N;
      let y = liftX(x, 7n, SECP_P);
      while (y === null) y = liftX(++x, 7n, SECP_P);
      expect(x < SECP_P).to.equal(true);
      await expect(operators.register({ ...keysOf(SECRET), x, y }, prove(SECRET), ENDPOINT))
        .to.be.revertedWithCustomError(operators, "KeyOutOfRange")
        .withArgs(x, SECP_N);
    });

    const outOfRange: [string, Partial<ReturnType<typeof keysOf>>, bigint, bigint][] = [
      ["x zero", { x: 0n }, 0n, SECP_N],
      ["y zero", { y: 0n }, 0n, SECP_P],
      ["y not below the field", { y: keysOf(SECRET).y + SECP_P }, 0n, SECP_P],
      ["grumpkin x zero", { proofX: 0n }, 0n, GRUMPKIN_P],
      ["grumpkin x at the field", { proofX: GRUMPKIN_P }, GRUMPKIN_P, GRUMPKIN_P],
      ["grumpkin y zero", { proofY: 0n }, 0n, GRUMPKIN_P],
      ["grumpkin y at the field", { proofY: GRUMPKIN_P }, GRUMPKIN_P, GRUMPKIN_P],
    ];
    for (const [what, change, given, bound] of outOfRange) {
      it(`reverts with KeyOutOfRange for ${what}`, async () => {
        const { operators, prove } = await bare();
        const keys = { ...keysOf(SECRET), ...change };
        if (keys.y >= 1n << 256n) keys.y = (1n << 256n) - 1n;
        const coordinate = what.startsWith("y not") ? keys.y : given;
        await expect(operators.register(keys, prove(SECRET), ENDPOINT))
          .to.be.revertedWithCustomError(operators, "KeyOutOfRange")
          .withArgs(coordinate, bound);
      });
    }

    it("reverts with KeyNotOnCurve for a secp256k1 point off its curve", async () => {
      const { operators, prove } = await bare();
      const keys = keysOf(SECRET);
      keys.y += 1n;
      await expect(operators.register(keys, prove(SECRET), ENDPOINT))
        .to.be.revertedWithCustomError(operators, "KeyNotOnCurve")
        .withArgs(keys.x, keys.y);
    });

    it("reverts with KeyNotOnCurve for a grumpkin point off its curve", async () => {
      const { operators, prove } = await bare();
      const keys = keysOf(SECRET);
      keys.proofY = GRUMPKIN_P - keys.proofY - 1n;
      await expect(operators.register(keys, prove(SECRET), ENDPOINT))
        .to.be.revertedWithCustomError(operators, "KeyNotOnCurve")
        .withArgs(keys.proofX, keys.proofY);
    });

    it("reverts with KeyNotOnCurve for a point of the other curve y² = x³ + 17", async () => {
      const { operators, prove } = await bare();
      const { x, y } = grumpkinKey(5n);
      const keys = { ...keysOf(SECRET), proofX: GRUMPKIN_P - x, proofY: y };
      await expect(operators.register(keys, prove(SECRET), ENDPOINT)).to.be.revertedWithCustomError(
        operators,
        "KeyNotOnCurve",
      );
    });

    const badProofs: [
      string,
      (env: Awaited<ReturnType<typeof bare>>) => ReturnType<typeof sign>,
    ][] = [
      ["another account", (env) => env.prove(SECRET, env.governance.address)],
      ["another key", (env) => env.prove(secretOf(901))],
      [
        "another chain",
        (env) =>
          sign(
            SECRET,
            possessionDigest(env.account.address, env.chainId + 1n, env.operatorsAddress),
          ),
      ],
      [
        "another contract",
        (env) => sign(SECRET, possessionDigest(env.account.address, env.chainId, env.feedsAddress)),
      ],
      ["s zero", (env) => ({ ...env.prove(SECRET), s: 0n })],
      ["s at the order", (env) => ({ ...env.prove(SECRET), s: SECP_N })],
      ["s plus the order", (env) => overflowing(env.prove(SECRET))],
      [
        "a zero commitment",
        (env) => ({ ...env.prove(SECRET), commitment: `0x${"00".repeat(20)}` }),
      ],
    ];
    for (const [what, proof] of badProofs) {
      it(`reverts with InvalidPossession for a proof with ${what}`, async () => {
        const env = await bare();
        await expect(env.operators.register(keysOf(SECRET), proof(env), ENDPOINT))
          .to.be.revertedWithCustomError(env.operators, "InvalidPossession")
          .withArgs(env.account.address);
      });
    }

    it("reverts with InvalidPossession for a rogue key computed from honest ones", async () => {
      const env = await deployNetwork();
      // X' = X − (X_0 + … + X_4), proved with the only secret that the rogue knows, X's.
      const secret = secretOf(77);
      const total = range(5).reduce((sum, i) => sum + secretOf(i), 0n);
      const rogue = publicKey((((secret - total) % SECP_N) + SECP_N) % SECP_N);
      const account = env.stranger;
      const proof = sign(
        secret,
        possessionDigest(account.address, env.chainId, env.operatorsAddress),
      );
      const keys = { ...keysOf(secret), ...rogue };
      await expect(
        env.operators.connect(account).register(keys, proof, ENDPOINT),
      ).to.be.revertedWithCustomError(env.operators, "InvalidPossession");
    });

    it("reverts with EndpointLength for an empty endpoint and for one of 257 bytes, not for 256", async () => {
      const { operators, prove } = await bare();
      for (const length of [0, 257]) {
        await expect(operators.register(keysOf(SECRET), prove(SECRET), "x".repeat(length)))
          .to.be.revertedWithCustomError(operators, "EndpointLength")
          .withArgs(length, 256);
      }
      await operators.register(keysOf(SECRET), prove(SECRET), "x".repeat(256));
    });
  });

  describe("setEndpoint", () => {
    it("changes the caller's endpoint", async () => {
      const { operators, account, prove } = await bare();
      await operators.register(keysOf(SECRET), prove(SECRET), ENDPOINT);
      await expect(operators.setEndpoint("https://moved.example"))
        .to.emit(operators, "EndpointChanged")
        .withArgs(account.address, "https://moved.example");
      expect((await operators.operator(account.address)).endpoint).to.equal(
        "https://moved.example",
      );
    });

    it("reverts with NotRegistered for an unknown caller", async () => {
      const { operators, account } = await bare();
      await expect(operators.setEndpoint(ENDPOINT))
        .to.be.revertedWithCustomError(operators, "NotRegistered")
        .withArgs(account.address);
    });

    it("reverts with EndpointLength when it is too long", async () => {
      const { operators, prove } = await bare();
      await operators.register(keysOf(SECRET), prove(SECRET), ENDPOINT);
      await expect(operators.setEndpoint("x".repeat(257))).to.be.revertedWithCustomError(
        operators,
        "EndpointLength",
      );
    });
  });

  describe("setActive", () => {
    it("chooses the active operators in order and counts versions", async () => {
      const { operators, accounts } = await deployNetwork();
      const chosen = [at(accounts, 3), at(accounts, 1)];
      await operators.setActive(chosen);
      await expect(operators.advance())
        .to.emit(operators, "ActiveOperatorsChanged")
        .withArgs(2, chosen);
      const active = await operators.active();
      expect(active.version).to.equal(2);
      expect(active.accounts).to.deep.equal(chosen);
      expect(active[2].map((keys) => keys.x)).to.deep.equal(
        [3, 1].map((i) => keysOf(secretOf(i)).x),
      );
      expect(await operators.activeVersion()).to.equal(2);
    });

    it("reverts with AccessManagedUnauthorized unless governance calls", async () => {
      const { operators, stranger, guardian, accounts } = await deployNetwork();
      for (const caller of [stranger, guardian]) {
        await expect(operators.connect(caller).setActive(accounts))
          .to.be.revertedWithCustomError(operators, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    });

    it("reverts with NotRegistered for an account without keys", async () => {
      const { operators, stranger, accounts } = await deployNetwork();
      await expect(operators.setActive([at(accounts, 0), stranger.address]))
        .to.be.revertedWithCustomError(operators, "NotRegistered")
        .withArgs(stranger.address);
    });

    it("reverts with OperatorRepeated for an account that stands twice", async () => {
      const { operators, accounts } = await deployNetwork();
      const [a, b] = [at(accounts, 0), at(accounts, 1)];
      await expect(operators.setActive([a, b, a]))
        .to.be.revertedWithCustomError(operators, "OperatorRepeated")
        .withArgs(a);
    });

    it("reverts with TooManyOperators above 31", async () => {
      const { operators, accounts } = await deployNetwork();
      await expect(operators.setActive(range(32).map(() => at(accounts, 0))))
        .to.be.revertedWithCustomError(operators, "TooManyOperators")
        .withArgs(32, 31);
    });
  });

  it("reverts with NotRegistered when an unknown operator is read", async () => {
    const { operators, stranger } = await bare();
    await expect(operators.operator(stranger.address))
      .to.be.revertedWithCustomError(operators, "NotRegistered")
      .withArgs(stranger.address);
    expect(await operators.accountOf(1n)).to.equal(`0x${"00".repeat(20)}`);
  });
});

/** The same scalar modulo n, written with a value at or above n. */
function overflowing(proof: ReturnType<typeof sign>): ReturnType<typeof sign> {
  const s = proof.s + SECP_N;
  return { ...proof, s: s < 1n << 256n ? s : SECP_N };
}
