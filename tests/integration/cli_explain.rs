//! `revokd explain` for a project and for an account, on simulated clouds.

use std::fs;

use serde_json::{Value, json};

use crate::{
    cli_folder::{Answer, Folder},
    cli_simulate::Simulated,
};

/// Spared by an exemption of the shipped policies.
const EXEMPT: &str = "project:9c61004714024f9586705d090530f9fa";
/// Named by `protect` of the shipped configuration.
const PROTECTED: &str = "project:edc89b490d7d4392898e19b2deb34797";
const UNKNOWN: &str = "project:00000000000000000000000000000000";

impl Simulated {
    fn explain(&self, arguments: &[&str]) -> Answer {
        self.revokd(&[&["explain"], arguments].concat())
    }

    #[track_caller]
    fn json(&self, who: &str, code: i32) -> Value {
        self.explain(&[who, "--output", "json"]).expect(code).json()
    }

    /// The subjects of the grants that a plan would take by one policy.
    fn planned(&self, policy: &str) -> Vec<String> {
        let plan = self.revokd(&["plan", policy, "--output", "json"]);
        let plan = plan.expect(0).json();
        let rows = plan["revocations"].as_array().expect("a list").iter();
        rows.map(|row| row["subject"].as_str().expect("a subject").to_owned())
            .collect()
    }
}

fn grants(told: &Value) -> &[Value] {
    told["grants"].as_array().expect("a list")
}

/// How many of the grants one policy has that word on.
fn said(told: &Value, policy: &str, word: &str) -> usize {
    let says = |grant: &&Value| {
        let mut said = grant["said"].as_array().expect("a list").iter();
        said.any(|said| said["policy"] == policy && said["word"] == word)
    };
    grants(told).iter().filter(says).count()
}

#[test]
fn a_project_is_told_every_image_share_as_the_plan_has_it() {
    let simulated = Simulated::start(&["--cloud", "openstack"]);
    let planned = simulated.planned("partner-shares-lapse");
    let project = planned.first().expect("a share that lapses");
    let told = simulated.json(&format!("project:{project}"), 0);
    assert_eq!(
        said(&told, "partner-shares-lapse", "goes"),
        planned.iter().filter(|subject| *subject == project).count()
    );
    let theirs = |grant: &Value| grant["kind"] == "image-share" && grant["subject"] == **project;
    assert!(grants(&told).iter().all(theirs), "{told}");
    assert_eq!(
        (&told["project"], &told["known"]),
        (&json!(project), &json!(true))
    );
    assert_eq!((&told["clouds"], &told["user"]), (&json!([]), &Value::Null));
    let text = simulated
        .explain(&[&format!("project:{project}")])
        .expect(0)
        .stdout;
    for told in [
        "shared with project",
        "goes by policy partner-shares-lapse: with its next run",
        "looked at on cloud example: ",
        "images of project images (",
        "not known on cloud example: whether other projects",
    ] {
        assert!(text.contains(told), "{told} in:\n{text}");
    }
    assert!(!simulated.path("revokd.db").exists(), "nothing is recorded");
    // Without a prefix it is a person's id, and nobody has it.
    let person = simulated.explain(&[project]).expect(1).stdout;
    assert!(
        person.starts_with("no cloud and no source knows the user"),
        "{person}"
    );
}

#[test]
fn what_stays_of_a_project_says_why() {
    let simulated = Simulated::start(&[]);
    let exempt = simulated.json(EXEMPT, 0);
    assert!(said(&exempt, "partner-shares-lapse", "stays") > 0, "{exempt}");
    assert_eq!(said(&exempt, "partner-shares-lapse", "goes"), 0);
    let text = simulated.explain(&[EXEMPT]).expect(0).stdout;
    assert!(text.contains("exempt until 2027-12-31: contract 4711"), "{text}");
    let protected = simulated.json(PROTECTED, 0);
    assert!(!grants(&protected).is_empty());
    let text = simulated.explain(&[PROTECTED]).expect(0).stdout;
    assert!(text.contains("protected by the configuration"), "{text}");
    assert!(!text.contains("goes by policy"), "{text}");
}

#[test]
fn a_project_that_nothing_is_shared_with_is_told_so_with_what_was_looked_at() {
    let simulated = Simulated::start(&[]);
    let told = simulated.json(UNKNOWN, 1);
    assert_eq!(
        (&told["known"], &told["grants"], &told["gaps"]),
        (&json!(false), &json!([]), &json!([]))
    );
    let clouds = told["looked_at"].as_array().expect("a list").len();
    assert_eq!(clouds, 2, "every cloud has images: {told}");
    let text = simulated.explain(&[UNKNOWN]).expect(1).stdout;
    let first = text.lines().next().expect("a line");
    assert!(first.starts_with("no image that was looked at is shared with project 0000"));
    assert!(!first.contains("as far as could be seen"), "{first}");
    let one = simulated
        .explain(&[UNKNOWN, "--cloud", "example"])
        .expect(1)
        .stdout;
    assert!(!one.contains("cloud registry"), "{one}");
}

#[test]
fn an_account_is_told_every_repository_share_of_clouds_with_a_registry() {
    let simulated = Simulated::start(&[]);
    let told = simulated.json("account:partner-acct", 0);
    assert_eq!(told["account"], "partner-acct");
    let theirs = |grant: &Value| grant["kind"] == "repository-share" && grant["subject"] == "partner-acct";
    assert!(
        !grants(&told).is_empty() && grants(&told).iter().all(theirs),
        "{told}"
    );
    assert_eq!(
        said(&told, "expired-account-shares-removed", "stays"),
        1,
        "{told}"
    );
    let looked_at = told["looked_at"].as_array().expect("a list");
    assert_eq!((looked_at.len(), &looked_at[0]["cloud"]), (1, &json!("registry")));
    let text = simulated.explain(&["account:partner-acct"]).expect(0).stdout;
    assert!(
        text.contains("shared with account partner-acct on cloud registry: "),
        "{text}"
    );
    assert!(text.contains("exempt until 2027-12-31: contract 4711"), "{text}");
    let planned = simulated.planned("expired-account-shares-removed");
    let other = planned.first().expect("a share that is over");
    let goes = simulated.json(&format!("account:{other}"), 0);
    assert!(
        said(&goes, "expired-account-shares-removed", "goes") > 0,
        "{goes}"
    );
    // A cloud without a registry has no such thing, and is no answer.
    let none = simulated
        .explain(&["account:partner-acct", "--cloud", "example"])
        .expect(1);
    assert!(none.stderr.contains("repository-share"), "{}", none.stderr);
}

/// Nothing found in half a view is no answer, whatever half it was.
#[test]
fn a_partial_view_is_told_and_fails_the_command() {
    for (cloud, fault, who, scope) in [
        ("openstack", "list-members=403", UNKNOWN, "members"),
        ("huawei-cloud", "list-members=403", UNKNOWN, "members"),
        (
            "huawei-cloud",
            "list-account-shares=403",
            "account:nobody",
            "repository shares",
        ),
    ] {
        let simulated = Simulated::start(&["--cloud", cloud, "--fault", fault]);
        let told = simulated.json(who, 1);
        let gaps = told["gaps"].as_array().expect("a list");
        assert!(
            !gaps.is_empty() && gaps.iter().all(|gap| gap["scope"] == scope),
            "{told}"
        );
        assert_eq!(told["looked_at"][0]["is_complete"], false);
        let text = simulated.explain(&[who]).expect(1).stdout;
        let first = text.lines().next().expect("a line");
        assert!(first.ends_with(", as far as could be seen"), "{first}");
        let resource = gaps[0]["resource"].as_str().expect("an id");
        let told = text
            .lines()
            .any(|line| line.starts_with("not known on cloud") && line.contains(resource));
        assert!(told, "{resource} in:\n{text}");
    }
    // What was seen all the same is told, and the command fails.
    let simulated = Simulated::start(&["--cloud", "openstack", "--fault", "list-members=403*1"]);
    let half = simulated.explain(&[EXEMPT]).expect(1).stdout;
    assert!(half.contains("shared with project"), "{half}");
    assert!(half.contains("not known on cloud example: members of "), "{half}");
}

#[test]
fn a_cloud_that_is_down_is_told_and_the_other_one_is_answered_for() {
    let simulated = Simulated::start(&[]);
    let config = fs::read_to_string(simulated.path("revokd.toml")).expect("a configuration");
    let section = config.find("[clouds.registry]").expect("a second cloud");
    let (first, second) = config.split_at(section);
    let start = second.find("http://127.0.0.1:").expect("an address");
    let rest = &second[start..];
    let end = rest.find('"').expect("an end");
    let down = second.replace(&rest[..end], "http://127.0.0.1:1/v3");
    fs::write(simulated.path("revokd.toml"), format!("{first}{down}")).expect("a change");
    let answered = simulated.explain(&[EXEMPT]).expect(1);
    assert!(
        answered.stderr.contains("not seen: cloud registry: "),
        "{}",
        answered.stderr
    );
    assert!(
        answered.stdout.contains("on cloud example: "),
        "{}",
        answered.stdout
    );
    let nothing = simulated.explain(&[UNKNOWN]).expect(1).stdout;
    assert!(nothing.contains(", as far as could be seen"), "{nothing}");
}

#[test]
fn what_could_find_nothing_is_a_mistake_on_the_command_line() {
    let folder = Folder::new();
    for (word, told) in [
        ("project:9c61*", "is a glob"),
        ("account:", "which account is not said"),
        ("project: x", "has space at an end"),
        ("image:x", "image holds nothing"),
    ] {
        let refused = folder.revokd(&["explain", word]).expect(2);
        assert!(refused.stderr.contains(told), "{word}: {}", refused.stderr);
    }
}
