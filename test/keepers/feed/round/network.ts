import type { Clock } from "../../../../keepers/shared/clock.ts";
import { systemClock } from "../../../../keepers/shared/clock.ts";
import { createLogger } from "../../../../keepers/shared/log.ts";
import type { FeedRules } from "../../../../keepers/feed/decide.ts";
import type { FeedState } from "../../../../keepers/feed/price/breaker.ts";
import { emptyFeed } from "../../../../keepers/feed/price/breaker.ts";
import type { Archive } from "../../../../keepers/feed/round/archive.ts";
import { createArchive } from "../../../../keepers/feed/round/archive.ts";
import type { Cosigner } from "../../../../keepers/feed/round/cosigner.ts";
import { createCosigner } from "../../../../keepers/feed/round/cosigner.ts";
import type { InFlight, SignedReport } from "../../../../keepers/feed/round/inflight.ts";
import { createInFlight } from "../../../../keepers/feed/round/inflight.ts";
import type { Leader, RoundOutcome } from "../../../../keepers/feed/round/leader.ts";
import { createLeader } from "../../../../keepers/feed/round/leader.ts";
import { createObserver } from "../../../../keepers/feed/round/observer.ts";
import type { Peers } from "../../../../keepers/feed/round/peers.ts";
import { createPeers } from "../../../../keepers/feed/round/peers.ts";
import type { RefusalCode } from "../../../../keepers/feed/round/refusal.ts";
import type { RoundServer } from "../../../../keepers/feed/round/server.ts";
import { serveRounds } from "../../../../keepers/feed/round/server.ts";
import type { ActiveSet, ChainView } from "../../../../keepers/feed/round/set.ts";
import { createKeyRing } from "../../../../keepers/feed/round/key-ring.ts";
import { createPriceBook } from "../../../../keepers/feed/round/slot-prices.ts";
import type { PriceBook } from "../../../../keepers/feed/round/slot-prices.ts";
import type { ObservationStore } from "../../../../keepers/feed/round/store.ts";
import { createWitness } from "../../../../keepers/feed/round/witness.ts";
import type { OperatorKeys } from "../../../../keepers/feed/signing/keys.ts";
import { publicKeys } from "../../../../keepers/feed/signing/keys.ts";
import type {
  Observation,
  SignedObservation,
} from "../../../../keepers/feed/signing/observation.ts";
import { DOMAIN, freshKeys } from "../signing/helpers.ts";

/** Parameters of the local network. */
export const RULES: FeedRules = {
  heartbeat: 10,
  deviationBps: 20,
  cosignToleranceBps: 50,
  bandBps: 1_000,
  tau: 3_600,
  cooldown: 120,
  minReports: 3,
  dormancy: 604_800,
};

/** Time-outs that no loaded machine reaches by accident. */
const TIMEOUTS = { observeMs: 5_000, graceMs: 1_500, nonceMs: 1_500, signMs: 3_000 };

export const log = createLogger({ name: "test", level: "silent" });

/** A clock that stands still until it is moved; waiting is real. */
export interface TestClock extends Clock {
  now: number;
}

/** One operator in this process, with a real HTTP server. */
export interface Node {
  readonly index: number;
  readonly keys: OperatorKeys;
  readonly book: PriceBook;
  /** Methods may be replaced, to misbehave. */
  readonly cosigner: Cosigner;
  readonly honest: Cosigner;
  readonly leader: Leader;
  readonly peers: Peers;
  readonly inFlight: InFlight;
  readonly archive: Archive;
  readonly server: RoundServer;
  readonly delivered: SignedReport[];
  readonly refused: RefusalCode[];
  readonly rows: Map<string, Observation | SignedObservation>;
  signedSlots: number[];
  /** Called when this operator, as leader, has a peer's observation. */
  onObserved: () => void;
}

export interface Network {
  readonly clock: TestClock;
  readonly set: ActiveSet;
  readonly states: FeedState[];
  readonly nodes: Node[];
  readonly slot: number;
  /** Puts prices (by feed) at the slot for one operator, or all. */
  price(prices: readonly (bigint | null)[], index?: number): void;
  /** The leader of the slot runs its round. */
  lead(): Promise<RoundOutcome>;
  leader(): Node;
  /** Next slot of the same leader's predecessor's successor: just the next second. */
  nextSlot(): void;
  close(): Promise<void>;
}

const FEEDS = ["BTC/USD", "ETH/USD", "USDC/USD"];

/** A store that forgets with the process. */
export function memoryStore(
  rows = new Map<string, Observation | SignedObservation>(),
): ObservationStore {
  const keyOf = ({ setId, slot }: Observation): string => `${setId}:${slot}`;
  return {
    reserve(observation) {
      const key = keyOf(observation);
      if (!rows.has(key)) rows.set(key, observation);
      return Promise.resolve(rows.get(key) ?? observation);
    },
    complete(signed) {
      rows.set(keyOf(signed), signed);
      return Promise.resolve();
    },
    find(setId, slot) {
      const found = rows.get(`${setId}:${slot}`);
      return Promise.resolve(found !== undefined && "signature" in found ? found : null);
    },
    prune: () => Promise.resolve(),
  };
}

/** Starts n operators that know each other. */
export async function startNetwork(n: number): Promise<Network> {
  const clock: TestClock = {
    now: 1_800_000_000_100,
    nowMs: () => clock.now,
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
  };
  const keys = Array.from({ length: n }, freshKeys);
  const set: ActiveSet = {
    id: 7,
    since: 1_700_000_000,
    quorum: Math.floor(n / 2) + 1,
    operators: keys.map((own, index) => ({ index, account: accountOf(index), ...publicKeys(own) })),
    feeds: FEEDS.map((feedId) => ({ feedId, minVenues: 1 })),
    rules: FEEDS.map(() => RULES),
  };
  const states: FeedState[] = FEEDS.map(() => emptyFeed);
  const ports: number[] = [];
  const view: ChainView = {
    refresh: () => Promise.resolve(),
    latest: () => ({ set, states, atMs: clock.now }),
    setById: (id) => (id === set.id ? set : null),
    endpointOf: (account) => `http://127.0.0.1:${ports[Number(account.slice(-2)) - 10] ?? 1}`,
  };
  const nodes = await Promise.all(
    keys.map((own, index) => startNode(own, index, { clock, set, states, view })),
  );
  nodes.forEach(({ server }) => ports.push(server.port));

  const network: Network = {
    clock,
    set,
    states,
    nodes,
    get slot() {
      return Math.floor(clock.now / 1_000);
    },
    price(prices, index) {
      for (const node of nodes) {
        if (index !== undefined && node.index !== index) continue;
        node.book.put(
          network.slot,
          FEEDS.map((feedId, feed) => ({
            feedId,
            priceE8: prices[feed] ?? null,
            reason: "",
            venues: {},
          })),
        );
      }
    },
    leader: () => nodes[network.slot % n]!,
    lead() {
      const { leader, index } = network.leader();
      return leader.lead(view.latest()!, index, network.slot, new AbortController().signal);
    },
    nextSlot() {
      clock.now += 1_000;
    },
    async close() {
      await Promise.all(nodes.map(({ server }) => server.close()));
    },
  };
  return network;
}

/** The account that operator i has in tests; its last digits are 10 + i. */
export function accountOf(index: number): string {
  return `0x${String(10 + index).padStart(40, "0")}`;
}

async function startNode(
  keys: OperatorKeys,
  index: number,
  shared: { clock: TestClock; set: ActiveSet; states: FeedState[]; view: ChainView },
): Promise<Node> {
  const { clock, view } = shared;
  const book = createPriceBook();
  const rows = new Map<string, Observation | SignedObservation>();
  const delivered: SignedReport[] = [];
  const refused: RefusalCode[] = [];
  const signedSlots: number[] = [];
  const inFlight = createInFlight({ reportTimeoutMs: 8_000, handoverMs: 3_000 });
  const store = memoryStore(rows);
  const ring = createKeyRing(accountOf(index), {
    ...{ keys, publicKeys: publicKeys(keys), store },
    lock: { held: () => true },
  });
  const observer = createObserver({
    domain: DOMAIN,
    ring,
    prices: book,
    clock,
  });
  const peers = createPeers({ domain: DOMAIN, ring, view, clock });
  const witness = createWitness();
  const archive = createArchive();
  const cosigner = createCosigner({
    ...{ domain: DOMAIN, ring, view, observer, inFlight, witness, archive, clock, log },
    onSigned: (slot) => signedSlots.push(slot),
  });
  const honest = { ...cosigner };
  const server = await serveRounds({
    ...{ domain: DOMAIN, view, cosigner, archive, clock, log },
    ownObservation: (setId, slot) => store.find(setId, slot),
    selfIn: (set) => ring.seatIn(set)?.index ?? null,
    listen: { host: "127.0.0.1", port: 0 },
    onRefused: (code) => refused.push(code),
  });
  const leader = createLeader({
    ...{ domain: DOMAIN, ring, clock, prices: book, observer, inFlight, witness, archive, peers },
    timeouts: TIMEOUTS,
    deliver: (signed) => {
      delivered.push(signed);
      return Promise.resolve();
    },
    onObserved: () => node.onObserved(),
  });
  const node: Node = {
    ...{ index, keys, book, cosigner, honest, leader, peers, inFlight, archive, server },
    ...{ delivered, refused, rows, signedSlots },
    onObserved: () => undefined,
  };
  return node;
}
