//! Tasks whose policy or cloud is no longer configured: nobody would ever take
//! them, and they would block their targets.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;

use super::{
    Store,
    cancel::{cancel, close_emptied},
    entry::{self, Entry},
    error::StoreError,
    transition::{self, Cause, Next, PROGRAM},
    writer::Tx,
};
use crate::model::{CloudName, Event, PolicyName, RunId, TaskState};

/// What became of tasks that nothing configured stands behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    /// Their policy is gone.
    pub cancelled: u64,
    /// Given up: their cloud is gone.
    pub dead: u64,
}

impl Store {
    /// Cancels what waits under other policies than `policies`, and gives up
    /// what waits on other clouds than `clouds`. Both have to be all that is
    /// configured, not a selection.
    ///
    /// What a worker has is left to it. Of a policy that is gone, tasks
    /// that a call may have been made for are left to their own look.
    ///
    /// # Errors
    /// Nothing was changed.
    pub async fn retire(
        &self,
        policies: Vec<PolicyName>,
        clouds: Vec<CloudName>,
        now: Timestamp,
    ) -> Result<Retired, StoreError> {
        let retire = move |tx: &Tx<'_>| {
            let mut touched = BTreeSet::new();
            let retired = Retired {
                cancelled: cancel_of_gone_policies(tx, &policies, now, &mut touched)?,
                dead: give_up_on_gone_clouds(tx, &clouds, now, &mut touched)?,
            };
            close_emptied(tx, &touched, PROGRAM, now)?;
            Ok(retired)
        };
        self.shared.writer.submit(retire).await
    }
}

fn cancel_of_gone_policies(
    tx: &Tx<'_>,
    policies: &[PolicyName],
    now: Timestamp,
    touched: &mut BTreeSet<RunId>,
) -> Result<u64, StoreError> {
    let configured: HashSet<&str> = policies.iter().map(PolicyName::as_str).collect();
    let mut cancelled = 0;
    for policy in names(
        tx,
        "SELECT DISTINCT policy FROM tasks WHERE state IN ('held', 'queued', 'dead')",
    )? {
        if configured.contains(policy.as_str()) {
            continue;
        }
        let reason = format!("policy {policy} is no longer there");
        let gone =
            "SELECT id FROM tasks WHERE policy = ?1 AND state IN ('held', 'queued', 'dead') ORDER BY id";
        for id in entry::ids(tx, gone, [&policy])? {
            let Some(entry) = Entry::read(tx, id)? else {
                continue;
            };
            cancel(tx, &entry, PROGRAM, &reason, now)?;
            touched.insert(entry.run);
            cancelled += 1;
        }
    }
    Ok(cancelled)
}

fn give_up_on_gone_clouds(
    tx: &Tx<'_>,
    clouds: &[CloudName],
    now: Timestamp,
    touched: &mut BTreeSet<RunId>,
) -> Result<u64, StoreError> {
    let configured: HashSet<&str> = clouds.iter().map(CloudName::as_str).collect();
    let mut dead = 0;
    for cloud in names(
        tx,
        "SELECT DISTINCT cloud FROM tasks
         WHERE state IN ('held', 'queued', 'submitted', 'verifying') AND lease IS NULL",
    )? {
        if configured.contains(cloud.as_str()) {
            continue;
        }
        let reason = format!("cloud {cloud} is no longer configured");
        let gone = "SELECT id FROM tasks
             WHERE cloud = ?1 AND state IN ('held', 'queued', 'submitted', 'verifying') AND lease IS NULL
             ORDER BY id";
        for id in entry::ids(tx, gone, [&cloud])? {
            let Some(entry) = Entry::read(tx, id)? else {
                continue;
            };
            give_up(tx, &entry, &reason, now)?;
            touched.insert(entry.run);
            dead += 1;
        }
    }
    Ok(dead)
}

fn give_up(tx: &Tx<'_>, entry: &Entry, reason: &str, now: Timestamp) -> Result<(), StoreError> {
    let next = Next {
        note: Some(reason),
        ..Next::of(entry, TaskState::Dead)
    };
    let cause = Cause {
        event: Event::GivenUp,
        actor: PROGRAM,
        detail: reason,
        now,
    };
    transition::change_task(tx, entry, &next, cause).map(|_| ())
}

fn names(tx: &Tx<'_>, sql: &str) -> Result<Vec<String>, StoreError> {
    let mut select = tx.prepare_cached(sql)?;
    let names = select.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}
