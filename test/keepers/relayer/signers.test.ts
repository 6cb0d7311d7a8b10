import { createECDH, createHash, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { keccak256, Transaction } from "ethers";
import { openSigner } from "../../../keepers/relayer/signer.ts";
import type { Signer } from "../../../keepers/relayer/signers/signer.ts";
import {
  readDerPublicKey,
  readDerSignature,
  toSignature,
} from "../../../keepers/relayer/signers/signature.ts";
import { signAwsRequest } from "../../../keepers/relayer/signers/sigv4.ts";

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const unsigned = {
  chainId: 1,
  nonce: 7,
  to: "0x00000000000000000000000000000000000000aa",
  data: "0x1234",
  valueWei: 3n,
  gasLimit: 50_000n,
  fees: { maxFeeWei: 9n, tipWei: 2n },
};

/** A key and ECDSA by its textbook (SEC 1, section 4.1.3), with only OpenSSL's multiplication of points. */
function createKey(): {
  spki: Buffer;
  point: Buffer;
  sign: (digest: Buffer, high: boolean) => [bigint, bigint];
} {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "secp256k1" });
  const { d, x, y } = privateKey.export({ format: "jwk" });
  const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? "", "base64url");
  const secret = toInteger(bytes(d));
  return {
    spki: publicKey.export({ type: "spki", format: "der" }),
    point: Buffer.concat([bytes(x), bytes(y)]),
    sign(digest, high) {
      const k =
        toInteger(createHash("sha256").update(digest).update(String(high)).digest()) % order;
      const ecdh = createECDH("secp256k1");
      ecdh.setPrivateKey(toBytes(k));
      const r = toInteger(ecdh.getPublicKey().subarray(1, 33)) % order;
      const s = (inverse(k) * (toInteger(digest) + r * secret)) % order;
      return [r, s > order / 2n === high ? s : order - s];
    },
  };
}

const toInteger = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString("hex")}`);
const toBytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, "0"), "hex");

function inverse(value: bigint): bigint {
  let result = 1n;
  for (let base = value, exponent = order - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % order;
    base = (base * base) % order;
  }
  return result;
}

function derInteger(value: bigint): Buffer {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  if (Number.parseInt(hex.slice(0, 2), 16) >= 0x80) hex = `00${hex}`;
  return Buffer.concat([Buffer.from([2, hex.length / 2]), Buffer.from(hex, "hex")]);
}

function der(r: bigint, s: bigint): Buffer {
  const content = Buffer.concat([derInteger(r), derInteger(s)]);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}

describe("relayer: signers", () => {
  const folder = mkdtempSync(join(tmpdir(), "dodona-signers-"));
  const credentialsFile = join(folder, "aws.json");
  const secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  writeFileSync(credentialsFile, JSON.stringify({ accessKeyId: "AKIDEXAMPLE", secretAccessKey }), {
    mode: 0o600,
  });
  const key = createKey();
  const servers: Server[] = [];
  after(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(() => servers.splice(0).forEach((server) => void server.close().closeAllConnections()));

  async function serve(
    answer: (request: IncomingMessage, body: string) => [number, string],
  ): Promise<string> {
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const [status, text] = answer(request, body);
        response.writeHead(status).end(text);
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const check = async (signer: Signer): Promise<void> => {
    const { raw, hash } = await signer.sign(unsigned);
    const parsed = Transaction.from(raw);
    expect(parsed.from?.toLowerCase()).to.equal(signer.address);
    expect(signer.address).to.equal(`0x${keccak256(key.point).slice(-40)}`);
    expect([parsed.hash, keccak256(raw)]).to.deep.equal([hash, hash]);
    expect(BigInt(parsed.signature!.s) <= order / 2n).to.equal(true);
    expect([parsed.nonce, parsed.data, parsed.maxFeePerGas]).to.deep.equal([7, "0x1234", 9n]);
  };

  it("signs requests as AWS's own test suite does (post-vanilla)", () => {
    const headers = signAwsRequest(
      {
        url: new URL("https://example.amazonaws.com/"),
        body: "",
        headers: {},
        region: "us-east-1",
        service: "service",
      },
      { accessKeyId: "AKIDEXAMPLE", secretAccessKey },
      Date.UTC(2015, 7, 30, 12, 36, 0),
    );
    expect(headers["authorization"]).to.equal(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, " +
        "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    );
  });

  describe("AWS KMS", () => {
    const kms = (endpoint: string): Promise<Signer> =>
      openSigner({
        kms: { keyId: "alias/relayer", region: "eu-central-1", credentialsFile, endpoint },
      });
    const answers =
      (high: boolean) =>
      (request: IncomingMessage, body: string): [number, string] => {
        const asked = JSON.parse(body) as Record<string, string>;
        expect(request.headers["x-amz-target"]).to.match(/^TrentService\./);
        expect(request.headers.authorization).to.match(
          /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/kms\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=[0-9a-f]{64}$/,
        );
        expect(asked["KeyId"]).to.equal("alias/relayer");
        if (request.headers["x-amz-target"] === "TrentService.GetPublicKey")
          return [200, JSON.stringify({ PublicKey: key.spki.toString("base64") })];
        expect(asked).to.include({ MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256" });
        const signature = der(...key.sign(Buffer.from(asked["Message"]!, "base64"), high));
        return [200, JSON.stringify({ Signature: signature.toString("base64") })];
      };

    for (const high of [false, true]) {
      it(`makes a valid transaction of a signature with ${high ? "high" : "low"} s`, async () => {
        await check(await kms(await serve(answers(high))));
      });
    }

    it("says what KMS refused, and neither key nor credentials", async () => {
      const url = await serve(() => [
        400,
        JSON.stringify({
          __type: "com.amazonaws.kms#AccessDeniedException",
          message: secretAccessKey,
        }),
      ]);
      const error = String(await kms(url).catch((reason: unknown) => reason));
      expect(error).to.match(
        /^Error: KMS GetPublicKey at http:.*: HTTP 400, AccessDeniedException$/,
      );
      expect(error).not.to.contain(secretAccessKey);
      const open = join(folder, "open.json");
      writeFileSync(open, JSON.stringify({ accessKeyId: "a", secretAccessKey }), { mode: 0o644 });
      const refused = await openSigner({
        kms: { keyId: "k", region: "eu-central-1", credentialsFile: open, endpoint: url },
      }).catch((reason: unknown) => reason);
      expect(String(refused)).to.match(/^ConfigError: .*mode is 644/);
    });

    it("refuses a key of another curve and a signature of another key", async () => {
      const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).publicKey;
      const spki = p256.export({ type: "spki", format: "der" }).toString("base64");
      const wrong = await kms(await serve(() => [200, JSON.stringify({ PublicKey: spki })])).catch(
        (reason: unknown) => reason,
      );
      expect(String(wrong)).to.match(/^ConfigError: .*ECC_SECG_P256K1/);
      const other = createKey();
      const signer = await kms(
        await serve((request, body) =>
          request.headers["x-amz-target"] === "TrentService.Sign"
            ? [
                200,
                JSON.stringify({
                  Signature: der(...other.sign(Buffer.alloc(32, 1), false)).toString("base64"),
                }),
              ]
            : answers(false)(request, body),
        ),
      );
      const error = await signer.sign(unsigned).catch((reason: unknown) => reason);
      expect(String(error)).to.match(/is not of account 0x/);
    });
  });

  describe("Web3Signer", () => {
    const publicKey = `0x${key.point.toString("hex")}`;
    const answers =
      (quote: string, high: boolean) =>
      (request: IncomingMessage, body: string): [number, string] => {
        if (request.url === "/base/api/v1/eth1/publicKeys")
          return [200, JSON.stringify([publicKey])];
        if (request.url !== `/base/api/v1/eth1/sign/${publicKey}`) return [404, ""];
        const { data } = JSON.parse(body) as { data: string };
        const [r, s] = key.sign(Buffer.from(keccak256(data).slice(2), "hex"), high);
        return [
          200,
          `${quote}0x${Buffer.concat([toBytes(r), toBytes(s)]).toString("hex")}1b${quote}`,
        ];
      };

    for (const [quote, high] of [
      ["", false],
      ['"', true],
    ] as const) {
      it(`makes a valid transaction of its answer (${quote === "" ? "bare, low s" : "as JSON, high s"})`, async () => {
        const url = `${await serve(answers(quote, high))}/base/`;
        await check(await openSigner({ web3signer: { url, publicKey } }));
        await check(
          await openSigner({ web3signer: { url, publicKey: `0x04${publicKey.slice(2)}` } }),
        );
      });
    }

    it("refuses at the start when it does not hold the key, and hides the password in its URL", async () => {
      const authorizations: unknown[] = [];
      const url = await serve((request) => {
        authorizations.push(request.headers.authorization);
        return [200, "[]"];
      });
      const place = { url: url.replace("://", "://me:secret@"), publicKey };
      const error = String(
        await openSigner({ web3signer: place }).catch((reason: unknown) => reason),
      );
      expect(error).to.match(
        /^ConfigError: Web3Signer at http:\/\/127.0.0.1:\d+ does not hold the key/,
      );
      expect(authorizations).to.deep.equal([
        `Basic ${Buffer.from("me:secret").toString("base64")}`,
      ]);
      servers.splice(0).forEach((server) => void server.close().closeAllConnections());
      const away = String(
        await openSigner({ web3signer: place }).catch((reason: unknown) => reason),
      );
      expect(away).to.match(/^Error: Web3Signer at /);
      expect(away).not.to.contain("secret");
    });
  });

  describe("encodings", () => {
    it("takes nothing but DER", () => {
      const good = der(5n, order - 1n);
      expect(readDerSignature(good)).to.deep.equal({ r: 5n, s: order - 1n });
      const bad = [
        Buffer.alloc(0),
        good.subarray(0, -1),
        Buffer.concat([good, Buffer.from([0])]),
        Buffer.from(good).fill(0x31, 0, 1),
        Buffer.from("3006020105020180", "hex"),
        Buffer.from("3004020102", "hex"),
      ];
      for (const bytes of bad) expect(() => readDerSignature(bytes)).to.throw();
      expect(() => readDerPublicKey(key.spki.subarray(0, -1))).to.throw(/secp256k1/);
    });

    it("refuses numbers out of range", () => {
      const digest = `0x${"11".repeat(32)}`;
      for (const [r, s] of [
        [0n, 1n],
        [1n, 0n],
        [order, 1n],
        [1n, order],
      ] as const) {
        expect(() => toSignature(digest, r, s, "0x")).to.throw(/out of range/);
      }
    });
  });
});
