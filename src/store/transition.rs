//! The only place where a run or a task comes into being or changes its state.
//!
//! Each function here writes the change and its audit record; both stand in the
//! caller's transaction, so neither is ever there without the other. No other
//! file of the store may write the tables `runs` and `tasks`; a test reads the
//! sources and sees to that.

use jiff::{SignedDuration, Timestamp};
use rusqlite::OptionalExtension;

use super::{
    audit,
    columns::{Json, Micros},
    entry::Entry,
    error::StoreError,
    writer::Tx,
};
use crate::model::{
    AuditRecord, Event, Hold, JobId, Mode, PolicyName, Priority, Revocation, Run, RunId, RunState, RunTotals,
    TaskId, TaskState, Trigger,
};

/// Who acts where no person does.
pub(super) const PROGRAM: &str = "revokd";

/// Why something changes: what the audit record says beside the states.
#[derive(Clone, Copy)]
pub(super) struct Cause<'a> {
    pub event: Event,
    pub actor: &'a str,
    pub detail: &'a str,
    pub now: Timestamp,
}

/// What a task becomes.
pub(super) struct Next<'a> {
    pub state: TaskState,
    pub hold: Option<Hold>,
    pub not_before: Timestamp,
    /// `None` leaves what is there.
    pub allowed_from: Option<Timestamp>,
    pub attempts: u32,
    /// `None` leaves what is there.
    pub note: Option<&'a str>,
    pub lease: Lease,
    /// `None` where no job is at it any more.
    pub job: Option<JobId>,
}

/// Whose the task is from now on.
#[derive(Clone, Copy)]
pub(super) enum Lease {
    Nobodys,
    /// A worker's that took it just now. The number of the audit record is the
    /// lease: no other claim of any task ever gets it.
    Taken {
        until: Timestamp,
    },
    /// Still the worker's that has it by this number.
    Kept {
        number: i64,
        until: Timestamp,
    },
}

impl<'a> Next<'a> {
    /// The entry as it is, but in another state and with no hold, lease or job.
    pub fn of(entry: &Entry, state: TaskState) -> Next<'a> {
        Next {
            state,
            hold: None,
            not_before: entry.not_before,
            allowed_from: None,
            attempts: entry.attempts,
            note: None,
            lease: Lease::Nobodys,
            job: None,
        }
    }
}

/// Changes a task and returns the number of the audit record.
pub(super) fn change_task(
    tx: &Tx<'_>,
    entry: &Entry,
    next: &Next<'_>,
    cause: Cause<'_>,
) -> Result<i64, StoreError> {
    let record = AuditRecord {
        run: Some(entry.run),
        task: Some(entry.id),
        policy: Some(entry.policy.clone()),
        target: Some(entry.target.clone()),
        from: Some(entry.state.to_string()),
        to: Some(next.state.to_string()),
        detail: cause.detail.to_owned(),
        ..audit::record(cause.event, cause.actor, cause.now)
    };
    let seq = audit::append(tx, record)?;
    let over = matches!(
        next.state,
        TaskState::Done | TaskState::Dead | TaskState::Cancelled
    );
    let mut update = tx.prepare_cached(
        "UPDATE tasks SET state = ?1, hold = ?2, not_before = ?3, attempts = ?4, note = ifnull(?5, note),
             finished_at = ?6, lease = ?7, lease_until = ?8, allowed_from = ifnull(?9, allowed_from), job = ?10
         WHERE id = ?11 AND state = ?12",
    )?;
    let (lease, until) = match next.lease {
        Lease::Nobodys => (None, None),
        Lease::Taken { until } => (Some(seq), Some(Micros(until))),
        Lease::Kept { number, until } => (Some(number), Some(Micros(until))),
    };
    let changed = update.execute((
        next.state,
        next.hold,
        Micros(next.not_before),
        next.attempts,
        next.note,
        over.then_some(Micros(cause.now)),
        lease,
        until,
        next.allowed_from.map(Micros),
        &next.job,
        entry.id,
        entry.state,
    ))?;
    exactly_one(changed)?;
    Ok(seq)
}

/// Puts a revocation into the queue, where its target must not be already. The
/// caller looks first: a conflict with the unique index would use up an id each
/// time, and people read these numbers.
pub(super) fn insert_task(
    tx: &Tx<'_>,
    run: RunId,
    revocation: &Revocation,
    priority: Priority,
    hold: Option<Hold>,
    not_before: Timestamp,
    now: Timestamp,
) -> Result<TaskId, StoreError> {
    let state = if hold.is_some() {
        TaskState::Held
    } else {
        TaskState::Queued
    };
    let Revocation {
        target,
        due_since,
        evidence,
    } = revocation;
    let mut insert = tx.prepare_cached(
        "INSERT INTO tasks (run, policy, cloud, kind, resource, subject, due_since, evidence, state, hold,
             not_before, allowed_from, decided_at, priority)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12, ?13)",
    )?;
    let values = (
        run,
        &evidence.policy,
        &target.cloud,
        target.kind,
        &target.resource,
        &target.subject,
        Micros(*due_since),
        Json(evidence),
        state,
        hold,
        Micros(not_before),
        Micros(now),
        priority,
    );
    let task: TaskId = insert.insert(values)?;
    let record = AuditRecord {
        run: Some(run),
        task: Some(task),
        policy: Some(evidence.policy.clone()),
        target: Some(target.clone()),
        to: Some(state.to_string()),
        detail: hold.map(|hold| format!("held for {hold}")).unwrap_or_default(),
        hold,
        due_since: Some(*due_since),
        evidence: Some(evidence.clone()),
        ..audit::record(Event::Decided, PROGRAM, now)
    };
    audit::append(tx, record)?;
    Ok(task)
}

/// What is known of a run when it begins.
#[derive(Clone, Debug)]
pub struct NewRun {
    pub policy: PolicyName,
    pub policy_digest: String,
    pub mode: Mode,
    pub trigger: Trigger,
    /// A run of the policy that began longer ago is not under way any more: its
    /// process was killed. It is failed, and does not keep this one back.
    pub at_most: SignedDuration,
    pub now: Timestamp,
}

/// `None` if a run of the policy is under way.
pub(super) fn insert_run(tx: &Tx<'_>, new: &NewRun) -> Result<Option<RunId>, StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO runs (policy, policy_digest, mode, started_by, state, started_at, totals, notes)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, '[]'
         WHERE NOT EXISTS (SELECT 1 FROM runs WHERE policy = ?1 AND state = 'running')
         RETURNING id",
    )?;
    let values = (
        &new.policy,
        &new.policy_digest,
        new.mode,
        new.trigger,
        RunState::Running,
        Micros(new.now),
        Json(RunTotals::default()),
    );
    let inserted: Option<RunId> = insert.query_row(values, |row| row.get(0)).optional()?;
    let Some(run) = inserted else {
        return Ok(None);
    };
    let record = AuditRecord {
        run: Some(run),
        policy: Some(new.policy.clone()),
        to: Some(RunState::Running.to_string()),
        detail: format!(
            "started by {}, mode {}, policy {}",
            new.trigger, new.mode, new.policy_digest
        ),
        ..audit::record(Event::RunStarted, PROGRAM, new.now)
    };
    audit::append(tx, record)?;
    Ok(Some(run))
}

/// Changes a run to what `next` says; `run` is what it was.
pub(super) fn change_run(
    tx: &Tx<'_>,
    run: &Run,
    next: &Run,
    decisions: Option<u64>,
    cause: Cause<'_>,
) -> Result<(), StoreError> {
    let record = AuditRecord {
        run: Some(run.id),
        policy: Some(run.policy.clone()),
        from: Some(run.state.to_string()),
        to: Some(next.state.to_string()),
        detail: cause.detail.to_owned(),
        ..audit::record(cause.event, cause.actor, cause.now)
    };
    audit::append(tx, record)?;
    let mut update = tx.prepare_cached(
        "UPDATE runs SET state = ?1, finished_at = ?2, totals = ?3, notes = ?4,
             decisions = ifnull(?5, decisions)
         WHERE id = ?6 AND state = ?7",
    )?;
    let changed = update.execute((
        next.state,
        next.finished_at.map(Micros),
        Json(next.totals),
        Json(&next.notes),
        decisions.map(u64::cast_signed),
        run.id,
        run.state,
    ))?;
    exactly_one(changed)
}

/// The row was read in the same transaction; if it changed since, the caller's
/// work is undone.
fn exactly_one(changed: usize) -> Result<(), StoreError> {
    if changed == 1 {
        Ok(())
    } else {
        Err(rusqlite::Error::StatementChangedRows(changed).into())
    }
}
