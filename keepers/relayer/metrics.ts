import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** The relayer's own metrics. */
export interface RelayerMetrics {
  intents: Gauge<"chain" | "status" | "lane">;
  oldest: Gauge<"chain" | "status" | "lane">;
  signed: Counter<"chain" | "purpose">;
  broadcasts: Counter<"chain" | "outcome">;
  mined: Counter<"chain" | "result">;
  gasUsed: Counter<"chain">;
  open: Gauge<"chain" | "account">;
  balance: Gauge<"chain" | "account">;
  owner: Gauge<"chain" | "account">;
  endpoint: Gauge<"chain" | "endpoint" | "state">;
  quarantines: Counter<"chain" | "account">;
  sendSeconds: Histogram<"chain">;
}

/** Registers the relayer's metrics. */
export function createRelayerMetrics(registry: Registry): RelayerMetrics {
  const registers = [registry];
  return {
    intents: new Gauge({
      name: "dodona_intents",
      help: "Intents that are queued or sent",
      labelNames: ["chain", "status", "lane"],
      registers,
    }),
    oldest: new Gauge({
      name: "dodona_intents_oldest_seconds",
      help: "Age of the oldest intent that is queued or sent",
      labelNames: ["chain", "status", "lane"],
      registers,
    }),
    signed: new Counter({
      name: "dodona_transactions_signed_total",
      help: "Signed transactions; all purposes but new are replacements",
      labelNames: ["chain", "purpose"],
      registers,
    }),
    broadcasts: new Counter({
      name: "dodona_broadcasts_total",
      help: "Broadcasts by what the node answered",
      labelNames: ["chain", "outcome"],
      registers,
    }),
    mined: new Counter({
      name: "dodona_transactions_final_total",
      help: "Transactions that are final",
      labelNames: ["chain", "result"],
      registers,
    }),
    gasUsed: new Counter({
      name: "dodona_gas_used_total",
      help: "Gas used by final transactions",
      labelNames: ["chain"],
      registers,
    }),
    open: new Gauge({
      name: "dodona_account_open_nonces",
      help: "Nonces that are signed and not mined",
      labelNames: ["chain", "account"],
      registers,
    }),
    balance: new Gauge({
      name: "dodona_account_balance_ether",
      help: "Balance of the account",
      labelNames: ["chain", "account"],
      registers,
    }),
    owner: new Gauge({
      name: "dodona_account_owner",
      help: "1 when this process works on the account, 0 when it stands by",
      labelNames: ["chain", "account"],
      registers,
    }),
    endpoint: new Gauge({
      name: "dodona_rpc_endpoint_state",
      help: "1 for the state that the RPC endpoint is in",
      labelNames: ["chain", "endpoint", "state"],
      registers,
    }),
    quarantines: new Counter({
      name: "dodona_account_quarantines_total",
      help: "Quarantines after failures that nothing explains",
      labelNames: ["chain", "account"],
      registers,
    }),
    sendSeconds: new Histogram({
      name: "dodona_broadcast_delay_seconds",
      help: "From an intent's notification to the node's answer",
      labelNames: ["chain"],
      buckets: [0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
  };
}
