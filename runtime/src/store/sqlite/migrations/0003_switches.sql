-- Workflows that a person holds up: `paused` sends nothing and ends no wait, `disabled` starts nothing.
CREATE TABLE switches (
    workflow TEXT NOT NULL PRIMARY KEY,
    state    TEXT NOT NULL CHECK (state IN ('paused', 'disabled')),
    at       INTEGER NOT NULL,
    made_by  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What is passed over because its workflow is paused is passed over in the index.
DROP INDEX intents_ready;
CREATE INDEX intents_ready ON intents (action, due, workflow) WHERE state = 'ready';
DROP INDEX runs_to_wake;
CREATE INDEX runs_to_wake ON runs (shard, wake_at, workflow) WHERE wake_at IS NOT NULL;
