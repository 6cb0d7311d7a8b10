/** Time and gas of proofs. With the ceremony's points if this machine has them, else with development points. */
import type { CircuitName } from "../../circuits/build/circuits.ts";
import { buildCircuits } from "../../circuits/build/build.ts";
import { CIRCUITS } from "../../circuits/build/circuits.ts";
import type { CircuitInputs } from "../../circuits/model/field.ts";
import { performance as performanceStatement } from "../../circuits/model/performance.ts";
import { priceBatch } from "../../circuits/model/price-batch.ts";
import type { Prover } from "../../circuits/prover/prover.ts";
import { openProver } from "../../circuits/prover/prover.ts";
import { fill, periodOf, startMs } from "../circuits/ledgers.ts";
import { batchOf, included, somePrices } from "../circuits/observations.ts";
import { ceremonyPoints, developmentPoints } from "../circuits/points.ts";
import { deployVerifier, VERIFIER_GAS } from "../helpers/verifiers.ts";
import type { Row } from "./row.ts";

const WARM_UP = 2;
const ROUNDS = 9;
const OPERATORS = 11;
const FEEDS = 10;
const FILLS = 200;

interface Bench {
  readonly circuit: CircuitName;
  readonly name: string;
  readonly inputs: CircuitInputs;
  readonly targetMs: number;
  readonly targetGas: number;
}

interface Figures {
  readonly witnessMs: number;
  readonly proofMs: number;
  readonly wholeMs: number;
  /** Of a transaction to the verifier, calldata included. */
  readonly transactionGas: number;
  /** Of the call alone, as a contract that verifies pays for it. */
  readonly callGas: number;
  readonly proofBytes: number;
}

/** Measures everything; takes about half a minute, longer where nothing was built yet. */
export async function zkBench(say: (line: string) => void): Promise<Row[]> {
  const srs = ceremonyPoints() ?? developmentPoints();
  say(`points: ${srs.kind}`);
  const built = await buildCircuits(CIRCUITS, srs);
  const prover = await openProver(srs);
  try {
    const rows: Row[] = [];
    for (const bench of benches()) {
      const one = built.find(({ circuit }) => circuit.name === bench.circuit)!;
      const figures = await measure(bench, prover, await deployVerifier(one));
      rows.push(...rowsOf(bench, figures), row(`${bench.name}.gates`, one.gates, "gates", 2 ** 15));
    }
    return rows;
  } finally {
    await prover.close();
  }
}

function benches(): Bench[] {
  const observations = Array.from({ length: OPERATORS }, (_, k) =>
    included(2 * k, somePrices(k, FEEDS)),
  );
  const fills = Array.from({ length: FILLS }, (_, i) => {
    const side = i % 3 === 0 ? "sell" : "buy";
    return fill(side, BigInt(1 + (i % 7)), BigInt(1000 + ((i * 37) % 90)), 1n, startMs + 1000 * i);
  });
  return [
    {
      circuit: "price_batch",
      name: "zk.attest.10x11",
      inputs: priceBatch(batchOf(observations)).inputs,
      targetMs: 500,
      targetGas: 750_000,
    },
    {
      circuit: "performance",
      name: "zk.performance200",
      inputs: performanceStatement(periodOf(fills)).inputs,
      targetMs: 500,
      targetGas: 870_000,
    },
  ];
}

async function measure(
  { circuit, inputs }: Bench,
  prover: Prover,
  { contract }: Awaited<ReturnType<typeof deployVerifier>>,
): Promise<Figures> {
  const times: { witnessMs: number; proofMs: number; wholeMs: number }[] = [];
  let last = await prover.prove(circuit, inputs);
  for (let round = 1; round < WARM_UP + ROUNDS; round += 1) {
    const started = performance.now();
    last = await prover.prove(circuit, inputs);
    const wholeMs = performance.now() - started;
    const { witnessMs, proofMs } = last;
    if (round >= WARM_UP) times.push({ witnessMs, proofMs, wholeMs });
  }
  const { proof, publicInputs } = last;
  const verify = contract.getFunction("verify");
  const sent = await verify.send(proof, publicInputs, { gasLimit: VERIFIER_GAS });
  const receipt = await sent.wait();
  if (receipt?.status !== 1) throw new Error(`the verifier refused a proof of ${circuit}`);
  const transactionGas = Number(receipt.gasUsed);
  const data = Buffer.from(sent.data.slice(2), "hex");
  const nonZero = data.filter((byte) => byte !== 0).length;
  return {
    witnessMs: median(times.map(({ witnessMs }) => witnessMs)),
    proofMs: median(times.map(({ proofMs }) => proofMs)),
    wholeMs: median(times.map(({ wholeMs }) => wholeMs)),
    transactionGas,
    callGas: transactionGas - 21_000 - 16 * nonZero - 4 * (data.length - nonZero),
    proofBytes: proof.length / 2 - 1,
  };
}

function rowsOf({ name, targetMs, targetGas }: Bench, figures: Figures): Row[] {
  return [
    row(`${name}.ms`, figures.wholeMs, "ms", targetMs),
    row(`${name}.witness.ms`, figures.witnessMs, "ms"),
    row(`${name}.proof.ms`, figures.proofMs, "ms"),
    row(`${name}.gas`, figures.transactionGas, "gas", targetGas),
    row(`${name}.call.gas`, figures.callGas, "gas"),
    row(`${name}.proof.bytes`, figures.proofBytes, "bytes"),
  ];
}

function row(name: string, value: number, unit: string, target: number | null = null): Row {
  const ok = target === null || value <= target;
  return { name, value, unit, peer: null, peerValue: null, target, ok };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
