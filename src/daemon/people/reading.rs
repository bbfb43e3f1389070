//! One read of a source, and what it proves.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    engine::people::{Demands, Proven, prove},
    metrics::SourceResult,
    model::{Baseline, Roll},
};

pub(super) struct Reading {
    /// What came into the list later may be missing.
    pub begun: Timestamp,
    /// What the source showed just before.
    pub glance: Option<String>,
    pub outcome: Result<Arc<Roll>, String>,
}

impl Reading {
    /// # Errors
    /// Why nothing can be decided by it.
    pub fn proven(
        &self,
        demands: &Demands,
        baseline: Option<Baseline>,
        now: Timestamp,
    ) -> Result<Proven, String> {
        prove(self.outcome.clone()?, demands, baseline, now)
    }

    pub fn result(&self, problem: Option<&String>) -> SourceResult {
        match (&self.outcome, problem) {
            (Err(_), _) => SourceResult::Failed,
            (Ok(_), Some(_)) => SourceResult::Unproven,
            (Ok(_), None) => SourceResult::Good,
        }
    }

    /// Entries that cannot be used; `None` where nothing was read.
    pub fn unusable(&self) -> Option<u64> {
        let roll = self.outcome.as_ref().ok()?;
        let unusable = roll.entries.iter().filter(|entry| entry.problem.is_some());
        Some(unusable.count() as u64)
    }
}

/// Why the list is not good. One that is to decide on who is missing from it and
/// cannot is not, although it decides on who is there.
pub(super) fn problem(demands: &Demands, proven: &Result<Proven, String>) -> Option<String> {
    match proven {
        Err(why) => Some(why.clone()),
        Ok(list) if demands.prove_absence() => list.for_absence().err(),
        Ok(_) => None,
    }
}
