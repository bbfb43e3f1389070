//! Which tasks a claim takes: of one priority and kind, the fair share of each
//! policy that has something due.
//!
//! A policy with twenty thousand tasks may not keep another one's three back,
//! so each has a line of its own. What one call can serve comes together all
//! the same: whoever reaches a resource takes the others' tasks there along, on
//! their account.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Rows};

use super::{columns::Micros, error::StoreError, writer::Tx};
use crate::model::{CloudName, Id, JobId, Kind, PolicyName, Priority, TaskId};

/// The next policy with a task in the lane, and its first moment.
pub(super) const POLICIES: &str = "SELECT policy, claimable_at FROM tasks INDEXED BY tasks_due
     WHERE cloud = ?1 AND priority = ?2 AND kind = ?3 AND policy > ?4 AND claimable_at IS NOT NULL
     ORDER BY policy, claimable_at LIMIT 1";

/// What is due of one policy, from the longest due.
pub(super) const LINE: &str = "SELECT id, resource, job FROM tasks INDEXED BY tasks_due
     WHERE cloud = ?1 AND priority = ?2 AND kind = ?3 AND policy = ?4 AND claimable_at <= ?5
     ORDER BY claimable_at, id";

/// What is due of one job, whosever it is.
pub(super) const OF_JOB: &str = "SELECT id, policy FROM tasks INDEXED BY tasks_of_job
     WHERE cloud = ?1 AND job = ?2 AND kind = ?3 AND priority = ?4 AND claimable_at <= ?5 ORDER BY id";

/// The next policy with a task at a resource.
pub(super) const POLICIES_AT: &str = "SELECT policy FROM tasks INDEXED BY tasks_due_by_resource
     WHERE cloud = ?1 AND priority = ?2 AND kind = ?3 AND resource = ?4 AND policy > ?5
     AND claimable_at IS NOT NULL
     ORDER BY policy LIMIT 1";

/// What is due of one policy at a resource, from the longest due.
pub(super) const OF_POLICY_AT: &str = "SELECT id FROM tasks INDEXED BY tasks_due_by_resource
     WHERE cloud = ?1 AND priority = ?2 AND kind = ?3 AND resource = ?4 AND policy = ?5
     AND claimable_at <= ?6 AND job IS NULL
     ORDER BY claimable_at, id LIMIT ?7 OFFSET ?8";

/// What is to be carried out alike: nothing else is ever in one call with it.
pub(super) struct Lane<'a> {
    pub cloud: &'a CloudName,
    pub priority: Priority,
    pub kind: Kind,
}

impl Lane<'_> {
    /// The policies that have a task waiting here, each with the moment at
    /// which its first can be claimed. One step into the index for each.
    pub fn policies(&self, connection: &Connection) -> Result<Vec<(PolicyName, Timestamp)>, StoreError> {
        let mut next = connection.prepare_cached(POLICIES)?;
        let mut policies: Vec<(PolicyName, Timestamp)> = Vec::new();
        loop {
            let last = policies.last().map_or("", |(policy, _)| policy.as_str());
            let values = (self.cloud, self.priority, self.kind, last);
            let found = next.query_row(values, |row| Ok((row.get(0)?, row.get(1)?)));
            match found.optional()? {
                Some((policy, Micros(first))) => policies.push((policy, first)),
                None => return Ok(policies),
            }
        }
    }

    /// Up to `limit` tasks that are due, and what belongs to one job together
    /// however many. Those that are over the limit wait for the next claim,
    /// which begins with the policy that is due the longest.
    pub fn due(&self, tx: &Tx<'_>, limit: usize, now: Timestamp) -> Result<Vec<TaskId>, StoreError> {
        let mut policies = self.policies(tx)?;
        policies.retain(|(_, first)| *first <= now);
        policies.sort_by_key(|(_, first)| *first);
        let mut statements = Vec::new();
        for _ in &policies {
            statements.push(self.line(tx)?);
        }
        let mut lines = Vec::new();
        for ((policy, _), statement) in policies.into_iter().zip(&mut statements) {
            let values = (self.cloud, self.priority, self.kind, &policy, Micros(now));
            let rows = statement.query(values)?;
            lines.push(Line {
                policy,
                rows,
                first: None,
            });
        }
        let mut claim = Claim {
            lane: self,
            tx,
            now,
            limit,
            taken: Vec::new(),
            known: HashSet::new(),
            taken_at: HashMap::new(),
            shares: HashMap::new(),
        };
        claim.share_out(&mut lines)?;
        Ok(claim.taken)
    }

    fn line<'c>(&self, tx: &'c Tx<'_>) -> Result<CachedStatement<'c>, StoreError> {
        Ok(tx.prepare_cached(LINE)?)
    }
}

/// The due tasks of one policy, from the longest due.
struct Line<'s> {
    policy: PolicyName,
    rows: Rows<'s>,
    first: Option<Waiting>,
}

#[derive(Clone)]
struct Waiting {
    id: TaskId,
    resource: Id,
    job: Option<JobId>,
}

impl Line<'_> {
    /// The first that was not taken along with another one before.
    fn first(&mut self, taken: &HashSet<TaskId>) -> Result<Option<Waiting>, StoreError> {
        while self.first.as_ref().is_none_or(|first| taken.contains(&first.id)) {
            let Some(row) = self.rows.next()? else {
                return Ok(None);
            };
            self.first = Some(Waiting {
                id: row.get(0)?,
                resource: row.get(1)?,
                job: row.get(2)?,
            });
        }
        Ok(self.first.clone())
    }
}

struct Claim<'a> {
    lane: &'a Lane<'a>,
    tx: &'a Tx<'a>,
    now: Timestamp,
    limit: usize,
    taken: Vec<TaskId>,
    known: HashSet<TaskId>,
    /// How many of a policy's tasks at a resource are taken: they are always
    /// the first ones there.
    taken_at: HashMap<(Id, PolicyName), usize>,
    /// What each policy may still have in this round.
    shares: HashMap<PolicyName, usize>,
}

impl Claim<'_> {
    /// In rounds: what one policy leaves of its share is shared out again.
    fn share_out(&mut self, lines: &mut Vec<Line<'_>>) -> Result<(), StoreError> {
        while self.room() > 0 {
            let mut open = Vec::new();
            for mut line in lines.drain(..) {
                if line.first(&self.known)?.is_some() {
                    open.push(line);
                }
            }
            *lines = open;
            if lines.is_empty() {
                break;
            }
            let share = (self.room() / lines.len()).max(1);
            self.shares = lines.iter().map(|line| (line.policy.clone(), share)).collect();
            for line in lines.iter_mut() {
                while self.share(&line.policy) > 0
                    && let Some(first) = line.first(&self.known)?
                {
                    match first.job {
                        Some(job) => self.take_job(&job)?,
                        None => self.take_resource(&line.policy, &first.resource)?,
                    }
                }
            }
        }
        Ok(())
    }

    fn room(&self) -> usize {
        self.limit.saturating_sub(self.taken.len())
    }

    fn share(&self, policy: &PolicyName) -> usize {
        let share = self.shares.get(policy).copied().unwrap_or_default();
        share.min(self.room())
    }

    fn take(&mut self, id: TaskId, policy: &PolicyName) {
        if self.known.insert(id) {
            self.taken.push(id);
            if let Some(share) = self.shares.get_mut(policy) {
                *share = share.saturating_sub(1);
            }
        }
    }

    fn take_job(&mut self, job: &JobId) -> Result<(), StoreError> {
        let mut select = self.tx.prepare_cached(OF_JOB)?;
        let lane = self.lane;
        let values = (lane.cloud, job, lane.kind, lane.priority, Micros(self.now));
        let mut rows = select.query(values)?;
        while let Some(row) = rows.next()? {
            self.take(row.get(0)?, &row.get(1)?);
        }
        Ok(())
    }

    /// Takes the policy's own tasks at the resource first.
    fn take_resource(&mut self, policy: &PolicyName, resource: &Id) -> Result<(), StoreError> {
        self.take_of(policy, resource)?;
        for other in self.policies_at(resource)? {
            if other != *policy {
                self.take_of(&other, resource)?;
            }
        }
        Ok(())
    }

    fn policies_at(&self, resource: &Id) -> Result<Vec<PolicyName>, StoreError> {
        let mut next = self.tx.prepare_cached(POLICIES_AT)?;
        let lane = self.lane;
        let mut policies: Vec<PolicyName> = Vec::new();
        loop {
            let last = policies.last().map_or("", PolicyName::as_str);
            let values = (lane.cloud, lane.priority, lane.kind, resource, last);
            match next.query_row(values, |row| row.get(0)).optional()? {
                Some(policy) => policies.push(policy),
                None => return Ok(policies),
            }
        }
    }

    fn take_of(&mut self, policy: &PolicyName, resource: &Id) -> Result<(), StoreError> {
        let share = self.share(policy);
        if share == 0 {
            return Ok(());
        }
        let mut select = self.tx.prepare_cached(OF_POLICY_AT)?;
        let key = (resource.clone(), policy.clone());
        let before = self.taken_at.get(&key).copied().unwrap_or_default();
        let lane = self.lane;
        let values = (
            lane.cloud,
            lane.priority,
            lane.kind,
            resource,
            policy,
            Micros(self.now),
            i64::try_from(share).unwrap_or(i64::MAX),
            i64::try_from(before).unwrap_or(i64::MAX),
        );
        let mut rows = select.query(values)?;
        let mut found = before;
        while let Some(row) = rows.next()? {
            self.take(row.get(0)?, policy);
            found += 1;
        }
        self.taken_at.insert(key, found);
        Ok(())
    }
}
