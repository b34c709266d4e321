-- `shard` leads the primary key of every hot table, so that rows can be spread
-- over partitions or over machines. `tx` is the transaction that wrote a row:
-- readers stay below the oldest open one, so that a late commit is never skipped.
-- No other index begins with `shard`, unless it is about the order in a shard: the
-- planner must not take it for a way to one row.

CREATE TABLE settings (
    name  text PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE nodes (
    node  text COLLATE "C" PRIMARY KEY,
    until timestamptz NOT NULL
);

CREATE TABLE leases (
    shard      integer PRIMARY KEY,
    node       text COLLATE "C",
    epoch      bigint NOT NULL DEFAULT 0,
    until      timestamptz NOT NULL DEFAULT '-infinity',
    cursor_tx  bigint NOT NULL DEFAULT 0,
    cursor_seq bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- The log of all that comes in or follows.
CREATE TABLE facts (
    shard        integer NOT NULL,
    tx           bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    seq          bigint GENERATED ALWAYS AS IDENTITY (CACHE 32),
    id           text COLLATE "C" NOT NULL,
    kind         text NOT NULL,
    name         text,
    subject_kind text COLLATE "C" NOT NULL,
    subject_id   text COLLATE "C" NOT NULL,
    contact      text,
    body         json NOT NULL,
    at           timestamptz NOT NULL,
    received     timestamptz NOT NULL DEFAULT clock_timestamp(),
    origin       text NOT NULL,
    PRIMARY KEY (shard, tx, seq)
);

-- The same id twice is one fact, whomever it concerns: sharded by the id.
CREATE TABLE fact_ids (
    shard integer NOT NULL,
    id    text COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, id)
);

-- Keys that name entities, other than their ids: sharded by the key.
CREATE TABLE identities (
    shard        integer NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    namespace    text COLLATE "C" NOT NULL,
    value        text COLLATE "C" NOT NULL,
    entity       text COLLATE "C" NOT NULL,
    entity_shard integer NOT NULL,
    PRIMARY KEY (shard, kind, namespace, value)
);

CREATE INDEX identities_of_entity ON identities (kind, entity);

-- Entities that turned out to be another one, and from which fact on.
CREATE TABLE merges (
    shard        integer NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    entity       text COLLATE "C" NOT NULL,
    target       text COLLATE "C" NOT NULL,
    target_shard integer NOT NULL,
    tx           bigint NOT NULL,
    seq          bigint NOT NULL,
    PRIMARY KEY (shard, kind, entity)
);

-- An attribute that is null was taken away.
CREATE TABLE entities (
    shard      integer NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    attributes jsonb NOT NULL,
    created    timestamptz NOT NULL,
    PRIMARY KEY (shard, kind, id)
);

CREATE TABLE runs (
    shard        integer NOT NULL,
    id           text COLLATE "C" NOT NULL,
    workflow     text NOT NULL,
    program      bytea NOT NULL,
    subject_kind text COLLATE "C" NOT NULL,
    subject_id   text COLLATE "C" NOT NULL,
    cause        text NOT NULL,
    started      timestamptz NOT NULL,
    version      bigint NOT NULL,
    effects      bigint NOT NULL,
    state        text NOT NULL CHECK (state IN ('waiting', 'acting', 'parked', 'queued', 'finished')),
    wake_at      timestamptz,
    rest         json,
    how          text,
    reason       text,
    ended        timestamptz,
    PRIMARY KEY (shard, id),
    CONSTRAINT a_finished_run_has_an_end CHECK (
        CASE WHEN state = 'finished'
            THEN how IS NOT NULL AND ended IS NOT NULL AND rest IS NULL
            ELSE how IS NULL AND ended IS NULL AND rest IS NOT NULL
        END
    ),
    CONSTRAINT a_waiting_run_has_a_moment CHECK ((state = 'waiting') = (wake_at IS NOT NULL))
);

CREATE INDEX runs_to_wake ON runs (shard, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX runs_of_subject ON runs (subject_id, subject_kind, ended);
CREATE INDEX runs_by_start ON runs (started, id);

-- The guard of `once`.
CREATE TABLE enrolments (
    shard        integer NOT NULL,
    subject_kind text COLLATE "C" NOT NULL,
    subject_id   text COLLATE "C" NOT NULL,
    workflow     text COLLATE "C" NOT NULL,
    key          text COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, subject_kind, subject_id, workflow, key)
);

CREATE TABLE intents (
    shard        integer NOT NULL,
    key          text COLLATE "C" NOT NULL,
    run          text COLLATE "C" NOT NULL,
    workflow     text NOT NULL,
    step         text NOT NULL,
    subject_kind text NOT NULL,
    subject_id   text NOT NULL,
    program      bytea NOT NULL,
    action       text COLLATE "C" NOT NULL,
    arguments    json NOT NULL,
    state        text NOT NULL DEFAULT 'ready'
        CHECK (state IN ('ready', 'claimed', 'accepted', 'parked', 'dropped', 'cancelled')),
    due          timestamptz NOT NULL,
    attempt      bigint NOT NULL DEFAULT 0,
    claimed_by   text,
    lease_until  timestamptz,
    parked       text,
    detail       text NOT NULL DEFAULT '',
    ended        timestamptz,
    PRIMARY KEY (shard, key),
    CONSTRAINT a_claim_has_a_holder CHECK (
        (state = 'claimed') = (claimed_by IS NOT NULL AND lease_until IS NOT NULL)
    ),
    CONSTRAINT a_parked_intent_says_why CHECK ((state = 'parked') = (parked IS NOT NULL)),
    CONSTRAINT an_ended_intent_has_an_end CHECK (
        (state IN ('accepted', 'dropped', 'cancelled')) = (ended IS NOT NULL)
    )
);

CREATE INDEX intents_ready ON intents (action, due) WHERE state = 'ready';
CREATE INDEX intents_claimed ON intents (lease_until) WHERE state = 'claimed';
CREATE INDEX intents_parked ON intents (due) WHERE state = 'parked';
CREATE INDEX intents_of_run ON intents (run);

CREATE TABLE programs (
    hash  bytea PRIMARY KEY,
    bytes bytea NOT NULL
);

CREATE TABLE deployments (
    number  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash    bytea NOT NULL REFERENCES programs (hash),
    at      timestamptz NOT NULL,
    made_by text NOT NULL
);

CREATE TABLE timeline (
    shard        integer NOT NULL,
    tx           bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    seq          bigint GENERATED ALWAYS AS IDENTITY (CACHE 32),
    at           timestamptz NOT NULL,
    subject_kind text COLLATE "C" NOT NULL,
    subject_id   text COLLATE "C" NOT NULL,
    workflow     text NOT NULL,
    run          text COLLATE "C",
    step         text,
    what         text NOT NULL,
    detail       text NOT NULL,
    PRIMARY KEY (shard, tx, seq)
);

CREATE INDEX timeline_of_subject ON timeline (subject_id, subject_kind);
