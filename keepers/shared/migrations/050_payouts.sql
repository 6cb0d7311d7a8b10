-- What the payout keepers decided and asked for, and the log that proves it.

-- One row for each step of an epoch and each attempt at it: the business key of the relayer's intent.
CREATE TABLE dodona.payout_steps (
  chain_id bigint NOT NULL CHECK (chain_id > 0),
  distributor text NOT NULL CHECK (distributor ~ '^0x[0-9a-f]{40}$'),
  epoch bigint NOT NULL CHECK (epoch > 0),
  step text NOT NULL CHECK (step IN ('propose', 'approve', 'activate', 'dispute')),
  -- The proposal, and for approvals the approver; empty for 'propose'.
  subject text NOT NULL,
  attempt integer NOT NULL CHECK (attempt >= 1),
  intent_key text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (chain_id, distributor, epoch, step, subject, attempt)
);

-- What a person has to look at before an epoch goes on, and who let it.
CREATE TABLE dodona.payout_holds (
  chain_id bigint NOT NULL CHECK (chain_id > 0),
  distributor text NOT NULL CHECK (distributor ~ '^0x[0-9a-f]{40}$'),
  epoch bigint NOT NULL CHECK (epoch > 0),
  -- Hash of the reasons: other reasons hold again.
  hold text NOT NULL CHECK (hold ~ '^0x[0-9a-f]{64}$'),
  reasons text[] NOT NULL CHECK (cardinality(reasons) > 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  released_by text,
  release_reason text,
  released_at timestamptz,
  PRIMARY KEY (chain_id, distributor, epoch, hold),
  CHECK ((released_by IS NULL) = (released_at IS NULL))
);

-- Append-only, with a hash chain. Nothing in it may ever change.
CREATE TABLE dodona.payout_audit (
  chain_id bigint NOT NULL CHECK (chain_id > 0),
  distributor text NOT NULL CHECK (distributor ~ '^0x[0-9a-f]{40}$'),
  sequence bigint NOT NULL CHECK (sequence >= 1),
  at_ms bigint NOT NULL CHECK (at_ms >= 0),
  epoch bigint NOT NULL CHECK (epoch >= 0),
  kind text NOT NULL,
  -- Text, not jsonb: its bytes are hashed.
  content text NOT NULL,
  previous_hash text NOT NULL CHECK (previous_hash ~ '^0x[0-9a-f]{64}$'),
  hash text NOT NULL CHECK (hash ~ '^0x[0-9a-f]{64}$'),
  PRIMARY KEY (chain_id, distributor, sequence)
);

CREATE FUNCTION dodona.refuse_payout_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'dodona.payout_audit is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER payout_audit_unchanged BEFORE UPDATE OR DELETE ON dodona.payout_audit
  FOR EACH ROW EXECUTE FUNCTION dodona.refuse_payout_audit_change();
CREATE TRIGGER payout_audit_not_emptied BEFORE TRUNCATE ON dodona.payout_audit
  FOR EACH STATEMENT EXECUTE FUNCTION dodona.refuse_payout_audit_change();

CREATE FUNCTION dodona.check_payout_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.sequence > 1 AND NOT EXISTS (
    SELECT FROM dodona.payout_audit
    WHERE chain_id = NEW.chain_id AND distributor = NEW.distributor
      AND sequence = NEW.sequence - 1 AND hash = NEW.previous_hash
  ) THEN
    RAISE EXCEPTION 'entry % of dodona.payout_audit does not follow the one before', NEW.sequence
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER payout_audit_follows BEFORE INSERT ON dodona.payout_audit
  FOR EACH ROW EXECUTE FUNCTION dodona.check_payout_audit_entry();
