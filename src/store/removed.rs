//! What was seen gone after a given moment: a cloud's listing that began before
//! may still show it.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, OptionalExtension};

use super::{Store, columns::Micros, error::StoreError};
use crate::model::Target;

/// Targets looked up in one read, so that a large question does not keep a
/// reader and the write-ahead log for itself.
const TARGETS_TOGETHER: usize = 10_000;

impl Store {
    /// When those of the targets were last seen gone that were so at the moment
    /// beside them or later.
    pub async fn removed_since(
        &self,
        targets: Vec<(Target, Timestamp)>,
    ) -> Result<HashMap<Target, Timestamp>, StoreError> {
        let mut removed = HashMap::new();
        let mut waiting = targets.into_iter();
        loop {
            let together: Vec<_> = waiting.by_ref().take(TARGETS_TOGETHER).collect();
            if together.is_empty() {
                return Ok(removed);
            }
            let some = self
                .shared
                .readers
                .read(move |connection| look_up(connection, together));
            removed.extend(some.await?);
        }
    }
}

fn look_up(
    connection: &Connection,
    targets: Vec<(Target, Timestamp)>,
) -> Result<Vec<(Target, Timestamp)>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT finished_at FROM tasks INDEXED BY tasks_over
         WHERE cloud = ?1 AND kind = ?2 AND resource = ?3 AND ifnull(subject, '') = ifnull(?4, '')
             AND state IN ('done', 'cancelled') AND state = 'done' AND finished_at >= ?5
         ORDER BY finished_at DESC LIMIT 1",
    )?;
    let mut removed = Vec::new();
    for (target, since) in targets {
        if let Some(at) = last_removal(&mut select, &target, since)? {
            removed.push((target, at));
        }
    }
    Ok(removed)
}

fn last_removal(
    select: &mut CachedStatement<'_>,
    target: &Target,
    since: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let values = (
        &target.cloud,
        target.kind,
        &target.resource,
        &target.subject,
        Micros(since),
    );
    let found = select.query_row(values, |row| row.get(0)).optional()?;
    Ok(found.map(|Micros(at)| at))
}
