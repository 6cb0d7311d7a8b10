-- What every operator sees at the moment, one row each, for people and the API. Nothing is decided by it.

CREATE TABLE dodona.operator_status (
  chain_id bigint NOT NULL CHECK (chain_id > 0),
  contract text NOT NULL CHECK (contract ~ '^0x[0-9a-f]{40}$'),
  operator text NOT NULL CHECK (operator ~ '^0x[0-9a-f]{40}$'),
  source text NOT NULL CHECK (source IN ('live', 'replay', 'simulated')),
  updated_at timestamptz NOT NULL DEFAULT now(),
  -- { feedId: { priceE8: string | null, reason: string, venues: { name: "used" | why not } } }
  feeds jsonb NOT NULL,
  PRIMARY KEY (chain_id, contract, operator)
);
