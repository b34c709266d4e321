-- Workflows that a person holds up: `paused` sends nothing and ends no wait, `disabled` starts nothing.
CREATE TABLE switches (
    workflow text COLLATE "C" PRIMARY KEY,
    state    text NOT NULL CHECK (state IN ('paused', 'disabled')),
    at       timestamptz NOT NULL,
    made_by  text NOT NULL
);

-- What is passed over because its workflow is paused is passed over in the index.
DROP INDEX intents_ready;
CREATE INDEX intents_ready ON intents (action, due) INCLUDE (workflow) WHERE state = 'ready';
DROP INDEX runs_to_wake;
CREATE INDEX runs_to_wake ON runs (shard, wake_at) INCLUDE (workflow) WHERE wake_at IS NOT NULL;
