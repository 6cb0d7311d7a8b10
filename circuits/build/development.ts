// Prints the creation code of the verifiers that belong to development points, as JSON by contract; builds what is missing.
// With --unless-ceremony it does nothing on a machine that has the ceremony's points: its local chains use these.
import { buildCircuits } from "./build.ts";
import { CIRCUITS } from "./circuits.ts";
import { developmentSrs, storedCeremonySrs } from "./srs.ts";
import { verifierBytecode } from "./verifier-bytecode.ts";

const LOCAL_CHAIN_ID = 31_337n;

if (!process.argv.includes("--unless-ceremony") || storedCeremonySrs() === null) {
  const built = await buildCircuits(CIRCUITS, developmentSrs(LOCAL_CHAIN_ID));
  const codes = built.map(({ circuit: { verifier }, verifierSource }) => [
    verifier,
    verifierBytecode(verifier, verifierSource),
  ]);
  process.stdout.write(JSON.stringify(Object.fromEntries(codes)));
}
