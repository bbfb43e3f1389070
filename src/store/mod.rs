//! The store: queue, runs and audit in one SQLite file, the only state that the
//! daemon and the commands share.
//!
//! Whatever changes a run or a task goes through `transition`, which writes the
//! audit record with it. Writes are answered when they are durable. The clock
//! is the caller's: every moment comes in as an argument, and is kept to the
//! microsecond.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use place::Place;
use readers::Readers;
use writer::Writer;

pub use audit::{AuditFilter, AuditReport};
pub use claim::{Claimed, LeaseToken};
pub use conclude::{Conclusion, Enqueue, Finished};
pub use error::{RunError, StoreError, TaskError};
pub use figures::{Ended, TaskCount, Waiting};
pub use inspect::{Inspection, inspect};
pub use listings::{Ids, RunFilter, TaskFilter};
pub use lock::DispatchLock;
pub use operate::Note;
pub use recover::Abandoned;
pub use retire::Retired;
pub use runs::Begun;
pub use settle::Settlement;
pub use submit::Submission;
pub use transition::NewRun;

mod audit;
mod cancel;
mod claim;
mod columns;
mod conclude;
mod due;
mod enqueue;
mod entry;
mod error;
mod figures;
mod inspect;
mod listings;
mod lock;
mod open;
mod operate;
mod owner;
mod place;
mod readers;
mod recover;
mod removed;
mod retire;
mod runs;
mod settle;
mod sources;
mod submit;
mod transition;
mod writer;

#[cfg(test)]
mod tests;

/// A handle on the store; clones share it. The file is closed, after all that
/// was handed over is written, when the last clone goes.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    writer: Writer,
    readers: Readers,
}

impl Store {
    /// Opens the store, and makes it or brings it up to date as needed. Blocks
    /// while another process does the same.
    ///
    /// # Errors
    /// The path cannot be a store: a directory, another program's file, a store
    /// of a newer version, a place that cannot be written.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        let path = &open::real_path(path);
        let connection = open::open_for_writing(path)?;
        let failed = |source| StoreError::Open {
            path: path.into(),
            source,
        };
        let place = Arc::new(Place::of(path).map_err(failed)?);
        let writer = Writer::start(connection, place.clone()).map_err(failed)?;
        let shared = Shared {
            path: path.into(),
            writer,
            readers: Readers::new(place),
        };
        Ok(Store {
            shared: Arc::new(shared),
        })
    }

    /// Makes the caller the only dispatcher of this store; `None` if there is
    /// one already.
    ///
    /// # Errors
    /// The lock file beside the store cannot be written.
    pub fn dispatch_lock(&self) -> Result<Option<DispatchLock>, StoreError> {
        lock::take(&self.shared.path)
    }

    /// The process that last took the dispatch lock: for messages only, as it
    /// may be dead.
    pub fn dispatcher_pid(&self) -> Option<u32> {
        lock::holder_pid(&self.shared.path)
    }
}
