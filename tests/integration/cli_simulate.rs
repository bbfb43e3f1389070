//! `revokd simulate`: clouds to try policies on.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    cli_demo::{Running, directory},
    cli_folder::{Answer, answer, revokd},
};

/// Simulated clouds, and the configuration that leads to them.
pub struct Simulated {
    running: Running,
    directory: TempDir,
}

impl Simulated {
    pub fn start(arguments: &[&str]) -> Simulated {
        let (directory, path) = directory();
        let all = [&["simulate", "--directory", &path], arguments].concat();
        let mut running = Running::start(revokd(&all));
        running.until("stop with Ctrl-C").expect("a cloud that serves");
        Simulated { running, directory }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn revokd(&self, arguments: &[&str]) -> Answer {
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

/// The calls are taken, so only the looks after them show it.
#[test]
fn a_simulated_cloud_whose_jobs_fail_removes_nothing_and_says_so() {
    let simulated = Simulated::start(&[
        "--cloud",
        "open-telekom-cloud",
        "--fault",
        "remove-members=job-fails",
        "--fault",
        "remove-member=204",
    ]);
    let config = fs::read_to_string(simulated.path("revokd.toml")).expect("a configuration");
    let once = config.replace("attempts      = 6", "attempts      = 2");
    assert_ne!(once, config);
    fs::write(simulated.path("revokd.toml"), once).expect("a change");
    let ran = simulated.revokd(&["run", "--once", "partner-images-lapse", "--output", "json"]);
    let ran = ran.expect(5).json();
    assert_eq!(ran["done"], json!(0));
    let dead = simulated.revokd(&["tasks", "list", "--state", "dead", "--output", "json"]);
    let dead = dead.expect(0).json();
    let first = dead["tasks"][0]["id"].as_i64().expect("a task").to_string();
    let told = simulated.revokd(&["tasks", "show", &first]).expect(0).stdout;
    assert!(told.contains(" failed"), "{told}");
    assert!(simulated.stop().is_empty());
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

/// As somebody tries it who was told to.
#[test]
fn whoever_is_added_to_the_list_of_leavers_loses_everything() {
    let simulated = Simulated::start(&["--cloud", "open-telekom-cloud"]);
    let list = simulated.path("policies/leavers.csv");
    let shipped = fs::read_to_string(&list).expect("a list");
    fs::write(&list, format!("{shipped}katja.lindner@example.com,2026-10-31,\n")).expect("a change");
    let tested = simulated.revokd(&["sources", "test", "leavers"]).expect(0);
    assert!(
        tested.stdout.contains("line 6 -> katja.lindner"),
        "{}",
        tested.stdout
    );
    let ran = simulated.revokd(&["run", "--once", "people-who-left"]).expect(0);
    assert!(ran.stdout.contains("seen gone"), "{}", ran.stdout);
    let left = simulated
        .revokd(&["explain", "katja.lindner@example.com"])
        .expect(0);
    assert!(left.stdout.contains("holds nothing there"), "{}", left.stdout);
    let stays = simulated
        .revokd(&["explain", "paula.richter@example.com"])
        .expect(0);
    assert!(!stays.stdout.contains("holds nothing there"), "{}", stays.stdout);
    assert!(!simulated.stop().is_empty());
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
    let text = text.replace("# image = ", "image = ");
    let keys = format!("method = \"ak-sk\"\naccess_key = {key:?}\nsecret_key_file = \"registry-secret-key\"");
    fs::write(simulated.path("revokd.toml"), text.replace(password, &keys)).expect("a change");
    assert_eq!(plan("an access key"), with_password);
    let ran = simulated.revokd(&["run", "--once", "partner-images-lapse", "--output", "json"]);
    let ran = ran.expect(0).json();
    assert_eq!((&ran["left"], &ran["dead"]), (&json!(0), &json!(0)));
    assert_eq!(json!(simulated.stop().len()), ran["done"]);
}
