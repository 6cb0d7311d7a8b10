import { dataLength } from "ethers";

import type { Domain } from "../shared/observation.ts";
import { decodeReport, type Report } from "../shared/report.ts";
import { askSlots } from "../shared/slots.ts";
import { attestCall, type AttestCall, type AttestReader } from "./chain.ts";
import { collect } from "./collect.ts";
import type { ProvableObservation, ProvingSet, SignedReport } from "./model.ts";
import { proveStatements, type Proofs } from "./prove.ts";
import { includedUnder, statementsOf, unprovable } from "./witness.ts";

/** What a report's attestation is made with. */
export interface AttestDeps {
  readonly reader: Pick<AttestReader, "set" | "endpoint" | "submitted" | "verifierCode">;
  readonly domain: Domain;
  /** Bound for an operator's answer. */
  readonly askMs: number;
  /** Bound for the proofs. */
  readonly proveMs: number;
  readonly signal: AbortSignal;
}

/** An attestation that is ready to be sent. */
export interface Attestation {
  readonly report: Report;
  readonly set: ProvingSet;
  /** Operators whose observations are under the root, by index. */
  readonly included: readonly number[];
  readonly call: AttestCall;
  readonly proofs: Proofs;
}

/** A report with what is proved about it. */
export interface Prepared {
  readonly signed: SignedReport;
  readonly report: Report;
  readonly set: ProvingSet;
  readonly observations: readonly ProvableObservation[];
}

/** A report that cannot be attested now, or never. */
export class UnattestableError extends Error {
  override readonly name = "UnattestableError";
  /** Nothing will change it. */
  readonly isFinal: boolean;

  constructor(reason: string, isFinal: boolean) {
    super(reason);
    this.isFinal = isFinal;
  }
}

/**
 * Gets a submitted report and the observations under its root.
 * @param transaction Hash of the transaction that submitted it.
 * @throws UnattestableError that says what is missing
 */
export async function prepare(transaction: string, deps: AttestDeps): Promise<Prepared> {
  const { askMs, domain, reader, signal } = deps;
  const signed = await reader.submitted(transaction);
  if (signed === null) {
    throw new UnattestableError(
      `transaction ${transaction} is no call of PriceFeeds.submit`,
      false,
    );
  }
  const report = decodeReport(signed.bytes);
  if (report === null) throw new RangeError(`${dataLength(signed.bytes)} bytes are no report`);
  const set = await reader.set(report.setId);
  const { failures, observations: shown } = await collect(report, set, {
    endpoint: (account) => reader.endpoint(account),
    ask: (endpoint, fromSlot) => askSlots(endpoint, fromSlot, { timeoutMs: askMs, signal }),
  });
  const included = includedUnder(report, shown, set, domain);
  if (included.kind === "missing") {
    const [failure] = failures;
    const silent =
      failure === undefined
        ? ""
        : ` (${failures.size} operators do not answer: ${failure[0]} ${failure[1]})`;
    throw new UnattestableError(`${included.reason}${silent}`, false);
  }
  const reason = unprovable(included.observations.length, set);
  if (reason !== null) throw new UnattestableError(reason, true);
  return { signed, report, set, observations: included.observations };
}

/**
 * Proves a report's answers.
 * @throws Error that says why there is no proof
 */
export async function proveReport(
  { observations, report, set, signed }: Prepared,
  { domain, proveMs, reader, signal }: AttestDeps,
): Promise<Attestation> {
  const statements = statementsOf(report, observations, set, domain);
  const proofs = await proveStatements(
    "price_batch",
    statements.map(({ statement }) => statement.inputs),
    {
      ...{ chainId: domain.chainId, timeoutMs: proveMs, signal },
      verifierCode: await reader.verifierCode(),
    },
  );
  const included = observations.map(({ operator }) => operator);
  const chunkProofs = statements.map(({ chunk }, index) => ({
    ...{ chunk, proof: proofs.proofs[index]!.proof },
  }));
  return { report, set, included, proofs, call: attestCall(signed, included, chunkProofs) };
}
