/** Failures that nothing explains, and what they lead to. Pure. */

/** Tunables. */
export interface QuarantineSettings {
  /** Failures within the window that lead to a quarantine. */
  failures: number;
  windowMs: number;
  /** Length of the first; each further one in a row is twice as long. */
  firstMs: number;
  maxMs: number;
}

/** What is known of an account. */
export interface Standing {
  /** When the last failures happened, oldest first, and what they were. */
  failures: ReadonlyArray<{ atMs: number; what: string }>;
  /** Quarantines in a row, without a success between them. */
  quarantines: number;
  untilMs: number | null;
  reason: string | null;
}

/** An account that nothing is held against. */
export const clean: Standing = { failures: [], quarantines: 0, untilMs: null, reason: null };

/**
 * Notes a failure: a nonce that went to someone else, a node that does not take what it should, a signer that fails.
 * @returns the new standing; a quarantine begins when enough of them fall into the window
 */
export function afterFailure(
  standing: Standing,
  what: string,
  nowMs: number,
  settings: QuarantineSettings,
): Standing {
  // What was under way when the quarantine began is not held against the account again.
  if (standing.untilMs !== null && nowMs < standing.untilMs) return standing;
  const recent = standing.failures.filter(({ atMs }) => nowMs - atMs < settings.windowMs);
  const failures = [...recent, { atMs: nowMs, what }];
  // On probation after a quarantine, the first failure counts.
  const allowed = standing.quarantines > 0 ? 1 : settings.failures;
  if (failures.length < allowed) return { ...standing, failures };
  const lengthMs = Math.min(settings.firstMs * 2 ** standing.quarantines, settings.maxMs);
  const kinds = [...new Set(failures.map((failure) => failure.what))].join("; ");
  return {
    failures: [],
    quarantines: standing.quarantines + 1,
    untilMs: nowMs + lengthMs,
    reason: `${failures.length} unexplained ${failures.length === 1 ? "failure" : "failures"}: ${kinds}`,
  };
}

/**
 * @returns the standing after a transaction became final: probation ends with one that was signed after the quarantine.
 * Failures stay until they leave the window: a key that is used elsewhere too has successes between them.
 */
export function afterSuccess(standing: Standing, signedMs: number): Standing {
  const isProof = standing.untilMs !== null && signedMs >= standing.untilMs;
  return isProof ? { ...standing, quarantines: 0, untilMs: null, reason: null } : standing;
}

/** @returns why the account starts nothing new; null when it does. */
export function barredBy(standing: Standing, nowMs: number): string | null {
  if (standing.untilMs === null || nowMs >= standing.untilMs) return null;
  return `quarantined until ${new Date(standing.untilMs).toISOString()}: ${standing.reason ?? "no reason"}`;
}
