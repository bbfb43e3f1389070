//! One execution of one policy.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{PolicyName, words::closed_words};

pub type RunId = i64;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    pub policy: PolicyName,
    pub policy_digest: String,
    pub mode: Mode,
    pub trigger: Trigger,
    pub state: RunState,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub totals: RunTotals,
    /// Sentences for people: why it is held, what it could not see or read.
    pub notes: Vec<String>,
}

/// What a run came to, in targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTotals {
    /// Targets of the policy's kind that it could see.
    pub seen: u64,
    /// Those that must go.
    pub decided: u64,
    /// Those of them that came newly into the queue.
    pub queued: u64,
    /// Matched, but exempt or protected.
    pub spared: u64,
    /// Targets with a value that could not be judged, and so were kept.
    pub unreadable: u64,
    /// Parts of the cloud that could not be seen.
    pub gaps: u64,
}

impl RunTotals {
    /// Whether a run that ended with these figures, and in this state, could
    /// not see or judge everything.
    pub fn is_degraded(&self, state: RunState) -> bool {
        state == RunState::Failed || self.gaps > 0 || self.unreadable > 0
    }
}

closed_words! {
    /// What a policy may do.
    Mode {
        /// Decides and shows; queues nothing.
        Observe = "observe",
        /// Holds every run until an operator allows it.
        Approve = "approve",
        Enforce = "enforce",
    }
}

closed_words! {
    /// Why a run was started.
    Trigger {
        Schedule = "schedule",
        /// A fire that passed while nothing was running, made up once.
        Missed = "missed",
        Operator = "operator",
        /// Early: a source changed, or somebody asked the daemon.
        Wake = "wake",
    }
}

closed_words! {
    RunState {
        Running = "running",
        /// Everything decided is in the queue, or there was nothing.
        Finished = "finished",
        /// Decided, and waits for an operator; nothing was removed.
        Held = "held",
        Allowed = "allowed",
        Rejected = "rejected",
        /// Held, then replaced by a later run that decided something else.
        Superseded = "superseded",
        /// Could see nothing, or broke off.
        Failed = "failed",
    }
}
