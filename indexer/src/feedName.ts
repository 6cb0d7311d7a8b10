/**
 * Readable name of a feed id.
 *
 * @param feedId bytes32 with the ASCII name at its left, for example "BTC/USD"; 0x and 64 digits.
 * @returns The name, or the hex itself in lower case when the bytes are not printable ASCII followed by zeros.
 */
export function feedName(feedId: `0x${string}`): string {
  const bytes = Buffer.from(feedId.slice(2), "hex");
  const text = bytes.toString("latin1").replace(/\0+$/, "");
  return /^[\x20-\x7e]+$/.test(text) ? text : feedId.toLowerCase();
}
