-- What the watch keeper collects: who signed what, and what was done about it. Rows are deleted when evidence has expired.

CREATE TABLE dodona.watch_observations (
  chain_id bigint NOT NULL CHECK (chain_id > 0),
  -- Address of PriceFeeds, under which operators sign.
  contract text NOT NULL CHECK (contract ~ '^0x[0-9a-f]{40}$'),
  set_id bigint NOT NULL CHECK (set_id >= 0),
  slot bigint NOT NULL CHECK (slot >= 0),
  operator_index smallint NOT NULL CHECK (operator_index BETWEEN 0 AND 30),
  -- 0 is the first that was seen, 1 the first with other prices. A third proves nothing more.
  ordinal smallint NOT NULL CHECK (ordinal IN (0, 1)),
  -- By feed index, 8 decimals; 0 is "no price".
  prices_e8 numeric(29)[] NOT NULL,
  -- As signed.
  digest numeric(78) NOT NULL,
  signature text NOT NULL CHECK (signature ~ '^0x[0-9a-f]{130}$'),
  seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (chain_id, contract, set_id, slot, operator_index, ordinal)
);
CREATE INDEX watch_contradictions ON dodona.watch_observations (chain_id, contract, slot) WHERE ordinal = 1;
CREATE INDEX watch_observations_slot ON dodona.watch_observations (chain_id, contract, slot);

CREATE TABLE dodona.watch_reports (
  chain_id bigint NOT NULL CHECK (chain_id > 0),
  contract text NOT NULL CHECK (contract ~ '^0x[0-9a-f]{40}$'),
  -- What the signers signed.
  digest text NOT NULL CHECK (digest ~ '^0x[0-9a-f]{64}$'),
  set_id bigint NOT NULL CHECK (set_id >= 0),
  slot bigint NOT NULL CHECK (slot >= 0),
  report bytea NOT NULL,
  -- {s, commitment, zInverse}, hex.
  signature jsonb NOT NULL,
  -- Whether it does not follow from the observations under its root.
  wrong boolean NOT NULL,
  -- [{operator, prices: [decimal text]}] in the root's order; kept of wrong ones alone.
  observations jsonb,
  seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (chain_id, contract, digest),
  CHECK (wrong = (observations IS NOT NULL))
);
CREATE INDEX watch_wrong_reports ON dodona.watch_reports (chain_id, contract, slot) WHERE wrong;
CREATE INDEX watch_reports_slot ON dodona.watch_reports (chain_id, contract, slot);

-- Evidence that was brought, or need not be.
CREATE TABLE dodona.watch_evidence (
  chain_id bigint NOT NULL CHECK (chain_id > 0),
  slashing text NOT NULL CHECK (slashing ~ '^0x[0-9a-f]{40}$'),
  -- equivocation:<set>:<slot>:<operator index> or medians:<digest>
  id text NOT NULL,
  slot bigint NOT NULL CHECK (slot >= 0),
  -- Attempts to bring it; each has an intent of its own, the next only after the one before has failed.
  attempt integer NOT NULL CHECK (attempt >= 0),
  -- Null before the first attempt.
  intent_key text,
  -- Why nothing is left to do: slashed, punished by others, expired, given up.
  settled text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (chain_id, slashing, id)
);
CREATE INDEX watch_evidence_slot ON dodona.watch_evidence (chain_id, slashing, slot);
