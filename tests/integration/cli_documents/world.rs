//! What the documents talk about: two simulated clouds, their configuration, a
//! held run 17, a dead task 4711, a person and a list on which she stands.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use super::blocks::without_comment;
use crate::{
    cli_demo::{Running, directory},
    cli_folder::{Answer, answer},
};

const CLOUDS_READY: &str = "stop with Ctrl-C";
const DAEMON_READY: &str = "is ready";
/// As documents name what a reader puts something else for.
const STAND_INS: [(&str, &str); 2] = [("USER", "ann@example.com"), ("NAME", "leavers")];
/// The address that documents show; a test takes a free one.
const ADDRESS: &str = "127.0.0.1:9469";

/// Only observes.
const WATCHED: &str = "large-shares-watched";

const POLICIES: &str = r#"
[[policy]]
name        = "leavers-lose-everything"
description = "As the documents call it."
schedule    = "0 0 29 2 *"
clouds      = ["*"]
resource    = ["repository-permission", "namespace-permission"]
priority    = "urgent"
mode        = "enforce"
match.subject_in = "leavers"
"#;

pub struct World {
    // Stopped before the directory goes.
    running: Vec<Running>,
    directory: TempDir,
    address: String,
}

impl World {
    pub fn new() -> World {
        let (directory, _) = directory();
        let mut world = World {
            running: vec![],
            directory,
            address: free_address(),
        };
        world.put_on_path();
        let clouds = "revokd simulate --directory . --fault remove-member=403*1";
        world.run(clouds).expect("simulated clouds");
        world.list_somebody();
        world.write("policies/98-documents.toml", POLICIES);
        world.begin(WATCHED, 0);
        world.count_on("runs", 16);
        world.begin("golden-shares-reviewed", 4);
        world.count_on("tasks", 4710);
        world.give_a_task_up();
        world
    }

    /// Runs a command line; one that serves until it is stopped is left behind
    /// when it is ready. Gives its exit code and output, or nothing.
    ///
    /// # Errors
    /// What ought to serve did not: its output.
    pub fn run(&mut self, line: &str) -> Result<Option<Answer>, String> {
        let line = self.as_meant(line);
        let Some(ready) = serves(&line) else {
            return Ok(Some(answer(self.shell(&line))));
        };
        let mut running = Running::start(self.shell(&format!("exec 2>&1; exec {line}")));
        running
            .until(ready)
            .map_err(|_| format!("{line}: never said {ready:?}"))?;
        self.running.push(running);
        if ready == CLOUDS_READY {
            self.listen_elsewhere();
        }
        Ok(None)
    }

    /// With what stands for something put in.
    fn as_meant(&self, line: &str) -> String {
        let words = line.replace(ADDRESS, &self.address);
        let word = |word: &str| {
            let stand_in = STAND_INS.iter().find(|(name, _)| *name == word);
            stand_in.map_or(word, |(_, meant)| meant).to_owned()
        };
        words.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }

    fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-eu", "-c", line])
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()))
            .env("REVOKD_CONFIG", self.path("revokd.toml"))
            .env("HOME", self.directory.path())
            .stdin(std::process::Stdio::null());
        command
    }

    /// The program that is tested, also where a document builds it first.
    fn put_on_path(&self) {
        let program = Path::new(env!("CARGO_BIN_EXE_revokd"));
        fs::create_dir(self.path("bin")).expect("a folder");
        symlink(program, self.path("bin/revokd")).expect("a link");
        self.write(
            "bin/cargo",
            "#!/bin/sh\n[ \"$1 $2 $3\" = 'run --release --' ] || exit 2\nshift 3\nexec revokd \"$@\"\n",
        );
        let executable = fs::Permissions::from_mode(0o700);
        fs::set_permissions(self.path("bin/cargo"), executable).expect("a program");
    }

    /// Every configuration that was written meanwhile.
    fn listen_elsewhere(&self) {
        let folders = fs::read_dir(self.directory.path()).expect("a folder").flatten();
        let inside = folders.map(|entry| entry.path().join("revokd.toml"));
        for config in inside.chain([self.path("revokd.toml")]) {
            if let Ok(text) = fs::read_to_string(&config) {
                fs::write(config, text.replace(ADDRESS, &self.address)).expect("a configuration");
            }
        }
    }

    /// The time of the file is put back, so that it counts as whole.
    fn list_somebody(&self) {
        let path = self.path("policies/leavers.csv");
        let list = fs::read_to_string(&path).expect("a list");
        fs::write(&path, format!("{list}ann@example.com,2026-01-31,\n")).expect("a list");
        let file = fs::File::options().write(true).open(&path).expect("a list");
        let hour = Duration::from_secs(3600);
        file.set_modified(SystemTime::now() - hour).expect("a time");
    }

    fn begin(&mut self, policy: &str, code: i32) {
        let ran = self.run(&format!("revokd run --once {policy}")).expect("a pass");
        ran.expect("an end").expect(code);
    }

    /// The next row has the number that the documents use.
    fn count_on(&self, table: &str, last: i64) {
        let store = Connection::open(self.path("revokd.db")).expect("a store");
        store
            .execute("DELETE FROM sqlite_sequence WHERE name = ?1", [table])
            .expect("a change");
        store
            .execute(
                "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)",
                (table, last),
            )
            .expect("a change");
    }

    /// The simulated cloud refuses its first removal. The target is one that no
    /// policy takes over from the one that gave it up: others only watch it.
    fn give_a_task_up(&mut self) {
        let planned = self.run("revokd plan --output json");
        let planned = planned.expect("a plan").expect("an end").expect(0).json();
        let rows = planned["revocations"].as_array().expect("a list");
        let of = |row: &Value| (row["resource"].clone(), row["subject"].clone());
        let is_alone = |row: &&Value| rows.iter().filter(|other| of(other) == of(row)).count() == 1;
        let mut watched = rows.iter().filter(|row| row["policy"] == WATCHED);
        let (image, project) = watched
            .find(is_alone)
            .map(of)
            .expect("a share that is only watched");
        let policy = format!(
            "[[policy]]\nname = \"one-share\"\ndescription = \"One.\"\nschedule = \"0 0 29 2 *\"\n\
             clouds = \"example\"\nresource = \"image-share\"\nmode = \"enforce\"\n\
             match.image.id = {image}\nmatch.subject = {project}\n"
        );
        self.write("policies/99-one-share.toml", &policy);
        self.begin("one-share", 5);
        let dead = self.run("revokd tasks list --state dead --output json");
        let dead: Value = dead.expect("a list").expect("an end").expect(0).json();
        assert_eq!(dead["tasks"][0]["id"], 4711, "{dead}");
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// What a command that never ends by itself says once it serves.
fn serves(line: &str) -> Option<&'static str> {
    let mut words = without_comment(line).split_whitespace().peekable();
    words.next_if_eq(&"revokd")?;
    let words: Vec<&str> = words.collect();
    let is_pass = words
        .iter()
        .any(|word| word.starts_with("--once") || word.starts_with("--policy"));
    if words.contains(&"simulate") || words.contains(&"--serve") {
        Some(CLOUDS_READY)
    } else if words.contains(&"run") && !is_pass && !words.contains(&"--help") {
        Some(DAEMON_READY)
    } else {
        None
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").to_string()
}
