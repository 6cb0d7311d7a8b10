-- Several accounts, cancellation, pauses, quarantine, top-ups.

ALTER TABLE dodona.intents
  -- The only account that may send it (a treasury's transfers); null leaves the choice to the relayer.
  ADD COLUMN account text CHECK (account ~ '^0x[0-9a-f]{40}$'),
  -- Somebody asked to have it cancelled. Its bytes may be mined all the same: then it is confirmed.
  ADD COLUMN cancel_reason text,
  ADD COLUMN lane_rank smallint GENERATED ALWAYS AS (
    CASE lane WHEN 'feeds' THEN 0 WHEN 'randomness' THEN 1 WHEN 'payouts' THEN 2 ELSE 3 END) STORED;
DROP INDEX dodona.intents_queued;
CREATE INDEX intents_queued ON dodona.intents (chain_id, lane_rank, id) WHERE status = 'queued' AND account IS NULL;
CREATE INDEX intents_queued_account ON dodona.intents (chain_id, account, id)
  WHERE status = 'queued' AND account IS NOT NULL;
CREATE INDEX intents_hash ON dodona.intents (transaction_hash) WHERE transaction_hash IS NOT NULL;

ALTER TABLE dodona.accounts
  -- No new nonces before this time, after failures that nothing explains.
  ADD COLUMN quarantined_until timestamptz,
  ADD COLUMN quarantine_reason text,
  -- Quarantines in a row; each is twice as long as the one before.
  ADD COLUMN quarantines integer NOT NULL DEFAULT 0 CHECK (quarantines >= 0);

-- While a row is there, no new nonces are given out: on the whole chain ('*') or by one account.
CREATE TABLE dodona.pauses (
  chain_id bigint NOT NULL CHECK (chain_id > 0),
  account text NOT NULL CHECK (account = '*' OR account ~ '^0x[0-9a-f]{40}$'),
  reason text NOT NULL,
  paused_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (chain_id, account)
);

-- What a relayer is configured to keep its accounts filled from.
CREATE TABLE dodona.treasuries (
  chain_id bigint PRIMARY KEY CHECK (chain_id > 0),
  address text NOT NULL CHECK (address ~ '^0x[0-9a-f]{40}$'),
  below_wei numeric(78) NOT NULL CHECK (below_wei > 0),
  target_wei numeric(78) NOT NULL CHECK (target_wei > below_wei),
  daily_cap_wei numeric(78) NOT NULL CHECK (daily_cap_wei > 0),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- Top-ups of a day (UTC); the check is the cap: nothing that would break it can be written.
CREATE TABLE dodona.topup_days (
  chain_id bigint NOT NULL CHECK (chain_id > 0),
  day date NOT NULL,
  asked_wei numeric(78) NOT NULL CHECK (asked_wei >= 0),
  cap_wei numeric(78) NOT NULL,
  CONSTRAINT topup_daily_cap CHECK (asked_wei <= cap_wei),
  PRIMARY KEY (chain_id, day)
);

CREATE TABLE dodona.topups (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chain_id bigint NOT NULL,
  treasury text NOT NULL,
  account text NOT NULL,
  value_wei numeric(78) NOT NULL CHECK (value_wei > 0),
  intent_id bigint NOT NULL UNIQUE,
  day date NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX topups_account ON dodona.topups (chain_id, account, id DESC);
