-- From an intent under way to the requests that it serves.
CREATE INDEX vrf_proofs_intent ON dodona.vrf_proofs (intent_key);
