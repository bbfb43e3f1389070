use std::{
    cell::Cell,
    fs,
    os::unix::{fs::symlink, net::UnixListener},
    time::SystemTime,
};

use tempfile::{TempDir, tempdir};

use super::*;

const LONG_AGO: &str = "2026-03-31T12:00:00Z";
const NOW: &str = "2026-03-31T18:00:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn write(path: &Path, text: &str, modified: &str) {
    fs::write(path, text).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::from(time(modified))).unwrap();
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("leavers.csv");
    (folder, path)
}

async fn read_text(path: &Path, now: &str) -> Result<(String, Timestamp), String> {
    let file = WatchedFile::new(path.to_owned(), Duration::from_secs(60), SETTLED_AFTER);
    let read = file.read(time(now), |contents| {
        let text = String::from_utf8(contents.bytes.clone()).unwrap();
        Ok((text, contents.modified))
    });
    read.await.map_err(|failure| failure.to_string())
}

#[tokio::test]
async fn a_file_that_was_left_alone_is_read_with_its_date() {
    let (_folder, path) = folder();
    write(&path, "ada", LONG_AGO);
    assert_eq!(
        read_text(&path, NOW).await,
        Ok(("ada".to_owned(), time(LONG_AGO)))
    );
}

#[tokio::test]
async fn a_link_that_is_swapped_leads_to_the_new_file() {
    let (folder, path) = folder();
    for (name, text) in [("one", "ada"), ("two", "bob")] {
        let target = folder.path().join(name);
        write(&target, text, LONG_AGO);
        let new = folder.path().join("new");
        symlink(&target, &new).unwrap();
        let before = WatchedFile::new(path.clone(), Duration::ZERO, SETTLED_AFTER).glance();
        fs::rename(&new, &path).unwrap();
        assert_ne!(
            WatchedFile::new(path.clone(), Duration::ZERO, SETTLED_AFTER).glance(),
            before
        );
        assert_eq!(read_text(&path, NOW).await.unwrap().0, text);
    }
}

#[tokio::test]
async fn what_is_no_file_is_said_to_be_none() {
    let (folder, path) = folder();
    let missing = read_text(&path, NOW).await.unwrap_err();
    assert_eq!(missing, format!("{}: there is no such file", path.display()));
    let directory = read_text(folder.path(), NOW).await.unwrap_err();
    assert!(
        directory.ends_with("it is a directory, not a file"),
        "{directory}"
    );
    let _socket = UnixListener::bind(&path).unwrap();
    let socket = read_text(&path, NOW).await.unwrap_err();
    assert!(
        socket.ends_with("it is a pipe, a socket or a device, not a file"),
        "{socket}"
    );
}

#[tokio::test]
async fn a_file_that_is_too_large_is_not_read() {
    let (_folder, path) = folder();
    write(&path, "", LONG_AGO);
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(MOST_BYTES + 1)
        .unwrap();
    let error = read_text(&path, NOW).await.unwrap_err();
    assert!(error.contains("bytes, more than"), "{error}");
}

#[tokio::test]
async fn a_read_that_takes_too_long_ends() {
    let (_folder, path) = folder();
    write(&path, "ada", NOW);
    let file = WatchedFile::new(path, Duration::from_millis(1), SETTLED_AFTER);
    let error = file.read(time(NOW), |_| Ok(())).await.unwrap_err();
    assert!(
        error.to_string().ends_with("it could not be read within 1ms"),
        "{error}"
    );
}

#[test]
fn a_file_is_waited_for_until_it_was_left_alone_for_two_seconds() {
    let now = time(NOW);
    for (age_ms, wait_ms) in [
        (0, Some(2_000)),
        (1_500, Some(500)),
        (2_000, None),
        (86_400_000, None),
        (-5_000, Some(2_000)),
        (-86_400_000, Some(2_000)),
    ] {
        let modified = now - SignedDuration::from_millis(age_ms);
        let wait = unsettled_for(modified, now, SETTLED_AFTER);
        assert_eq!(wait, wait_ms.map(Duration::from_millis), "{age_ms}");
    }
}

#[test]
fn a_file_that_changed_while_it_was_waited_for_is_not_read() {
    let (_folder, path) = folder();
    write(&path, "ada\n", NOW);
    let watched = stamp(&path).unwrap();
    assert!(read_left_alone(&path, Some(watched), SETTLED_AFTER).is_ok());
    write(&path, "ada\nbob\n", NOW);
    let error = read_left_alone(&path, Some(watched), SETTLED_AFTER).unwrap_err();
    assert!(error.starts_with("it is being written"), "{error}");
}

#[test]
fn a_file_that_is_replaced_half_way_is_read_anew() {
    let (folder, path) = folder();
    write(&path, "ada\nbob\n", LONG_AGO);
    let replaced = Cell::new(false);
    let contents = read_between(&path, &|| {
        if !replaced.replace(true) {
            let new = folder.path().join("new");
            write(&new, "eve\ndan\n", LONG_AGO);
            fs::rename(&new, &path).unwrap();
        }
    });
    assert_eq!(contents.unwrap().bytes, b"eve\ndan\n");
    assert!(replaced.get());
}

#[test]
fn a_file_that_never_stops_changing_is_not_read() {
    let (_folder, path) = folder();
    write(&path, "ada\n", LONG_AGO);
    let tries = Cell::new(0);
    let error = read_between(&path, &|| {
        tries.set(tries.get() + 1);
        write(&path, &"ada\n".repeat(tries.get() + 1), LONG_AGO);
    });
    assert_eq!(error.unwrap_err(), "it changes while it is being read");
    assert_eq!(tries.get(), MOST_TRIES);
}

#[test]
fn a_glance_tells_a_file_from_another_and_from_none() {
    let (_folder, path) = folder();
    let file = WatchedFile::new(path.clone(), Duration::ZERO, SETTLED_AFTER);
    assert_eq!(file.glance(), "missing");
    write(&path, "ada", LONG_AGO);
    let first = file.glance();
    assert_eq!(file.glance(), first);
    write(&path, "bob", NOW);
    assert_ne!(file.glance(), first);
    write(&path, "dana", LONG_AGO);
    assert_ne!(file.glance(), first);
}

#[test]
fn the_version_is_that_of_the_contents_alone() {
    let version = |bytes: &[u8], modified| {
        let (bytes, modified) = (bytes.to_vec(), time(modified));
        Contents { bytes, modified }.version()
    };
    assert_eq!(version(b"ada", LONG_AGO), version(b"ada", NOW));
    assert_ne!(version(b"ada", NOW), version(b"bob", NOW));
    assert_eq!(version(b"", NOW), "e3b0c44298fc1c14");
}
