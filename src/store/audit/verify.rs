//! Whether the audit is whole, and agrees with the runs and tasks it is about.
//!
//! One pass over the chain, then one over each table, all in one snapshot and
//! with nothing kept in memory but what was found wrong. What was added since an
//! earlier pass can be looked at alone.

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    GENESIS, hex, link,
    story::{compare_end, verify_story},
};
use crate::{
    model::AuditRecord,
    store::{StoreError, entry},
};

/// Problems that are spelled out; more are only counted.
const PROBLEMS_NAMED: usize = 100;

/// Records between two words of progress.
const RECORDS_PER_STEP: u64 = 4_096;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    pub records: u64,
    /// The newest record and its hash in hex. Kept somewhere else, it proves
    /// later that nothing before it was replaced.
    pub head: Option<(i64, String)>,
    /// Sentences for people; empty if all is well.
    pub problems: Vec<String>,
    /// Problems beyond those named.
    pub more_problems: u64,
}

impl AuditReport {
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn problem(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS_NAMED {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }
}

pub(in crate::store) fn verify(
    connection: &Connection,
    mut progress: impl FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<AuditReport, StoreError> {
    let mut report = AuditReport::default();
    verify_chain(connection, &mut report, (0, GENESIS), &mut progress)?;
    let (records, mut rows) = (report.records, 0_u64);
    // The tables are no records: what is told of them is only that it goes on.
    let mut step = || {
        rows += 1;
        match rows.is_multiple_of(RECORDS_PER_STEP) {
            true => go_on(progress(records, records)),
            false => Ok(()),
        }
    };
    verify_runs(connection, &mut report, &mut step)?;
    verify_tasks(connection, &mut report, &mut step)?;
    verify_nothing_vanished(connection, &mut report)?;
    Ok(report)
}

/// The records after `head`, which an earlier report named, and that `head` is
/// still what it was. The report counts the new records alone.
pub(in crate::store) fn verify_since(
    connection: &Connection,
    head: &(i64, String),
    mut progress: impl FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<AuditReport, StoreError> {
    let mut report = AuditReport::default();
    let select = "SELECT hash FROM audit WHERE seq = ?1";
    let hash: Option<[u8; 32]> = connection
        .query_row(select, [head.0], |row| row.get(0))
        .optional()?;
    match hash {
        Some(hash) if hex(&hash) == head.1 => {
            verify_chain(connection, &mut report, (head.0, hash), &mut progress)?;
            report.head.get_or_insert_with(|| head.clone());
        }
        _ => report.problem(format!(
            "record {} is not the one that was there before: the audit was replaced or cut",
            head.0
        )),
    }
    Ok(report)
}

fn go_on(flow: ControlFlow<()>) -> Result<(), StoreError> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(StoreError::Closed),
    }
}

/// From the record after `last`, or from the first.
fn verify_chain(
    connection: &Connection,
    report: &mut AuditReport,
    mut last: (i64, [u8; 32]),
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let count = "SELECT count(*) FROM audit WHERE seq > ?1";
    let total: i64 = connection.query_row(count, [last.0], |row| row.get(0))?;
    let mut select = connection.prepare("SELECT * FROM audit WHERE seq > ?1 ORDER BY seq")?;
    let mut rows = select.query([last.0])?;
    while let Some(row) = rows.next()? {
        last = verify_link(row, last, report)?;
        report.records += 1;
        if report.records.is_multiple_of(RECORDS_PER_STEP) {
            go_on(progress(report.records, total.cast_unsigned()))?;
        }
    }
    go_on(progress(report.records, total.cast_unsigned()))?;
    if report.records > 0 {
        report.head = Some((last.0, hex(&last.1)));
    }
    let count = connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'audit'")?
        .query_row([], |row| row.get::<_, i64>(0));
    match count.optional()?.unwrap_or(0) {
        written if written > last.0 => report.problem(format!(
            "records {} to {written} are missing from the end of the audit",
            last.0 + 1
        )),
        written if written < last.0 => report.problem(format!(
            "the count of records says {written}, but the audit goes on to record {}",
            last.0
        )),
        _ => {}
    }
    Ok(())
}

/// Compares a record with the one before it, and with itself.
fn verify_link(
    row: &Row<'_>,
    (last_seq, last_hash): (i64, [u8; 32]),
    report: &mut AuditReport,
) -> Result<(i64, [u8; 32]), StoreError> {
    let seq: i64 = row.get("seq")?;
    let payload: String = row.get("payload")?;
    let prev: [u8; 32] = row.get("prev")?;
    let hash: [u8; 32] = row.get("hash")?;
    if seq != last_seq + 1 {
        report.problem(format!("records {} to {} are missing", last_seq + 1, seq - 1));
    } else if prev != last_hash {
        report.problem(format!("record {seq} does not follow from record {last_seq}"));
    }
    if link(&prev, &payload) != hash {
        report.problem(format!("record {seq} is not what was written: its hash differs"));
    }
    match serde_json::from_str::<AuditRecord>(&payload) {
        Err(error) => report.problem(format!("record {seq} cannot be read: {error}")),
        Ok(record) => {
            if record.seq != seq {
                report.problem(format!("record {seq} says that it is record {}", record.seq));
            }
            let indexed = (row.get("task")?, row.get("run")?, row.get("policy")?);
            if indexed != (record.task, record.run, record.policy) {
                report.problem(format!(
                    "record {seq} is indexed as something that it does not say"
                ));
            }
        }
    }
    Ok((seq, hash))
}

fn verify_runs(
    connection: &Connection,
    report: &mut AuditReport,
    step: &mut dyn FnMut() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut select = connection.prepare("SELECT id, state FROM runs ORDER BY id")?;
    let mut newest = connection
        .prepare("SELECT payload FROM audit WHERE run = ?1 AND task IS NULL ORDER BY seq DESC LIMIT 1")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        step()?;
        let (run, state): (i64, String) = (row.get(0)?, row.get(1)?);
        match newest.query_row([run], readable_record).optional()? {
            None => report.problem(format!("run {run} is {state}, and the audit knows nothing of it")),
            Some(None) => {}
            Some(Some(record)) => compare_end(report, "run", run, &state, &record),
        }
    }
    Ok(())
}

fn verify_tasks(
    connection: &Connection,
    report: &mut AuditReport,
    step: &mut dyn FnMut() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut select = connection.prepare("SELECT * FROM tasks ORDER BY id")?;
    let mut story = connection.prepare("SELECT payload FROM audit WHERE task = ?1 ORDER BY seq")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        step()?;
        let id: i64 = row.get("id")?;
        match entry::task(row) {
            Ok(task) => verify_story(report, &task, &row.get::<_, String>("policy")?, &mut story)?,
            Err(error) => report.problem(format!("task {id} cannot be read: {error}")),
        }
    }
    Ok(())
}

/// `None` if the payload is broken, which the pass over the chain has named.
pub(super) fn readable_record(row: &Row<'_>) -> rusqlite::Result<Option<AuditRecord>> {
    let payload: String = row.get("payload")?;
    Ok(serde_json::from_str(&payload).ok())
}

fn verify_nothing_vanished(connection: &Connection, report: &mut AuditReport) -> Result<(), StoreError> {
    let vanished = [
        (
            "task",
            "SELECT DISTINCT task FROM audit WHERE task IS NOT NULL AND task NOT IN (SELECT id FROM tasks)",
        ),
        (
            "run",
            "SELECT DISTINCT run FROM audit WHERE run IS NOT NULL AND run NOT IN (SELECT id FROM runs)",
        ),
    ];
    for (what, sql) in vanished {
        let mut select = connection.prepare(sql)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            report.problem(format!("the audit speaks of {what} {id}, which is not there"));
        }
    }
    Ok(())
}
