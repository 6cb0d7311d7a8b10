import { expect } from "chai";
import { recoverAddress, TypedDataEncoder } from "ethers";
import { poseidon2Hash } from "@zkpassport/poseidon2";

import { toHex } from "../../../../keepers/feed/signing/bytes.ts";
import { FQ } from "../../../../keepers/feed/signing/grumpkin.ts";
import { publicKeys, signerAddress } from "../../../../keepers/feed/signing/keys.ts";
import type {
  Observation,
  SignedObservation,
} from "../../../../keepers/feed/signing/observation.ts";
import {
  observationDigest,
  observationFault,
  observationRoot,
  observationTypedHash,
  signObservation,
} from "../../../../keepers/feed/signing/observation.ts";
import { SECP_ORDER } from "../../../../keepers/feed/signing/curve.ts";
import { DOMAIN, freshKeys } from "./helpers.ts";

const OBSERVATION: Observation = {
  setId: 3,
  slot: 1_700_000_000,
  operator: 2,
  pricesE8: [6_543_210_000_000n, 0n, 100_010_000n, 99_990_000n],
};
const keys = freshKeys();
const signed = signObservation(OBSERVATION, keys, DOMAIN);
const fault = (value: SignedObservation, feeds = 4): string | null =>
  observationFault(value, publicKeys(keys), feeds, DOMAIN);

describe("observation digest", () => {
  it("hashes tag, chain, contract, set, slot and packed chunks of ten feeds", () => {
    const prices = Array.from({ length: 12 }, (_, feed) => BigInt(feed + 1));
    const pack = (even: bigint, odd: bigint): bigint => even + odd * 2n ** 96n;
    const chunks = [
      poseidon2Hash([pack(1n, 2n), pack(3n, 4n), pack(5n, 6n), pack(7n, 8n), pack(9n, 10n)]),
      poseidon2Hash([pack(11n, 12n), 0n, 0n, 0n, 0n]),
    ];
    const tag = BigInt(`0x${Buffer.from("Dodona observation v1", "ascii").toString("hex")}`);
    expect(observationDigest({ ...OBSERVATION, pricesE8: prices }, DOMAIN)).to.equal(
      poseidon2Hash([
        tag,
        31337n,
        BigInt(DOMAIN.priceFeeds),
        3n * 2n ** 32n + 1_700_000_000n,
        ...chunks,
      ]),
    );
  });

  it("differs for another chain, contract, set, slot or price", () => {
    const digests = [
      observationDigest(OBSERVATION, DOMAIN),
      observationDigest(OBSERVATION, { ...DOMAIN, chainId: 1n }),
      observationDigest(OBSERVATION, { ...DOMAIN, priceFeeds: `0x${"11".repeat(20)}` }),
      observationDigest({ ...OBSERVATION, setId: 4 }, DOMAIN),
      observationDigest({ ...OBSERVATION, slot: OBSERVATION.slot + 1 }, DOMAIN),
      observationDigest({ ...OBSERVATION, pricesE8: [1n, 0n, 0n, 0n] }, DOMAIN),
    ];
    expect(new Set(digests).size).to.equal(digests.length);
  });

  it("refuses values that do not fit", () => {
    const bad: Partial<Observation>[] = [
      { pricesE8: [] },
      { pricesE8: [-1n] },
      { pricesE8: [2n ** 95n] },
      { operator: 31 },
      { slot: 2 ** 32 },
      { setId: 1.5 },
    ];
    for (const change of bad) {
      expect(() => observationDigest({ ...OBSERVATION, ...change }, DOMAIN)).to.throw(RangeError);
    }
  });
});

describe("observation as typed data", () => {
  const digest = observationDigest(OBSERVATION, DOMAIN);
  const hash = observationTypedHash(OBSERVATION, digest, DOMAIN);

  it("has the hash that ethers computes", () => {
    const expected = TypedDataEncoder.hash(
      { name: "Dodona", version: "1", chainId: 31337, verifyingContract: DOMAIN.priceFeeds },
      {
        Observation: [
          { name: "setId", type: "uint32" },
          { name: "slot", type: "uint32" },
          { name: "operator", type: "uint8" },
          { name: "prices", type: "uint96[]" },
          { name: "digest", type: "uint256" },
        ],
      },
      { ...OBSERVATION, prices: OBSERVATION.pricesE8, digest },
    );
    expect(toHex(hash)).to.equal(expected);
  });

  it("is signed so that ethers recovers the operator's address", () => {
    expect(recoverAddress(hash, signed.signature).toLowerCase()).to.equal(signerAddress(keys));
  });

  it("has the same ECDSA bytes when it is signed again", () => {
    expect(signObservation(OBSERVATION, keys, DOMAIN).signature).to.equal(signed.signature);
  });
});

describe("checking a signed observation", () => {
  it("finds nothing wrong with a good one", () => {
    expect(fault(signed)).to.equal(null);
  });

  it("finds a changed price, slot, set or operator", () => {
    expect(fault({ ...signed, pricesE8: signed.pricesE8.with(0, 1n) })).to.equal("signature");
    expect(fault({ ...signed, slot: signed.slot + 1 })).to.equal("signature");
    expect(fault({ ...signed, setId: signed.setId + 1 })).to.equal("signature");
    expect(fault({ ...signed, operator: 1 })).to.equal("signature");
  });

  it("finds another operator's signature", () => {
    const stranger = signObservation(OBSERVATION, freshKeys(), DOMAIN);
    expect(fault(stranger)).to.equal("signature");
  });

  it("finds a signature without its proof for circuits", () => {
    const proof = { ...signed.proof, s: (signed.proof.s + 1n) % FQ };
    expect(fault({ ...signed, proof })).to.equal("proof");
  });

  it("does not take the malleable twin of a signature, nor another v", () => {
    const r = signed.signature.slice(2, 66);
    const s = BigInt(`0x${signed.signature.slice(66, 130)}`);
    const v = Number(`0x${signed.signature.slice(130)}`);
    const highS = (SECP_ORDER - s).toString(16).padStart(64, "0");
    const flipped = (55 - v).toString(16);
    expect(fault({ ...signed, signature: `0x${r}${highS}${flipped}` })).to.equal("signature");
    const otherV = `${signed.signature.slice(0, 130)}${flipped}`;
    expect(fault({ ...signed, signature: otherV })).to.equal("signature");
  });

  it("finds a wrong number of prices and values out of range", () => {
    expect(fault(signed, 5)).to.equal("malformed");
    expect(fault({ ...signed, pricesE8: signed.pricesE8.with(0, 2n ** 96n) })).to.equal(
      "malformed",
    );
  });
});

describe("observation root", () => {
  const other = { ...OBSERVATION, operator: 0, pricesE8: [1n, 2n, 3n, 4n] };

  it("hashes indexes and digests by ascending operator, in whatever order they come", () => {
    const expected = poseidon2Hash([
      0n,
      observationDigest(other, DOMAIN),
      2n,
      observationDigest(OBSERVATION, DOMAIN),
    ]);
    expect(observationRoot([OBSERVATION, other], DOMAIN)).to.equal(expected);
    expect(observationRoot([other, OBSERVATION], DOMAIN)).to.equal(expected);
  });

  it("refuses two observations of one operator, and none", () => {
    expect(() => observationRoot([OBSERVATION, OBSERVATION], DOMAIN)).to.throw("stands twice");
    expect(() => observationRoot([], DOMAIN)).to.throw("no observations");
  });
});
