//! Rows of `tasks` and `attempts`, read whole or as much as a change needs.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    columns::{Json, Micros},
    error::StoreError,
    writer::Tx,
};
use crate::model::{
    Attempt, JobId, PolicyName, Priority, Revocation, RunId, Target, Task, TaskId, TaskState,
};

/// What a change of a task has to know: all but the evidence.
pub(super) struct Entry {
    pub id: TaskId,
    pub run: RunId,
    pub policy: PolicyName,
    pub target: Target,
    pub priority: Priority,
    pub state: TaskState,
    pub not_before: Timestamp,
    pub attempts: u32,
    /// Of the worker that has it.
    pub lease: Option<i64>,
    pub job: Option<JobId>,
}

impl Entry {
    pub fn read(connection: &Connection, id: TaskId) -> Result<Option<Entry>, StoreError> {
        let mut select = connection.prepare_cached(
            "SELECT id, run, policy, cloud, kind, resource, subject, priority, state, not_before, attempts,
                 lease, job
             FROM tasks WHERE id = ?1",
        )?;
        Ok(select.query_row([id], Entry::from_row).optional()?)
    }

    /// The entry of a task that no worker's lease has to be compared with.
    pub fn of(task: &Task) -> Entry {
        Entry {
            id: task.id,
            run: task.run,
            policy: task.revocation.evidence.policy.clone(),
            target: task.revocation.target.clone(),
            priority: task.priority,
            state: task.state,
            not_before: task.not_before,
            attempts: task.attempts,
            lease: None,
            job: task.job.clone(),
        }
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Entry> {
        Ok(Entry {
            id: row.get("id")?,
            run: row.get("run")?,
            policy: row.get("policy")?,
            target: target(row)?,
            priority: row.get("priority")?,
            state: row.get("state")?,
            not_before: moment(row, "not_before")?,
            attempts: row.get("attempts")?,
            lease: row.get("lease")?,
            job: row.get("job")?,
        })
    }
}

/// The ids that a query finds, read to the end before anything is changed.
pub(super) fn ids(tx: &Tx<'_>, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<i64>, StoreError> {
    let mut select = tx.prepare_cached(sql)?;
    let ids = select.query_map(parameters, |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// A whole row of `tasks`.
pub(super) fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    let Json(evidence) = row.get("evidence")?;
    Ok(Task {
        id: row.get("id")?,
        run: row.get("run")?,
        revocation: Revocation {
            target: target(row)?,
            due_since: moment(row, "due_since")?,
            evidence,
        },
        priority: row.get("priority")?,
        state: row.get("state")?,
        hold: row.get("hold")?,
        not_before: moment(row, "not_before")?,
        decided_at: moment(row, "decided_at")?,
        allowed_from: moment(row, "allowed_from")?,
        job: row.get("job")?,
        attempts: row.get("attempts")?,
        note: row.get("note")?,
        finished_at: row.get::<_, Option<Micros>>("finished_at")?.map(|Micros(at)| at),
    })
}

pub(super) fn attempt(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    Ok(Attempt {
        number: row.get("number")?,
        began_at: moment(row, "began_at")?,
        ended_at: row.get::<_, Option<Micros>>("ended_at")?.map(|Micros(at)| at),
        outcome: row.get("outcome")?,
        note: row.get("note")?,
    })
}

pub(super) fn target(row: &Row<'_>) -> rusqlite::Result<Target> {
    Ok(Target {
        cloud: row.get("cloud")?,
        kind: row.get("kind")?,
        resource: row.get("resource")?,
        subject: row.get("subject")?,
    })
}

pub(super) fn moment(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    row.get(column).map(|Micros(at)| at)
}
