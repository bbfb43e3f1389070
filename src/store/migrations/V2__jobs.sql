-- Tasks that a job of the cloud is at. SQLite cannot change a CHECK, so the
-- table is built anew; `attempts` goes with it, because its rows point there.

CREATE TABLE tasks_with_jobs (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    run          INTEGER NOT NULL REFERENCES runs (id),
    policy       TEXT    NOT NULL,
    cloud        TEXT    NOT NULL CHECK (cloud <> ''),
    kind         TEXT    NOT NULL,
    resource     TEXT    NOT NULL CHECK (resource <> ''),
    subject      TEXT    CHECK (subject <> ''),
    due_since    INTEGER NOT NULL,
    evidence     TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN
        ('held', 'queued', 'claimed', 'submitted', 'verifying', 'done', 'dead', 'cancelled')),
    hold         TEXT    CHECK (hold IN ('grace', 'approval', 'brake')),
    not_before   INTEGER NOT NULL,
    decided_at   INTEGER NOT NULL,
    -- When it first could be carried out.
    allowed_from INTEGER NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    note         TEXT    NOT NULL DEFAULT '',
    finished_at  INTEGER,
    lease        INTEGER,
    lease_until  INTEGER,
    -- The cloud's job that is at it.
    job          TEXT    CHECK (job <> ''),
    -- The earliest moment at which a worker may take it; none for what waits
    -- for an operator and for what is over. A worker that waits for a job has
    -- its lease meanwhile.
    claimable_at INTEGER GENERATED ALWAYS AS (
        CASE
            WHEN state IN ('queued', 'verifying') THEN not_before
            WHEN state = 'held' AND hold = 'grace' THEN not_before
            WHEN state = 'claimed' THEN lease_until
            WHEN state = 'submitted' THEN ifnull(lease_until, not_before)
        END
    ) VIRTUAL,
    CHECK ((state = 'held') = (hold IS NOT NULL)),
    CHECK (state <> 'claimed' OR lease IS NOT NULL),
    CHECK (state IN ('claimed', 'submitted') OR lease IS NULL),
    CHECK ((lease IS NULL) = (lease_until IS NULL)),
    CHECK (state <> 'submitted' OR job IS NOT NULL),
    CHECK (state IN ('claimed', 'submitted') OR job IS NULL)
) STRICT;

INSERT INTO tasks_with_jobs (id, run, policy, cloud, kind, resource, subject, due_since, evidence, state, hold,
    not_before, decided_at, allowed_from, attempts, note, finished_at, lease, lease_until)
SELECT id, run, policy, cloud, kind, resource, subject, due_since, evidence, state, hold,
    not_before, decided_at, allowed_from, attempts, note, finished_at, lease, lease_until
FROM tasks ORDER BY id;

CREATE TABLE attempts_anew (
    task      INTEGER NOT NULL REFERENCES tasks_with_jobs (id),
    number    INTEGER NOT NULL,
    began_at  INTEGER NOT NULL,
    ended_at  INTEGER,
    outcome   TEXT,
    note      TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;

INSERT INTO attempts_anew (task, number, began_at, ended_at, outcome, note)
SELECT task, number, began_at, ended_at, outcome, note FROM attempts;

DROP TABLE attempts;
DROP TABLE tasks;
-- What points at a table that is renamed follows it.
ALTER TABLE tasks_with_jobs RENAME TO tasks;
ALTER TABLE attempts_anew RENAME TO attempts;

-- A target is in the queue once, whoever decided on it. Dead tasks count: what
-- was given up is for an operator to mend, not for the next run to repeat.
CREATE UNIQUE INDEX tasks_live ON tasks (cloud, kind, resource, ifnull(subject, ''))
    WHERE state NOT IN ('done', 'cancelled');
-- What became of a target before.
CREATE INDEX tasks_over ON tasks (cloud, kind, resource, ifnull(subject, ''), state, finished_at)
    WHERE state IN ('done', 'cancelled');
-- Each kind has a line of its own: how many come at once depends on the kind.
CREATE INDEX tasks_due ON tasks (cloud, kind, claimable_at) WHERE claimable_at IS NOT NULL;
CREATE INDEX tasks_due_by_resource ON tasks (cloud, kind, resource, claimable_at)
    WHERE claimable_at IS NOT NULL;
CREATE INDEX tasks_of_job ON tasks (cloud, job) WHERE job IS NOT NULL;
CREATE INDEX tasks_in_grace ON tasks (not_before) WHERE state = 'held' AND hold = 'grace';
CREATE INDEX tasks_by_state ON tasks (state, policy, cloud, due_since);
CREATE INDEX tasks_by_run ON tasks (run);
