//! The unit of systemd and its drop-ins, as far as they can be judged without
//! a running manager.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd")
}

/// The unit with a program that is there on every machine.
fn unit() -> String {
    let unit = fs::read_to_string(folder().join("revokd.service")).expect("the unit");
    unit.replace("/usr/bin/revokd", "/bin/true")
}

fn analyze(arguments: &[&str], search: Option<&Path>) -> String {
    let mut command = Command::new("systemd-analyze");
    command.args(arguments);
    if let Some(search) = search {
        // The colon at its end keeps the units of the system.
        command.env("SYSTEMD_UNIT_PATH", format!("{}:", search.display()));
    }
    let told = command
        .output()
        .expect("systemd-analyze is needed: install the package `systemd`");
    let text = String::from_utf8_lossy(&told.stdout).into_owned() + &String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "{text}");
    text
}

/// What systemd says of the unit with this drop-in; nothing if all is well.
fn complaints(drop_in: Option<&str>) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let unit_file = directory.path().join("revokd.service");
    fs::write(&unit_file, unit()).expect("writing the unit");
    if let Some(text) = drop_in {
        let beside = directory.path().join("revokd.service.d");
        fs::create_dir(&beside).expect("a directory");
        fs::write(beside.join("tried.conf"), text).expect("writing the drop-in");
    }
    let unit_file = unit_file.to_str().expect("a path of letters");
    analyze(&["verify", "--man=no", unit_file], Some(directory.path()))
}

#[test]
fn systemd_has_nothing_to_say_against_the_unit_and_each_drop_in() {
    assert_eq!(complaints(None), "");
    let wrong = complaints(Some("[Service]\nNonsense=yes\n"));
    assert!(
        wrong.contains("Nonsense"),
        "a drop-in that is wrong is noticed: {wrong}"
    );
    let mut tried = 0;
    for entry in fs::read_dir(folder().join("examples"))
        .expect("a folder")
        .flatten()
    {
        let text = fs::read_to_string(entry.path()).expect("a drop-in");
        assert_eq!(complaints(Some(&text)), "", "{}", entry.path().display());
        tried += 1;
    }
    assert!(tried > 0);
}

#[test]
fn the_exposure_is_small() {
    let unit = folder().join("revokd.service");
    let unit = unit.to_str().expect("a path of letters");
    let told = analyze(&["security", "--offline=yes", "--no-pager", unit], None);
    let overall = told
        .split("exposure level for revokd.service: ")
        .nth(1)
        .expect("a level");
    let level: String = overall
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let level: f64 = level.parse().expect("a number");
    assert!(level <= 1.5, "{told}");
}
