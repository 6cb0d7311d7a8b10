import path from "node:path";

/** Root of the project. */
export const projectRoot = path.resolve(import.meta.dirname, "../..");

/** What Node compiled of libraries, kept for the many processes that load the same ones. */
export const compileCache = path.join(projectRoot, "cache/node");

export const defaultPortBase = 8540;
export const operatorCount = 5;
/** Operators that a round needs: the contract's rule, more than half. */
export const quorum = Math.floor(operatorCount / 2) + 1;

/** The payout keepers by name, in the order of their ports. */
export const payoutKeepers = [
  ...["payout-proposer", "payout-approver-1", "payout-approver-2", "payout-approver-3"],
  "payout-watcher",
] as readonly string[];

/** Offsets of every port from the base. The whole stack fits into the 50 ports from its base. */
const offsets = {
  chain: 5,
  api: 10,
  postgres: 12,
  relayerMetrics: 20,
  vrfMetrics: 21,
  attestMetrics: 22,
  watchMetrics: 23,
  scoreMetrics: 24,
  payoutMetrics: 25,
  operator: 31,
  operatorMetrics: 41,
};

export interface Ports {
  readonly chain: number;
  readonly api: number;
  readonly postgres: number;
  readonly relayerMetrics: number;
  readonly vrfMetrics: number;
  readonly attestMetrics: number;
  readonly watchMetrics: number;
  readonly scoreMetrics: number;
  /** Of the payout keepers: proposer, approvers, watcher. */
  readonly payoutMetrics: readonly number[];
  readonly operators: readonly number[];
  readonly operatorMetrics: readonly number[];
}

/** Ports of a stack, by base. */
export function portsFrom(base: number): Ports {
  const perOperator = (offset: number) =>
    Array.from({ length: operatorCount }, (_, index) => base + offset + index);
  return {
    chain: base + offsets.chain,
    api: base + offsets.api,
    postgres: base + offsets.postgres,
    relayerMetrics: base + offsets.relayerMetrics,
    vrfMetrics: base + offsets.vrfMetrics,
    attestMetrics: base + offsets.attestMetrics,
    watchMetrics: base + offsets.watchMetrics,
    scoreMetrics: base + offsets.scoreMetrics,
    payoutMetrics: payoutKeepers.map((_, index) => base + offsets.payoutMetrics + index),
    operators: perOperator(offsets.operator),
    operatorMetrics: perOperator(offsets.operatorMetrics),
  };
}

export interface Paths {
  readonly state: string;
  readonly stackFile: string;
  readonly ledger: string;
  readonly chainState: string;
  readonly logs: string;
  readonly config: string;
  readonly keys: string;
  /** Published payouts. */
  readonly payouts: string;
  /** The program that payouts follow. */
  readonly program: string;
}

/** Files of a stack, all below its state folder (Postgres may lie elsewhere, see postgres.ts). */
export function pathsIn(state: string): Paths {
  return {
    state,
    stackFile: path.join(state, "stack.json"),
    ledger: path.join(state, "processes.json"),
    chainState: path.join(state, "chain.json"),
    logs: path.join(state, "logs"),
    config: path.join(state, "config"),
    keys: path.join(state, "keys"),
    payouts: path.join(state, "payouts"),
    program: path.join(state, "program.json"),
  };
}
