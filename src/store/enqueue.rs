//! What a run decided comes into the queue, or is kept for people to look at.
//!
//! A target is in the queue once. Where another policy has it there already,
//! the decision that can be carried out now goes before one that waits or was
//! given up: that a target must go soon is not lost because it may go later.

use std::collections::BTreeSet;

use rusqlite::OptionalExtension;

use super::{
    cancel::cancel,
    columns::Json,
    conclude::{Conclusion, Enqueue},
    entry::Entry,
    error::{RunError, StoreError},
    transition::{self, PROGRAM},
    writer::Tx,
};
use crate::model::{PolicyName, Priority, Revocation, RunId, Target, TaskId, TaskState};

/// Revocations kept, for people to look at, of a run that queues nothing.
const DECISIONS_KEPT: usize = 1_000;

/// Runs of a policy whose revocations are kept: those before the newest are
/// what the newest say again.
const RUNS_KEPT: i64 = 5;

/// What came into the queue.
#[derive(Default)]
pub(super) struct Enqueued {
    pub queued: u64,
    pub already_queued: u64,
    pub taken_over: u64,
    /// The runs whose tasks were taken over.
    pub runs_touched: BTreeSet<RunId>,
}

/// A target that names nothing could be neither found again nor removed.
pub(super) fn refuse_nameless(revocations: &[Revocation]) -> Result<(), RunError> {
    let is_nameless = |target: &Target| {
        let subject = target.subject.as_ref();
        target.cloud.as_str().is_empty()
            || target.resource.as_str().is_empty()
            || subject.is_some_and(|subject| subject.as_str().is_empty())
    };
    let targets = revocations.iter().map(|revocation| &revocation.target);
    match targets.into_iter().find(|target| is_nameless(target)) {
        Some(target) => Err(RunError::EmptyId(target.clone())),
        None => Ok(()),
    }
}

pub(super) fn enqueue(
    tx: &Tx<'_>,
    policy: &PolicyName,
    conclusion: &Conclusion,
) -> Result<Enqueued, StoreError> {
    let (hold, not_before) = match conclusion.enqueue {
        Enqueue::Nothing => {
            keep_for_people(tx, policy, conclusion)?;
            return Ok(Enqueued::default());
        }
        Enqueue::Queue { not_before } => (None, not_before),
        Enqueue::Hold { hold, not_before } => (Some(hold), not_before),
    };
    let mut enqueued = Enqueued::default();
    for revocation in &conclusion.revocations {
        if let Some(live) = live_on(tx, &revocation.target)? {
            if hold.is_some() || !gives_way(tx, &live, revocation, conclusion.priority)? {
                enqueued.already_queued += 1;
                continue;
            }
            let reason = format!("decided sooner by policy {}", revocation.evidence.policy);
            cancel(tx, &live, PROGRAM, &reason, conclusion.now)?;
            enqueued.taken_over += 1;
            enqueued.runs_touched.insert(live.run);
        }
        let (run, priority, now) = (conclusion.run, conclusion.priority, conclusion.now);
        transition::insert_task(tx, run, revocation, priority, hold, not_before, now)?;
        enqueued.queued += 1;
    }
    Ok(enqueued)
}

fn live_on(tx: &Tx<'_>, target: &Target) -> Result<Option<Entry>, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT id FROM tasks INDEXED BY tasks_live
         WHERE cloud = ?1 AND kind = ?2 AND resource = ?3 AND ifnull(subject, '') = ifnull(?4, '')
             AND state NOT IN ('done', 'cancelled')",
    )?;
    let values = (&target.cloud, target.kind, &target.resource, &target.subject);
    let live: Option<TaskId> = select.query_row(values, |row| row.get(0)).optional()?;
    match live {
        Some(id) => Entry::read(tx, id),
        None => Ok(None),
    }
}

/// Whether a live task of another policy leaves its target to a decision that
/// is to be carried out now. One that only stands in the queue does so to what
/// is urgent; one that a worker or a job of the cloud has stays with whom it is.
fn gives_way(
    tx: &Tx<'_>,
    live: &Entry,
    revocation: &Revocation,
    priority: Priority,
) -> Result<bool, StoreError> {
    if live.policy == revocation.evidence.policy {
        return Ok(false);
    }
    match live.state {
        TaskState::Held => Ok(true),
        TaskState::Queued if live.priority >= priority => Ok(false),
        TaskState::Queued | TaskState::Dead => Ok(!was_tried(tx, revocation)?),
        _ => Ok(false),
    }
}

/// Whether the same text of the policy was tried on this very grant before.
/// Without this, two policies that both give up would take a target from each
/// other for ever.
fn was_tried(tx: &Tx<'_>, revocation: &Revocation) -> Result<bool, StoreError> {
    let Revocation { target, evidence, .. } = revocation;
    let mut select = tx.prepare_cached(
        "SELECT evidence ->> 'policy_digest', evidence ->> 'grant_version' FROM tasks INDEXED BY tasks_over
         WHERE cloud = ?1 AND kind = ?2 AND resource = ?3 AND ifnull(subject, '') = ifnull(?4, '')
             AND state IN ('done', 'cancelled') AND state = 'cancelled' AND policy = ?5 AND attempts > 0",
    )?;
    let values = (
        &target.cloud,
        target.kind,
        &target.resource,
        &target.subject,
        &evidence.policy,
    );
    let mut rows = select.query(values)?;
    while let Some(row) = rows.next()? {
        let (digest, version): (String, String) = (row.get(0)?, row.get(1)?);
        if digest == evidence.policy_digest && version == evidence.grant_version {
            return Ok(true);
        }
    }
    Ok(false)
}

fn keep_for_people(tx: &Tx<'_>, policy: &PolicyName, conclusion: &Conclusion) -> Result<(), StoreError> {
    if conclusion.revocations.is_empty() {
        return Ok(());
    }
    let mut insert =
        tx.prepare_cached("INSERT INTO run_decisions (run, position, revocation) VALUES (?1, ?2, ?3)")?;
    for (position, revocation) in (0_i64..).zip(conclusion.revocations.iter().take(DECISIONS_KEPT)) {
        insert.execute((conclusion.run, position, Json(revocation)))?;
    }
    // Each such run pushes out at most one.
    let mut forget = tx.prepare_cached(
        "DELETE FROM run_decisions WHERE run = (
             SELECT id FROM runs
             WHERE policy = ?1 AND EXISTS (SELECT 1 FROM run_decisions WHERE run = runs.id)
             ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )?;
    forget.execute((policy, RUNS_KEPT))?;
    Ok(())
}
