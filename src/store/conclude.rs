//! The end of a run: what it decided becomes tasks, in one transaction with
//! what it takes back.

use jiff::Timestamp;

use super::{
    Store,
    columns::Json,
    entry::{self, Entry},
    error::{RunError, StoreError},
    runs,
    transition::{self, Cause, Next, PROGRAM},
    writer::Tx,
};
use crate::model::{Event, Hold, Revocation, Run, RunId, RunState, RunTotals, TaskId, TaskState};

/// Revocations kept, for people to look at, of a run that queues nothing.
const DECISIONS_KEPT: usize = 1_000;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Conclusion {
    pub run: RunId,
    /// `queued` is filled in by the store.
    pub totals: RunTotals,
    pub notes: Vec<String>,
    pub revocations: Vec<Revocation>,
    pub enqueue: Enqueue,
    /// A held run that this one replaces; left alone if it is held no longer.
    pub supersede: Option<RunId>,
    /// Tasks whose reason went away, each with a sentence that says so. A task
    /// that a worker has by now, or that is over, is left alone.
    pub release: Vec<(TaskId, String)>,
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
    /// New tasks, held ones among them.
    pub queued: u64,
    /// Targets that were in the queue already, by whatever policy.
    pub already_queued: u64,
    /// Tasks cancelled because their reason went away.
    pub released: u64,
}

impl Store {
    /// Ends a run.
    ///
    /// # Errors
    /// The run is not under way: another process took this one for dead.
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
    // What is taken back frees its targets for what is decided now.
    let released = release(tx, conclusion)?;
    if let Some(superseded) = conclusion.supersede {
        supersede(tx, superseded, conclusion)?;
    }
    let finished = Finished {
        released,
        ..enqueue(tx, conclusion)?
    };
    let next = Run {
        state: conclusion.state,
        finished_at: Some(conclusion.now),
        totals: RunTotals {
            queued: finished.queued,
            ..conclusion.totals
        },
        notes: conclusion.notes.clone(),
        ..run.clone()
    };
    let detail = describe(&next, finished);
    let cause = Cause {
        event: Event::RunConcluded,
        actor: PROGRAM,
        detail: &detail,
        now: conclusion.now,
    };
    transition::change_run(tx, &run, &next, Some(conclusion.revocations.len() as u64), cause)?;
    Ok(finished)
}

fn describe(run: &Run, finished: Finished) -> String {
    let totals = &run.totals;
    let mut detail = format!(
        "seen {}, decided {}, newly queued {}, already queued {}, released {}, spared {}, unreadable {}, gaps {}",
        totals.seen,
        totals.decided,
        finished.queued,
        finished.already_queued,
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

fn release(tx: &Tx<'_>, conclusion: &Conclusion) -> Result<u64, StoreError> {
    let mut released = 0;
    for (task, reason) in &conclusion.release {
        let Some(entry) = Entry::read(tx, *task)? else {
            continue;
        };
        use TaskState::{Dead, Held, Queued, Verifying};
        if matches!(entry.state, Held | Queued | Verifying | Dead) {
            cancel(tx, &entry, PROGRAM, reason, conclusion.now)?;
            released += 1;
        }
    }
    Ok(released)
}

fn supersede(tx: &Tx<'_>, superseded: RunId, conclusion: &Conclusion) -> Result<(), StoreError> {
    let Some(run) = runs::read(tx, superseded)?.filter(|run| run.state == RunState::Held) else {
        return Ok(());
    };
    let detail = format!("superseded by run {}", conclusion.run);
    cancel_held(tx, run.id, PROGRAM, &detail, conclusion.now)?;
    let next = Run {
        state: RunState::Superseded,
        ..run.clone()
    };
    let cause = Cause {
        event: Event::RunSuperseded,
        actor: PROGRAM,
        detail: &detail,
        now: conclusion.now,
    };
    transition::change_run(tx, &run, &next, None, cause)
}

fn enqueue(tx: &Tx<'_>, conclusion: &Conclusion) -> Result<Finished, StoreError> {
    let (hold, not_before) = match conclusion.enqueue {
        Enqueue::Nothing => {
            keep_for_people(tx, conclusion)?;
            return Ok(Finished::default());
        }
        Enqueue::Queue { not_before } => (None, not_before),
        Enqueue::Hold { hold, not_before } => (Some(hold), not_before),
    };
    let mut finished = Finished::default();
    for revocation in &conclusion.revocations {
        let task = transition::insert_task(tx, conclusion.run, revocation, hold, not_before, conclusion.now)?;
        match task {
            Some(_) => finished.queued += 1,
            None => finished.already_queued += 1,
        }
    }
    Ok(finished)
}

fn keep_for_people(tx: &Tx<'_>, conclusion: &Conclusion) -> Result<(), StoreError> {
    let mut insert =
        tx.prepare_cached("INSERT INTO run_decisions (run, position, revocation) VALUES (?1, ?2, ?3)")?;
    for (position, revocation) in (0_i64..).zip(conclusion.revocations.iter().take(DECISIONS_KEPT)) {
        insert.execute((conclusion.run, position, Json(revocation)))?;
    }
    Ok(())
}

/// Cancels the tasks of a run that wait in `held`.
pub(super) fn cancel_held(
    tx: &Tx<'_>,
    run: RunId,
    actor: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    for task in held(tx, run)? {
        cancel(tx, &task, actor, reason, now)?;
    }
    Ok(())
}

/// The tasks of a run that wait in `held`, in the order they were decided.
pub(super) fn held(tx: &Tx<'_>, run: RunId) -> Result<Vec<Entry>, StoreError> {
    let ids = entry::ids(
        tx,
        "SELECT id FROM tasks WHERE run = ?1 AND state = 'held' ORDER BY id",
        [run],
    )?;
    let mut held = Vec::with_capacity(ids.len());
    for id in ids {
        held.extend(Entry::read(tx, id)?);
    }
    Ok(held)
}

pub(super) fn cancel(
    tx: &Tx<'_>,
    entry: &Entry,
    actor: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let next = Next {
        note: Some(reason),
        ..Next::of(entry, TaskState::Cancelled)
    };
    let cause = Cause {
        event: Event::Cancelled,
        actor,
        detail: reason,
        now,
    };
    transition::change_task(tx, entry, &next, cause).map(|_| ())
}
