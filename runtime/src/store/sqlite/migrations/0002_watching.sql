-- What is watched about an entity, when it is looked at again, and when it was buried: kept for
-- its last runs only.
ALTER TABLE entities ADD COLUMN watch TEXT NOT NULL DEFAULT '{}';
ALTER TABLE entities ADD COLUMN wake INTEGER;
ALTER TABLE entities ADD COLUMN deleted INTEGER;

CREATE INDEX entities_to_wake ON entities (shard, wake) WHERE wake IS NOT NULL;

-- To what entities refer, by the attributes that the live program follows. A row lives with the
-- entity that refers.
CREATE TABLE relations (
    shard       INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    id          TEXT NOT NULL,
    attribute   TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target      TEXT NOT NULL,
    PRIMARY KEY (shard, kind, id, attribute)
) STRICT, WITHOUT ROWID;

CREATE INDEX relations_of_target ON relations (target, target_kind, kind, attribute);

-- Past events of an entity by name, in the order of the log; and what of it has not been read yet.
CREATE INDEX facts_of_subject ON facts (subject_id, subject_kind, name);
CREATE INDEX merges_of_target ON merges (target, kind);

-- Keys that were there before are as old as this migration, so that nobody enters too early.
ALTER TABLE enrolments ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
UPDATE enrolments SET at = CAST(strftime('%s', 'now') AS INTEGER) * 1000000;

-- How workflows do: rows of a shard are added up on reading.
CREATE TABLE tallies (
    shard    INTEGER NOT NULL,
    workflow TEXT NOT NULL,
    part     TEXT NOT NULL,
    what     TEXT NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (shard, workflow, part, what)
) STRICT, WITHOUT ROWID;

-- Made again for its new states. `claimed` is when a message was claimed, by the rules' clock, if it
-- went out or is on its way.
ALTER TABLE intents RENAME TO intents_before;

CREATE TABLE intents (
    shard        INTEGER NOT NULL,
    key          TEXT NOT NULL,
    run          TEXT NOT NULL,
    workflow     TEXT NOT NULL,
    step         TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    program      TEXT NOT NULL,
    action       TEXT NOT NULL,
    arguments    TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN
        ('draft', 'ready', 'claimed', 'accepted', 'parked', 'failed', 'dropped', 'cancelled')),
    due          INTEGER NOT NULL,
    attempt      INTEGER NOT NULL DEFAULT 0,
    claimed_by   TEXT,
    lease_until  INTEGER,
    parked       TEXT,
    detail       TEXT NOT NULL DEFAULT '',
    ended        INTEGER,
    channel      TEXT,
    draft        TEXT,
    failure      TEXT NOT NULL DEFAULT 'park',
    claimed      INTEGER,
    PRIMARY KEY (shard, key),
    CONSTRAINT a_claim_has_a_holder CHECK (
        (state = 'claimed') = (claimed_by IS NOT NULL AND lease_until IS NOT NULL)
    ),
    CONSTRAINT a_parked_intent_says_why CHECK ((state = 'parked') = (parked IS NOT NULL)),
    CONSTRAINT an_ended_intent_has_an_end CHECK (
        (state IN ('accepted', 'failed', 'dropped', 'cancelled')) = (ended IS NOT NULL)
    )
) STRICT;

INSERT INTO intents (shard, key, run, workflow, step, subject_kind, subject_id, program, action, arguments,
    state, due, attempt, claimed_by, lease_until, parked, detail, ended)
SELECT shard, key, run, workflow, step, subject_kind, subject_id, program, action, arguments,
    state, due, attempt, claimed_by, lease_until, parked, detail, ended
FROM intents_before;

DROP TABLE intents_before;

CREATE INDEX intents_ready ON intents (action, due) WHERE state = 'ready';
CREATE INDEX intents_claimed ON intents (lease_until) WHERE state = 'claimed';
CREATE INDEX intents_parked ON intents (due) WHERE state = 'parked';
CREATE INDEX intents_drafted ON intents (due) WHERE state = 'draft';
CREATE INDEX intents_of_run ON intents (run);
CREATE INDEX intents_sent ON intents (subject_id, subject_kind, claimed)
    WHERE channel IS NOT NULL AND claimed IS NOT NULL;

-- How the entities that were there are filled in, if a deployment watches something new.
ALTER TABLE deployments ADD COLUMN fill TEXT;

-- Up to which entity of each shard the last such deployment has come.
CREATE TABLE fills (
    shard      INTEGER PRIMARY KEY,
    deployment INTEGER NOT NULL,
    edges      TEXT NOT NULL,
    kind       TEXT NOT NULL DEFAULT '',
    id         TEXT NOT NULL DEFAULT '',
    done       INTEGER NOT NULL DEFAULT 0,
    open       INTEGER NOT NULL DEFAULT 1
) STRICT;

-- Runs that have ended are counted as they end; a shard's rows are added up on reading.
CREATE TABLE run_counts (
    shard    INTEGER NOT NULL,
    workflow TEXT NOT NULL,
    finished INTEGER NOT NULL,
    PRIMARY KEY (shard, workflow)
) STRICT, WITHOUT ROWID;

INSERT INTO run_counts (shard, workflow, finished)
SELECT shard, workflow, count(*) FROM runs WHERE state = 'finished' AND how <> 'moved' GROUP BY shard, workflow;

-- Which programs runs are pinned to, and how many runs of each workflow go on.
CREATE INDEX runs_unfinished ON runs (program, workflow) WHERE ended IS NULL;
