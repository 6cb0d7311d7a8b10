/**
 * Readable name of an instrument.
 *
 * @param instrument Field element in 32 bytes: ASCII text at its right, for example "BTC-USD"; 0x and 64 digits.
 * @returns The text, or the hex itself in lower case when the bytes are not printable ASCII behind zeros.
 */
export function instrumentName(instrument: string): string {
  const text = Buffer.from(instrument.slice(2), "hex").toString("latin1").replace(/^\0+/, "");
  return /^[\x20-\x7e]+$/.test(text) ? text : instrument.toLowerCase();
}
