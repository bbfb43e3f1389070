//! Whose a file is that a command of root makes beside a store.
//!
//! The service is a user of its own, who must be able to open all that belongs
//! to its store, whoever came first. SQLite does the same for its log.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt, fchown},
    path::Path,
};

/// Gives `file` the owner and the group of what lies at `like`. Only root can:
/// what others made is theirs, and so it is where root is not told of the owner.
pub(super) fn give(file: &File, like: &Path) -> io::Result<()> {
    let (wanted, found) = (fs::metadata(like)?, file.metadata()?);
    if wanted.uid() == found.uid() {
        return Ok(());
    }
    match fchown(file, Some(wanted.uid()), Some(wanted.gid())) {
        Err(error) if is_refused(&error) => Ok(()),
        given => given,
    }
}

/// In a namespace of users, one from outside has no number that could be given.
fn is_refused(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput
    )
}

#[cfg(test)]
pub(super) mod tests {
    use std::{os::unix::fs::chown, path::PathBuf};

    use super::*;

    /// A user whom no machine has.
    const OTHER: u32 = 12345;

    /// Gives it to another user, and returns whose what is made beside it must
    /// be: only root can give anything away, for others it is their own.
    pub fn given_away(path: &Path) -> u32 {
        let own = owner(Path::new("/proc/self"));
        match chown(path, Some(OTHER), Some(OTHER)) {
            Ok(()) => OTHER,
            Err(error) => {
                assert_ne!(own, 0, "root could not give {} away: {error}", path.display());
                own
            }
        }
    }

    pub fn owner(path: &Path) -> u32 {
        fs::metadata(path).unwrap().uid()
    }

    /// The path with something behind it.
    pub fn beside(path: &Path, ending: &str) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        name.into()
    }

    #[test]
    fn a_file_goes_to_the_owner_of_another_if_it_may() {
        let directory = tempfile::tempdir().unwrap();
        let like = directory.path().join("like");
        fs::write(&like, "").unwrap();
        let expected = given_away(&like);
        let made = directory.path().join("made");
        give(&File::create(&made).unwrap(), &like).unwrap();
        assert_eq!(owner(&made), expected);
    }
}
