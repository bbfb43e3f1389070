//! `revokd demo`: the first thing that anybody tries.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    cli_folder::{answer, revokd},
    harness::get,
};

/// Nothing that is waited for here takes so long on the most loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that goes on until it is told to stop, with its output as it comes.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Running {
    pub fn start(mut command: Command) -> Running {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("revokd starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            // Whoever read may have seen enough.
            stdout
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        Running {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// Reads on to the line that holds this text, or gives what stood on
    /// standard error when the output ended.
    pub fn until(&mut self, text: &str) -> Result<String, String> {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.seen.push(line.clone());
            if line.contains(text) {
                return Ok(line);
            }
        }
        let mut stderr = String::new();
        drop(self.child.kill());
        let pipe = self.child.stderr.as_mut().expect("a pipe");
        pipe.read_to_string(&mut stderr).expect("text");
        Err(stderr)
    }

    /// Ends it with a signal; gives its exit code and the rest of its output.
    pub fn stop(mut self, signal: &str) -> (Option<i32>, Vec<String>) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(sent.expect("kill").success());
        let code = self.child.wait().expect("an end").code();
        let rest: Vec<String> = self.lines.iter().collect();
        (code, rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub fn directory() -> (TempDir, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().display().to_string();
    (directory, path)
}

#[test]
fn the_demo_shows_all_that_there_is_to_show() {
    let (directory, path) = directory();
    let demo = answer(revokd(&["demo", "--directory", &path, "--output", "json"])).expect(0);
    let told = demo.json();
    for key in ["decided", "done", "dead", "held", "removed_undecided"] {
        assert!(told[key].is_u64(), "{key} in {told}");
    }
    assert_eq!(told["removed_undecided"], 0);
    assert_eq!(told["dead"], 0);
    let sum = |keys: [&str; 2]| keys.iter().filter_map(|key| told[*key].as_u64()).sum::<u64>();
    assert_eq!(told["decided"], sum(["done", "held"]));
    assert!(told["done"].as_u64() > Some(0) && told["held"].as_u64() > Some(0));
    assert_eq!(told["audit_sound"], true);

    let config = told["config"].as_str().expect("a path");
    assert!(Path::new(config).starts_with(directory.path()));
    let tasks = ["--config", config, "tasks", "list", "--limit", "1000"];
    let tasks = answer(revokd(&[&tasks[..], &["--output", "json"]].concat()))
        .expect(0)
        .json();
    let tries = tasks["tasks"].as_array().expect("tasks").iter();
    let tries: Vec<u64> = tries.filter_map(|task| task["attempts"].as_u64()).collect();
    assert_eq!(tries.iter().max(), Some(&3), "one removal fails twice");
    let of_leavers = tasks["tasks"].as_array().expect("tasks").iter();
    let of_leavers = of_leavers.filter(|task| task["policy"] == "people-who-left");
    let of_leavers: Vec<_> = of_leavers
        .map(|task| (&task["kind"], &task["state"], &task["priority"]))
        .collect();
    for kind in ["repository-permission", "namespace-permission"] {
        assert!(of_leavers.iter().any(|task| task.0 == kind), "{of_leavers:?}");
    }
    assert!(
        of_leavers
            .iter()
            .all(|task| (task.1, task.2) == (&json!("done"), &json!("urgent"))),
        "{of_leavers:?}"
    );
    let of_leavers = of_leavers.len() as u64;
    let done = |cloud: &str, kind: &str| {
        let tasks = tasks["tasks"].as_array().expect("tasks").iter();
        let of = |task: &&Value| task["cloud"] == cloud && task["kind"] == kind && task["state"] == "done";
        tasks
            .filter(of)
            .map(|task| task["attempts"].as_u64())
            .collect::<Vec<_>>()
    };
    for kind in [
        "image",
        "repository-permission",
        "namespace-permission",
        "repository-share",
    ] {
        assert!(!done("registry", kind).is_empty(), "{kind}");
    }
    let shares = done("registry", "image-share");
    let again = shares.iter().filter(|tries| **tries == Some(2)).count();
    assert_eq!(again, 2, "the jobs leave two shares behind");
    let calls = told["calls"].as_array().expect("calls").iter();
    let mut at_once = calls.filter(|row| row["removes"] == "many shares of images at once");
    let at_once = at_once.next().expect("a batch");
    assert_eq!(at_once["targets"], json!(shares.len() - 1), "one goes alone");
    assert!(at_once["calls"].as_u64() <= Some(5), "{at_once}");
    let people = told["people"].as_array().expect("people").iter();
    let people = people.map(|listed| {
        assert_eq!(
            (&listed["policy"], &listed["urgent"]),
            (&json!("people-who-left"), &json!(true))
        );
        let said = listed["said"].as_str().expect("a sentence");
        let lost: u64 = listed["gone"]
            .as_object()
            .expect("kinds")
            .values()
            .filter_map(Value::as_u64)
            .sum();
        (
            listed["person"].as_str().expect("a name"),
            said,
            listed["known"] == true,
            lost,
        )
    });
    assert_eq!(
        people.collect::<Vec<_>>(),
        [
            ("build-bot@example.com", "left 2026-06-30", true, of_leavers),
            ("former.colleague@example.com", "left 2026-05-15", false, 0),
            ("lukas.brenner@example.com", "returns 2026-01-01", true, 0),
            ("paula.richter@example.com", "leaves 2099-12-31", true, 0),
        ]
    );
    let head = told["audit_head"].as_str().expect("a head");
    answer(revokd(&["--config", config, "audit", "verify", "--head", head])).expect(0);
    let metrics = fs::read_to_string(told["metrics"].as_str().expect("a path")).expect("the metrics");
    assert!(
        metrics.contains("revokd_revocation_lag_seconds_count"),
        "{metrics}"
    );
}

#[test]
fn the_demo_says_to_people_what_it_did_and_can_be_repeated() {
    let (_directory, path) = directory();
    for _ in 0..2 {
        let demo = answer(revokd(&["demo", "--directory", &path])).expect(0);
        for told in [
            "What the policies found",
            "The calls that it took",
            " calls on registry; ",
            "still reachable through: ",
            "the owner of the account",
            "People on the lists",
            "people-who-left is urgent: ",
            "Removed, and why",
            "Kept, and why",
            "The clouds count 0 removed that nobody decided on.",
            "runs allow ",
            "tasks list",
            "sound, head ",
        ] {
            assert!(demo.stdout.contains(told), "{told} in:\n{}", demo.stdout);
        }
        let widest = demo.stdout.lines().filter(|line| line.starts_with('─'));
        assert!(widest.map(|line| line.chars().count()).max() <= Some(140));
    }
}

/// The held run that the demo tells about can be allowed, while it serves.
#[tokio::test]
async fn the_demo_that_serves_is_a_daemon_to_play_with() {
    let (_directory, path) = directory();
    let mut demo = Running::start(revokd(&["demo", "--serve", "--directory", &path]));
    let metrics = match demo.until("Metrics:") {
        Ok(line) => line,
        // Its address is fixed, and something else on this machine has it.
        Err(told) => {
            assert_eq!(
                told,
                "error: listening on 127.0.0.1:9469: Address already in use (os error 98)\n"
            );
            return;
        }
    };
    assert!(metrics.contains("http://127.0.0.1:9469/metrics"), "{metrics}");
    let (status, text) = get("http://127.0.0.1:9469/metrics".to_owned()).await;
    assert_eq!(status, 200);
    assert!(text.contains("revokd_build_info"), "{text}");
    let (status, _) = get("http://127.0.0.1:9469/readyz".to_owned()).await;
    assert_eq!(status, 200);
    let config = format!("{path}/revokd.toml");
    answer(revokd(&["--config", &config, "status"])).expect(0);
    let (code, _) = demo.stop("INT");
    assert_eq!(code, Some(0));
}
