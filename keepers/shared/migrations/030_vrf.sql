-- What the VRF keepers proved and handed over. A reorg that puts a request into another block makes it another row.

CREATE TABLE dodona.vrf_proofs (
  chain_id bigint NOT NULL CHECK (chain_id > 0),
  coordinator text NOT NULL CHECK (coordinator ~ '^0x[0-9a-f]{40}$'),
  request_id numeric(78) NOT NULL CHECK (request_id >= 0),
  block_hash text NOT NULL CHECK (block_hash ~ '^0x[0-9a-f]{64}$'),
  block bigint NOT NULL CHECK (block >= 0),
  key_hash text NOT NULL CHECK (key_hash ~ '^0x[0-9a-f]{64}$'),
  -- RFC 9381: what was proved, pi_string and beta_string.
  alpha bytea NOT NULL CHECK (length(alpha) = 32),
  proof bytea NOT NULL CHECK (length(proof) = 81),
  output bytea NOT NULL CHECK (length(output) = 32),
  -- The latest delivery; a failed one is followed by the next, with an intent of its own.
  attempt integer NOT NULL CHECK (attempt >= 1),
  intent_key text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (chain_id, coordinator, request_id, block_hash)
);

-- Orders the deliveries of a request, so that the relayer knows which one replaces which.
CREATE SEQUENCE dodona.vrf_deliveries;

-- When a process with this key was last at work, for people. Nothing is decided by it.
CREATE TABLE dodona.vrf_keepers (
  chain_id bigint NOT NULL CHECK (chain_id > 0),
  coordinator text NOT NULL CHECK (coordinator ~ '^0x[0-9a-f]{40}$'),
  key_hash text NOT NULL CHECK (key_hash ~ '^0x[0-9a-f]{64}$'),
  -- Why nothing is done at the moment; null when all is well.
  held_reason text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (chain_id, coordinator, key_hash)
);
