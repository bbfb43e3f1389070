//! Runs begin here, and are read here.

use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    Store,
    columns::{Json, Micros},
    entry::moment,
    error::{RunError, StoreError},
    recover,
    transition::{self, NewRun},
    writer::Tx,
};
use crate::model::{Run, RunId};

/// Whether a run may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    Started(RunId),
    /// This run of the same policy is still under way; nothing was begun.
    Overlaps(RunId),
}

impl Store {
    /// Begins a run, unless one of the same policy is under way.
    pub async fn begin_run(&self, new: NewRun) -> Result<Begun, StoreError> {
        let begin = move |tx: &Tx<'_>| {
            recover::fail_overlong(tx, &new.policy, new.at_most, new.now)?;
            if let Some(run) = transition::insert_run(tx, &new)? {
                return Ok(Begun::Started(run));
            }
            let mut running =
                tx.prepare_cached("SELECT id FROM runs WHERE policy = ?1 AND state = 'running'")?;
            let run = running.query_row([&new.policy], |row| row.get(0))?;
            Ok(Begun::Overlaps(run))
        };
        self.shared.writer.submit(begin).await
    }
}

pub(super) fn read(connection: &Connection, id: RunId) -> Result<Option<Run>, StoreError> {
    let mut select = connection.prepare_cached("SELECT * FROM runs WHERE id = ?1")?;
    Ok(select.query_row([id], run).optional()?)
}

pub(super) fn existing(connection: &Connection, id: RunId) -> Result<Run, RunError> {
    read(connection, id)?.ok_or(RunError::NoSuchRun(id))
}

/// A whole row of `runs`.
pub(super) fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let Json(totals) = row.get("totals")?;
    let Json(notes) = row.get("notes")?;
    Ok(Run {
        id: row.get("id")?,
        policy: row.get("policy")?,
        policy_digest: row.get("policy_digest")?,
        mode: row.get("mode")?,
        trigger: row.get("started_by")?,
        state: row.get("state")?,
        started_at: moment(row, "started_at")?,
        finished_at: row.get::<_, Option<Micros>>("finished_at")?.map(|Micros(at)| at),
        totals,
        notes,
    })
}
