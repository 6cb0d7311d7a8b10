import { expect } from "chai";
import { hash_to_field } from "@noble/curves/abstract/hash-to-curve.js";
import { hexToBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { permute } from "@zkpassport/poseidon2";

import type { Point } from "../../../../keepers/feed/signing/curve.ts";
import {
  mod,
  pointFromHex,
  randomScalar,
  SECP_ORDER,
  Secp,
  secpKey,
} from "../../../../keepers/feed/signing/curve.ts";
import {
  FQ,
  FR,
  Grumpkin,
  grumpkinKey,
  poseidon2,
  signProof,
  verifyProof,
} from "../../../../keepers/feed/signing/grumpkin.ts";
import type { SigningContext } from "../../../../keepers/feed/signing/multisig.ts";
import { verifyPartial } from "../../../../keepers/feed/signing/multisig.ts";

describe("Poseidon2", () => {
  it("permutes [0, 1, 2, 3] as HorizenLabs' reference implementation does", () => {
    expect(permute([0n, 1n, 2n, 3n])).to.deep.equal([
      0x01bd538c2ee014ed5141b29e9ae240bf8db3fe5b9a38629a9647cf8d76c01737n,
      0x239b62e7db98aa3a2a8f6a0d2fa1709e7a35959aa6c7034814d9daa90cbac662n,
      0x04cbb44c61d928ed06808456bf758cbf0c18d1e15a7b6dbc8245fa7515d5e3cbn,
      0x2e11c5cff2a22c64d01304b778d78f6998eff1ab73163a35603f54794c30847an,
    ]);
  });

  it("absorbs three elements at a time, its length in the capacity", () => {
    const first = permute([1n, 2n, 3n, 4n << 64n]);
    const [a = 0n, b = 0n, c = 0n, d = 0n] = first;
    expect(poseidon2([1n, 2n, 3n, 5n])).to.equal(permute([(a + 5n) % FR, b, c, d])[0]);
  });

  it("refuses what is not a field element", () => {
    expect(() => poseidon2([FR])).to.throw(RangeError);
    expect(() => poseidon2([-1n])).to.throw(RangeError);
  });
});

describe("grumpkin", () => {
  it("has the group order FQ, the base field of BN254", () => {
    const almost = Grumpkin.BASE.multiplyUnsafe(FQ - 1n);
    expect(almost.equals(Grumpkin.BASE.negate())).to.equal(true);
    expect(almost.add(Grumpkin.BASE).is0()).to.equal(true);
  });

  it("verifies its own signatures and no other", () => {
    const secret = randomScalar(FQ);
    const key = Grumpkin.BASE.multiply(Grumpkin.Fn.fromBytes(secret));
    const signature = signProof(secret, 42n);
    expect(verifyProof(key, 42n, signature)).to.equal(true);
    expect(verifyProof(key, 43n, signature)).to.equal(false);
    expect(verifyProof(key.negate(), 42n, signature)).to.equal(false);
    expect(verifyProof(key, 42n, { ...signature, s: mod(signature.s + 1n, FQ) })).to.equal(false);
    expect(verifyProof(key, 42n, { ...signature, e: mod(signature.e + 1n, FR) })).to.equal(false);
    expect(verifyProof(key, 42n, { ...signature, s: signature.s + FQ })).to.equal(false);
    expect(verifyProof(key, FR + 42n, signature)).to.equal(false);
  });

  it("satisfies R = sG + eP with e = H(R.x, P.x, P.y, digest)", () => {
    const secret = randomScalar(FQ);
    const key = Grumpkin.BASE.multiply(Grumpkin.Fn.fromBytes(secret));
    const { s, e } = signProof(secret, 7n);
    const nonce = Grumpkin.BASE.multiply(s).add(key.multiply(e)).toAffine();
    expect(e).to.equal(poseidon2([nonce.x, key.toAffine().x, key.toAffine().y, 7n]));
  });

  it("never uses a nonce twice, even for the same digest", () => {
    const secret = randomScalar(FQ);
    expect(signProof(secret, 7n)).not.to.deep.equal(signProof(secret, 7n));
  });

  it("refuses keys off the curve or out of range", () => {
    expect(() => grumpkinKey({ x: 1n, y: 1n })).to.throw(RangeError);
    const { x, y } = Grumpkin.BASE.toAffine();
    expect(() => grumpkinKey({ x: x + FR, y })).to.throw(RangeError);
    expect(grumpkinKey({ x, y }).equals(Grumpkin.BASE)).to.equal(true);
  });
});

describe("secp256k1 keys", () => {
  it("derives the public keys of BIP 340's test vectors", () => {
    const vectors = [
      [3n, 0xf9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9n],
      [
        0xb7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfefn,
        0xdff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659n,
      ],
    ] as const;
    for (const [secret, x] of vectors) {
      expect(Secp.BASE.multiply(secret).toAffine().x).to.equal(x);
    }
  });

  it("refuses points off the curve, the vectors' public key without a point, and x at or above n", () => {
    const { x, y } = Secp.BASE.toAffine();
    expect(() => secpKey({ x, y: y + 1n })).to.throw(RangeError, "not on secp256k1");
    expect(() => secpKey({ x: 0n, y })).to.throw(RangeError, "out of range");
    expect(() => secpKey({ x: SECP_ORDER, y })).to.throw(RangeError, "out of range");
    expect(() =>
      pointFromHex("0x02eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34"),
    ).to.throw(RangeError);
  });

  it("draws scalars inside the group, never zero", () => {
    for (let draw = 0; draw < 50; draw++) {
      const scalar = Secp.Fn.fromBytes(randomScalar(SECP_ORDER));
      expect(scalar > 0n && scalar < SECP_ORDER).to.equal(true);
    }
  });
});

describe("partial signatures, against RFC 9591's vectors for secp256k1", () => {
  // Appendix E.5. FROST's shares are keys weighted by Lagrange coefficients, its binding factors differ by signer:
  // with those put in, its equation for a share is ours for a partial signature.
  const groupKey = "02f37c34b66ced1fb51c34a90bdae006901f10625cc06c4f64663b0eae87d87b4f";
  const half = mod(Secp.Fn.inv(2n), SECP_ORDER);
  const signers = [
    {
      index: 1,
      share: 0x08f89ffe80ac94dcb920c26f3f46140bfc7f95b493f8310f5fc1ea2b01f4254cn,
      lagrange: mod(3n * half, SECP_ORDER),
      hiding: "0x03c699af97d26bb4d3f05232ec5e1938c12f1e6ae97643c8f8f11c9820303f1904",
      binding: "0x02fa2aaccd51b948c9dc1a325d77226e98a5a3fe65fe9ba213761a60123040a45e",
      factor: 0x3e08fe561e075c653cbfd46908a10e7637c70c74f0a77d5fd45d1a750c739ec6n,
      partial: 0xc4fce1775a1e141fb579944166eab0d65eefe7b98d480a569bbbfcb14f91c197n,
    },
    {
      index: 3,
      share: 0x00e95d59dd0d46b0e303e500b62b7ccb0e555d49f5b849f5e748c071da8c0dbcn,
      lagrange: mod(-half, SECP_ORDER),
      hiding: "0x03077507ba327fc074d2793955ef3410ee3f03b82b4cdc2370f71d865beb926ef6",
      binding: "0x02ad53031ddfbbacfc5fbda3d3b0c2445c8e3e99cbc4ca2db2aa283fa68525b135",
      factor: 0x93f79041bb3fd266105be251adaeb5fd7f8b104fb554a4ba9a0becea48ddbfd7n,
      partial: 0x0160fd0d388932f4826d2ebcd6b9eaba734f7c71cf25b4279a4ca2581e47b18dn,
    },
  ];
  const nonce = signers.reduce<Point>(
    (sum, signer) =>
      sum
        .add(pointFromHex(signer.hiding))
        .add(pointFromHex(signer.binding).multiply(signer.factor)),
    Secp.ZERO,
  );
  const transcript = hexToBytes(`${nonce.toHex(true)}${groupKey}74657374`);
  const [[challenge = 0n] = []] = hash_to_field(transcript, 1, {
    DST: "FROST-secp256k1-SHA256-v1chal",
    p: SECP_ORDER,
    m: 1,
    k: 128,
    expand: "xmd",
    hash: sha256,
  });

  for (const signer of signers) {
    const context: SigningContext = {
      message: new Uint8Array(32),
      signers: [
        {
          index: signer.index,
          hiding: pointFromHex(signer.hiding),
          binding: pointFromHex(signer.binding),
          key: Secp.BASE.multiply(mod(signer.share * signer.lagrange, SECP_ORDER)),
        },
      ],
      aggregated: { key: pointFromHex(`0x${groupKey}`), zInverse: 1n },
      bindingFactor: signer.factor,
      commitment: "",
      challenge,
    };

    it(`accepts the share of participant ${signer.index} and no other`, () => {
      expect(verifyPartial(context, signer.index, signer.partial)).to.equal(true);
      expect(verifyPartial(context, signer.index, signer.partial + 1n)).to.equal(false);
      expect(verifyPartial(context, signer.index, SECP_ORDER + signer.partial)).to.equal(false);
      expect(verifyPartial(context, 2, signer.partial)).to.equal(false);
    });
  }
});
