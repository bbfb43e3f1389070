//! Files written whole or not at all, and never over one that is there.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use super::existing::Existing;

/// Makes a directory with all above it; one that is there stays as it is.
///
/// # Errors
/// It cannot be made.
pub fn directory(path: &Path, mode: u32) -> anyhow::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        fs::create_dir_all(above).with_context(|| format!("making {}", above.display()))?;
    }
    let made = DirBuilder::new().mode(mode).create(path);
    made.with_context(|| format!("making {}", path.display()))
}

/// A file that must not be there yet.
///
/// # Errors
/// There is one, or it cannot be written; then there is none.
pub fn new_file(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let writing = || format!("writing {}", path.display());
    let temporary = Temporary::write(path, text, mode).with_context(writing)?;
    // Unlike a rename, a link never takes the place of another file.
    fs::hard_link(&temporary.0, path).with_context(writing)?;
    drop(temporary);
    settle(path).with_context(writing)
}

/// Puts another text in the place of what was read, for the same owner and with
/// the same rights.
///
/// # Errors
/// Somebody changed the file since, or it cannot be written; then it is as it was.
pub fn replace(existing: &Existing, text: &str) -> anyhow::Result<()> {
    let path = &existing.path;
    let writing = || format!("writing {}", path.display());
    let before = &existing.metadata;
    let temporary = Temporary::write(path, text, before.mode() & 0o7777).with_context(writing)?;
    let mine = temporary.0.metadata().with_context(writing)?;
    if (mine.uid(), mine.gid()) != (before.uid(), before.gid()) {
        chown(&temporary.0, Some(before.uid()), Some(before.gid())).with_context(writing)?;
    }
    if fs::read(path).with_context(writing)? != existing.text().as_bytes() {
        bail!("writing {}: somebody changed it meanwhile", path.display());
    }
    fs::rename(&temporary.0, path).with_context(writing)?;
    settle(path).with_context(writing)
}

/// A file beside another one; removed when it is dropped, unless it was moved.
struct Temporary(PathBuf);

impl Temporary {
    fn write(beside: &Path, text: &str, mode: u32) -> io::Result<Temporary> {
        let name = beside.file_name().unwrap_or_default().to_string_lossy();
        let path = beside.with_file_name(format!(".{name}.{}", std::process::id()));
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(mode).open(&path)?;
        let temporary = Temporary(path);
        // What the process masks out of new files is not masked out here.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(temporary)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        drop(fs::remove_file(&self.0));
    }
}

/// The directory has to know of the file, or a crash could still lose it.
fn settle(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().flatten();
        entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_file_that_is_there_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        new_file(&path, "first", 0o600).unwrap();
        assert!(new_file(&path, "second", 0o600).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(names(folder.path()), ["secret"], "nothing is left over");
    }

    #[test]
    fn a_replaced_file_keeps_its_rights() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("revokd.toml");
        fs::write(&path, "[daemon]\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let existing = Existing::read(&path).unwrap().unwrap();
        replace(&existing, "[daemon]\n# more\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "[daemon]\n# more\n");
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o640);
        assert_eq!(names(folder.path()), ["revokd.toml"]);
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("revokd.toml");
        fs::write(&path, "[daemon]\n").unwrap();
        let existing = Existing::read(&path).unwrap().unwrap();
        fs::write(&path, "# by hand\n").unwrap();
        assert!(replace(&existing, "lost").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "# by hand\n");
        assert_eq!(names(folder.path()), ["revokd.toml"]);
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.toml"), folder.path().join("revokd.toml"));
        fs::write(&real, "[daemon]\n").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let existing = Existing::read(&link).unwrap().unwrap();
        replace(&existing, "new\n").unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "new\n");
    }
}
