//! Reading the audit, a page at a time.

use rusqlite::{Connection, named_params};

use crate::{
    model::{AuditRecord, PolicyName, RunId, TaskId},
    store::{StoreError, columns::Json},
};

/// All that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub task: Option<TaskId>,
    pub run: Option<RunId>,
    pub policy: Option<PolicyName>,
    /// Start after this record and go forward; without it, the newest are given.
    pub after: Option<i64>,
}

/// At most `limit` records, oldest first.
pub(in crate::store) fn list(
    connection: &Connection,
    filter: &AuditFilter,
    limit: usize,
) -> Result<Vec<AuditRecord>, StoreError> {
    let mut conditions = vec!["seq > :after"];
    // A condition that is not needed would keep SQLite from choosing the index.
    let mut also = |wanted: bool, condition, otherwise| {
        conditions.push(if wanted { condition } else { otherwise });
    };
    also(filter.task.is_some(), "task = :task", ":task IS NULL");
    also(filter.run.is_some(), "run = :run", ":run IS NULL");
    also(filter.policy.is_some(), "policy = :policy", ":policy IS NULL");
    let direction = if filter.after.is_some() { "ASC" } else { "DESC" };
    let sql = format!(
        "SELECT payload FROM audit WHERE {} ORDER BY seq {direction} LIMIT :limit",
        conditions.join(" AND ")
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let parameters = named_params! {
        ":after": filter.after.unwrap_or(0),
        ":task": filter.task,
        ":run": filter.run,
        ":policy": filter.policy,
        ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
    };
    let records = statement.query_map(parameters, |row| row.get(0).map(|Json(record)| record))?;
    let mut records: Vec<AuditRecord> = records.collect::<Result<_, _>>()?;
    if filter.after.is_none() {
        records.reverse();
    }
    Ok(records)
}
