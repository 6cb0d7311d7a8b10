import { Contract, formatUnits, ZeroAddress, type Provider } from "ethers";

/** How amounts of a token are written. */
export interface Unit {
  /** Lower case; the zero address is the native coin. */
  token: string;
  symbol: string;
  decimals: number;
}

const SHOWN_DECIMALS = 6;
const MAX_DECIMALS = 77;
const COIN_DECIMALS = 18;
const MAX_SYMBOL = 16;

/** Reads how a token's amounts are written; one that does not say is counted in its smallest units. */
export async function unitOf(provider: Provider, token: string): Promise<Unit> {
  if (token === ZeroAddress) return { token, symbol: "native coin", decimals: COIN_DECIMALS };
  const contract = new Contract(
    token,
    ["function symbol() view returns (string)", "function decimals() view returns (uint8)"],
    provider,
  );
  const read = async (name: "symbol" | "decimals"): Promise<unknown> =>
    await (contract.getFunction(name)() as Promise<unknown>).catch(() => null);
  const [symbol, decimals] = await Promise.all([read("symbol"), read("decimals")]);
  const isNamed = typeof symbol === "string" && /^[!-~]+$/.test(symbol);
  return {
    token: token.toLowerCase(),
    symbol: isNamed ? symbol.slice(0, MAX_SYMBOL) : `units of ${token}`,
    decimals: typeof decimals === "bigint" && decimals <= MAX_DECIMALS ? Number(decimals) : 0,
  };
}

/** An amount for people: "1,234.5 TOK"; beyond six decimals the rest is cut, never rounded up. */
export function formatAmount(amount: bigint, { decimals, symbol }: Unit): string {
  return `${formatNumber(amount, decimals)} ${symbol}`;
}

/** The same without the unit, for columns whose title names it. */
export function formatNumber(amount: bigint, decimals: number): string {
  const [whole = "0", fraction = ""] = formatUnits(amount < 0n ? -amount : amount, decimals).split(
    ".",
  );
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const shown = fraction.slice(0, SHOWN_DECIMALS).replace(/0+$/, "");
  return `${amount < 0n ? "-" : ""}${grouped}${shown === "" ? "" : `.${shown}`}`;
}

/** A change with its sign: "+12.5", "-3", "0". */
export function formatChange(amount: bigint, decimals: number): string {
  return `${amount > 0n ? "+" : ""}${formatNumber(amount, decimals)}`;
}

/** A part of a whole in percent with two decimals, cut: "12.34 %". */
export function formatShare(part: bigint, whole: bigint): string {
  if (whole === 0n) return "0.00 %";
  const hundredths = (part * 10_000n) / whole;
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")} %`;
}
