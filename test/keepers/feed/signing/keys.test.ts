import { expect } from "chai";
import { computeAddress, Wallet } from "ethers";

import type { Envelope } from "../../../../keepers/feed/signing/envelope.ts";
import { isAuthentic, sealEnvelope } from "../../../../keepers/feed/signing/envelope.ts";
import { toHex } from "../../../../keepers/feed/signing/bytes.ts";
import { SECP_ORDER, secpKey } from "../../../../keepers/feed/signing/curve.ts";
import { FQ, grumpkinKey } from "../../../../keepers/feed/signing/grumpkin.ts";
import {
  generateKeys,
  parseKeys,
  publicKeys,
  registrationOf,
  signerAddress,
} from "../../../../keepers/feed/signing/keys.ts";
import { possessionDigest } from "../../../../keepers/feed/signing/report.ts";
import { contractAccepts, DOMAIN, freshKeys } from "./helpers.ts";

const file = generateKeys();

describe("key file", () => {
  it("holds two secrets that ethers agrees on", () => {
    expect(signerAddress(parseKeys(file))).to.equal(computeAddress(file.secp256k1).toLowerCase());
    expect(new Wallet(file.secp256k1).address.toLowerCase()).to.equal(
      signerAddress(parseKeys(file)),
    );
  });

  it("is refused with the field's name and without its value", () => {
    const secret = file.secp256k1;
    const bad: [unknown, string][] = [
      [null, "JSON object"],
      [[], "secp256k1"],
      [{ grumpkin: file.grumpkin }, "secp256k1"],
      [{ ...file, secp256k1: secret.slice(0, 60) }, "64 hex digits"],
      [{ ...file, secp256k1: `0x${"0".repeat(64)}` }, "not a secret key"],
      [{ ...file, secp256k1: `0x${SECP_ORDER.toString(16)}` }, "not a secret key"],
      [{ ...file, grumpkin: `0x${FQ.toString(16)}` }, "not a secret key"],
      [{ ...file, more: 1 }, "unknown field more"],
    ];
    for (const [content, message] of bad) {
      expect(() => parseKeys(content)).to.throw(message);
      try {
        parseKeys(content);
      } catch (error) {
        expect(String(error)).not.to.include(secret.slice(2, 60));
      }
    }
  });
});

describe("registration", () => {
  const keys = parseKeys(file);
  const account = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
  const target = { account, chainId: 31337n, operators: DOMAIN.priceFeeds };
  const { keys: coordinates, possession } = registrationOf(keys, target);

  it("names both keys, on their curves", () => {
    const [x, y, proofX, proofY] = coordinates;
    expect(secpKey({ x, y }).equals(publicKeys(keys).secp256k1)).to.equal(true);
    expect(grumpkinKey({ x: proofX, y: proofY }).equals(publicKeys(keys).grumpkin)).to.equal(true);
  });

  it("proves possession for this account, chain and contract only", () => {
    const [x, y] = coordinates;
    const accepts = (to: string, chainId: bigint, operators: string): boolean =>
      contractAccepts({ x, y }, possessionDigest(to, chainId, operators), possession);
    expect(accepts(account, 31337n, target.operators)).to.equal(true);
    expect(accepts(`0x${"22".repeat(20)}`, 31337n, target.operators)).to.equal(false);
    expect(accepts(account, 1n, target.operators)).to.equal(false);
    expect(accepts(account, 31337n, `0x${"22".repeat(20)}`)).to.equal(false);
  });
});

describe("request envelope", () => {
  const keys = freshKeys();
  const key = publicKeys(keys).secp256k1;
  const target = { to: 3, path: "/v1/observe" };
  const request = { setId: 2, from: 1, sentAt: 1_700_000_000_123, body: '{"slot":1700000000}' };
  const envelope = sealEnvelope(request, target, keys.secp256k1, DOMAIN);

  it("is authentic for its receiver and path", () => {
    expect(isAuthentic(envelope, target, key, DOMAIN)).to.equal(true);
  });

  it("is not when anything in it or around it changes", () => {
    const changes: Partial<Envelope>[] = [
      { body: '{"slot":1700000001}' },
      { from: 2 },
      { setId: 3 },
      { sentAt: request.sentAt + 1 },
      { signature: toHex(new Uint8Array(65)) },
      { signature: "0x" },
    ];
    for (const change of changes) {
      expect(isAuthentic({ ...envelope, ...change }, target, key, DOMAIN)).to.equal(false);
    }
    expect(isAuthentic(envelope, { ...target, to: 4 }, key, DOMAIN)).to.equal(false);
    expect(isAuthentic(envelope, { ...target, path: "/v1/sign" }, key, DOMAIN)).to.equal(false);
    expect(isAuthentic(envelope, target, key, { ...DOMAIN, chainId: 1n })).to.equal(false);
    expect(isAuthentic(envelope, target, publicKeys(freshKeys()).secp256k1, DOMAIN)).to.equal(
      false,
    );
  });
});
