import type { ReportRefusal } from "./check-report.ts";

/** Why an operator does not do what a peer, or its own leader, asks of it. Part of the wire format and of metrics. */
export type RefusalCode =
  | ReportRefusal
  | "malformed"
  | "unknown set"
  | "not an operator"
  | "not the leader"
  | "not authentic"
  | "out of time"
  | "replayed"
  | "too many requests"
  | "no prices"
  | "not ready"
  | "unknown session"
  | "unknown slot"
  | "bad observation"
  | "bad nonces"
  | "bad signature";

/** A request that is refused; the detail is for people and holds no secret. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;
  readonly detail: string;

  constructor(code: RefusalCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
  }
}
