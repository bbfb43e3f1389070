//! After a crash: what a killed process left under way.

use jiff::{SignedDuration, Timestamp};

use super::{
    DispatchLock, Store,
    claim::end_attempt,
    entry::{self, Entry},
    error::StoreError,
    runs,
    transition::{self, Cause, Next, PROGRAM},
    writer::Tx,
};
use crate::model::{Event, PolicyName, Run, RunId, RunState, TaskId, TaskState};

/// The note of a run whose process died.
const RUN_INTERRUPTED: &str = "interrupted: the process that ran it ended";

/// The note of a run that no process can still be at.
const RUN_TOO_LONG: &str = "interrupted: it was under way for longer than a run can be";

/// The note of a task whose worker died. A call may have been made.
const TASK_INTERRUPTED: &str = "the process that had it ended during the attempt";

/// What was found under way and put right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abandoned {
    /// Failed now.
    pub runs: Vec<RunId>,
    /// Due at once: those with a job are asked for it, all are looked at before
    /// anything is called.
    pub tasks: Vec<TaskId>,
}

impl Store {
    /// Puts right what a killed process left under way. Whoever holds the
    /// dispatch lock is the only one who works, so nothing else can be.
    pub async fn abandon_running(
        &self,
        _only_dispatcher: &DispatchLock,
        now: Timestamp,
    ) -> Result<Abandoned, StoreError> {
        let abandon = move |tx: &Tx<'_>| {
            Ok(Abandoned {
                runs: fail_running(tx, now)?,
                tasks: return_taken(tx, now)?,
            })
        };
        self.shared.writer.submit(abandon).await
    }
}

fn fail_running(tx: &Tx<'_>, now: Timestamp) -> Result<Vec<RunId>, StoreError> {
    let running = entry::ids(tx, "SELECT id FROM runs WHERE state = 'running' ORDER BY id", [])?;
    for id in &running {
        let Some(run) = runs::read(tx, *id)? else {
            continue;
        };
        fail(tx, &run, RUN_INTERRUPTED, now)?;
    }
    Ok(running)
}

/// Fails the run of the policy that is under way, if it began more than
/// `at_most` ago: its process was killed, and no other one has to start first
/// for the policy to go on.
pub(super) fn fail_overlong(
    tx: &Tx<'_>,
    policy: &PolicyName,
    at_most: SignedDuration,
    now: Timestamp,
) -> Result<(), StoreError> {
    let running = entry::ids(
        tx,
        "SELECT id FROM runs WHERE policy = ?1 AND state = 'running'",
        [policy],
    )?;
    for id in running {
        if let Some(run) = runs::read(tx, id)?
            && now.duration_since(run.started_at) > at_most
        {
            fail(tx, &run, RUN_TOO_LONG, now)?;
        }
    }
    Ok(())
}

fn fail(tx: &Tx<'_>, run: &Run, note: &str, now: Timestamp) -> Result<(), StoreError> {
    let mut next = Run {
        state: RunState::Failed,
        finished_at: Some(now),
        ..run.clone()
    };
    next.notes.push(note.to_owned());
    let cause = Cause {
        event: Event::RunInterrupted,
        actor: PROGRAM,
        detail: note,
        now,
    };
    transition::change_run(tx, run, &next, None, cause)
}

fn return_taken(tx: &Tx<'_>, now: Timestamp) -> Result<Vec<TaskId>, StoreError> {
    let taken = entry::ids(
        tx,
        "SELECT id FROM tasks WHERE state IN ('claimed', 'submitted') AND lease IS NOT NULL ORDER BY id",
        [],
    )?;
    for id in &taken {
        let Some(entry) = Entry::read(tx, *id)? else {
            continue;
        };
        // A job goes on without us, and is asked for by whoever comes next.
        let state = match entry.job {
            Some(_) => TaskState::Submitted,
            None => TaskState::Verifying,
        };
        let next = Next {
            not_before: now,
            note: Some(TASK_INTERRUPTED),
            job: entry.job.clone(),
            ..Next::of(&entry, state)
        };
        let cause = Cause {
            event: Event::Interrupted,
            actor: PROGRAM,
            detail: TASK_INTERRUPTED,
            now,
        };
        transition::change_task(tx, &entry, &next, cause)?;
        end_attempt(tx, *id, now, "interrupted", TASK_INTERRUPTED)?;
    }
    Ok(taken)
}
