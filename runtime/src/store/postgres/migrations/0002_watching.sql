-- What is watched about an entity, when it is looked at again, and when it was buried: kept for
-- its last runs only.
ALTER TABLE entities
    ADD COLUMN watch   json NOT NULL DEFAULT '{}',
    ADD COLUMN wake    timestamptz,
    ADD COLUMN deleted timestamptz;

CREATE INDEX entities_to_wake ON entities (shard, wake) WHERE wake IS NOT NULL;

-- To what entities refer, by the attributes that the live program follows. A row lives with the
-- entity that refers.
CREATE TABLE relations (
    shard       integer NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    attribute   text COLLATE "C" NOT NULL,
    target_kind text COLLATE "C" NOT NULL,
    target      text COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, kind, id, attribute)
);

CREATE INDEX relations_of_target ON relations (target, target_kind, kind, attribute);

-- Past events of an entity by name, in the order of the log; and what of it has not been read yet.
CREATE INDEX facts_of_subject ON facts (subject_id, subject_kind, name, tx, seq);
CREATE INDEX merges_of_target ON merges (target, kind);

-- Keys that were there before are as old as this migration, so that nobody enters too early.
ALTER TABLE enrolments ADD COLUMN at timestamptz NOT NULL DEFAULT now();

-- How workflows do: rows of a shard are added up on reading.
CREATE TABLE tallies (
    shard    integer NOT NULL,
    workflow text COLLATE "C" NOT NULL,
    part     text COLLATE "C" NOT NULL,
    what     text COLLATE "C" NOT NULL,
    count    bigint NOT NULL,
    PRIMARY KEY (shard, workflow, part, what)
) WITH (fillfactor = 50);

-- `claimed` is when a message was claimed, by the rules' clock, if it went out or is on its way.
ALTER TABLE intents
    ADD COLUMN channel text,
    ADD COLUMN draft   json,
    ADD COLUMN failure text NOT NULL DEFAULT 'park',
    ADD COLUMN claimed timestamptz,
    DROP CONSTRAINT intents_state_check,
    DROP CONSTRAINT an_ended_intent_has_an_end;
ALTER TABLE intents
    ADD CONSTRAINT intents_state_check CHECK (state IN
        ('draft', 'ready', 'claimed', 'accepted', 'parked', 'failed', 'dropped', 'cancelled')),
    ADD CONSTRAINT an_ended_intent_has_an_end CHECK (
        (state IN ('accepted', 'failed', 'dropped', 'cancelled')) = (ended IS NOT NULL)
    );

CREATE INDEX intents_drafted ON intents (due) WHERE state = 'draft';
CREATE INDEX intents_sent ON intents (subject_id, subject_kind, claimed)
    WHERE channel IS NOT NULL AND claimed IS NOT NULL;

-- How the entities that were there are filled in, if a deployment watches something new.
ALTER TABLE deployments ADD COLUMN fill text;

-- Up to which entity of each shard the last such deployment has come.
CREATE TABLE fills (
    shard      integer PRIMARY KEY,
    deployment bigint NOT NULL,
    edges      text NOT NULL,
    kind       text COLLATE "C" NOT NULL DEFAULT '',
    id         text COLLATE "C" NOT NULL DEFAULT '',
    done       bigint NOT NULL DEFAULT 0,
    open       boolean NOT NULL DEFAULT true
) WITH (fillfactor = 50);

-- Runs that have ended are counted as they end; a shard's rows are added up on reading.
CREATE TABLE run_counts (
    shard    integer NOT NULL,
    workflow text COLLATE "C" NOT NULL,
    finished bigint NOT NULL,
    PRIMARY KEY (shard, workflow)
) WITH (fillfactor = 50);

INSERT INTO run_counts (shard, workflow, finished)
SELECT shard, workflow, count(*) FROM runs WHERE state = 'finished' AND how <> 'moved' GROUP BY shard, workflow;

-- Which programs runs are pinned to, and how many runs of each workflow go on.
CREATE INDEX runs_unfinished ON runs (program, workflow) WHERE ended IS NULL;
