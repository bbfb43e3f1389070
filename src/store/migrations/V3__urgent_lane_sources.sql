-- What is urgent overtakes everything that is not: 0 normal, 1 urgent.
ALTER TABLE tasks ADD COLUMN priority INTEGER NOT NULL DEFAULT 0 CHECK (priority IN (0, 1));

-- Each policy has a line of its own within a kind and a priority: what may be
-- claimed is shared between them, and the first of each is one step away.
DROP INDEX tasks_due;
DROP INDEX tasks_due_by_resource;
CREATE INDEX tasks_due ON tasks (cloud, priority, kind, policy, claimable_at)
    WHERE claimable_at IS NOT NULL;
CREATE INDEX tasks_due_by_resource ON tasks (cloud, priority, kind, resource, policy, claimable_at)
    WHERE claimable_at IS NOT NULL;

-- What is on record of each source of people: a later read is held against it,
-- also after a restart.
CREATE TABLE sources (
    source            TEXT    PRIMARY KEY CHECK (source <> ''),
    tried_at          INTEGER NOT NULL,
    problem           TEXT,
    entries           INTEGER CHECK (entries >= 0),
    version           TEXT,
    as_of             INTEGER,
    last_good         INTEGER,
    baseline_entries  INTEGER CHECK (baseline_entries >= 0),
    baseline_at       INTEGER,
    -- A JSON list of texts.
    sample            TEXT    NOT NULL,
    CHECK ((baseline_entries IS NULL) = (baseline_at IS NULL))
) STRICT, WITHOUT ROWID;
