//! Whether a store still lies where it was opened.
//!
//! A file that was deleted or replaced takes writes as before, until the last
//! handle on it is closed: then all of them are lost, and with them the record
//! of what was removed from whom.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// A path and the file that it led to.
pub(super) struct Place {
    path: PathBuf,
    file: FileId,
}

#[derive(PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl Place {
    pub fn of(path: &Path) -> io::Result<Place> {
        Ok(Place {
            path: path.to_owned(),
            file: file_at(path)?,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Only what is known for sure counts: a directory that may no longer be
    /// looked into has lost nothing.
    pub fn is_lost(&self) -> bool {
        match file_at(&self.path) {
            Ok(file) => file != self.file,
            Err(error) => matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ),
        }
    }
}

/// Asked by path: a handle on the file would, on closing, drop the locks that
/// SQLite holds on it.
fn file_at(path: &Path) -> io::Result<FileId> {
    let metadata = fs::metadata(path)?;
    Ok(FileId {
        device: metadata.dev(),
        inode: metadata.ino(),
    })
}
