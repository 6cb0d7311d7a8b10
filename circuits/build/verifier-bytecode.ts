import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { contentKey, readIfThere, writeWhole } from "./cache.ts";
import { cacheFolder, projectRoot } from "./config.ts";

/** The part of the compiler's output that is asked for. */
interface CompilerOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Record<
    string,
    Record<string, { readonly evm: { readonly bytecode: { readonly object: string } } }>
  >;
}

/** As hardhat.config.ts compiles the committed verifiers: of their assembly the IR pipeline makes no code. */
const SETTINGS = {
  evmVersion: "cancun",
  viaIR: false,
  optimizer: { enabled: true, runs: 1 },
  outputSelection: { "*": { "*": ["evm.bytecode.object"] } },
};

/**
 * Creation code of a verifier that is not among the committed ones: that of development points.
 * @throws if the compiler refuses it.
 */
export function verifierBytecode(verifier: string, source: string): string {
  const shared = "contracts/verifiers/IVerifier.sol";
  const unit = `contracts/verifiers/${verifier}.sol`;
  const sources = {
    [shared]: { content: fs.readFileSync(path.join(projectRoot, shared), "utf8") },
    [unit]: { content: source },
  };
  const request = JSON.stringify({ language: "Solidity", sources, settings: SETTINGS });
  const file = path.join(cacheFolder, "verifiers", `${verifier}-${contentKey([request])}.hex`);
  const known = readIfThere(file);
  if (known !== null) return known.toString();
  const solc = createRequire(import.meta.url)("solc") as { compile(request: string): string };
  const output = JSON.parse(solc.compile(request)) as CompilerOutput;
  const object = output.contracts?.[unit]?.[verifier]?.evm.bytecode.object;
  if (object === undefined) {
    const messages = output.errors?.map(({ formattedMessage }) => formattedMessage) ?? [];
    throw new Error([`${verifier} does not compile`, ...messages].join("\n"));
  }
  writeWhole(file, `0x${object}`);
  return `0x${object}`;
}
