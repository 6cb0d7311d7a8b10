/** An answer is longer than it may be. */
export class OversizeAnswer extends Error {
  override readonly name = "OversizeAnswer";
}

/**
 * Reads the body of an answer, and no more of it than the limit.
 * @throws OversizeAnswer above it
 */
export async function readBounded(response: Response, limitBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stream: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of stream ?? []) {
    size += chunk.length;
    // Leaving the loop cancels the stream, which closes the connection.
    if (size > limitBytes) throw new OversizeAnswer(`answer above ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
