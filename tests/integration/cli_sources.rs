//! `revokd sources`, and what `explain`, `run --policy`, `status` and `tasks
//! show` tell of people on lists.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    cli_demo::{Running, directory},
    cli_folder::{Answer, answer, revokd},
};

/// A simulated account with a registry, a list of leavers and a roster.
struct Company {
    _running: Running,
    directory: TempDir,
}

const POLICIES: &str = r#"
[source.left]
type   = "csv"
path   = "left.csv"
match  = { column = "login", to = "user.name" }

[source.staff]
type  = "csv"
path  = "staff.csv"
match = { column = "login", to = "user.name" }
min_entries        = 3
max_age            = "26h"
max_shrink_percent = 30

[[policy]]
name        = "left-the-company"
description = "Who left loses all permissions."
schedule    = "0 3 1 1 *"
clouds      = ["registry"]
resource    = ["repository-permission", "namespace-permission"]
priority    = "urgent"
mode        = "enforce"
match       = { subject_in = "left" }
limits      = { max_revocations = 100, max_percent = 100 }

[[policy]]
name        = "not-on-the-roster"
description = "Who is not on the roster is shown."
schedule    = "0 3 1 1 *"
clouds      = ["registry"]
resource    = "repository-permission"
mode        = "observe"
match       = { subject_not_in = "staff" }
"#;

/// Somebody with permissions in the simulated registry.
const LEAVER: &str = "noah.fischer";

impl Company {
    fn open(staff: &[&str]) -> Company {
        let (directory, path) = directory();
        let mut running = Running::start(revokd(&[
            "simulate",
            "--cloud",
            "huawei-cloud",
            "--directory",
            &path,
        ]));
        running.until("stop with Ctrl-C").expect("a cloud that serves");
        let company = Company {
            _running: running,
            directory,
        };
        let policies = fs::read_dir(company.path("policies")).expect("policies");
        for policy in policies.flatten() {
            fs::remove_file(policy.path()).expect("a policy of the examples");
        }
        fs::write(company.path("policies/people.toml"), POLICIES).expect("policies");
        company.list("left.csv", &["Noah.Fischer", "not.known", ""]);
        company.list("staff.csv", staff);
        company
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// In the place of what was there, as whoever exports a list does.
    fn list(&self, name: &str, people: &[&str]) {
        let lines: Vec<String> = people.iter().map(|login| format!("{login},x\n")).collect();
        let text = format!("login,note\n{}", lines.concat());
        let new = self.path("new");
        fs::write(&new, text).expect("a list");
        fs::rename(new, self.path("policies").join(name)).expect("a list");
    }

    fn revokd(&self, arguments: &[&str]) -> Answer {
        let config = self.path("revokd.toml").display().to_string();
        answer(revokd(&[&["--config", &config], arguments].concat()))
    }

    fn json(&self, arguments: &[&str], code: i32) -> Value {
        let all = [arguments, &["--output", "json"]].concat();
        self.revokd(&all).expect(code).json()
    }
}

const STAFF: [&str; 5] = [
    "ines.weber",
    "jonas.albrecht",
    "katja.lindner",
    "lukas.brenner",
    "miriam.scholz",
];

fn named<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    let mut all = list.as_array().expect("a list").iter();
    all.find(|one| one[key] == name)
        .unwrap_or_else(|| panic!("{name} in {list}"))
}

#[test]
fn a_list_is_tried_out_before_anything_goes_by_it() {
    let company = Company::open(&STAFF);
    let never = company.revokd(&["sources"]).expect(1);
    assert!(
        never.stdout.contains("`revokd sources test left` reads it now"),
        "{}",
        never.stdout
    );
    let tested = company.json(&["sources", "test", "left"], 0);
    assert_eq!((&tested["entries"], &tested["proven"]), (&json!(3), &json!(true)));
    assert_eq!(tested["unusable"].as_array().map(Vec::len), Some(1), "{tested}");
    let cloud = named(&tested["clouds"], "cloud", "registry");
    let matched = named(&cloud["matched"], "user_name", LEAVER);
    assert_eq!(matched["standing"], "listed");
    let nobody = cloud["matching_nobody"].to_string();
    assert!(nobody.contains("not.known"), "{nobody}");
    let text = company.revokd(&["sources", "test", "left"]).expect(0).stdout;
    assert!(text.contains("proof: met") && text.contains(LEAVER), "{text}");
    assert!(!company.path("revokd.db").exists(), "nothing is recorded");
}

#[test]
fn a_person_is_explained_before_and_after_leaving() {
    let company = Company::open(&STAFF);
    let before = company.json(&["explain", "NOAH.fischer"], 0);
    let says = &named(&before["sources"], "source", "left")["says"][0];
    assert_eq!(says["says"], "listed", "{before}");
    let grants = before["grants"].as_array().expect("grants");
    assert!(!grants.is_empty());
    let goes = |grant: &&Value| grant["said"][0]["word"] == "goes";
    assert_eq!(grants.iter().filter(goes).count(), grants.len(), "{before}");
    let text = company.revokd(&["explain", LEAVER]).expect(0).stdout;
    for told in [
        "goes by policy left-the-company: with its next run",
        "source left: user",
        "source staff: user",
        "only observes",
    ] {
        assert!(text.contains(told), "{told} in:\n{text}");
    }
    let ran = company.json(&["run", "--policy", "left-the-company"], 0);
    assert_eq!(ran["done"], json!(grants.len()), "{ran}");
    let after = company.json(&["explain", LEAVER], 0);
    assert_eq!(after["grants"], json!([]));
    assert_eq!(after["known"], true);
    let task = company.json(&["tasks", "show", "1"], 0);
    assert_eq!(task["listed_in"][0]["source"], "left", "{task}");
    let shown = company.revokd(&["tasks", "show", "1"]).expect(0).stdout;
    assert!(shown.contains("version"), "{shown}");
    let nobody = company.revokd(&["explain", "eve@example.org"]).expect(1);
    let told = nobody.stdout;
    assert!(told.contains("no cloud and no source knows the user"), "{told}");
}

#[test]
fn a_list_that_shrank_does_nothing_until_an_operator_accepts_it() {
    let company = Company::open(&STAFF);
    let ran = company.revokd(&["run", "--policy", "not-on-the-roster"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let listed = company.json(&["sources", "list"], 1);
    let staff = named(&listed["sources"], "name", "staff");
    assert_eq!(
        (&staff["proven"], &staff["entries"]),
        (&json!(true), &json!(5)),
        "{listed}"
    );

    company.list("staff.csv", &STAFF[..3]);
    let ran = company.revokd(&["run", "--policy", "not-on-the-roster"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    let status = company.revokd(&["status"]).expect(0).stdout;
    // Wherever a line of the screen ends.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words(&status).contains("source staff stops policy not-on-the-roster: "),
        "{status}"
    );
    let refused = company.revokd(&["sources", "accept", "staff"]).expect(1).stdout;
    assert!(
        refused.contains("before: 5 entries") && refused.contains("--yes"),
        "{refused}"
    );
    company.revokd(&["sources", "test", "staff"]).expect(1);
    company.revokd(&["sources", "accept", "staff", "--yes"]).expect(0);
    company.revokd(&["sources", "test", "staff"]).expect(0);
    let audit = company.revokd(&["audit", "list"]).expect(0).stdout;
    assert!(audit.contains("source-accepted"), "{audit}");

    company.list("staff.csv", &STAFF[..2]);
    let refused = company
        .revokd(&["sources", "accept", "staff", "--yes"])
        .expect(1)
        .stderr;
    assert!(
        refused.contains("min_entries") && refused.contains("[source.staff]"),
        "{refused}"
    );
}

#[test]
fn tables_of_sources_fit_a_page() {
    let company = Company::open(&STAFF);
    company.revokd(&["run", "--policy", "left-the-company"]).expect(0);
    for arguments in [&["sources"][..], &["sources", "test", "left", "--all"]] {
        let text = company.revokd(arguments).stdout;
        let table = text.lines().filter(|line| line.starts_with(['│', '┌', '└', '╞']));
        assert!(
            table.clone().all(|line| line.chars().count() <= 100),
            "{arguments:?}:\n{text}"
        );
    }
}
