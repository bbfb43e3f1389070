//! A file that holds a list, read whole or not at all.
//!
//! Whoever writes the file does not wait for its readers: an export is written
//! piece by piece, a Kubernetes ConfigMap is swapped under its name. So a file
//! that was changed a moment ago is left alone for a while and must not have
//! changed when the while is over, and what is read counts only if the file was
//! the same before and after. A writer that pauses for longer than that in the
//! middle is not seen here; writing elsewhere and renaming is what avoids it.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{sync::Mutex, task::spawn_blocking, time};

use super::{ReadFailure, version};

/// A list of a million people is smaller.
const MOST_BYTES: u64 = 64 << 20;

/// How long a file must have been left alone. Longer than the coarsest clock of
/// a file system ticks.
pub const SETTLED_AFTER: SignedDuration = SignedDuration::from_secs(2);

/// How often a file that was replaced while it was read is read anew.
const MOST_TRIES: usize = 4;

pub struct WatchedFile {
    path: PathBuf,
    timeout: Duration,
    settled_after: SignedDuration,
    /// Held while the file is read, so that a file system that hangs costs one
    /// thread and not one for each try.
    reading: Arc<Mutex<()>>,
}

/// A file as it was at one moment.
#[derive(Debug, PartialEq)]
pub struct Contents {
    pub bytes: Vec<u8>,
    pub modified: Timestamp,
}

impl Contents {
    pub fn version(&self) -> String {
        version::of_bytes(&self.bytes)
    }
}

impl WatchedFile {
    pub fn new(path: PathBuf, timeout: Duration, settled_after: SignedDuration) -> WatchedFile {
        WatchedFile {
            path,
            timeout,
            settled_after,
            reading: Arc::default(),
        }
    }

    /// Reads the file and what it means. A file that was changed just now is
    /// waited for until it can be told whether it changes further.
    ///
    /// # Errors
    /// Why there is no whole file, or what `parse` says, with the path.
    pub async fn read<T: Send + 'static>(
        &self,
        now: Timestamp,
        parse: impl FnOnce(&Contents) -> Result<T, String> + Send + 'static,
    ) -> Result<T, ReadFailure> {
        let whole = time::timeout(self.timeout, self.read_settled(now, parse)).await;
        let timeout = self.timeout;
        whole
            .unwrap_or_else(|_| Err(format!("it could not be read within {timeout:?}")))
            .map_err(|why| ReadFailure::Failed(format!("{}: {why}", self.path.display())))
    }

    /// Changes when the file does, and when it comes or goes.
    pub fn glance(&self) -> String {
        match std::fs::metadata(&self.path) {
            Ok(metadata) => Stamp::of(&metadata).glance(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => "missing".to_owned(),
            Err(error) => format!("unreadable: {}", error.kind()),
        }
    }

    async fn read_settled<T: Send + 'static>(
        &self,
        now: Timestamp,
        parse: impl FnOnce(&Contents) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let reading = Arc::clone(&self.reading).lock_owned().await;
        let path = self.path.clone();
        let (first, reading) = blocking(move || (stamp(&path), reading)).await?;
        let first = first?;
        let wait = unsettled_for(first.modified()?, now, self.settled_after);
        if let Some(wait) = wait {
            time::sleep(wait).await;
        }
        // A file that was left alone before may well be replaced by now: that
        // is for the read to notice.
        let watched = wait.map(|_| first);
        let settled_after = self.settled_after;
        let path = self.path.clone();
        blocking(move || {
            let _reading = reading;
            parse(&read_left_alone(&path, watched, settled_after)?)
        })
        .await?
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let done = spawn_blocking(work).await;
    done.map_err(|_| "its reader failed".to_owned())
}

/// How long to wait until a file can be told from one that is being written. A
/// clock that is ahead of ours says nothing about its age.
fn unsettled_for(modified: Timestamp, now: Timestamp, settled_after: SignedDuration) -> Option<Duration> {
    let age = now.duration_since(modified);
    let wait = (settled_after - age.max(SignedDuration::ZERO)).max(SignedDuration::ZERO);
    Duration::try_from(wait).ok().filter(|wait| !wait.is_zero())
}

/// `watched` is what the file was when the wait for it began.
fn read_left_alone(
    path: &Path,
    watched: Option<Stamp>,
    settled_after: SignedDuration,
) -> Result<Contents, String> {
    if watched.is_some_and(|before| stamp(path) != Ok(before)) {
        let seconds = settled_after.as_secs();
        return Err(format!(
            "it is being written; it can be read once it is left alone for {seconds} seconds"
        ));
    }
    read_between(path, &|| ())
}

/// `meanwhile` is called while the file is open and read.
fn read_between(path: &Path, meanwhile: &dyn Fn()) -> Result<Contents, String> {
    for _ in 0..MOST_TRIES {
        let before = stamp(path)?;
        let file = File::open(path).map_err(|error| io_words(&error))?;
        let mut bytes = Vec::with_capacity(usize::try_from(before.size).unwrap_or(0));
        (&file)
            .take(MOST_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| io_words(&error))?;
        meanwhile();
        let after = file.metadata().map_err(|error| io_words(&error))?;
        let is_same = Stamp::of(&after) == before && stamp(path)? == before;
        if is_same && bytes.len() as u64 == before.size {
            let modified = before.modified()?;
            return Ok(Contents { bytes, modified });
        }
    }
    Err("it changes while it is being read".to_owned())
}

/// What tells a file from another one under its name, and from itself after a
/// change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    /// Also moves when somebody sets the time of modification back.
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    fn modified(self) -> Result<Timestamp, String> {
        let (seconds, nanoseconds) = self.modified;
        let nanoseconds = i32::try_from(nanoseconds).unwrap_or(0);
        Timestamp::new(seconds, nanoseconds).map_err(|_| "its date is out of range".to_owned())
    }

    /// Without the time of change, which a mere `chmod` moves.
    fn glance(self) -> String {
        let (seconds, nanoseconds) = self.modified;
        format!("{seconds}.{nanoseconds:09}-{}-{}", self.size, self.inode)
    }
}

fn stamp(path: &Path) -> Result<Stamp, String> {
    let metadata = std::fs::metadata(path).map_err(|error| io_words(&error))?;
    if metadata.is_dir() {
        return Err("it is a directory, not a file".to_owned());
    }
    // A pipe would keep the reader for as long as nobody writes to it.
    if !metadata.is_file() {
        return Err("it is a pipe, a socket or a device, not a file".to_owned());
    }
    if metadata.len() > MOST_BYTES {
        let size = metadata.len();
        return Err(format!("it has {size} bytes, more than {MOST_BYTES}"));
    }
    Ok(Stamp::of(&metadata))
}

fn io_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "the daemon may not read it".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
