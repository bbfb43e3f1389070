//! Figures about the queue and the audit: for metrics, for `status`, and for
//! knowing when the work is done.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::{Store, columns::Micros, entry::moment, error::StoreError, writer::Tx};
use crate::model::{CloudName, Hold, PolicyName, TaskState};

/// How many tasks of a policy and cloud wait in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskCount {
    pub policy: PolicyName,
    pub cloud: CloudName,
    pub state: TaskState,
    /// Present exactly for `held`.
    pub hold: Option<Hold>,
    pub count: u64,
    /// When the one that is due the longest became due.
    pub oldest_due: Timestamp,
}

/// Tasks of a policy and cloud that could be carried out and are not yet done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    pub policy: PolicyName,
    pub cloud: CloudName,
    pub count: u64,
    /// When the first of them could first be carried out.
    pub since: Timestamp,
}

/// How many tasks came to their end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    pub done: u64,
    pub dead: u64,
    pub cancelled: u64,
}

impl Store {
    /// Tasks that are neither done nor cancelled.
    pub async fn counts(&self) -> Result<Vec<TaskCount>, StoreError> {
        self.shared.readers.read(counts).await
    }

    /// Whether nothing is left that a worker could do, now or later, without
    /// an operator or the end of a grace. A grace that is over by `now` is work.
    pub async fn is_drained(&self, now: Timestamp) -> Result<bool, StoreError> {
        let busy = move |connection: &Connection| {
            let mut select = connection.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM tasks WHERE state IN ('queued', 'claimed', 'submitted', 'verifying'))
                     OR EXISTS (SELECT 1 FROM tasks INDEXED BY tasks_in_grace
                                WHERE state = 'held' AND hold = 'grace' AND not_before <= ?1)",
            )?;
            Ok(!select.query_row([Micros(now)], |row| row.get::<_, bool>(0))?)
        };
        self.shared.readers.read(busy).await
    }

    /// Tasks that could be carried out at `before` or earlier and still wait for
    /// a worker, the cloud or a look; those that wait the longest first.
    pub async fn waiting(&self, before: Timestamp) -> Result<Vec<Waiting>, StoreError> {
        let waiting = move |connection: &Connection| {
            let mut select = connection.prepare_cached(
                "SELECT policy, cloud, count(*) AS tasks, min(allowed_from) AS since FROM tasks
                 WHERE state IN ('queued', 'claimed', 'submitted', 'verifying') AND allowed_from <= ?1
                 GROUP BY policy, cloud ORDER BY since, policy, cloud",
            )?;
            let waiting = select.query_map([Micros(before)], |row| {
                Ok(Waiting {
                    policy: row.get("policy")?,
                    cloud: row.get("cloud")?,
                    count: row.get::<_, i64>("tasks")?.cast_unsigned(),
                    since: moment(row, "since")?,
                })
            })?;
            Ok(waiting.collect::<Result<_, _>>()?)
        };
        self.shared.readers.read(waiting).await
    }

    /// Tasks that ended at `since` or later.
    pub async fn ended_since(&self, since: Timestamp) -> Result<Ended, StoreError> {
        let ended = move |connection: &Connection| {
            let mut select = connection.prepare_cached(
                "SELECT state, count(*) FROM tasks
                 WHERE state IN ('done', 'dead', 'cancelled') AND finished_at >= ?1 GROUP BY state",
            )?;
            let mut ended = Ended::default();
            let mut rows = select.query([Micros(since)])?;
            while let Some(row) = rows.next()? {
                let count = row.get::<_, i64>(1)?.cast_unsigned();
                match row.get(0)? {
                    TaskState::Done => ended.done = count,
                    TaskState::Dead => ended.dead = count,
                    _ => ended.cancelled = count,
                }
            }
            Ok(ended)
        };
        self.shared.readers.read(ended).await
    }

    /// The number of the newest audit record; 0 if there is none.
    pub async fn audit_head(&self) -> Result<i64, StoreError> {
        let head = |connection: &Connection| {
            let mut select = connection.prepare_cached("SELECT ifnull(max(seq), 0) FROM audit")?;
            Ok(select.query_row([], |row| row.get(0))?)
        };
        self.shared.readers.read(head).await
    }

    /// The hash of one audit record in hex, to hold against one kept elsewhere.
    pub async fn audit_hash(&self, seq: i64) -> Result<Option<String>, StoreError> {
        let hash = move |connection: &Connection| {
            let mut select =
                connection.prepare_cached("SELECT lower(hex(hash)) FROM audit WHERE seq = ?1")?;
            Ok(select.query_row([seq], |row| row.get(0)).optional()?)
        };
        self.shared.readers.read(hash).await
    }

    /// Whether a change would be kept: one that changes nothing is made, and
    /// waits for the disk. On a full one nothing else would tell.
    pub async fn takes_writes(&self) -> Result<(), StoreError> {
        let write = |tx: &Tx<'_>| -> Result<(), StoreError> {
            let version: i64 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            tx.pragma_update(None, "user_version", version)?;
            Ok(())
        };
        self.shared.writer.submit(write).await
    }

    /// Goes through the writer, which has nothing to write.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.shared.writer.submit(|_: &Tx<'_>| Ok(())).await
    }
}

fn counts(connection: &Connection) -> Result<Vec<TaskCount>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT policy, cloud, state, hold, count(*) AS tasks, min(due_since) AS oldest FROM tasks
         WHERE state IN ('held', 'queued', 'claimed', 'submitted', 'verifying', 'dead')
         GROUP BY state, policy, cloud, hold",
    )?;
    let counts = select.query_map([], |row| {
        Ok(TaskCount {
            policy: row.get("policy")?,
            cloud: row.get("cloud")?,
            state: row.get("state")?,
            hold: row.get("hold")?,
            count: row.get::<_, i64>("tasks")?.cast_unsigned(),
            oldest_due: moment(row, "oldest")?,
        })
    })?;
    Ok(counts.collect::<Result<_, _>>()?)
}
