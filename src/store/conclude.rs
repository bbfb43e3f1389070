//! The end of a run: what it decided becomes tasks, in one transaction with
//! what it takes back.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Store,
    cancel::{self, cancel_held},
    enqueue::{self, Enqueued},
    entry::Entry,
    error::{RunError, StoreError},
    runs,
    transition::{self, Cause, PROGRAM},
    writer::Tx,
};
use crate::model::{Event, Hold, Priority, Revocation, Run, RunId, RunState, RunTotals, TaskId, TaskState};

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Conclusion {
    pub run: RunId,
    /// `queued` is filled in by the store.
    pub totals: RunTotals,
    pub notes: Vec<String>,
    pub revocations: Vec<Revocation>,
    pub enqueue: Enqueue,
    /// Of the new tasks.
    pub priority: Priority,
    /// A held run that this one replaces; left alone if it is held no longer.
    pub supersede: Option<RunId>,
    /// Tasks whose reason went away, each with a sentence that says so. Left
    /// alone are those that are over, that a worker has, and that a call may
    /// have been made for: only a look may settle these.
    pub release: Vec<(TaskId, String)>,
    /// A run that is to be held, but brings nothing into the queue, is
    /// finished: there is nothing to allow.
    pub state: RunState,
    pub now: Timestamp,
}

/// What happens to the revocations of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueue {
    /// They are shown and not carried out.
    Nothing,
    Queue {
        not_before: Timestamp,
    },
    Hold {
        hold: Hold,
        not_before: Timestamp,
    },
}

/// What became of the revocations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// New tasks, held ones and those taken over among them.
    pub queued: u64,
    /// Targets that were in the queue already and stay there as they were.
    pub already_queued: u64,
    /// Tasks of other policies that waited or were given up, and were cancelled
    /// because this run wants their targets gone now.
    pub taken_over: u64,
    /// Tasks cancelled because their reason went away.
    pub released: u64,
    /// The run waits for an operator.
    pub held: bool,
}

impl Finished {
    /// What a person should know of other policies' tasks on the same targets.
    /// The store adds it to the notes of the run.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.already_queued > 0 {
            notes.push(format!(
                "{} in the queue already by another policy",
                self.already_queued
            ));
        }
        if self.taken_over > 0 {
            notes.push(format!(
                "{} taken over from another policy, where they waited or were given up",
                self.taken_over
            ));
        }
        notes
    }
}

impl Store {
    /// Ends a run.
    ///
    /// # Errors
    /// The run is not under way: another process took this one for dead. A
    /// revocation names an empty id. Either way nothing was changed.
    pub async fn finish_run(&self, conclusion: Conclusion) -> Result<Finished, RunError> {
        self.shared
            .writer
            .submit(move |tx| conclude(tx, &conclusion))
            .await
    }
}

fn conclude(tx: &Tx<'_>, conclusion: &Conclusion) -> Result<Finished, RunError> {
    let run = runs::existing(tx, conclusion.run)?;
    if run.state != RunState::Running {
        return Err(RunError::NotRunning {
            run: run.id,
            state: run.state,
        });
    }
    enqueue::refuse_nameless(&conclusion.revocations)?;
    // What is taken back frees its targets for what is decided now.
    let (released, mut touched) = release(tx, conclusion)?;
    if let Some(superseded) = conclusion.supersede {
        supersede(tx, superseded, conclusion)?;
    }
    let enqueued = enqueue::enqueue(tx, &run.policy, conclusion)?;
    let finished = end(tx, &run, conclusion, &enqueued, released)?;
    touched.extend(enqueued.runs_touched);
    cancel::close_emptied(tx, &touched, PROGRAM, conclusion.now)?;
    Ok(finished)
}

/// Writes what the run came to.
fn end(
    tx: &Tx<'_>,
    run: &Run,
    conclusion: &Conclusion,
    enqueued: &Enqueued,
    released: u64,
) -> Result<Finished, StoreError> {
    let held = conclusion.state == RunState::Held && enqueued.queued > 0;
    let finished = Finished {
        queued: enqueued.queued,
        already_queued: enqueued.already_queued,
        taken_over: enqueued.taken_over,
        released,
        held,
    };
    let state = match conclusion.state {
        RunState::Held if !held => RunState::Finished,
        state => state,
    };
    let mut next = Run {
        state,
        finished_at: Some(conclusion.now),
        totals: RunTotals {
            queued: finished.queued,
            ..conclusion.totals
        },
        notes: conclusion.notes.clone(),
        ..run.clone()
    };
    let detail = describe(&next, finished);
    next.notes.extend(finished.notes());
    let cause = Cause {
        event: Event::RunConcluded,
        actor: PROGRAM,
        detail: &detail,
        now: conclusion.now,
    };
    transition::change_run(tx, run, &next, Some(conclusion.revocations.len() as u64), cause)?;
    Ok(finished)
}

fn describe(run: &Run, finished: Finished) -> String {
    let totals = &run.totals;
    let mut detail = format!(
        "seen {}, decided {}, newly queued {}, already queued {}, taken over {}, released {}, spared {}, \
         unreadable {}, gaps {}",
        totals.seen,
        totals.decided,
        finished.queued,
        finished.already_queued,
        finished.taken_over,
        finished.released,
        totals.spared,
        totals.unreadable,
        totals.gaps
    );
    for note in &run.notes {
        detail.push_str("; ");
        detail.push_str(note);
    }
    detail
}

/// Returns how many tasks were cancelled, and the runs they came from.
fn release(tx: &Tx<'_>, conclusion: &Conclusion) -> Result<(u64, BTreeSet<RunId>), StoreError> {
    let mut released = 0;
    let mut touched = BTreeSet::new();
    for (task, reason) in &conclusion.release {
        let Some(entry) = Entry::read(tx, *task)? else {
            continue;
        };
        if matches!(entry.state, TaskState::Held | TaskState::Queued | TaskState::Dead) {
            cancel::cancel(tx, &entry, PROGRAM, reason, conclusion.now)?;
            released += 1;
            touched.insert(entry.run);
        }
    }
    Ok((released, touched))
}

fn supersede(tx: &Tx<'_>, superseded: RunId, conclusion: &Conclusion) -> Result<(), StoreError> {
    let Some(run) = runs::read(tx, superseded)?.filter(|run| run.state == RunState::Held) else {
        return Ok(());
    };
    let detail = format!("superseded by run {}", conclusion.run);
    cancel_held(tx, run.id, PROGRAM, &detail, conclusion.now)?;
    cancel::supersede(tx, &run, PROGRAM, &detail, conclusion.now)
}
