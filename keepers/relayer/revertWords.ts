import { Interface, type ErrorDescription, type ErrorFragment } from "ethers";
import { IOperators__factory } from "../../types/ethers-contracts/factories/interfaces/IOperators__factory.ts";
import { IPriceFeeds__factory } from "../../types/ethers-contracts/factories/interfaces/IPriceFeeds__factory.ts";
import { VRFCoordinator__factory } from "../../types/ethers-contracts/factories/vrf/VRFCoordinator__factory.ts";

/** Custom errors of all contracts that keepers write to; the coordinator's own ABI has those of its libraries too. */
const knownErrors = new Interface(
  [IPriceFeeds__factory.abi, IOperators__factory.abi, VRFCoordinator__factory.abi].flatMap((abi) =>
    new Interface(abi).fragments.filter(
      (fragment): fragment is ErrorFragment => fragment.type === "error",
    ),
  ),
);

const badProof = "the proof does not hold for this request";

/** What an error means to who runs a relayer, where its name does not say it. */
const words: Readonly<Record<string, (args: readonly unknown[]) => string>> = {
  NoCorrespondingRequest: () =>
    "the request is not pending any more: another delivery was first, or it was refunded",
  IncorrectCommitment: () => "the request on the chain is another one than was answered",
  NotConfirmed: ([block, earliest]) =>
    `block ${String(block)} is too early: words are accepted from block ${String(earliest)}`,
  DeadlinePassed: ([block, deadline]) =>
    `block ${String(block)} is too late: block ${String(deadline)} was the last for the request`,
  DeadlineNotPassed: ([, deadline]) =>
    `the request can still be fulfilled, up to block ${String(deadline)}`,
  BlockhashNotAvailable: ([block]) =>
    `the chain does not offer the hash of block ${String(block)}, and nobody has stored it`,
  BlockhashAlreadyStored: ([block]) => `the hash of block ${String(block)} is stored already`,
  InsufficientGas: ([given, required]) =>
    `${String(given)} gas were left for the callback, which needs ${String(required)}`,
  NoSuchProvingKey: () => "the coordinator does not know this proving key",
  ProofTooShort: () => badProof,
  ProofLength: () => badProof,
  InvalidKey: () => badProof,
  InvalidGamma: () => badProof,
  InvalidIncrement: () => badProof,
  GammaPrefix: () => badProof,
  ScalarOutOfRange: () => badProof,
  UnusableKey: () => badProof,
  WrongRoot: () => badProof,
  WrongHashTerm: () => badProof,
  WrongGammaTerm: () => badProof,
  WrongCommitment: () => badProof,
};

/**
 * Says what revert data means.
 * @param data hex, at least a selector
 * @returns e.g. `StaleReport(10, 12)`, followed by a sentence where that helps
 */
export function revertWords(data: string): string {
  let parsed: ErrorDescription | null = null;
  try {
    parsed = knownErrors.parseError(data);
  } catch {
    // Not encoded as its selector says.
  }
  if (parsed === null) return `unknown error ${data.slice(0, 10)}`;
  const args: readonly unknown[] = [...parsed.args];
  if (parsed.name === "Error" || parsed.name === "Panic") return String(args[0]);
  const name = `${parsed.name}(${args.map(String).join(", ")})`;
  const sentence = words[parsed.name]?.(args);
  return sentence === undefined ? name : `${name}: ${sentence}`;
}
