/** A network with a slashing contract, and evidence made without the code of operators or contracts. */
import { poseidon2Hash } from "@zkpassport/poseidon2";
import { concat, SigningKey, toBeHex, TypedDataEncoder } from "ethers";

import { at, bitmap, deployNetwork, packReport, range } from "../../helpers/contracts-fixture.ts";
import type { Entry } from "../../helpers/contracts-fixture.ts";

export const EVIDENCE_PERIOD = 7 * 86_400;
export const UNBONDING = 14 * 86_400;
export const STAKE = 1_000_000_000_000_000_003n;
export const EQUIVOCATION_BPS = 5_000;
export const MEDIANS_BPS = 1_000;
export const REPORTER = "0x000000000000000000000000000000000000dEaD";

/** What an operator says about a slot, as the contract takes it. */
export interface Statement {
  setId: number;
  slot: number;
  operator: number;
  prices: bigint[];
  digest: bigint;
}

/** Prices of one operator under a root. */
export interface Included {
  operator: number;
  prices: bigint[];
}

/** Where signatures are valid. */
export interface Place {
  chainId: bigint;
  contract: string;
}

const TYPES = {
  Observation: [
    { name: "setId", type: "uint32" },
    { name: "slot", type: "uint32" },
    { name: "operator", type: "uint8" },
    { name: "prices", type: "uint96[]" },
    { name: "digest", type: "uint256" },
  ],
};
const TAG = BigInt(`0x${Buffer.from("Dodona observation v1", "ascii").toString("hex")}`);

/** Digest of prices by the package that operators and circuits hash with. */
export function digestOf(
  prices: readonly bigint[],
  setId: number,
  slot: number,
  place: Place,
): bigint {
  const chunks: bigint[] = [];
  for (let first = 0; first < prices.length; first += 10) {
    const pairs = range(5).map((pair) => {
      const even = first + 2 * pair;
      return (prices[even] ?? 0n) + (prices[even + 1] ?? 0n) * 2n ** 96n;
    });
    chunks.push(poseidon2Hash(pairs));
  }
  const head = [
    TAG,
    place.chainId,
    BigInt(place.contract),
    BigInt(setId) * 2n ** 32n + BigInt(slot),
  ];
  return poseidon2Hash([...head, ...chunks]);
}

/** Root over observations in the given order. */
export function rootOf(
  included: readonly Included[],
  setId: number,
  slot: number,
  place: Place,
): string {
  const leaves = included.flatMap(({ operator, prices }) => [
    BigInt(operator),
    digestOf(prices, setId, slot, place),
  ]);
  return toBeHex(poseidon2Hash(leaves), 32);
}

/** EIP-712 hash by ethers. */
export function typedHash(statement: Statement, { chainId, contract }: Place): string {
  const domain = { name: "Dodona", version: "1", chainId, verifyingContract: contract };
  return TypedDataEncoder.hash(domain, TYPES, statement);
}

/** ECDSA of a statement by a secret, 65 bytes. */
export function signStatement(secret: bigint, statement: Statement, place: Place): string {
  return new SigningKey(toBeHex(secret, 32)).sign(typedHash(statement, place)).serialized;
}

/** The other signature that the same equation allows: n − s with the other parity. */
export function malleate(signature: string): string {
  const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = n - BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.endsWith("1b") ? "0x1c" : "0x1b";
  return concat([signature.slice(0, 66), toBeHex(s, 32), v]);
}

/** A network of five operators and three feeds, everybody staked, and a slashing contract. */
export async function deploySlashing(
  options: { operatorCount?: number; names?: readonly string[] } = {},
) {
  const net = await deployNetwork({ names: options.names ?? ["A", "B", "C"], ...options });
  const { ethers, manager, feeds, feedsAddress, chainId, accounts, secrets, networkHelpers } = net;
  const stake = await ethers.deployContract("SlashingStake", [UNBONDING]);
  const slashing = await ethers.deployContract("Slashing", [
    manager,
    feeds,
    stake,
    EVIDENCE_PERIOD,
    EQUIVOCATION_BPS,
    MEDIANS_BPS,
  ]);
  for (const account of accounts) await stake.set(account, STAKE);
  const place: Place = { chainId, contract: feedsAddress };
  const setId = Number((await feeds.currentSet()).setId);
  const slot = await networkHelpers.time.latest();

  /** A statement with the right digest unless another is given. */
  const state = (prices: bigint[], change: Partial<Statement> = {}): Statement => {
    const head = { setId, slot, operator: 2, prices, ...change };
    return { digest: digestOf(prices, head.setId, head.slot, place), ...head };
  };
  const signed = (statement: Statement, by = at(secrets, statement.operator), where = place) =>
    [statement, signStatement(by, statement, where)] as const;
  /** Two statements, each signed, as arguments of slashEquivocation. */
  const pair = (
    first: Statement,
    second: Statement,
    by?: bigint,
    where?: Place,
  ): [Statement, string, Statement, string, string] => [
    ...signed(first, by, where),
    ...signed(second, by, where),
    REPORTER,
  ];
  /** A signed report over observations, as arguments of slashWrongMedians. */
  const report = (
    included: Included[],
    entries: Entry[],
    change: { by?: number[]; setId?: number; slot?: number; root?: string } = {},
  ): [string, ReturnType<typeof net.signReport>, Included[], string] => {
    const by = change.by ?? [0, 1, 2];
    const head = { setId: change.setId ?? setId, slot: change.slot ?? slot };
    const root = change.root ?? rootOf(included, head.setId, head.slot, place);
    const bytes = packReport({ ...head, signers: bitmap(by), root, entries });
    return [bytes, net.signReport(bytes, by), included, REPORTER];
  };
  return { ...net, stake, slashing, place, setId, slot, state, pair, report };
}
