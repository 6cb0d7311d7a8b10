import os from "node:os";

import Table from "cli-table3";
import { Argument, Command } from "commander";

import type { Row } from "./row.ts";

const benches: Record<string, (say: (line: string) => void) => Promise<Row[]>> = {
  gas: async () => (await import("./gas.ts")).gasBench(),
  aggregate: async () => (await import("./aggregate.ts")).aggregateBench(),
  vrf: async (say) => {
    const { loadRows, proofRows } = await import("./vrfRows.ts");
    const proofs = proofRows();
    const gas = await (await import("./vrf.ts")).vrfGasBench();
    return [...gas, ...proofs, ...(await loadRows(say))];
  },
  governance: async () => {
    const rows = await (await import("./governance.ts")).governanceBench();
    return [...rows, ...(await (await import("./staking.ts")).stakingBench())];
  },
  payouts: async () => {
    const rows = await (await import("./payouts-root.ts")).payoutRootBench();
    return [...rows, ...(await (await import("./payouts-gas.ts")).payoutsGasBench())];
  },
  zk: async (say) => (await import("./zk.ts")).zkBench(say),
  relayer: async (say) => (await import("./relayer.ts")).relayerBench(say),
  latency: async (say) => (await import("./latency.ts")).latencyBench(say),
};

function number(value: number | null): string {
  return value === null ? "-" : value.toLocaleString("en-US", { maximumFractionDigits: 3 });
}

function render(rows: readonly Row[]): string {
  const table = new Table({
    head: ["name", "value", "unit", "target", "ok", "peer", "peer's value"],
    colAligns: ["left", "right", "left", "right", "left", "left", "right"],
    style: { head: process.stdout.isTTY ? ["bold"] : [], border: [], compact: true },
  });
  for (const row of rows) {
    const mark = row.target === null ? "" : row.ok ? "yes" : "NO";
    table.push([
      row.name,
      number(row.value),
      row.unit,
      number(row.target),
      mark,
      row.peer ?? "",
      number(row.peerValue),
    ]);
  }
  const machine = `${os.cpus().length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`;
  return `${table.toString()}\n${machine}`;
}

const command = new Command("npm run bench --")
  .description("Measures what Dodona promises, beside its peers.")
  .addArgument(new Argument("<name>", "what to measure").choices(Object.keys(benches)))
  .option("--json", "one JSON array of {name, value, unit, peer, peerValue, target, ok}")
  .addHelpText("after", "\nExample:\n  npm run bench -- gas --json")
  .parse();
const [name] = command.args;
const rows = await benches[name!]!((line) => process.stderr.write(`${line}\n`));
process.stdout.write(
  `${command.opts<{ json?: true }>().json ? JSON.stringify(rows) : render(rows)}\n`,
);
process.exit(rows.every((row) => row.ok) ? 0 : 1);
