import { computeAddress, hexlify } from "ethers";
import { z } from "zod";
import { ConfigError, readSecretFile } from "../../shared/config.ts";
import { endpointName } from "../../shared/log.ts";
import type { Signer } from "./signer.ts";
import { toTransaction } from "./local.ts";
import { assemble, readDerPublicKey, readDerSignature, toSignature } from "./signature.ts";
import { signAwsRequest } from "./sigv4.ts";

/** Where a key in AWS KMS is (key spec ECC_SECG_P256K1, usage SIGN_VERIFY). */
export interface KmsOptions {
  /** Key id, ARN or alias. */
  keyId: string;
  region: string;
  /** Mode 0600: {"accessKeyId", "secretAccessKey", "sessionToken"?}; read anew for each request, so that it may rotate. */
  credentialsFile: string;
  /** Default https://kms.<region>.amazonaws.com. */
  endpoint?: string | undefined;
}

const credentialsSchema = z.strictObject({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1).optional(),
});
const timeoutMs = 5_000;

/**
 * Opens a key in AWS KMS; the key itself never leaves it. Two calls of its API are used, GetPublicKey and Sign, which is
 * too little to carry Amazon's SDK for.
 * @throws ConfigError when credentials or the key are unusable; Error when KMS does not answer
 */
export async function openKmsSigner(options: KmsOptions): Promise<Signer> {
  const url = new URL(options.endpoint ?? `https://kms.${options.region}.amazonaws.com/`);
  const call = (operation: string, body: object): Promise<Record<string, unknown>> =>
    callKms(url, options, operation, { KeyId: options.keyId, ...body });
  const answer = await call("GetPublicKey", {});
  let address: string;
  try {
    address = computeAddress(hexlify(readDerPublicKey(bytesOf(answer, "PublicKey")))).toLowerCase();
  } catch (error) {
    throw new ConfigError(
      `KMS key ${options.keyId}: ${messageOf(error)}. Its spec must be ECC_SECG_P256K1.`,
    );
  }
  return {
    address,
    async sign(unsigned) {
      const transaction = toTransaction(unsigned);
      const digest = transaction.unsignedHash;
      const signed = await call("Sign", {
        Message: Buffer.from(digest.slice(2), "hex").toString("base64"),
        MessageType: "DIGEST",
        SigningAlgorithm: "ECDSA_SHA_256",
      });
      const { r, s } = readDerSignature(bytesOf(signed, "Signature"));
      return assemble(transaction, toSignature(digest, r, s, address));
    },
  };
}

async function callKms(
  url: URL,
  options: KmsOptions,
  operation: string,
  content: object,
): Promise<Record<string, unknown>> {
  const credentials = readCredentials(options.credentialsFile);
  const body = JSON.stringify(content);
  const headers = signAwsRequest(
    {
      url,
      body,
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `TrentService.${operation}`,
      },
      region: options.region,
      service: "kms",
    },
    credentials,
    Date.now(),
  );
  const where = `KMS ${operation} at ${endpointName(url.href)}`;
  let status: number;
  let answer: unknown;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = response.status;
    answer = await response.json();
  } catch (error) {
    throw new Error(`${where}: ${messageOf(error)}`, { cause: error });
  }
  const fields = typeof answer === "object" && answer !== null ? answer : {};
  if (status === 200) return fields as Record<string, unknown>;
  // The kind of error only: its message may repeat what was sent.
  const kind = "__type" in fields ? String(fields.__type).split("#").at(-1) : "no reason";
  throw new Error(`${where}: HTTP ${status}, ${kind}`);
}

function readCredentials(file: string): z.infer<typeof credentialsSchema> {
  let json: unknown;
  try {
    json = JSON.parse(readSecretFile(file));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${file}: is not valid JSON.`);
  }
  const parsed = credentialsSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    `${file}: must hold {"accessKeyId": "…", "secretAccessKey": "…"} and, with temporary keys, "sessionToken".`,
  );
}

function bytesOf(answer: Record<string, unknown>, name: string): Uint8Array {
  const value = answer[name];
  if (typeof value !== "string") throw new Error(`KMS answered without ${name}`);
  return Buffer.from(value, "base64");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
