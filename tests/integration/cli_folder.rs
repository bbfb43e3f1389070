//! A configuration in a directory of its own, and the real program run on it.
//! Nothing here needs a cloud: the address that it names refuses connections.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// Fires once a year, so that a test can know when.
pub const POLICY: &str = r#"[[policy]]
name = "yearly"
description = "Once a year."
schedule = "0 3 1 1 *"
timezone = "Asia/Tokyo"
clouds = ["nowhere"]
resource = "image-share"
match.granted_before = "30d"
"#;

const CONFIG: &str = r#"[clouds.nowhere]
provider = "openstack"
auth_url = "http://127.0.0.1:1/v3"
project = "images"

[clouds.nowhere.auth]
method = "password"
user = "revokd"
password_file = "password"
"#;

pub struct Folder(tempfile::TempDir);

/// What a command answered.
pub struct Answer {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Folder {
    /// A good configuration with one good policy.
    pub fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a directory for the test"));
        folder.write("revokd.toml", CONFIG);
        folder.write("password", "unused-password");
        folder.write("policies/a.toml", POLICY);
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file in the folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        // A password that others can read is worth a warning in every answer.
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a file of ours");
    }

    /// Replaces a part of a file that must be there.
    pub fn change(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).expect("a file to change");
        assert!(text.contains(from), "{name} holds no {from:?}");
        self.write(name, text.replacen(from, to, 1));
    }

    /// The program in this folder, with an environment of its own.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = revokd(arguments);
        command
            .current_dir(self.0.path())
            .env("REVOKD_CONFIG", "revokd.toml");
        command
    }

    #[track_caller]
    pub fn revokd(&self, arguments: &[&str]) -> Answer {
        answer(self.command(arguments))
    }

    /// Every file and what it holds, to see that nothing changed.
    pub fn contents(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        collect(self.0.path(), &mut found);
        found.sort();
        found
    }
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            let contents = fs::read(&path).expect("a file");
            found.push((path, contents));
        }
    }
}

/// The program, with nothing of the environment of the tests.
pub fn revokd(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_revokd"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// Runs to the end.
#[track_caller]
pub fn answer(mut command: Command) -> Answer {
    let output = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("output in UTF-8");
    let answer = Answer {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    };
    assert!(!answer.stderr.contains("panicked"), "{}", answer.stderr);
    answer
}

impl Answer {
    #[track_caller]
    pub fn expect(self, code: i32) -> Answer {
        assert_eq!(
            self.code,
            Some(code),
            "standard output:\n{}\nstandard error:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in:\n{}\n{}", self.stdout, self.stderr))
    }

    /// The keys of the one object that was printed.
    #[track_caller]
    pub fn keys(&self) -> Vec<String> {
        keys(&self.json())
    }
}

#[track_caller]
pub fn keys(object: &Value) -> Vec<String> {
    let object = object
        .as_object()
        .unwrap_or_else(|| panic!("no object: {object}"));
    let mut keys: Vec<String> = object.keys().cloned().collect();
    keys.sort();
    keys
}
