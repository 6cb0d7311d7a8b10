import { ANSWER_LIMIT_BYTES, parseSlots, type ShownSlots } from "./wire.ts";

const PATH = "/v1/slots";

/**
 * Asks an operator what it has seen signed about slots from one on. Bounded in time and size.
 * @param endpoint As the operator registered it.
 * @throws Error that says what went wrong.
 */
export async function askSlots(
  endpoint: string,
  fromSlot: number,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<ShownSlots> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const response = await fetch(`${endpoint.replace(/\/+$/, "")}${PATH}/${fromSlot}`, {
    redirect: "error",
    signal: AbortSignal.any([timeout, options.signal]),
  });
  const text = await readBounded(response);
  if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error("answer is not JSON");
  }
  return parseSlots(json);
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stream: AsyncIterable<Uint8Array> | null = response.body;
  if (stream === null) return "";
  for await (const chunk of stream) {
    size += chunk.length;
    // Leaving the loop cancels the stream, which closes the connection.
    if (size > ANSWER_LIMIT_BYTES) throw new Error(`answer above ${ANSWER_LIMIT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
