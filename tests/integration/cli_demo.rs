//! `revokd demo` and `revokd simulate`: the first things that anybody tries.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    cli_folder::{Answer, answer, revokd},
    harness::get,
};

/// Nothing that is waited for here takes so long on the most loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that goes on until it is told to stop, with its output as it comes.
struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Running {
    fn start(mut command: Command) -> Running {
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
    fn until(&mut self, text: &str) -> Result<String, String> {
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
    fn stop(mut self, signal: &str) -> (Option<i32>, Vec<String>) {
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

fn directory() -> (TempDir, String) {
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

/// A simulated cloud, and the configuration that leads to it.
struct Simulated {
    running: Running,
    directory: TempDir,
}

impl Simulated {
    fn start(arguments: &[&str]) -> Simulated {
        let (directory, path) = directory();
        let all = [&["simulate", "--directory", &path], arguments].concat();
        let mut running = Running::start(revokd(&all));
        running.until("stop with Ctrl-C").expect("a cloud that serves");
        Simulated { running, directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn revokd(&self, arguments: &[&str]) -> Answer {
        let config = self.path("revokd.toml").display().to_string();
        answer(revokd(&[&["--config", &config], arguments].concat()))
    }

    /// Every removal, as `IMAGE MEMBER`, sorted; checked against the tasks done.
    fn stop(self) -> Vec<String> {
        let tasks = self.revokd(&[
            "tasks", "list", "--state", "done", "--limit", "100000", "--output", "json",
        ]);
        let tasks = tasks.expect(0).json();
        let tasks = tasks["tasks"].as_array().expect("tasks").iter();
        let mut done: Vec<String> = tasks
            .map(|task| pair(&task["resource"], &task["subject"]))
            .collect();
        done.sort();
        let (code, rest) = self.running.stop("INT");
        assert_eq!(code, Some(0));
        let told = rest.last().expect("a last line");
        assert!(
            told.starts_with(&format!("{} removed in all, listed in ", done.len())),
            "{told}"
        );
        let lines = fs::read_to_string(self.directory.path().join("removals.jsonl")).expect("the removals");
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let mut removed: Vec<String> = lines
            .map(|line| pair(&line["resource"], &line["subject"]))
            .collect();
        removed.sort();
        assert_eq!(removed, done, "what the cloud lost is what the tasks did");
        removed
    }
}

fn pair(image: &Value, member: &Value) -> String {
    let member = member.as_str().unwrap_or("-");
    format!("{} {member}", image.as_str().expect("an id"))
}

#[test]
fn a_simulated_cloud_comes_with_a_configuration_that_works() {
    let simulated = Simulated::start(&[]);
    let checked = simulated.revokd(&["check"]).expect(0);
    assert_eq!(checked.stderr, "", "no warning either");
    let plan = simulated
        .revokd(&["plan", "partner-shares-lapse", "--output", "json"])
        .expect(0)
        .json();
    let planned = plan["revocations"].as_array().expect("a list").len();
    assert!(planned > 0, "{plan}");
    let ran = simulated
        .revokd(&["run", "--once", "partner-shares-lapse", "--output", "json"])
        .expect(0)
        .json();
    assert_eq!(ran["done"], json!(planned));
    assert_eq!(simulated.stop().len(), planned);
}

#[test]
fn a_simulated_cloud_can_be_large_and_is_the_same_for_the_same_seed() {
    let arguments = [
        "--images",
        "60",
        "--projects",
        "8",
        "--shares",
        "3",
        "--seed",
        "7",
    ];
    let planned = || {
        let simulated = Simulated::start(&arguments);
        let policy = "[[policy]]\nname = \"all-lapse\"\ndescription = \"All.\"\nschedule = \"@daily\"\n\
                      clouds = \"*\"\nresource = \"image-share\"\nmode = \"enforce\"\n\
                      match.granted_before = \"30d\"\n\
                      limits = { max_revocations = 1000, max_percent = 100 }\n";
        fs::write(simulated.path("policies/99-all.toml"), policy).expect("a policy");
        let plan = simulated
            .revokd(&["plan", "all-lapse", "--output", "json"])
            .expect(0)
            .json();
        let rows = plan["revocations"].as_array().expect("a list").clone();
        let ran = simulated.revokd(&["run", "--once", "all-lapse"]).expect(0);
        assert!(
            ran.stdout.contains(&format!("{} seen gone", rows.len())),
            "{}",
            ran.stdout
        );
        let removed = simulated.stop();
        assert_eq!(removed.len(), rows.len());
        removed
    };
    let first = planned();
    assert!(first.len() > 50, "{}", first.len());
    assert_eq!(first, planned());
}

#[test]
fn faults_of_the_simulated_cloud_are_overcome_or_told() {
    let simulated = Simulated::start(&[
        "--fault",
        "remove-member=503*2",
        "--fault",
        "list-images=cut-before*1",
        "--fault",
        "show-image=5ms",
    ]);
    let ran = simulated.revokd(&["run", "--once", "partner-shares-lapse", "--output", "json"]);
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.stdout);
    let again = simulated.revokd(&["run", "--once", "partner-shares-lapse", "--output", "json"]);
    let again = again.expect(0).json();
    assert_eq!((&again["left"], &again["dead"]), (&json!(0), &json!(0)));
    assert!(!simulated.stop().is_empty());
}

#[test]
fn a_simulated_cloud_that_is_down_for_good_is_told() {
    let simulated = Simulated::start(&["--fault", "login=503"]);
    let plan = simulated.revokd(&["plan"]).expect(1);
    assert!(
        plan.stderr.contains("not seen: cloud example: logging in: "),
        "{}",
        plan.stderr
    );
    assert!(plan.stderr.contains("503"), "{}", plan.stderr);
}

#[test]
fn what_was_changed_in_the_directory_is_kept() {
    let (_directory, path) = directory();
    let policy = format!("{path}/policies/10-partner-shares.toml");
    for _ in 0..2 {
        let mut running = Running::start(revokd(&["simulate", "--directory", &path]));
        running.until("stop with Ctrl-C").expect("a cloud that serves");
        let (code, _) = running.stop("TERM");
        assert_eq!(code, Some(0));
        if !fs::read_to_string(&policy).expect("a policy").contains("# mine") {
            fs::write(&policy, "# mine\n").expect("a change");
        }
    }
    assert_eq!(fs::read_to_string(&policy).expect("a policy"), "# mine\n");
}

/// With the user's password, then with the access key that lies beside it.
#[test]
fn a_cloud_with_a_registry_can_be_had_alone() {
    let simulated = Simulated::start(&[
        "--cloud",
        "huawei-cloud",
        "--fault",
        "remove-members=400:IMG.0066*1",
        "--fault",
        "list-permissions=403:SVCSTG.SWR.4031032*1",
    ]);
    let checked = simulated.revokd(&["check"]).expect(0);
    assert_eq!(checked.stderr, "", "no warning either");
    let text = fs::read_to_string(simulated.path("revokd.toml")).expect("a configuration");
    let password =
        "method        = \"password\"\nuser          = \"revokd\"\npassword_file = \"registry-password\"";
    assert!(
        text.contains(password) && !text.contains("[clouds.example]"),
        "{text}"
    );
    let plan = |with: &str| {
        let planned = simulated.revokd(&["plan", "--output", "json"]).expect(0).json();
        let count = planned["revocations"].as_array().expect("a list").len();
        assert!(count > 100, "{count} with {with}");
        count
    };
    let with_password = plan("a password");
    for name in ["registry-password", "registry-access-key", "registry-secret-key"] {
        let mode = fs::metadata(simulated.path(name))
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let key = fs::read_to_string(simulated.path("registry-access-key")).expect("a key");
    let keys = format!("method = \"ak-sk\"\naccess_key = {key:?}\nsecret_key_file = \"registry-secret-key\"");
    fs::write(simulated.path("revokd.toml"), text.replace(password, &keys)).expect("a change");
    assert_eq!(plan("an access key"), with_password);
    let ran = simulated.revokd(&["run", "--once", "partner-images-lapse", "--output", "json"]);
    let ran = ran.expect(0).json();
    assert_eq!((&ran["left"], &ran["dead"]), (&json!(0), &json!(0)));
    assert_eq!(json!(simulated.stop().len()), ran["done"]);
}
