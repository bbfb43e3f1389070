//! Reading runs and tasks: for people, for metrics, and for the next decision.

use std::{
    collections::{BTreeSet, HashMap},
    ops::ControlFlow,
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, ToSql};

use super::{
    Store,
    audit::{self, AuditFilter, AuditReport},
    columns::{Json, Micros},
    entry::{self, moment},
    error::StoreError,
    runs,
    writer::Tx,
};
use crate::engine::patterns::Patterns;
use crate::model::{
    Attempt, AuditRecord, CloudName, Evidence, Id, LiveTask, OtherTask, PolicyName, Revocation, Run, RunId,
    RunState, Target, Task, TaskId, TaskState,
};

/// All that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    pub policy: Option<PolicyName>,
    pub state: Option<RunState>,
}

/// All that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    pub state: Option<TaskState>,
    pub policy: Option<PolicyName>,
    pub run: Option<RunId>,
    pub cloud: Option<CloudName>,
    pub resource: Option<Ids>,
    pub subject: Option<Ids>,
}

/// Which ids are meant.
#[derive(Clone, Debug)]
pub enum Ids {
    One(Id),
    Like(Box<Patterns>),
}

impl Ids {
    /// An id, or a glob as policies write them.
    ///
    /// # Errors
    /// Why it is no glob.
    pub fn parse(written: &str) -> Result<Ids, String> {
        if !written.contains(['*', '?', '[']) {
            return Ok(Ids::One(Id::from(written)));
        }
        match Patterns::compile(vec![written.to_owned()]) {
            Ok(patterns) => Ok(Ids::Like(Box::new(patterns))),
            Err((_, why)) => Err(why),
        }
    }
}

impl Store {
    /// Newest first.
    pub async fn runs(&self, filter: RunFilter, limit: usize) -> Result<Vec<Run>, StoreError> {
        let list = move |connection: &Connection| {
            let mut query = Query::new("SELECT * FROM runs");
            query.also("policy", filter.policy);
            query.also("state", filter.state);
            query.newest(connection, limit, runs::run)
        };
        self.shared.readers.read(list).await
    }

    pub async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        self.shared
            .readers
            .read(move |connection| runs::read(connection, id))
            .await
    }

    /// What a run decided, at most `limit` of it, and how much that was in all.
    ///
    /// Of a run that queued nothing the first thousand are kept, until five
    /// such runs of the policy came after it; then only how much it was. Of any
    /// other there is one for each task that it brought into the queue.
    pub async fn run_decisions(&self, id: RunId, limit: usize) -> Result<(Vec<Revocation>, u64), StoreError> {
        self.shared
            .readers
            .read(move |connection| decisions(connection, id, limit))
            .await
    }

    /// Every policy that a run here is of, and with it every task.
    pub async fn policies(&self) -> Result<BTreeSet<PolicyName>, StoreError> {
        let names = |connection: &Connection| {
            let mut select =
                connection.prepare_cached("SELECT policy FROM policies UNION SELECT policy FROM runs")?;
            let names = select.query_map([], |row| row.get(0))?;
            Ok(names.collect::<Result<_, _>>()?)
        };
        self.shared.readers.read(names).await
    }

    /// Newest first.
    pub async fn tasks(&self, filter: TaskFilter, limit: usize) -> Result<Vec<Task>, StoreError> {
        let list = move |connection: &Connection| {
            let mut query = Query::new("SELECT * FROM tasks");
            query.also("state", filter.state);
            query.also("policy", filter.policy);
            query.also("run", filter.run);
            query.also("cloud", filter.cloud);
            query.also_ids("resource", filter.resource);
            query.also_ids("subject", filter.subject);
            query.newest(connection, limit, entry::task)
        };
        self.shared.readers.read(list).await
    }

    /// A task with its attempts, oldest first.
    pub async fn task(&self, id: TaskId) -> Result<Option<(Task, Vec<Attempt>)>, StoreError> {
        self.shared
            .readers
            .read(move |connection| task_with_attempts(connection, id))
            .await
    }

    /// Every task of the policy that is neither done nor cancelled.
    pub async fn live(&self, policy: PolicyName) -> Result<Vec<LiveTask>, StoreError> {
        self.shared
            .readers
            .read(move |connection| live(connection, &policy))
            .await
    }

    /// What other policies than this one have in the queue of these targets:
    /// each is there once, whoever wants it gone. Each is looked up by itself,
    /// so that a run takes no longer for a backlog that is none of its business.
    pub async fn live_elsewhere(
        &self,
        policy: PolicyName,
        targets: Vec<Target>,
    ) -> Result<HashMap<Target, OtherTask>, StoreError> {
        let elsewhere = move |connection: &Connection| {
            let mut select = connection.prepare_cached(
                "SELECT state, priority FROM tasks INDEXED BY tasks_live
                 WHERE cloud = ?1 AND kind = ?2 AND resource = ?3 AND ifnull(subject, '') = ifnull(?4, '')
                     AND state NOT IN ('done', 'cancelled') AND policy <> ?5",
            )?;
            let mut elsewhere = HashMap::new();
            for target in targets {
                let Target {
                    cloud,
                    kind,
                    resource,
                    subject,
                } = &target;
                let found = select.query_row((cloud, kind, resource, subject, &policy), |row| {
                    Ok(OtherTask {
                        state: row.get("state")?,
                        priority: row.get("priority")?,
                    })
                });
                if let Some(other) = found.optional()? {
                    elsewhere.insert(target, other);
                }
            }
            Ok(elsewhere)
        };
        self.shared.readers.read(elsewhere).await
    }

    /// The fire that the policy's schedule has come to.
    pub async fn last_fire(&self, policy: PolicyName) -> Result<Option<Timestamp>, StoreError> {
        let last = move |connection: &Connection| {
            let mut select = connection.prepare_cached("SELECT last_fire FROM policies WHERE policy = ?1")?;
            let fire = select.query_row([&policy], |row| row.get(0)).optional()?;
            Ok(fire.map(|Micros(at)| at))
        };
        self.shared.readers.read(last).await
    }

    pub async fn set_last_fire(&self, policy: PolicyName, fire: Timestamp) -> Result<(), StoreError> {
        let remember = move |tx: &Tx<'_>| {
            let mut upsert = tx.prepare_cached(
                "INSERT INTO policies (policy, last_fire) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET last_fire = excluded.last_fire",
            )?;
            upsert.execute((&policy, Micros(fire)))?;
            Ok(())
        };
        self.shared.writer.submit(remember).await
    }

    /// When the policy's last run ended that saw all there was to see.
    pub async fn last_success(&self, policy: PolicyName) -> Result<Option<Timestamp>, StoreError> {
        let last = move |connection: &Connection| {
            let mut select = connection.prepare_cached(
                "SELECT finished_at FROM runs
                 WHERE policy = ?1 AND state NOT IN ('running', 'failed') AND totals ->> 'gaps' = 0
                 ORDER BY id DESC LIMIT 1",
            )?;
            let finish = select
                .query_row([&policy], |row| row.get::<_, Option<Micros>>(0))
                .optional()?;
            Ok(finish.flatten().map(|Micros(at)| at))
        };
        self.shared.readers.read(last).await
    }

    /// Oldest first.
    pub async fn audit(&self, filter: AuditFilter, limit: usize) -> Result<Vec<AuditRecord>, StoreError> {
        self.shared
            .readers
            .read(move |connection| audit::list(connection, &filter, limit))
            .await
    }

    /// Recomputes the chain and compares it with runs and tasks. `progress` is
    /// told now and then how many records are seen, of how many.
    pub async fn verify_audit(
        &self,
        mut progress: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<AuditReport, StoreError> {
        let progress = move |seen, of| {
            progress(seen, of);
            ControlFlow::Continue(())
        };
        self.shared
            .readers
            .read(move |connection| audit::verify(connection, progress))
            .await
    }

    /// The same, until `is_stopped`. With the `head` of an earlier report it is
    /// only the records since then that are looked at, and that `head` is still
    /// what it was.
    ///
    /// # Errors
    /// The store cannot be read, or it was stopped ([`StoreError::Closed`]).
    pub async fn verify_audit_since(
        &self,
        head: Option<(i64, String)>,
        is_stopped: impl Fn() -> bool + Send + 'static,
    ) -> Result<AuditReport, StoreError> {
        let progress = move |_, _| match is_stopped() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let verify = move |connection: &Connection| match &head {
            Some(head) => audit::verify_since(connection, head, progress),
            None => audit::verify(connection, progress),
        };
        self.shared.readers.read(verify).await
    }

    /// When the policy's first run began.
    pub async fn first_run(&self, policy: PolicyName) -> Result<Option<Timestamp>, StoreError> {
        let first = move |connection: &Connection| {
            let mut select = connection
                .prepare_cached("SELECT started_at FROM runs WHERE policy = ?1 ORDER BY id LIMIT 1")?;
            let start = select.query_row([&policy], |row| row.get(0)).optional()?;
            Ok(start.map(|Micros(at)| at))
        };
        self.shared.readers.read(first).await
    }
}

/// A listing with as many conditions as were asked for.
struct Query {
    sql: String,
    values: Vec<Box<dyn ToSql>>,
    /// Columns held against globs, which are not those of SQLite: a row is
    /// passed over before it is read.
    like: Vec<(&'static str, Patterns)>,
}

impl Query {
    fn new(select: &str) -> Query {
        Query {
            sql: format!("{select} WHERE true"),
            values: Vec::new(),
            like: Vec::new(),
        }
    }

    fn also_ids(&mut self, column: &'static str, ids: Option<Ids>) {
        match ids {
            Some(Ids::One(id)) => self.also(column, Some(id)),
            Some(Ids::Like(patterns)) => self.like.push((column, *patterns)),
            None => {}
        }
    }

    fn also(&mut self, column: &str, value: Option<impl ToSql + 'static>) {
        if let Some(value) = value {
            self.values.push(Box::new(value));
            self.sql
                .push_str(&format!(" AND {column} = ?{}", self.values.len()));
        }
    }

    fn newest<T>(
        mut self,
        connection: &Connection,
        limit: usize,
        read: fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.sql.push_str(" ORDER BY id DESC");
        if self.like.is_empty() {
            self.values
                .push(Box::new(i64::try_from(limit).unwrap_or(i64::MAX)));
            self.sql.push_str(&format!(" LIMIT ?{}", self.values.len()));
        }
        let mut statement = connection.prepare_cached(&self.sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(&self.values))?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            if is_like(row, &self.like)? {
                found.push(read(row)?);
            }
        }
        Ok(found)
    }
}

/// What has no such id, as a resource itself has no subject, is like nothing.
fn is_like(row: &rusqlite::Row<'_>, like: &[(&str, Patterns)]) -> rusqlite::Result<bool> {
    for (column, patterns) in like {
        let value = row.get_ref(*column)?.as_str_or_null()?;
        if !value.is_some_and(|value| patterns.matches(value)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn decisions(
    connection: &Connection,
    run: RunId,
    limit: usize,
) -> Result<(Vec<Revocation>, u64), StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut total = connection.prepare_cached("SELECT decisions FROM runs WHERE id = ?1")?;
    let total: Option<i64> = total.query_row([run], |row| row.get(0)).optional()?;
    let mut kept = connection
        .prepare_cached("SELECT revocation FROM run_decisions WHERE run = ?1 ORDER BY position LIMIT ?2")?;
    let kept = kept.query_map((run, limit), |row| row.get(0).map(|Json(revocation)| revocation))?;
    let mut revocations: Vec<Revocation> = kept.collect::<Result<_, _>>()?;
    if revocations.is_empty() {
        let mut tasks =
            connection.prepare_cached("SELECT * FROM tasks WHERE run = ?1 ORDER BY id LIMIT ?2")?;
        let tasks = tasks.query_map((run, limit), |row| entry::task(row).map(|task| task.revocation))?;
        revocations = tasks.collect::<Result<_, _>>()?;
    }
    Ok((revocations, total.unwrap_or(0).cast_unsigned()))
}

fn task_with_attempts(
    connection: &Connection,
    id: TaskId,
) -> Result<Option<(Task, Vec<Attempt>)>, StoreError> {
    let mut select = connection.prepare_cached("SELECT * FROM tasks WHERE id = ?1")?;
    let Some(task) = select.query_row([id], entry::task).optional()? else {
        return Ok(None);
    };
    let mut select = connection.prepare_cached("SELECT * FROM attempts WHERE task = ?1 ORDER BY number")?;
    let attempts = select.query_map([id], entry::attempt)?;
    Ok(Some((task, attempts.collect::<Result<_, _>>()?)))
}

fn live(connection: &Connection, policy: &PolicyName) -> Result<Vec<LiveTask>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT id, cloud, kind, resource, subject, state, hold, run, evidence, decided_at FROM tasks
         WHERE policy = ?1 AND state IN ('held', 'queued', 'claimed', 'submitted', 'verifying', 'dead') ORDER BY id",
    )?;
    let live = select.query_map([policy], |row| {
        let Json(evidence): Json<Evidence> = row.get("evidence")?;
        Ok(LiveTask {
            id: row.get("id")?,
            target: entry::target(row)?,
            state: row.get("state")?,
            hold: row.get("hold")?,
            run: row.get("run")?,
            policy_digest: evidence.policy_digest,
            grant_version: evidence.grant_version,
            decided_at: moment(row, "decided_at")?,
        })
    })?;
    Ok(live.collect::<Result<_, _>>()?)
}
