//! Taking tasks back, and what that means for the run they came from.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    entry::{self, Entry},
    error::StoreError,
    runs,
    transition::{self, Cause, Next},
    writer::Tx,
};
use crate::model::{Event, Run, RunId, RunState, TaskState};

/// The detail of a held run that is over because nothing of it waits.
const NOTHING_WAITS: &str = "none of its tasks waits for an operator any more";

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

/// Ends those of the runs that wait for an operator and have nothing left to
/// be allowed or rejected. To be called with the runs of all tasks taken back,
/// in the same transaction.
pub(super) fn close_emptied(
    tx: &Tx<'_>,
    runs: &BTreeSet<RunId>,
    actor: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    for id in runs {
        let held = runs::read(tx, *id)?.filter(|run| run.state == RunState::Held);
        let Some(run) = held else {
            continue;
        };
        if !waits_for_operator(tx, *id)? {
            supersede(tx, &run, actor, NOTHING_WAITS, now)?;
        }
    }
    Ok(())
}

/// Ends a held run that nobody has to decide about any more.
pub(super) fn supersede(
    tx: &Tx<'_>,
    run: &Run,
    actor: &str,
    detail: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let next = Run {
        state: RunState::Superseded,
        ..run.clone()
    };
    let cause = Cause {
        event: Event::RunSuperseded,
        actor,
        detail,
        now,
    };
    transition::change_run(tx, run, &next, None, cause)
}

fn waits_for_operator(tx: &Tx<'_>, run: RunId) -> Result<bool, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT 1 FROM tasks WHERE run = ?1 AND state = 'held' AND hold IN ('approval', 'brake')",
    )?;
    Ok(select.exists([run])?)
}
