-- What an operator says about a slot, kept before it is signed: a second, different observation for the same set and
-- slot would be proof of lying. Rows of long gone slots are deleted by their operator.

CREATE TABLE dodona.observations (
  chain_id bigint NOT NULL CHECK (chain_id > 0),
  contract text NOT NULL CHECK (contract ~ '^0x[0-9a-f]{40}$'),
  -- Address of the key that signs, not of the account: the key is what lying is proved against.
  operator text NOT NULL CHECK (operator ~ '^0x[0-9a-f]{40}$'),
  set_id bigint NOT NULL CHECK (set_id >= 0),
  slot bigint NOT NULL CHECK (slot >= 0),
  -- Index of the operator in the set.
  operator_index smallint NOT NULL CHECK (operator_index BETWEEN 0 AND 30),
  -- By feed index, 8 decimals; 0 is "no price".
  prices_e8 numeric(29)[] NOT NULL,
  -- Null until signed; then the same bytes are sent again whoever asks and however often.
  signature text CHECK (signature ~ '^0x[0-9a-f]{130}$'),
  proof_s text CHECK (proof_s ~ '^0x[0-9a-f]{64}$'),
  proof_e text CHECK (proof_e ~ '^0x[0-9a-f]{64}$'),
  PRIMARY KEY (chain_id, contract, operator, set_id, slot),
  CHECK ((signature IS NULL) = (proof_s IS NULL) AND (proof_s IS NULL) = (proof_e IS NULL))
);
