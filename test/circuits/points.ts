import path from "node:path";

import type { Srs } from "../../circuits/build/srs.ts";
import { developmentSrs, storedCeremonySrs } from "../../circuits/build/srs.ts";

/** The ceremony's points may lie beside the project, not in it. */
const BESIDE = path.resolve(import.meta.dirname, "../../../shared/crs");

/** The ceremony's points, null if this machine has none. */
export function ceremonyPoints(): Srs | null {
  return storedCeremonySrs([BESIDE]);
}

/** Development points, which every machine has. */
export function developmentPoints(): Srs {
  return developmentSrs(31_337n);
}
