import type { Clock } from "../shared/clock.ts";
import type { Logger } from "../shared/log.ts";
import type { ShownSlots } from "../shared/slots.ts";
import type { Head, WatchReader } from "./chain.ts";
import type { Judge } from "./judge.ts";
import type { WatchMetrics } from "./metrics.ts";
import type { WatchStore } from "./store.ts";
import { warningsOf, type Limits, type Vigil, type Warning } from "./warnings.ts";

/** What the loop works with. */
export interface WatcherDeps {
  readonly reader: Pick<WatchReader, "head" | "set" | "endpoint" | "vigil">;
  readonly judge: Judge;
  readonly store: WatchStore;
  /** Brings what is in the store and not settled. */
  readonly bring: (head: Head) => Promise<void>;
  readonly ask: (endpoint: string, fromSlot: number, signal: AbortSignal) => Promise<ShownSlots>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: WatchMetrics;
  readonly limits: Limits;
  /** Between two looks at operators and chain. */
  readonly pollMs: number;
  /** What is about slots this much older than the newest block is deleted; above the evidence period. */
  readonly keepSeconds: number;
}

/** What /health shows. */
export interface WatcherHealth {
  /** When the chain was last read without an error; null before the first time. */
  readonly chainReadMs: number | null;
  readonly operators: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  readonly error: string | null;
}

/** Operators add to what they have shown: cosigners hear of a report after its slot. */
const OVERLAP_SLOTS = 20;
const ENDPOINTS_FOR_MS = 30_000;
const VIGIL_EVERY_MS = 10_000;
const PRUNE_EVERY_MS = 3_600_000;
/** Pages of one operator that are read in a row, after a start. */
const MAX_PAGES = 50;

interface Target {
  readonly account: string;
  endpoint: string | null;
  fromSlot: number;
  busy: boolean;
  state: string;
}

/** Creates the loop that asks operators, judges what they show, and has evidence brought. */
export function createWatcher(deps: WatcherDeps): {
  health(): WatcherHealth;
  /** Runs until the signal aborts, then waits for what is under way. */
  run(signal: AbortSignal): Promise<void>;
} {
  const { reader, judge, store, clock, log, metrics } = deps;
  const targets = new Map<string, Target>();
  const underway = new Set<Promise<void>>();
  const failures = new Map<string, string>();
  const lastMs = { endpoints: -Infinity, vigil: -Infinity, prune: -Infinity };
  let head: Head | null = null;
  let chainReadMs: number | null = null;
  let warnings: readonly Warning[] = [];
  let bringing: Promise<void> | null = null;
  let bringAgain = false;

  function isDue(what: keyof typeof lastMs, everyMs: number): boolean {
    const nowMs = clock.nowMs();
    if (nowMs - lastMs[what] < everyMs) return false;
    lastMs[what] = nowMs;
    return true;
  }

  /** Does a piece of work; a failure is logged when it is another than the last of its name. */
  async function attempt(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (failures.delete(name)) log.info({ work: name }, "works again");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (failures.get(name) === reason) return;
      failures.set(name, reason);
      log.warn({ work: name, reason }, "failed, will be tried again");
    }
  }

  /** Runs in the background until the loop ends. */
  function start(work: Promise<void>): void {
    underway.add(work);
    void work.finally(() => underway.delete(work));
  }

  /** Operators of the active set and the one before: these may sign. */
  async function readTargets(setId: number): Promise<void> {
    const sets = await Promise.all([setId, setId - 1].filter((id) => id > 0).map(reader.set));
    const accounts = new Set(
      sets.flatMap((set) => set?.operators.map(({ account }) => account) ?? []),
    );
    for (const account of targets.keys()) if (!accounts.has(account)) targets.delete(account);
    const isNew = [...accounts].some((account) => !targets.has(account));
    if (!isNew && !isDue("endpoints", ENDPOINTS_FOR_MS)) return;
    for (const account of accounts) {
      const endpoint = await reader.endpoint(account);
      const target = targets.get(account) ?? {
        ...{ account, endpoint, fromSlot: 0, busy: false, state: "not asked yet" },
      };
      target.endpoint = endpoint;
      targets.set(account, target);
    }
  }

  /** Judges and stores an answer. What could not be stored is judged again next time. */
  async function take(shown: ShownSlots, account: string): Promise<void> {
    const judged = await judge.judge(shown);
    try {
      await store.keep(judged);
    } catch (error) {
      judge.forget(judged);
      throw error;
    }
    metrics.collected(judged.observations.length, judged.reports.length);
    if (judged.unsigned > 0) {
      metrics.poll("unsigned");
      throw new Error(`operator ${account} shows what nobody signed`);
    }
    if (judged.observations.length > 0 || judged.reports.length > 0) requestBring();
  }

  async function poll(target: Target, signal: AbortSignal): Promise<void> {
    const { account, endpoint } = target;
    if (endpoint === null) throw new Error("no usable endpoint on chain");
    for (let page = 0; page < MAX_PAGES && !signal.aborted; page++) {
      const shown = await deps.ask(endpoint, target.fromSlot, signal);
      await take(shown, account);
      if (shown.nextSlot === null || shown.nextSlot <= target.fromSlot) {
        if (shown.lastSlot !== null) {
          target.fromSlot = Math.max(0, shown.lastSlot - OVERLAP_SLOTS);
        }
        break;
      }
      target.fromSlot = shown.nextSlot;
    }
    metrics.poll("ok");
  }

  function pollAll(signal: AbortSignal): void {
    for (const target of targets.values()) {
      if (target.busy) continue;
      target.busy = true;
      const work = attempt(`operator ${target.account}`, async () => {
        try {
          await poll(target, signal);
          target.state = "ok";
        } catch (error) {
          target.state = error instanceof Error ? error.message : String(error);
          metrics.poll("failed");
          if (!signal.aborted) throw error;
        }
      });
      start(work.finally(() => void (target.busy = false)));
    }
    const good = [...targets.values()].filter(({ state }) => state === "ok").length;
    metrics.answering(good, targets.size);
  }

  /** Evidence is brought by one hand at a time; what is asked for meanwhile is looked at right after. */
  function requestBring(): void {
    if (bringing !== null) {
      bringAgain = true;
      return;
    }
    if (head === null) return;
    const now = head;
    bringAgain = false;
    bringing = attempt("evidence", () => deps.bring(now)).finally(() => {
      bringing = null;
      if (bringAgain) requestBring();
    });
    start(bringing);
  }

  function announce(vigil: Vigil): void {
    const next = warningsOf(vigil, deps.limits);
    for (const { key, text } of next) {
      if (!warnings.some((warning) => warning.key === key)) log.warn({ warning: key }, text);
    }
    warnings = next;
    metrics.vigil(vigil);
    metrics.warnings(next.length);
  }

  async function tick(signal: AbortSignal): Promise<void> {
    await attempt("chain", async () => {
      head = await reader.head();
      chainReadMs = clock.nowMs();
      await readTargets(head.setId);
    });
    pollAll(signal);
    requestBring();
    const now = head;
    if (now === null) return;
    if (isDue("vigil", VIGIL_EVERY_MS)) {
      start(
        attempt("vigil", async () => announce(await reader.vigil(await reader.set(now.setId)))),
      );
    }
    if (isDue("prune", PRUNE_EVERY_MS)) {
      start(attempt("prune", () => store.prune(Math.max(0, now.blockTime - deps.keepSeconds))));
    }
  }

  return {
    health: () => ({
      chainReadMs,
      operators: Object.fromEntries(
        [...targets.values()].map(({ account, state }) => [account, state]),
      ),
      warnings: warnings.map(({ text }) => text),
      error: failures.get("chain") ?? failures.get("evidence") ?? null,
    }),
    async run(signal) {
      while (!signal.aborted) {
        const startedMs = clock.nowMs();
        await tick(signal);
        await clock.sleep(Math.max(0, startedMs + deps.pollMs - clock.nowMs()), signal);
      }
      while (underway.size > 0) await Promise.all(underway);
    },
  };
}
