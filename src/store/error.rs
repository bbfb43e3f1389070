//! What can go wrong with the store, told apart where a caller acts on it.

use std::{io, path::PathBuf, sync::Arc};

use crate::model::{RunId, RunState, Target, TaskId, TaskState};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("open the store {}", path.display())]
    Open {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("open the store {}", path.display())]
    OpenDatabase {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error("the store {} is a directory; it has to be a file", path.display())]
    Directory { path: PathBuf },
    #[error("{} is not a store of revokd: {found}", path.display())]
    NotAStore { path: PathBuf, found: &'static str },
    #[error(
        "the store {} was written by a newer revokd: it has version {found}, this one knows up to {known}",
        path.display()
    )]
    Newer { path: PathBuf, found: i32, known: i32 },
    #[error("bring the store {} up to date", path.display())]
    Migrate {
        path: PathBuf,
        #[source]
        source: Box<refinery::Error>,
    },
    /// Nothing of what the caller asked for was kept.
    #[error("commit to the store")]
    Commit(#[source] Arc<rusqlite::Error>),
    /// Nothing of what the caller asked for was kept, and nothing ever will be.
    #[error(
        "the store {} was removed or replaced while revokd works on it: what cannot be recorded is not done",
        path.display()
    )]
    Gone { path: PathBuf },
    #[error("read or write the store")]
    Query(#[from] rusqlite::Error),
    #[error("write the audit record")]
    Encode(#[from] serde_json::Error),
    #[error("the store was closed before it answered")]
    Closed,
}

/// Why a word on a run, of an operator or of the run itself, changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("there is no run {0}")]
    NoSuchRun(RunId),
    #[error("run {run} is {state}, not held")]
    NotHeld { run: RunId, state: RunState },
    #[error("run {run} is {state}, not running")]
    NotRunning { run: RunId, state: RunState },
    /// Nothing of the run was kept; it is still running.
    #[error("the decision on \"{0}\" has an empty id in it")]
    EmptyId(Target),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an operator's word on a task changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    #[error("there is no task {0}")]
    NoSuchTask(TaskId),
    #[error("task {task} is {state}; only dead tasks can be retried")]
    NotDead { task: TaskId, state: TaskState },
    #[error("task {0} is claimed: a call may be under way; wait until it is settled")]
    Claimed(TaskId),
    #[error("task {0} is submitted: a call was made and the cloud works on it; only a look may settle it")]
    Submitted(TaskId),
    #[error("task {task} is already {state}")]
    Over { task: TaskId, state: TaskState },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for RunError {
    fn from(error: rusqlite::Error) -> RunError {
        RunError::Store(error.into())
    }
}

impl From<rusqlite::Error> for TaskError {
    fn from(error: rusqlite::Error) -> TaskError {
        TaskError::Store(error.into())
    }
}
