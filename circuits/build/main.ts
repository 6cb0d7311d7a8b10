// Builds all circuits; with --check says what of the committed output does not follow from the sources.
import { buildCircuits } from "./build.ts";
import { writeWhole } from "./cache.ts";
import { checkCommitted, readCommitted } from "./check.ts";
import { CIRCUITS } from "./circuits.ts";
import { manifestFile, manifestOf, manifestText, verifierFile } from "./manifest.ts";
import { ceremonySrs, storedCeremonySrs } from "./srs.ts";

async function build(): Promise<void> {
  const srs = await ceremonySrs();
  const built = await buildCircuits(CIRCUITS, srs);
  for (const { circuit, gates, verifierSource } of built) {
    writeWhole(verifierFile(circuit.verifier), verifierSource);
    process.stdout.write(`${circuit.name.padEnd(12)} ${gates} gates, ${circuit.verifier}.sol\n`);
  }
  writeWhole(manifestFile, manifestText(manifestOf(built, srs.id)));
}

async function check(): Promise<number> {
  const { faults, notes } = await checkCommitted(readCommitted(), storedCeremonySrs());
  for (const note of notes) process.stdout.write(`${note}\n`);
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  if (faults.length > 0) process.stderr.write("run: npm run circuits\n");
  return faults.length === 0 ? 0 : 1;
}

try {
  if (process.argv.includes("--check")) process.exitCode = await check();
  else await build();
} catch (error) {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : null;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (cause !== null) process.stderr.write(`${cause}\n`);
  process.exitCode = 1;
}
