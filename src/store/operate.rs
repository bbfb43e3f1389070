//! What operators do to held runs and to tasks, and what the daemon notes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Store, audit,
    cancel::{cancel, cancel_held, close_emptied, held},
    entry::Entry,
    error::{RunError, StoreError, TaskError},
    runs,
    transition::{self, Cause, Next},
    writer::Tx,
};
use crate::model::{AuditRecord, Event, PolicyName, Run, RunId, RunState, TaskId, TaskState};

/// An event of the daemon that changes neither a run nor a task.
#[derive(Clone, Debug)]
pub struct Note {
    pub event: Event,
    pub actor: String,
    pub policy: Option<PolicyName>,
    /// For people. Never a secret.
    pub detail: String,
    pub now: Timestamp,
}

impl Store {
    /// Lets a held run go on: its held tasks are queued, each for the moment
    /// that its grace ends.
    pub async fn allow_run(&self, run: RunId, actor: String, now: Timestamp) -> Result<(), RunError> {
        self.shared
            .writer
            .submit(move |tx| allow(tx, run, &actor, now))
            .await
    }

    /// Ends a held run: its held tasks are cancelled.
    pub async fn reject_run(
        &self,
        run: RunId,
        actor: String,
        reason: String,
        now: Timestamp,
    ) -> Result<(), RunError> {
        self.shared
            .writer
            .submit(move |tx| reject(tx, run, &actor, &reason, now))
            .await
    }

    /// Queues a dead task again, at once and with all its attempts.
    pub async fn retry_task(&self, task: TaskId, actor: String, now: Timestamp) -> Result<(), TaskError> {
        self.shared
            .writer
            .submit(move |tx| retry(tx, task, &actor, now))
            .await
    }

    /// Cancels a task that neither a worker has nor a job of the cloud. A held run that has nothing left to
    /// allow is over with it.
    pub async fn cancel_task(
        &self,
        task: TaskId,
        actor: String,
        reason: String,
        now: Timestamp,
    ) -> Result<(), TaskError> {
        let cancel_one = move |tx: &Tx<'_>| {
            let entry = existing(tx, task)?;
            match entry.state {
                TaskState::Claimed => Err(TaskError::Claimed(task)),
                TaskState::Submitted => Err(TaskError::Submitted(task)),
                state @ (TaskState::Done | TaskState::Cancelled) => Err(TaskError::Over { task, state }),
                _ => {
                    cancel(tx, &entry, &actor, &reason, now)?;
                    Ok(close_emptied(tx, &BTreeSet::from([entry.run]), &actor, now)?)
                }
            }
        };
        self.shared.writer.submit(cancel_one).await
    }

    /// Writes an event into the audit.
    pub async fn record(&self, note: Note) -> Result<(), StoreError> {
        let append = move |tx: &Tx<'_>| {
            let record = AuditRecord {
                policy: note.policy,
                detail: note.detail,
                ..audit::record(note.event, &note.actor, note.now)
            };
            audit::append(tx, record).map(|_| ())
        };
        self.shared.writer.submit(append).await
    }
}

fn allow(tx: &Tx<'_>, id: RunId, actor: &str, now: Timestamp) -> Result<(), RunError> {
    let run = held_run(tx, id)?;
    let detail = format!("run {id} was allowed");
    for task in held(tx, id)? {
        let next = Next {
            allowed_from: Some(now.max(task.not_before)),
            note: Some(&detail),
            ..Next::of(&task, TaskState::Queued)
        };
        let cause = Cause {
            event: Event::Allowed,
            actor,
            detail: &detail,
            now,
        };
        transition::change_task(tx, &task, &next, cause)?;
    }
    let cause = Cause {
        event: Event::RunAllowed,
        actor,
        detail: "",
        now,
    };
    change_held_run(tx, &run, RunState::Allowed, cause)
}

fn reject(tx: &Tx<'_>, id: RunId, actor: &str, reason: &str, now: Timestamp) -> Result<(), RunError> {
    let run = held_run(tx, id)?;
    cancel_held(tx, id, actor, &format!("run {id} was rejected: {reason}"), now)?;
    let cause = Cause {
        event: Event::RunRejected,
        actor,
        detail: reason,
        now,
    };
    change_held_run(tx, &run, RunState::Rejected, cause)
}

fn change_held_run(tx: &Tx<'_>, run: &Run, state: RunState, cause: Cause<'_>) -> Result<(), RunError> {
    let next = Run { state, ..run.clone() };
    Ok(transition::change_run(tx, run, &next, None, cause)?)
}

fn held_run(tx: &Tx<'_>, id: RunId) -> Result<Run, RunError> {
    let run = runs::existing(tx, id)?;
    match run.state {
        RunState::Held => Ok(run),
        state => Err(RunError::NotHeld { run: id, state }),
    }
}

fn retry(tx: &Tx<'_>, id: TaskId, actor: &str, now: Timestamp) -> Result<(), TaskError> {
    let entry = existing(tx, id)?;
    if entry.state != TaskState::Dead {
        return Err(TaskError::NotDead {
            task: id,
            state: entry.state,
        });
    }
    let next = Next {
        not_before: now,
        allowed_from: Some(now),
        attempts: 0,
        ..Next::of(&entry, TaskState::Queued)
    };
    let cause = Cause {
        event: Event::Retried,
        actor,
        detail: "",
        now,
    };
    transition::change_task(tx, &entry, &next, cause)?;
    Ok(())
}

fn existing(tx: &Tx<'_>, id: TaskId) -> Result<Entry, TaskError> {
    Entry::read(tx, id)?.ok_or(TaskError::NoSuchTask(id))
}
