//! A store looked at without a trace, by whoever wants to know whether it is
//! well: nothing is made, migrated or written.

use std::{ops::ControlFlow, path::Path};

use rusqlite::Connection;

use super::{audit, audit::AuditReport, error::StoreError, lock, open, sources};
use crate::model::SourceRecord;

/// How a store is.
#[derive(Debug)]
pub struct Inspection {
    /// Of its schema; smaller than the program's until the program opens it to
    /// work on it.
    pub version: i32,
    /// The one that this program makes.
    pub known: i32,
    /// What SQLite finds wrong with the file, in its own words; empty if nothing.
    pub damage: Vec<String>,
    /// `None` where the file is damaged or of another version.
    pub audit: Option<AuditReport>,
    /// What is on record of the lists of people; nothing in those cases too.
    pub sources: Vec<SourceRecord>,
    /// The process that last took the right to dispatch; it may be dead.
    pub dispatcher: Option<u32>,
}

/// Looks at the store; blocks for as long as reading all of it takes.
///
/// # Errors
/// It is no store, or cannot be read.
pub fn inspect(path: &Path) -> Result<Inspection, StoreError> {
    let path = &open::real_path(path);
    let connection = open::open_untouched(path)?;
    // All statements see the same moment.
    let connection = connection.unchecked_transaction()?;
    let (version, known) = (open::version(&connection)?, open::known_version());
    let damage = damage(&connection)?;
    let is_readable = damage.is_empty() && version == known;
    let (audit, sources) = match is_readable {
        true => (
            Some(audit::verify(&connection, |_, _| ControlFlow::Continue(()))?),
            sources::all(&connection)?,
        ),
        false => (None, Vec::new()),
    };
    Ok(Inspection {
        version,
        known,
        damage,
        audit,
        sources,
        dispatcher: lock::holder_pid(path),
    })
}

fn damage(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut check = connection.prepare("PRAGMA quick_check(10)")?;
    let rows = check.query_map([], |row| row.get::<_, String>(0))?;
    let mut found = rows.collect::<Result<Vec<String>, _>>()?;
    found.retain(|line| line != "ok");
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::FileExt};

    use super::*;
    use crate::store::Store;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn looking_at_a_store_leaves_no_trace() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a store?#%.db");
        assert!(inspect(&path).is_err(), "there is none");
        assert!(names(directory.path()).is_empty(), "and none is made");

        drop(Store::open(&path).unwrap());
        let (before, bytes) = (names(directory.path()), fs::read(&path).unwrap());
        let found = inspect(&path).unwrap();
        assert_eq!(found.version, found.known);
        assert!(found.damage.is_empty() && found.audit.is_some_and(|audit| audit.is_sound()));
        assert_eq!(names(directory.path()), before);
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn a_store_that_somebody_works_on_can_be_looked_at() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("revokd.db");
        let store = Store::open(&path).unwrap();
        let lock = store.dispatch_lock().unwrap();
        let found = inspect(&path).unwrap();
        assert_eq!(found.dispatcher, Some(std::process::id()));
        drop(lock);
    }

    #[test]
    fn what_is_damaged_or_foreign_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("revokd.db");
        drop(Store::open(&path).unwrap());
        let file = fs::File::options().write(true).open(&path).unwrap();
        let size = file.metadata().unwrap().len();
        // All but the first page, which says what kind of file it is.
        let junk = vec![0x5a; usize::try_from(size).unwrap() - 4096];
        file.write_all_at(&junk, 4096).unwrap();
        let told = match inspect(&path) {
            Ok(found) => found.damage.join(" "),
            Err(error) => format!("{:#}", anyhow::Error::from(error)),
        };
        assert!(!told.is_empty());

        let text = directory.path().join("notes.txt");
        fs::write(&text, "these are notes\n".repeat(400)).unwrap();
        let refusal = inspect(&text).unwrap_err().to_string();
        assert!(refusal.contains("no SQLite database"), "{refusal}");
    }
}
