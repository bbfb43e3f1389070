//! From a path to connections whose schema is known.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use super::{error::StoreError, owner};

/// The prepared statements a connection keeps; there are about fifty.
const STATEMENTS_KEPT: usize = 128;

/// How often, and how long apart, a connection asks again for a lock that
/// another process has: ten seconds at the least. Short, even waits rather than
/// SQLite's growing ones, so that a busy neighbour cannot starve this process.
const LOCK_TRIES: i32 = 5_000;
const LOCK_WAIT: Duration = Duration::from_millis(2);

/// Memory of one connection, in KiB: a run that queues tens of thousands of
/// tasks changes that much in one transaction.
const CACHE_KIBIBYTES: i64 = 32 << 10;

/// Pages of 4 KiB after which the log is carried over into the file. The same
/// pages change again and again while a queue is worked off, and a longer log
/// carries each of them over once instead of many times.
const LOG_PAGES: i64 = 8_000;

/// Bytes to which the write-ahead log is cut after it has been larger.
const LOG_SIZE_KEPT: i64 = 64 << 20;

/// What means nothing but itself in a URI of SQLite.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');

/// What the first migration writes into the head of the file.
const APPLICATION: i64 = 0x7276_6b64;

pub(super) mod embedded {
    refinery::embed_migrations!("src/store/migrations");
}

/// Opens the one connection that writes; makes and migrates the file as needed.
pub(super) fn open_for_writing(path: &Path) -> Result<Connection, StoreError> {
    if path.is_dir() {
        return Err(StoreError::Directory { path: path.into() });
    }
    let failed = |source| StoreError::Open {
        path: path.into(),
        source,
    };
    // Only one process at a time makes or migrates a store. The directory is
    // what gets locked: a second handle on the file itself would, on closing,
    // drop the locks that SQLite holds on it.
    make_directory(&directory_of(path)).map_err(failed)?;
    let directory = File::open(directory_of(path)).map_err(failed)?;
    directory.lock().map_err(failed)?;
    create_private(path).map_err(failed)?;
    directory.sync_all().map_err(failed)?;
    let mut connection = connect(path)?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// Opens a connection that cannot write. The file is there and migrated.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// The path under which everyone meets the same store: links to it must lead
/// to the same locks beside it.
pub(super) fn real_path(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    // It may be about to be made, in a directory that is there.
    match (directory_of(path).canonicalize(), path.file_name()) {
        (Ok(directory), Some(name)) => directory.join(name),
        _ => path.into(),
    }
}

fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.into(),
        _ => PathBuf::from("."),
    }
}

/// The directory of a service comes with its first start; a command that root
/// runs before that must not fail for the want of it. systemd takes over what it
/// finds there, with its owner.
fn make_directory(directory: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// SQLite would make the file with the process's umask, and gives the log
/// beside it the mode and the owner that the file has. A directory that a
/// service has already is one whose files it must be able to open.
fn create_private(path: &Path) -> io::Result<()> {
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(file) => owner::give(&file, &directory_of(path)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |source| open_failed(path, source);
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection
        .busy_handler(Some(wait_for_lock as fn(i32) -> bool))
        .map_err(failed)?;
    if is_foreign(&connection).map_err(failed)? {
        return Err(not_a_store(path, "it is a database of another program"));
    }
    prepare(&connection).map_err(failed)?;
    Ok(connection)
}

/// Opens a connection that leaves no trace: it makes, migrates and changes
/// nothing, not even beside the file.
pub(super) fn open_untouched(path: &Path) -> Result<Connection, StoreError> {
    let failed = |source| open_failed(path, source);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    // Without a log nobody works on it, and SQLite would make one to read by.
    let immutable = match Path::new(&log).exists() {
        true => "",
        false => "?immutable=1",
    };
    let encoded = percent_encode(path.as_os_str().as_bytes(), PATH);
    let mut connection =
        Connection::open_with_flags(format!("file:{encoded}{immutable}"), flags).map_err(failed)?;
    connection
        .busy_handler(Some(wait_for_lock as fn(i32) -> bool))
        .map_err(failed)?;
    if is_foreign(&connection).map_err(failed)? {
        return Err(not_a_store(path, "it is a database of another program"));
    }
    Ok(connection)
}

fn open_failed(path: &Path, source: rusqlite::Error) -> StoreError {
    if source.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
        return not_a_store(path, "the file is no SQLite database");
    }
    StoreError::OpenDatabase {
        path: path.into(),
        source,
    }
}

/// A database that some other program made is left untouched.
fn is_foreign(connection: &Connection) -> rusqlite::Result<bool> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let empty: bool = connection.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema
             WHERE type = 'table' AND name <> 'refinery_schema_history')",
        [],
        |row| row.get(0),
    )?;
    Ok(application != APPLICATION && !empty)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // A plan that may depend on the values bound to it is made anew for each of
    // them; where partial indices are involved that is nearly every statement.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIBIBYTES)?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_SIZE_KEPT)
}

fn wait_for_lock(tries: i32) -> bool {
    thread::sleep(LOCK_WAIT);
    tries < LOCK_TRIES
}

/// The version that this program makes.
pub(super) fn known_version() -> i32 {
    let runner = embedded::migrations::runner();
    let versions = runner.get_migrations().iter().map(refinery::Migration::version);
    versions.max().unwrap_or_default()
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let runner = embedded::migrations::runner();
    let known = known_version();
    let found = version(connection)?;
    if found > known {
        return Err(StoreError::Newer {
            path: path.into(),
            found,
            known,
        });
    }
    runner.run(connection).map_err(|source| StoreError::Migrate {
        path: path.into(),
        source: Box::new(source),
    })?;
    Ok(())
}

pub(super) fn version(connection: &Connection) -> rusqlite::Result<i32> {
    if !connection.table_exists(None, "refinery_schema_history")? {
        return Ok(0);
    }
    connection.query_row(
        "SELECT ifnull(max(version), 0) FROM refinery_schema_history",
        [],
        |row| row.get(0),
    )
}

fn not_a_store(path: &Path, found: &'static str) -> StoreError {
    StoreError::NotAStore {
        path: path.into(),
        found,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::{
        super::owner::tests::{beside, given_away, owner},
        *,
    };

    fn refusal(path: &Path) -> String {
        open_for_writing(path).expect_err("this is no store").to_string()
    }

    #[test]
    fn a_store_is_made_for_its_owner_alone_and_opens_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("revokd.db");
        drop(open_for_writing(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        let again = open_for_writing(&path).unwrap();
        let migrations: i64 = again
            .query_row("SELECT count(*) FROM refinery_schema_history", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(migrations, 3);
        let synchronous: i64 = again
            .pragma_query_value(None, "synchronous", |row| row.get(0))
            .unwrap();
        assert_eq!(synchronous, 2, "full");
        let journal: String = again
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .unwrap();
        assert_eq!(journal, "wal");
    }

    #[test]
    fn many_that_open_a_new_store_at_once_all_get_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("revokd.db");
        thread::scope(|scope| {
            let openers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| open_for_writing(&path).is_ok()))
                .collect();
            assert!(openers.into_iter().all(|opener| opener.join().unwrap()));
        });
    }

    #[test]
    fn a_store_of_a_newer_version_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("revokd.db");
        let connection = open_for_writing(&path).unwrap();
        connection
            .execute(
                "INSERT INTO refinery_schema_history
                 SELECT 99, 'later', applied_on, checksum FROM refinery_schema_history LIMIT 1",
                [],
            )
            .unwrap();
        drop(connection);
        let message = refusal(&path);
        assert!(
            message.contains("newer revokd") && message.contains("version 99"),
            "{message}"
        );
    }

    #[test]
    fn a_directory_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        assert!(refusal(directory.path()).contains("is a directory"));
    }

    #[test]
    fn a_file_that_is_no_database_is_refused_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.txt");
        let text = "these are notes\n".repeat(100);
        fs::write(&path, &text).unwrap();
        assert!(refusal(&path).contains("no SQLite database"));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn a_database_of_another_program_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("other.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE songs (title TEXT)")
            .unwrap();
        assert!(refusal(&path).contains("database of another program"));
    }

    #[test]
    fn a_place_that_cannot_hold_a_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing").join("too").join("revokd.db");
        assert!(refusal(&missing).contains("missing/too/revokd.db"));
    }

    #[test]
    fn the_directory_of_a_store_is_made_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().join("revokd");
        open_for_writing(&own.join("revokd.db")).unwrap();
        let mode = own.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o700);
    }

    #[test]
    fn all_of_a_store_belongs_to_the_owner_of_its_directory_whoever_made_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("revokd.db");
        let expected = given_away(directory.path());
        let store = open_for_writing(&path).unwrap();
        for ending in ["", "-wal", "-shm"] {
            assert_eq!(owner(&beside(&path, ending)), expected, "{ending}");
        }
        drop(store);
    }
}
