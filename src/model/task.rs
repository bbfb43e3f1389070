//! A revocation in the queue.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{JobId, Priority, Revocation, RunId, Target, words::closed_words};

pub type TaskId = i64;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub id: TaskId,
    pub run: RunId,
    pub revocation: Revocation,
    pub priority: Priority,
    pub state: TaskState,
    /// Why a `held` task waits.
    pub hold: Option<Hold>,
    /// Not taken before this moment.
    pub not_before: Timestamp,
    pub decided_at: Timestamp,
    /// When it first could be carried out: decided, grace over, run allowed.
    pub allowed_from: Timestamp,
    /// The cloud's job that is at it: only where it is `submitted`, or claimed
    /// to ask for that job.
    pub job: Option<JobId>,
    /// Tries begun that count against the limit.
    pub attempts: u32,
    /// The last thing that happened to it, for people.
    pub note: String,
    pub finished_at: Option<Timestamp>,
}

/// A task of another policy that has the same target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherTask {
    pub state: TaskState,
    pub priority: Priority,
}

/// What a new run needs to know of a task that is neither done nor cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveTask {
    pub id: TaskId,
    pub run: RunId,
    pub target: Target,
    pub state: TaskState,
    pub hold: Option<Hold>,
    pub policy_digest: String,
    pub grant_version: String,
    pub decided_at: Timestamp,
}

closed_words! {
    TaskState {
        /// Waits for grace to pass, or for an operator.
        Held = "held",
        Queued = "queued",
        /// A worker has it, under a lease.
        Claimed = "claimed",
        /// A cloud's job is at it: the next try asks for the job, then looks.
        Submitted = "submitted",
        /// A call was made; the next try starts by looking whether it worked.
        Verifying = "verifying",
        /// Seen gone.
        Done = "done",
        /// Given up, with a reason that an operator can mend.
        Dead = "dead",
        /// The reason for it went away.
        Cancelled = "cancelled",
    }
}

impl TaskState {
    /// A call may be under way or have been made: only a look may settle it.
    pub fn may_have_been_called(self) -> bool {
        matches!(
            self,
            TaskState::Claimed | TaskState::Submitted | TaskState::Verifying
        )
    }
}

closed_words! {
    /// Why a task waits.
    Hold {
        /// Until `not_before` has passed.
        Grace = "grace",
        /// Until an operator allows or rejects the run, because its policy asks so.
        Approval = "approval",
        /// Until an operator allows or rejects the run, because it wanted too much.
        Brake = "brake",
    }
}
