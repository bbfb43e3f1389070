-- Times are microseconds since 1970 in UTC. Words are those of the model.
PRAGMA application_id = 0x72766b64;

CREATE TABLE runs (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    policy         TEXT    NOT NULL,
    policy_digest  TEXT    NOT NULL,
    mode           TEXT    NOT NULL,
    started_by     TEXT    NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN
        ('running', 'finished', 'held', 'allowed', 'rejected', 'superseded', 'failed')),
    started_at     INTEGER NOT NULL,
    finished_at    INTEGER,
    totals         TEXT    NOT NULL,
    notes          TEXT    NOT NULL,
    decisions      INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A policy never overlaps itself.
CREATE UNIQUE INDEX runs_running ON runs (policy) WHERE state = 'running';
CREATE INDEX runs_by_policy ON runs (policy, id);
CREATE INDEX runs_by_state ON runs (state, id);

-- What a run decided and did not queue, for people to look at; kept of the
-- newest few of such runs of each policy.
CREATE TABLE run_decisions (
    run         INTEGER NOT NULL REFERENCES runs (id),
    position    INTEGER NOT NULL,
    revocation  TEXT    NOT NULL,
    PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
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
        ('held', 'queued', 'claimed', 'verifying', 'done', 'dead', 'cancelled')),
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
    -- The earliest moment at which a worker may take it; none for what waits
    -- for an operator and for what is over.
    claimable_at INTEGER GENERATED ALWAYS AS (
        CASE
            WHEN state IN ('queued', 'verifying') THEN not_before
            WHEN state = 'held' AND hold = 'grace' THEN not_before
            WHEN state = 'claimed' THEN lease_until
        END
    ) VIRTUAL,
    CHECK ((state = 'held') = (hold IS NOT NULL)),
    CHECK ((state = 'claimed') = (lease IS NOT NULL)),
    CHECK ((state = 'claimed') = (lease_until IS NOT NULL))
) STRICT;

-- A target is in the queue once, whoever decided on it. Dead tasks count: what
-- was given up is for an operator to mend, not for the next run to repeat.
CREATE UNIQUE INDEX tasks_live ON tasks (cloud, kind, resource, ifnull(subject, ''))
    WHERE state NOT IN ('done', 'cancelled');
-- What became of a target before.
CREATE INDEX tasks_over ON tasks (cloud, kind, resource, ifnull(subject, ''), state, finished_at)
    WHERE state IN ('done', 'cancelled');
CREATE INDEX tasks_due ON tasks (cloud, claimable_at) WHERE claimable_at IS NOT NULL;
CREATE INDEX tasks_due_by_resource ON tasks (cloud, kind, resource, claimable_at)
    WHERE claimable_at IS NOT NULL;
CREATE INDEX tasks_in_grace ON tasks (not_before) WHERE state = 'held' AND hold = 'grace';
CREATE INDEX tasks_by_state ON tasks (state, policy, cloud, due_since);
CREATE INDEX tasks_by_run ON tasks (run);

-- One row for each try, written before the call is made.
CREATE TABLE attempts (
    task      INTEGER NOT NULL REFERENCES tasks (id),
    number    INTEGER NOT NULL,
    began_at  INTEGER NOT NULL,
    ended_at  INTEGER,
    outcome   TEXT,
    note      TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;

-- What a schedule has to remember over a restart.
CREATE TABLE policies (
    policy     TEXT    PRIMARY KEY,
    last_fire  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- hash = SHA-256 (prev, then the bytes of payload). The columns task, run and
-- policy repeat the payload for the sake of the indices.
CREATE TABLE audit (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    task     INTEGER,
    run      INTEGER,
    policy   TEXT,
    payload  TEXT NOT NULL,
    prev     BLOB NOT NULL CHECK (length(prev) = 32),
    hash     BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX audit_by_task ON audit (task) WHERE task IS NOT NULL;
CREATE INDEX audit_by_run ON audit (run, task) WHERE run IS NOT NULL;

CREATE TRIGGER audit_keeps_what_was_written BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;
CREATE TRIGGER audit_keeps_all BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;
