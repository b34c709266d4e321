-- One file, one writer: rows are numbered in the order of their commits, and
-- `shard` is a column to select by. All moments are microseconds since 1970, UTC.

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE nodes (
    node  TEXT NOT NULL PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT;

CREATE TABLE leases (
    shard  INTEGER PRIMARY KEY,
    node   TEXT,
    epoch  INTEGER NOT NULL DEFAULT 0,
    until  INTEGER NOT NULL DEFAULT 0,
    cursor INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The log of all that comes in or follows.
CREATE TABLE facts (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    shard        INTEGER NOT NULL,
    id           TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    name         TEXT,
    subject_kind TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    contact      TEXT,
    body         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    received     INTEGER NOT NULL,
    origin       TEXT NOT NULL
) STRICT;

CREATE INDEX facts_of_shard ON facts (shard);

-- Keys that name entities, other than their ids.
CREATE TABLE identities (
    kind      TEXT NOT NULL,
    namespace TEXT NOT NULL,
    value     TEXT NOT NULL,
    entity    TEXT NOT NULL,
    PRIMARY KEY (kind, namespace, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX identities_of_entity ON identities (kind, entity);

-- Entities that turned out to be another one, and from which fact on.
CREATE TABLE merges (
    kind   TEXT NOT NULL,
    entity TEXT NOT NULL,
    target TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (kind, entity)
) STRICT, WITHOUT ROWID;

CREATE TABLE entities (
    shard      INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    id         TEXT NOT NULL,
    attributes TEXT NOT NULL,
    created    INTEGER NOT NULL,
    PRIMARY KEY (shard, kind, id)
) STRICT;

CREATE TABLE runs (
    shard        INTEGER NOT NULL,
    id           TEXT NOT NULL,
    workflow     TEXT NOT NULL,
    program      TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    cause        TEXT NOT NULL,
    started      INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    effects      INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'acting', 'parked', 'queued', 'finished')),
    wake_at      INTEGER,
    rest         TEXT,
    how          TEXT,
    reason       TEXT,
    ended        INTEGER,
    PRIMARY KEY (shard, id),
    CONSTRAINT a_finished_run_has_an_end CHECK (
        CASE WHEN state = 'finished'
            THEN how IS NOT NULL AND ended IS NOT NULL AND rest IS NULL
            ELSE how IS NULL AND ended IS NULL AND rest IS NOT NULL
        END
    ),
    CONSTRAINT a_waiting_run_has_a_moment CHECK ((state = 'waiting') = (wake_at IS NOT NULL))
) STRICT;

CREATE INDEX runs_to_wake ON runs (shard, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX runs_of_subject ON runs (shard, subject_kind, subject_id, ended);
CREATE INDEX runs_by_start ON runs (started, id);

-- The guard of `once`.
CREATE TABLE enrolments (
    shard        INTEGER NOT NULL,
    workflow     TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    key          TEXT NOT NULL,
    PRIMARY KEY (shard, subject_kind, subject_id, workflow, key)
) STRICT, WITHOUT ROWID;

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
    state        TEXT NOT NULL
        CHECK (state IN ('ready', 'claimed', 'accepted', 'parked', 'dropped', 'cancelled')),
    due          INTEGER NOT NULL,
    attempt      INTEGER NOT NULL DEFAULT 0,
    claimed_by   TEXT,
    lease_until  INTEGER,
    parked       TEXT,
    detail       TEXT NOT NULL DEFAULT '',
    ended        INTEGER,
    PRIMARY KEY (shard, key),
    CONSTRAINT a_claim_has_a_holder CHECK (
        (state = 'claimed') = (claimed_by IS NOT NULL AND lease_until IS NOT NULL)
    ),
    CONSTRAINT a_parked_intent_says_why CHECK ((state = 'parked') = (parked IS NOT NULL)),
    CONSTRAINT an_ended_intent_has_an_end CHECK (
        (state IN ('accepted', 'dropped', 'cancelled')) = (ended IS NOT NULL)
    )
) STRICT;

CREATE INDEX intents_ready ON intents (action, due) WHERE state = 'ready';
CREATE INDEX intents_claimed ON intents (lease_until) WHERE state = 'claimed';
CREATE INDEX intents_parked ON intents (due) WHERE state = 'parked';
CREATE INDEX intents_of_run ON intents (run);

CREATE TABLE programs (
    hash  TEXT NOT NULL PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE deployments (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    hash    TEXT NOT NULL REFERENCES programs (hash),
    at      INTEGER NOT NULL,
    made_by TEXT NOT NULL
) STRICT;

CREATE TABLE timeline (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    workflow     TEXT NOT NULL,
    run          TEXT,
    step         TEXT,
    what         TEXT NOT NULL,
    detail       TEXT NOT NULL
) STRICT;

CREATE INDEX timeline_of_subject ON timeline (subject_id, subject_kind);
