import { CIRCUITS } from "../../circuits/build/circuits.ts";
import type { Manifest } from "../../circuits/build/manifest.ts";
import manifest from "../../circuits/manifest.json" with { type: "json" };
import { print, printJson } from "../shared/action.ts";
import { formatFields, formatTable, shortHex } from "../shared/format.ts";

/** What their publisher's audits say of the two kinds of verifier. */
const AUDITS = {
  zeroKnowledge: "outside the publisher's audits",
  plain: "inside the publisher's audits",
} as const;

/** Prints the committed circuits with gates, hashes, verifier and audit status. */
export function listCircuits({ json }: { json: boolean }): void {
  const { circuits, srs, versions }: Manifest = manifest;
  const rows = CIRCUITS.flatMap(({ name }) => {
    const entry = circuits[name];
    if (entry === undefined) return [];
    return [{ name, ...entry, audit: entry.zeroKnowledge ? AUDITS.zeroKnowledge : AUDITS.plain }];
  });
  if (json) return printJson({ versions, srs, circuits: rows });
  const left = (title: string) => ({ title, align: "left" as const });
  formatTable(
    [
      left("CIRCUIT"),
      { title: "GATES", align: "right" },
      left("BYTECODE"),
      left("VERIFICATION KEY"),
      left("VERIFIER"),
      left("ZERO KNOWLEDGE"),
      left("VERIFIER'S AUDIT"),
    ],
    rows.map(({ audit, bytecode, gates, name, verificationKey, verifier, zeroKnowledge }) => [
      name,
      gates.toLocaleString("en-US"),
      shortHex(`0x${bytecode}`),
      shortHex(`0x${verificationKey}`),
      verifier,
      zeroKnowledge ? "yes" : "no",
      audit,
    ]),
  ).forEach(print);
  print("");
  formatFields([
    ["Compiler", `Noir ${versions.noir}`],
    ["Proofs", `Barretenberg ${versions.barretenberg}, UltraHonk`],
    ["Points", `ceremony, ${shortHex(`0x${srs}`)}`],
  ]).forEach(print);
}
