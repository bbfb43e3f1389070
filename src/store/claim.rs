//! Taking due tasks, under a lease, with the attempt on record before any call.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use rusqlite::OptionalExtension;

use super::{
    Store,
    columns::Micros,
    entry::{self, Entry},
    error::StoreError,
    transition::{self, Cause, Next, PROGRAM},
    writer::Tx,
};
use crate::model::{CloudName, Event, Id, Kind, Task, TaskId, TaskState};

/// The right to settle one claim of one task. A later claim of the same task
/// makes it worthless.
///
/// It is the number of the audit record of the claim, and so never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeaseToken(pub(super) i64);

/// A task that the caller has until its lease runs out.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// As it is now, in state `claimed`.
    pub task: Task,
    pub lease: LeaseToken,
    /// This try's count against the limit, from 1.
    pub attempt: u32,
    /// All tries of the task, this one and those handed back included: what a
    /// wait may grow with although the tries do not count.
    pub tries: u32,
    /// A call may have been made before: look before making another. A try
    /// handed back unused has to say `called` again.
    pub called: bool,
}

impl Store {
    /// Takes up to `limit` due tasks of a cloud: the longest due first, but all
    /// that are due for one resource together, so that one call can serve them.
    ///
    /// Due are tasks whose `not_before` has come, those held for grace among
    /// them, and claimed tasks whose lease has run out.
    pub async fn claim(
        &self,
        cloud: CloudName,
        limit: usize,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Vec<Claimed>, StoreError> {
        let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
        let take_due = move |tx: &Tx<'_>| {
            let due = due_by_resource(tx, &cloud, limit, now)?;
            due.into_iter().map(|id| take(tx, id, now, until)).collect()
        };
        self.shared.writer.submit(take_due).await
    }

    /// The earliest moment at which a task of the cloud can be claimed; it may
    /// have passed.
    pub async fn next_due(&self, cloud: CloudName) -> Result<Option<Timestamp>, StoreError> {
        let earliest = move |connection: &rusqlite::Connection| {
            let mut select = connection.prepare_cached(
                "SELECT claimable_at FROM tasks INDEXED BY tasks_due
                 WHERE cloud = ?1 AND claimable_at IS NOT NULL ORDER BY claimable_at LIMIT 1",
            )?;
            let earliest = select.query_row([&cloud], |row| row.get(0)).optional()?;
            Ok(earliest.map(|Micros(at)| at))
        };
        self.shared.readers.read(earliest).await
    }
}

/// Walks the due tasks from the longest due, and at each resource not met
/// before stops to gather all that is due there.
fn due_by_resource(
    tx: &Tx<'_>,
    cloud: &CloudName,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<TaskId>, StoreError> {
    let mut due = Vec::new();
    let mut met: HashSet<(Kind, Id)> = HashSet::new();
    let mut longest_due = tx.prepare_cached(
        "SELECT kind, resource FROM tasks INDEXED BY tasks_due
         WHERE cloud = ?1 AND claimable_at <= ?2 ORDER BY claimable_at, id",
    )?;
    let mut of_resource = tx.prepare_cached(
        "SELECT id FROM tasks INDEXED BY tasks_due_by_resource
         WHERE cloud = ?1 AND kind = ?2 AND resource = ?3 AND claimable_at <= ?4
         ORDER BY claimable_at, id LIMIT ?5",
    )?;
    let mut rows = longest_due.query((cloud, Micros(now)))?;
    while due.len() < limit
        && let Some(row) = rows.next()?
    {
        let (kind, resource): (Kind, Id) = (row.get(0)?, row.get(1)?);
        if !met.insert((kind, resource.clone())) {
            continue;
        }
        let room = i64::try_from(limit - due.len()).unwrap_or(i64::MAX);
        let here = of_resource.query_map((cloud, kind, &resource, Micros(now), room), |row| row.get(0))?;
        for id in here {
            due.push(id?);
        }
    }
    Ok(due)
}

fn take(tx: &Tx<'_>, id: TaskId, now: Timestamp, until: Timestamp) -> Result<Claimed, StoreError> {
    let mut select = tx.prepare_cached("SELECT * FROM tasks WHERE id = ?1")?;
    let task = select.query_row([id], entry::task)?;
    let entry = Entry::of(&task);
    let expired = task.state == TaskState::Claimed;
    if expired {
        end_attempt(tx, id, now, "interrupted", "the lease ran out")?;
    }
    let attempt = task.attempts.saturating_add(1);
    let next = Next {
        attempts: attempt,
        lease_until: Some(until),
        ..Next::of(&entry, TaskState::Claimed)
    };
    let detail = if expired {
        format!("attempt {attempt}; the lease of the one before ran out")
    } else {
        format!("attempt {attempt}")
    };
    let cause = Cause {
        event: Event::Claimed,
        actor: PROGRAM,
        detail: &detail,
        now,
    };
    let lease = transition::change_task(tx, &entry, &next, cause)?;
    let tries = begin_attempt(tx, id, now)?;
    Ok(Claimed {
        lease: LeaseToken(lease),
        attempt,
        tries,
        called: matches!(entry.state, TaskState::Claimed | TaskState::Verifying),
        task: Task {
            state: TaskState::Claimed,
            hold: None,
            attempts: attempt,
            ..task
        },
    })
}

/// Returns the number of the attempt, which counts all of the task's.
fn begin_attempt(tx: &Tx<'_>, task: TaskId, now: Timestamp) -> Result<u32, StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO attempts (task, number, began_at)
         SELECT ?1, ifnull(max(number), 0) + 1, ?2 FROM attempts WHERE task = ?1
         RETURNING number",
    )?;
    Ok(insert.query_row((task, Micros(now)), |row| row.get(0))?)
}

/// Closes the attempt of the task that is under way.
pub(super) fn end_attempt(
    tx: &Tx<'_>,
    task: TaskId,
    now: Timestamp,
    outcome: &str,
    note: &str,
) -> Result<(), StoreError> {
    let mut update = tx.prepare_cached(
        "UPDATE attempts SET ended_at = ?2, outcome = ?3, note = ?4
         WHERE task = ?1 AND number = (SELECT max(number) FROM attempts WHERE task = ?1) AND ended_at IS NULL",
    )?;
    update.execute((task, Micros(now), outcome, note))?;
    Ok(())
}
