//! One try: what the cloud did, and what happens to the task next.

use jiff::{SignedDuration, Timestamp};

use serde::{Deserialize, Serialize};

use super::{JobId, words::closed_words};

/// One try of a task, remembered from before its call is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts from 1 through the task's whole life, given-back tries included.
    pub number: u32,
    pub began_at: Timestamp,
    /// `None` while the try is under way.
    pub ended_at: Option<Timestamp>,
    /// A word for what came of it.
    pub outcome: Option<String>,
    /// For people.
    pub note: String,
}

/// What the cloud said to a call that removes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It took the call. Whether the target is gone is for a later look to say.
    Accepted,
    /// It took the call and works on it; the job says when that is over, and a
    /// look says what came of it.
    Submitted(JobId),
    /// It knows no such target. That can mean gone, or merely invisible.
    NotThere,
    /// It refused a call for several targets because of some of them: nothing
    /// was removed, and parts of the batch may be fine.
    Poisoned(Failure),
    Failed(Failure),
}

/// What a cloud says of a job. None of it says what is gone: a look does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobStatus {
    /// Not over, or a word nobody knows.
    Running,
    /// Over. The words are for people.
    Ended { succeeded: bool, detail: String },
    /// The cloud knows no such job, or no more.
    Unknown(String),
}

/// Why a call to a cloud did not work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Failure {
    pub class: FailureClass,
    /// For people: step, status, the cloud's own words. Never a secret.
    pub detail: String,
    /// The cloud's own wish, from `Retry-After`.
    pub retry_after: Option<SignedDuration>,
}

impl Failure {
    pub fn new(class: FailureClass, detail: impl Into<String>) -> Failure {
        Failure {
            class,
            detail: detail.into(),
            retry_after: None,
        }
    }
}

closed_words! {
    /// The classes of failure, told apart because each is answered differently.
    FailureClass {
        /// The request never left: name, connection or TLS failed.
        Unreachable = "unreachable",
        /// The request left and no whole answer came: the effect is unknown.
        Interrupted = "interrupted",
        /// 429, or the cloud's own way of saying it.
        Throttled = "throttled",
        /// 5xx: the cloud is unwell.
        Unavailable = "unavailable",
        /// 409: the resource is in use; a later run may find it free.
        Conflict = "conflict",
        /// 400, 403, 405, 413 and the like: trying again changes nothing.
        Refused = "refused",
        /// 401 that a fresh token did not cure, or a login that failed.
        Unauthenticated = "unauthenticated",
        /// An answer that is none: a redirect, a body too large or not understood.
        Malformed = "malformed",
    }
}

/// What happens to a task after a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Seen gone.
    Done { note: String },
    /// Tried again from `not_before` on. `called` says that a call may have
    /// taken effect and the next try starts by looking; `burned` that this try
    /// counts against the limit.
    Again {
        not_before: Timestamp,
        called: bool,
        burned: bool,
        note: String,
    },
    /// The cloud still works on the call that was made: ask again then, and
    /// call nothing.
    UnderWay { not_before: Timestamp, note: String },
    /// Given up: listed, counted, and repairable by an operator.
    Dead { reason: String },
    /// The reason for the revocation went away.
    Cancelled { reason: String },
}
