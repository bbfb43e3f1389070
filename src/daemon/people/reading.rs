//! One read of a source, and what it proves.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::{
    engine::people::{Demands, Proven, prove},
    metrics::SourceResult,
    model::{Baseline, Roll},
    sources::ReadFailure,
};

pub(super) struct Reading {
    /// What came into the list later may be missing.
    pub begun: Timestamp,
    /// What the source showed just before.
    pub glance: Option<String>,
    pub outcome: Result<Arc<Roll>, ReadFailure>,
}

/// How long a refused login is not tried again, unless a reload brings another:
/// directories lock the accounts of those who do. As long as clouds are spared.
const REFUSAL_HOLDS: SignedDuration = SignedDuration::from_mins(15);

impl Reading {
    /// Whether it says all that may be asked for now, however old it is.
    pub fn forbids_another(&self, now: Timestamp) -> bool {
        let refused = matches!(self.outcome, Err(ReadFailure::LoginRefused(_)));
        refused && now.duration_since(self.begun) < REFUSAL_HOLDS
    }

    /// # Errors
    /// Why nothing can be decided by it.
    pub fn proven(
        &self,
        demands: &Demands,
        baseline: Option<Baseline>,
        now: Timestamp,
    ) -> Result<Proven, String> {
        match &self.outcome {
            Ok(roll) => prove(roll.clone(), demands, baseline, now),
            Err(failure) => Err(failure.to_string()),
        }
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
