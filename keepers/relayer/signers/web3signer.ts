import { computeAddress } from "ethers";
import { ConfigError } from "../../shared/config.ts";
import { endpointName } from "../../shared/log.ts";
import type { Signer } from "./signer.ts";
import { toTransaction } from "./local.ts";
import { assemble, toSignature } from "./signature.ts";

/** Where Web3Signer holds a key. */
export interface Web3SignerOptions {
  /** Base URL; user and password in it become basic authentication. */
  url: string;
  /** Public key as Web3Signer lists it: 64 or 65 bytes, 0x hex. */
  publicKey: string;
}

const timeoutMs = 5_000;

/**
 * Opens a key in Web3Signer through its ETH1 signing API: the bytes of the unsigned transaction go to
 * /api/v1/eth1/sign/{public key}, which hashes them by keccak-256 itself and answers with r, s and v.
 * @throws ConfigError when it does not hold the key; Error when it does not answer
 */
export async function openWeb3Signer(options: Web3SignerOptions): Promise<Signer> {
  const point = options.publicKey.toLowerCase().replace(/^0x(04(?=.{128}$))?/, "");
  const address = computeAddress(`0x04${point}`).toLowerCase();
  const name = endpointName(options.url);
  const keys = await call(options.url, "/api/v1/eth1/publicKeys", null);
  const listed = (JSON.parse(keys) as unknown[]).map((key) => String(key).toLowerCase());
  if (!listed.some((key) => key.replace(/^0x(04(?=.{128}$))?/, "") === point)) {
    throw new ConfigError(`Web3Signer at ${name} does not hold the key of account ${address}.`);
  }
  return {
    address,
    async sign(unsigned) {
      const transaction = toTransaction(unsigned);
      const answer = await call(
        options.url,
        `/api/v1/eth1/sign/0x${point}`,
        JSON.stringify({ data: transaction.unsignedSerialized }),
      );
      const hex = /^"?(0x[0-9a-fA-F]{130})"?\s*$/.exec(answer)?.[1];
      if (hex === undefined) throw new Error(`Web3Signer at ${name} answered with no signature`);
      const [r, s] = [hex.slice(2, 66), hex.slice(66, 130)].map((part) => BigInt(`0x${part}`));
      return assemble(transaction, toSignature(transaction.unsignedHash, r!, s!, address));
    },
  };
}

/** @param body null asks with GET */
async function call(base: string, path: string, body: string | null): Promise<string> {
  const url = new URL(base);
  const { username, password } = url;
  url.username = url.password = "";
  url.pathname = `${url.pathname.replace(/\/$/, "")}${path}`;
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (username !== "") {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    headers["authorization"] = `Basic ${Buffer.from(pair).toString("base64")}`;
  }
  const where = `Web3Signer at ${endpointName(base)}`;
  try {
    const response = await fetch(url, {
      ...(body === null ? {} : { method: "POST", body }),
      headers,
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.ok) return await response.text();
    throw new Error(`HTTP ${response.status}`);
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
