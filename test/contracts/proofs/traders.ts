/** A registry of traders, periods of invented histories, and the service's signatures made without the contract's code. */
import { TypedDataEncoder, Wallet, toBeHex } from "ethers";

import type { Fill } from "../../../circuits/model/ledger.ts";
import { tagField } from "../../../circuits/model/field.ts";
import type { ProvablePeriod } from "../../../circuits/model/periods.ts";
import { periodsOf } from "../../../circuits/model/periods.ts";
import type { Prover } from "../../../circuits/prover/prover.ts";
import { deployBare } from "../../helpers/contracts-fixture.ts";
import type { ITraderRegistry } from "../../../types/ethers-contracts/interfaces/ITraderRegistry.ts";
import { deployVerifier } from "./prover.ts";

/** Private key of the ingestion service in tests. */
export const SERVICE = new Wallet(`0x${"5e".repeat(32)}`);
export const ACCOUNT = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
export const OTHER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
export const START_MS = 1_700_000_000_000;

/** A statement as the contract takes it; every figure as itself. */
export type Statement = Required<{
  [
    Name in Exclude<keyof ITraderRegistry.StatementStruct, symbol>
  ]: Name extends `${string}ommitment`
    ? string
    : Name extends "account" | "instrument"
      ? string
      : bigint;
}>;

/** A field element as 32 bytes. */
export const fieldWord = (value: bigint): string => toBeHex(value, 32);

/** Name of an instrument as the registry has it. */
export const instrumentOf = (name: string): string => fieldWord(tagField(name));

/** A period as the registry takes it. */
export function statementOf({ period, statement }: ProvablePeriod): Statement {
  const { figures } = statement;
  return {
    startCommitment: fieldWord(statement.startCommitment),
    endCommitment: fieldWord(statement.endCommitment),
    fillsCommitment: fieldWord(statement.fillsCommitment),
    account: toBeHex(period.account, 20),
    instrument: fieldWord(period.instrument),
    capital: period.capital,
    start: BigInt(period.startMs),
    end: BigInt(period.endMs),
    count: BigInt(figures.count),
    profitBps: figures.profitBps,
    wins: BigInt(figures.wins),
    closes: BigInt(figures.closes),
    drawdownBps: BigInt(figures.drawdownBps),
  };
}

/** Where a service's signature is valid. */
export interface Place {
  chainId: bigint;
  contract: string;
}

/** The service's signature over a commitment, by ethers. */
export function signFills(commitment: string, { chainId, contract }: Place, by = SERVICE): string {
  const domain = { name: "Dodona", version: "1", chainId, verifyingContract: contract };
  const types = { Fills: [{ name: "commitment", type: "bytes32" }] };
  return by.signingKey.sign(TypedDataEncoder.hash(domain, types, { commitment })).serialized;
}

/**
 * Three fills a period of one account and instrument: a gain, a loss, and a position that stays open.
 * @param periods How many.
 */
export function historyOf(account: string, name: string, periods: number, scale = 1n) {
  const fills = Array.from({ length: 3 * periods }, (_, i): Fill => {
    const side = i % 3 === 1 ? "sell" : "buy";
    const price = scale * BigInt(1_000 - ((i * 37) % 90));
    return { side, quantity: BigInt(2 + (i % 3)), price, fee: 1n, timeMs: START_MS + 1_000 * i };
  });
  let blinding = 0n;
  return periodsOf(fills, {
    ...{ account: BigInt(account), instrument: tagField(name), capital: 100_000n, maxFills: 3 },
    startMs: START_MS - 5_000,
    random: () => (blinding += 1n),
  });
}

/**
 * A registry that takes the service's word.
 * @param prover Whose verifier to deploy; null for one that accepts whatever it is given.
 */
export async function deployRegistry(prover: Prover | null) {
  const bare = await deployBare();
  const { ethers, manager, chainId } = bare;
  const mock = await ethers.deployContract("MockVerifier");
  const verifier = prover === null ? mock : await deployVerifier(ethers, prover, "performance");
  const registry = await ethers.deployContract("TraderRegistry", [
    manager,
    verifier,
    SERVICE.address,
  ]);
  const place: Place = { chainId, contract: await registry.getAddress() };
  const sign = (commitment: string) => signFills(commitment, place);
  return { ...bare, mock, verifier, registry, place, sign };
}
