-- The relayer's ledger. Keepers insert intents; everything else is written by the relayer that owns the account.

CREATE TABLE dodona.accounts (
  chain_id bigint NOT NULL CHECK (chain_id > 0),
  address text NOT NULL CHECK (address ~ '^0x[0-9a-f]{40}$'),
  next_nonce bigint NOT NULL CHECK (next_nonce >= 0),
  -- Grows with each process that takes the account over; writes under an older number are refused.
  fence bigint NOT NULL DEFAULT 0,
  balance_wei numeric(78) NOT NULL DEFAULT 0,
  -- Why nothing is sent at the moment; null when all is well.
  held_reason text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (chain_id, address)
);

CREATE TABLE dodona.intents (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chain_id bigint NOT NULL CHECK (chain_id > 0),
  key text NOT NULL UNIQUE,
  lane text NOT NULL CHECK (lane IN ('feeds', 'randomness', 'payouts', 'admin')),
  group_key text,
  ordinal numeric(78) NOT NULL,
  to_address text NOT NULL CHECK (to_address ~ '^0x[0-9a-f]{40}$'),
  data bytea NOT NULL,
  value_wei numeric(78) NOT NULL CHECK (value_wei >= 0),
  gas_limit bigint NOT NULL CHECK (gas_limit >= 21000),
  expires_at timestamptz,
  status text NOT NULL DEFAULT 'queued'
    CHECK (status IN ('queued', 'sent', 'confirmed', 'failed', 'superseded', 'expired')),
  reason text,
  -- How often its nonce went to another transaction and it was queued again.
  requeues integer NOT NULL DEFAULT 0,
  transaction_hash text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX intents_queued ON dodona.intents (chain_id, id) WHERE status = 'queued';
CREATE INDEX intents_group ON dodona.intents (chain_id, group_key, ordinal DESC, id DESC)
  WHERE group_key IS NOT NULL AND status IN ('queued', 'sent', 'confirmed');

-- One row for each nonce, whatever is sent with it.
CREATE TABLE dodona.transactions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chain_id bigint NOT NULL,
  account text NOT NULL,
  nonce bigint NOT NULL CHECK (nonce >= 0),
  -- pending: signed, perhaps sent; mined: in a block, reversible; final: as deep as asked for; foreign: the nonce went to
  -- a transaction of someone else; vacant: given back by a chain that was reset, to be used again
  status text NOT NULL CHECK (status IN ('pending', 'mined', 'final', 'foreign', 'vacant')),
  -- What the newest attempt carries; null when that is a cancellation.
  intent_id bigint REFERENCES dodona.intents (id),
  attempt_id bigint,
  winner_id bigint,
  -- Head at which the nonce was first seen used up without a receipt of ours.
  missing_since_block bigint,
  block_number bigint,
  block_hash text,
  succeeded boolean,
  gas_used bigint,
  effective_gas_price_wei numeric(78),
  created_at timestamptz NOT NULL DEFAULT now(),
  -- When this relayer saw the receipt; the time of its block.
  mined_at timestamptz,
  block_at timestamptz,
  FOREIGN KEY (chain_id, account) REFERENCES dodona.accounts (chain_id, address),
  UNIQUE (chain_id, account, nonce)
);
CREATE INDEX transactions_open ON dodona.transactions (chain_id, account, nonce)
  WHERE status IN ('pending', 'mined', 'vacant');
CREATE INDEX transactions_intent ON dodona.transactions (intent_id);

-- Every set of signed bytes of a nonce; stored before they are sent, never deleted, all watched.
CREATE TABLE dodona.attempts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transaction_id bigint NOT NULL REFERENCES dodona.transactions (id),
  intent_id bigint REFERENCES dodona.intents (id),
  hash text NOT NULL UNIQUE,
  raw bytea NOT NULL,
  gas_limit bigint NOT NULL,
  value_wei numeric(78) NOT NULL,
  max_fee_wei numeric(78) NOT NULL,
  tip_wei numeric(78) NOT NULL,
  -- Why these bytes were signed: new, group, stuck, underpriced, reused, cancelled.
  purpose text NOT NULL,
  signed_at_block bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- First time a node took it; null is "maybe sent".
  broadcast_at timestamptz,
  error text
);
CREATE INDEX attempts_transaction ON dodona.attempts (transaction_id);
ALTER TABLE dodona.transactions ADD FOREIGN KEY (attempt_id) REFERENCES dodona.attempts (id);
ALTER TABLE dodona.transactions ADD FOREIGN KEY (winner_id) REFERENCES dodona.attempts (id);
