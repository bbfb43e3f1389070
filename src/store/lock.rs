//! The dispatch lock: of all processes that use a store, one takes tasks.
//!
//! It is an advisory lock on a file beside the store, so the kernel frees it
//! when its holder dies, however that happens.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process,
};

use super::error::StoreError;

/// Held by the only dispatcher of a store until it is dropped.
#[derive(Debug)]
pub struct DispatchLock {
    file: File,
}

/// `None` if another holds it.
pub(super) fn take(store: &Path) -> Result<Option<DispatchLock>, StoreError> {
    let path = lock_path(store);
    let failed = |source| StoreError::Open {
        path: path.clone(),
        source,
    };
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    let mut file = options.open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    file.set_len(0).map_err(failed)?;
    file.rewind().map_err(failed)?;
    writeln!(file, "{}", process::id()).map_err(failed)?;
    Ok(Some(DispatchLock { file }))
}

/// What the last holder wrote; it may be dead. For messages only.
pub(super) fn holder_pid(store: &Path) -> Option<u32> {
    let mut text = String::new();
    File::open(lock_path(store))
        .ok()?
        .take(32)
        .read_to_string(&mut text)
        .ok()?;
    text.trim().parse().ok()
}

impl Drop for DispatchLock {
    fn drop(&mut self) {
        // A pid that stays behind misleads a message and nothing else.
        drop(self.file.set_len(0));
    }
}

fn lock_path(store: &Path) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_holds_it_and_says_who_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("revokd.db");
        assert_eq!(holder_pid(&store), None);
        let lock = take(&store).unwrap().expect("nobody else has it");
        assert!(take(&store).unwrap().is_none());
        assert_eq!(holder_pid(&store), Some(process::id()));
        drop(lock);
        assert_eq!(holder_pid(&store), None);
        assert!(take(&store).unwrap().is_some());
    }
}
