//! What the audit says happened.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Evidence, Hold, PolicyName, RunId, Target, TaskId, words::closed_words};

/// One record of the audit, as it was written.
///
/// The field order is the order in the stored text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Counts from 1, without gaps.
    pub seq: i64,
    pub at: Timestamp,
    pub event: Event,
    /// The operator, or the program itself.
    pub actor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// Absent where the record is about a run or the daemon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// The state that was left; absent where something began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The state that was entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// For people. Never a secret.
    pub detail: String,
    /// Present in `decided` records of what has to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Present in `decided` records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_since: Option<Timestamp>,
    /// Present in `decided` records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

closed_words! {
    /// What a record is about. Words without a prefix are about a task.
    Event {
        DaemonStarted = "daemon-started",
        DaemonStopped = "daemon-stopped",
        ConfigurationLoaded = "configuration-loaded",
        ConfigurationRefused = "configuration-refused",
        RunStarted = "run-started",
        /// Came to its end; the state entered says which.
        RunConcluded = "run-concluded",
        /// Its process died.
        RunInterrupted = "run-interrupted",
        RunAllowed = "run-allowed",
        RunRejected = "run-rejected",
        RunSuperseded = "run-superseded",
        /// Came into the queue, with its evidence.
        Decided = "decided",
        /// Its run was allowed.
        Allowed = "allowed",
        /// A try began.
        Claimed = "claimed",
        /// The cloud took the call, and has a job at it.
        Submitted = "submitted",
        /// A try ended; the state entered says how.
        Settled = "settled",
        /// The worker that had it is gone.
        Interrupted = "interrupted",
        Cancelled = "cancelled",
        /// Its cloud is no longer configured.
        GivenUp = "given-up",
        /// Given up before, and tried afresh.
        Retried = "retried",
        /// An operator took a list of people as good, smaller or not: later
        /// reads are held against it.
        SourceAccepted = "source-accepted",
    }
}
