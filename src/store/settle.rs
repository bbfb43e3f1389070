//! What came of a try is written once, by whoever still has the task.

use jiff::Timestamp;

use super::{
    Store,
    claim::{LeaseToken, end_attempt},
    entry::Entry,
    error::StoreError,
    transition::{self, Cause, Next, PROGRAM},
    writer::Tx,
};
use crate::model::{Event, TaskId, TaskState, Verdict};

/// The end of one try.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub task: TaskId,
    pub lease: LeaseToken,
    pub verdict: Verdict,
    /// A word for what the cloud did, for the attempt.
    pub outcome: String,
    pub now: Timestamp,
}

impl Store {
    /// Settles tries, each with its audit record, in one transaction. `false`
    /// stands where the lease was no longer the task's: nothing was changed
    /// there.
    pub async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<bool>, StoreError> {
        if settlements.is_empty() {
            return Ok(Vec::new());
        }
        let settle_all = move |tx: &Tx<'_>| settlements.iter().map(|one| settle(tx, one)).collect();
        self.shared.writer.submit(settle_all).await
    }
}

fn settle(tx: &Tx<'_>, settlement: &Settlement) -> Result<bool, StoreError> {
    let Some(entry) = Entry::read(tx, settlement.task)? else {
        return Ok(false);
    };
    if entry.lease != Some(settlement.lease.0) {
        return Ok(false);
    }
    let (next, note) = after(&entry, &settlement.verdict);
    let detail = format!("{}: {note}", settlement.outcome);
    let cause = Cause {
        event: Event::Settled,
        actor: PROGRAM,
        detail: &detail,
        now: settlement.now,
    };
    transition::change_task(tx, &entry, &next, cause)?;
    end_attempt(tx, entry.id, settlement.now, &settlement.outcome, note)?;
    Ok(true)
}

fn after<'v>(entry: &Entry, verdict: &'v Verdict) -> (Next<'v>, &'v str) {
    let (next, note) = match verdict {
        Verdict::Done { note } => (Next::of(entry, TaskState::Done), note),
        Verdict::Dead { reason } => (Next::of(entry, TaskState::Dead), reason),
        Verdict::Cancelled { reason } => (Next::of(entry, TaskState::Cancelled), reason),
        Verdict::UnderWay { not_before, note } => {
            let state = match entry.job {
                Some(_) => TaskState::Submitted,
                None => TaskState::Verifying,
            };
            let next = Next {
                not_before: *not_before,
                job: entry.job.clone(),
                ..Next::of(entry, state)
            };
            (next, note)
        }
        Verdict::Again {
            not_before,
            called,
            burned,
            note,
        } => {
            let state = if *called {
                TaskState::Verifying
            } else {
                TaskState::Queued
            };
            let given_back = u32::from(!burned);
            let next = Next {
                not_before: *not_before,
                attempts: entry.attempts.saturating_sub(given_back),
                ..Next::of(entry, state)
            };
            (next, note)
        }
    };
    let next = Next {
        note: Some(note),
        ..next
    };
    (next, note)
}
