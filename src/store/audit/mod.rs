//! The audit: records in a chain of hashes, only ever added to.
//!
//! Each record's hash covers its exact bytes and the hash before it, so an edit
//! or a missing record shows. A chain alone does not show that its end was cut
//! off; for that the database's own count of records is compared as well.

use jiff::Timestamp;
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};

pub use list::AuditFilter;
pub use verify::AuditReport;

pub(super) use list::list;
pub(super) use verify::{verify, verify_since};

use super::{error::StoreError, writer::Tx};
use crate::model::{AuditRecord, Event};

mod list;
mod story;
mod verify;

/// What the first record's hash builds on.
const GENESIS: [u8; 32] = [0; 32];

/// The end of the chain: the number last given out, and the hash to build on.
#[derive(Clone, Copy)]
pub(super) struct Head {
    seq: i64,
    hash: [u8; 32],
}

/// A record about nothing but an event; callers fill in the rest.
pub(super) fn record(event: Event, actor: &str, now: Timestamp) -> AuditRecord {
    AuditRecord {
        seq: 0,
        at: now,
        event,
        actor: actor.to_owned(),
        run: None,
        task: None,
        policy: None,
        target: None,
        from: None,
        to: None,
        detail: String::new(),
        hold: None,
        due_since: None,
        evidence: None,
    }
}

/// Adds a record to the chain and returns its number.
pub(super) fn append(tx: &Tx<'_>, mut record: AuditRecord) -> Result<i64, StoreError> {
    let head = head(tx)?;
    record.seq = head.seq + 1;
    let payload = serde_json::to_string(&record)?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO audit (seq, task, run, policy, payload, prev, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let hash = link(&head.hash, &payload);
    insert.execute((
        record.seq,
        record.task,
        record.run,
        &record.policy,
        &payload,
        head.hash,
        hash,
    ))?;
    tx.set_audit_head(Head {
        seq: record.seq,
        hash,
    });
    Ok(record.seq)
}

/// The number comes from SQLite's own count, so that what was cut off leaves a
/// gap.
fn head(tx: &Tx<'_>) -> Result<Head, StoreError> {
    if let Some(head) = tx.audit_head() {
        return Ok(head);
    }
    let mut count = tx.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'audit'")?;
    let last = count.query_row([], |row| row.get(0)).optional()?;
    let mut newest = tx.prepare_cached("SELECT hash FROM audit ORDER BY seq DESC LIMIT 1")?;
    let hash = newest.query_row([], |row| row.get(0)).optional()?;
    Ok(Head {
        seq: last.unwrap_or(0),
        hash: hash.unwrap_or(GENESIS),
    })
}

fn link(prev: &[u8], payload: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(prev)
        .chain_update(payload)
        .finalize()
        .into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
