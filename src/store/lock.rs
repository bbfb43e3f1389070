//! The dispatch lock: of all processes that use a store, one takes tasks.
//!
//! It is an advisory lock on a file beside the store, so the kernel frees it
//! when its holder dies, however that happens.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process,
};

use super::{error::StoreError, owner};

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
    let mut file = open(&path, store).map_err(failed)?;
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

/// The service must be able to take the lock after a command of root did.
fn open(path: &Path, store: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            owner::give(&file, store)?;
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = options.open(path)?;
            match is_itself(&file, path)? {
                true => Ok(file),
                false => Err(io::Error::other("a link lies where the lock belongs")),
            }
        }
        Err(error) => Err(error),
    }
}

/// Who can write beside the store must not lead a command of root, which writes
/// into the lock, to a file of somebody else's.
fn is_itself(file: &File, path: &Path) -> io::Result<bool> {
    let (opened, lies) = (file.metadata()?, path.symlink_metadata()?);
    Ok(opened.ino() == lies.ino() && opened.dev() == lies.dev() && opened.nlink() == 1)
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
    use std::{fs, os::unix::fs::symlink};

    use super::{
        super::owner::tests::{given_away, owner},
        *,
    };

    #[test]
    fn only_one_holds_it_and_says_who_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let store = store_in(directory.path());
        assert_eq!(holder_pid(&store), None);
        let lock = take(&store).unwrap().expect("nobody else has it");
        assert!(take(&store).unwrap().is_none());
        assert_eq!(holder_pid(&store), Some(process::id()));
        drop(lock);
        assert_eq!(holder_pid(&store), None);
        assert!(take(&store).unwrap().is_some());
    }

    #[test]
    fn it_belongs_to_the_owner_of_the_store_whoever_took_it_first() {
        let directory = tempfile::tempdir().unwrap();
        let store = store_in(directory.path());
        let expected = given_away(&store);
        drop(take(&store).unwrap().expect("nobody else has it"));
        assert_eq!(owner(&lock_path(&store)), expected);
    }

    #[test]
    fn a_link_in_its_place_leads_nowhere() {
        let directory = tempfile::tempdir().unwrap();
        let store = store_in(directory.path());
        let precious = directory.path().join("precious");
        fs::write(&precious, "kept").unwrap();
        let links: [fn(&Path, &Path) -> io::Result<()>; 2] =
            [|of, at| symlink(of, at), |of, at| fs::hard_link(of, at)];
        for link in links {
            link(&precious, &lock_path(&store)).unwrap();
            assert!(take(&store).is_err());
            assert_eq!(fs::read_to_string(&precious).unwrap(), "kept");
            fs::remove_file(lock_path(&store)).unwrap();
        }
    }

    fn store_in(directory: &Path) -> PathBuf {
        let store = directory.join("revokd.db");
        fs::write(&store, "").unwrap();
        store
    }
}
