//! Taking due tasks, under a lease, with the attempt on record before any call.

use jiff::{SignedDuration, Timestamp};
use rusqlite::OptionalExtension;

use super::{
    Store,
    columns::Micros,
    due::Lane,
    entry::{self, Entry},
    error::StoreError,
    transition::{self, Cause, Lease, Next, PROGRAM},
    writer::Tx,
};
use crate::model::{CloudName, Event, Kind, Priority, Task, TaskId, TaskState};

/// The right to settle one claim of one task. A later claim of the same task
/// makes it worthless.
///
/// It is the number of the audit record of the claim, and so never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeaseToken(pub(super) i64);

/// A task that the caller has until its lease runs out.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// As it is now, in state `claimed`. With a job, a call was made and is to
    /// be asked for: the try that made it goes on.
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
    /// Where a call may have been made: the word that the try before ended with.
    pub last_outcome: Option<String>,
}

impl Store {
    /// Takes due tasks of a cloud and a priority, of each kind up to its
    /// number. The number is shared between the policies that have something
    /// due, and what one does not need goes to the others; of each policy the
    /// longest due come first, but all that are due for one resource together,
    /// so that one call can serve them. Tasks of one job come together, however
    /// many.
    ///
    /// Due are tasks whose `not_before` has come, those held for grace among
    /// them, and tasks whose worker's lease has run out.
    pub async fn claim(
        &self,
        cloud: CloudName,
        priority: Priority,
        at_most: Vec<(Kind, usize)>,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Vec<Claimed>, StoreError> {
        let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
        let take_due = move |tx: &Tx<'_>| {
            let mut claimed = Vec::new();
            for (kind, limit) in at_most {
                let cloud = &cloud;
                let lane = Lane {
                    cloud,
                    priority,
                    kind,
                };
                for id in lane.due(tx, limit, now)? {
                    claimed.push(take(tx, id, now, until)?);
                }
            }
            Ok(claimed)
        };
        self.shared.writer.submit(take_due).await
    }

    /// The earliest moment at which a task of the cloud, of the priority and
    /// one of the kinds, can be claimed; it may have passed.
    pub async fn next_due(
        &self,
        cloud: CloudName,
        priority: Priority,
        kinds: Vec<Kind>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let earliest = move |connection: &rusqlite::Connection| {
            let mut earliest: Option<Timestamp> = None;
            for kind in kinds {
                let cloud = &cloud;
                let policies = Lane {
                    cloud,
                    priority,
                    kind,
                }
                .policies(connection)?;
                let firsts = policies.into_iter().map(|(_, first)| first);
                earliest = firsts.chain(earliest).min();
            }
            Ok(earliest)
        };
        self.shared.readers.read(earliest).await
    }
}

fn take(tx: &Tx<'_>, id: TaskId, now: Timestamp, until: Timestamp) -> Result<Claimed, StoreError> {
    let mut select = tx.prepare_cached("SELECT * FROM tasks WHERE id = ?1")?;
    let (task, lease) = select.query_row([id], |row| {
        Ok((entry::task(row)?, row.get::<_, Option<i64>>("lease")?))
    })?;
    let entry = Entry::of(&task);
    let expired = lease.is_some();
    if expired {
        end_attempt(tx, id, now, "interrupted", "the lease ran out")?;
    }
    // Asking for the job of a call is part of the try that made the call.
    let attempt = match task.job {
        Some(_) => task.attempts.max(1),
        None => task.attempts.saturating_add(1),
    };
    let next = Next {
        attempts: attempt,
        lease: Lease::Taken { until },
        job: entry.job.clone(),
        ..Next::of(&entry, TaskState::Claimed)
    };
    let mut detail = format!("attempt {attempt}");
    if let Some(job) = &task.job {
        detail.push_str(&format!(", to ask for job {job}"));
    }
    if expired {
        detail.push_str("; the lease of the one before ran out");
    }
    let cause = Cause {
        event: Event::Claimed,
        actor: PROGRAM,
        detail: &detail,
        now,
    };
    let lease = transition::change_task(tx, &entry, &next, cause)?;
    let called = entry.state.may_have_been_called();
    let last_outcome = if called { last_outcome(tx, id)? } else { None };
    let tries = begin_attempt(tx, id, now)?;
    Ok(Claimed {
        lease: LeaseToken(lease),
        attempt,
        tries,
        called,
        last_outcome,
        task: Task {
            state: TaskState::Claimed,
            hold: None,
            attempts: attempt,
            ..task
        },
    })
}

fn last_outcome(tx: &Tx<'_>, task: TaskId) -> Result<Option<String>, StoreError> {
    let mut select =
        tx.prepare_cached("SELECT outcome FROM attempts WHERE task = ?1 ORDER BY number DESC LIMIT 1")?;
    let outcome = select.query_row([task], |row| row.get(0)).optional()?;
    Ok(outcome.flatten())
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
