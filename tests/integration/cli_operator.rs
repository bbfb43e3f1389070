//! What an operator asks and says: `runs`, `tasks`, `audit` and `status`.

use std::{fs, path::Path};

use revokd::{model::TaskState, simulator::Effect};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    cli_folder::{Answer, answer, keys, revokd},
    harness::{PolicyText, Scene, Stage, lapse},
};

fn of_image(name: &str, pattern: &str) -> PolicyText {
    lapse(name).matching(&format!("image.name = {pattern:?}"))
}

/// After one pass: task 1 (run 1) is done, task 2 (run 2) is dead, tasks 3 and
/// 4 (run 3) wait behind the brake.
async fn stage() -> Stage {
    let mut scene = Scene::in_real_time();
    scene.image("partner-1", &[("acme", 31), ("globex", 3)]);
    scene.image("golden-1", &[("acme", 31)]);
    scene.image("other-1", &[("acme", 31), ("globex", 31)]);
    scene.policy(&of_image("partners", "partner-*"));
    scene.policy(&of_image("goldens", "golden-*"));
    scene.policy(&of_image("others", "other-*").limit("max_revocations", "1"));
    let stage = scene.raise().await;
    let fault = stage.cloud().fault_on_removal("golden-1", Effect::Status(403));
    stage.cloud().fault(fault);
    let ran = stage.command(&["run", "--once", "--output", "json"]).await;
    assert_eq!(ran.code, Some(5), "{ran:?}");
    stage
}

/// What a command prints as JSON.
async fn told(stage: &Stage, command: &[&str]) -> Value {
    let ran = stage.command(&[command, &["--output", "json"]].concat()).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.json()
}

async fn shown(stage: &Stage, command: &[&str]) -> String {
    let ran = stage.command(command).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.stdout
}

fn column(rows: &Value, key: &str) -> Vec<Value> {
    let rows = rows.as_array().expect("a list");
    rows.iter().map(|row| row[key].clone()).collect()
}

#[tokio::test]
async fn runs_are_listed_newest_first_and_can_be_filtered() {
    let stage = stage().await;
    let runs = told(&stage, &["runs", "list"]).await;
    assert_eq!(keys(&runs), ["runs"]);
    assert_eq!(column(&runs["runs"], "id"), [json!(3), json!(2), json!(1)]);
    let of_run = [
        "finished_at",
        "id",
        "inventory",
        "mode",
        "notes",
        "policy",
        "policy_digest",
        "started_at",
        "state",
        "totals",
        "trigger",
    ];
    assert_eq!(keys(&runs["runs"][0]), of_run);
    assert_eq!(runs["runs"][0]["inventory"], "complete");
    let held = told(&stage, &["runs", "list", "--state", "held"]).await;
    assert_eq!(column(&held["runs"], "id"), [json!(3)]);
    let of_policy = told(&stage, &["runs", "list", "--policy", "goldens"]).await;
    assert_eq!(column(&of_policy["runs"], "id"), [json!(2)]);
    let one = told(&stage, &["runs", "list", "--limit", "1"]).await;
    assert_eq!(column(&one["runs"], "id"), [json!(3)]);
    let cut = stage.command(&["runs", "list", "--limit", "1"]).await;
    assert!(cut.stderr.contains("more than these, the newest 1:"), "{cut:?}");
    let whole = stage.command(&["runs", "list", "--limit", "3"]).await;
    assert!(!whole.stderr.contains("more than these"), "{whole:?}");
    let table = shown(&stage, &["runs", "list"]).await;
    let told = "run 3: brake: wants 2 revocations, max_revocations is 1\n";
    assert!(table.contains(told), "{table}");
    stage.finish().await;
}

#[tokio::test]
async fn a_policy_that_nobody_knows_is_told_from_one_that_did_nothing() {
    let stage = stage().await;
    for listing in ["runs", "tasks", "audit"] {
        let ran = stage
            .command(&[listing, "list", "--policy", "partner", "--output", "json"])
            .await;
        let told = "error: there is no policy \"partner\"; there are: goldens, others, partners\n";
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), told), "{listing}");
        let rows = ran.json();
        assert_eq!(keys(&rows).len(), 1, "JSON is what it is otherwise: {rows}");
    }
    let nothing = ["tasks", "list", "--policy", "partners", "--state", "dead"];
    let ran = stage.command(&nothing).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    stage.finish().await;
}

#[tokio::test]
async fn a_policy_that_never_ran_is_known_to_who_may_not_read_the_secrets() {
    let stage = stage().await;
    stage.write_policies(&[of_image("newcomer", "new-*")]);
    let password = stage.password("sim");
    fs::remove_file(stage.path("sim-password")).expect("a secret");
    for listing in ["runs", "tasks", "audit"] {
        let ran = stage.command(&[listing, "list", "--policy", "newcomer"]).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{listing}");
        let ran = stage.command(&[listing, "list", "--policy", "partner"]).await;
        assert_eq!(ran.code, Some(2), "{listing}: {}", ran.stderr);
    }
    fs::write(stage.path("policies/broken.toml"), "not TOML").expect("a policy");
    let ran = stage.command(&["runs", "list", "--policy", "newcomer"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("do not tell whether there is one"),
        "{}",
        ran.stderr
    );
    fs::remove_file(stage.path("policies/broken.toml")).expect("a policy");
    stage.write_password("sim", &password);
    stage.finish().await;
}

#[tokio::test]
async fn a_run_is_shown_with_what_it_decided() {
    let stage = stage().await;
    let run = told(&stage, &["runs", "show", "3"]).await;
    assert_eq!(
        (&run["state"], &run["policy"]),
        (&json!("held"), &json!("others"))
    );
    assert_eq!(run["revocations_total"], 2);
    assert_eq!(run["revocations"].as_array().map(Vec::len), Some(2));
    let text = shown(&stage, &["runs", "show", "3"]).await;
    assert!(
        text.starts_with("run 3 of others: held (enforce, started "),
        "{text}"
    );
    let told = "it waits for you: `revokd runs allow 3` or `revokd runs reject 3`\n";
    assert!(text.ends_with(told), "{text}");
    assert!(text.contains(stage.cloud().project("globex").as_str()), "{text}");
    stage.finish().await;
}

#[tokio::test]
async fn a_run_that_is_allowed_goes_on_and_cannot_be_allowed_again() {
    let stage = stage().await;
    let text = shown(&stage, &["runs", "allow", "3"]).await;
    assert_eq!(
        text,
        "run 3 is allowed: a running daemon goes on with it, or `revokd run --once`\n"
    );
    for command in [["runs", "allow", "3"], ["runs", "reject", "3"]] {
        let ran = stage.command(&command).await;
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (Some(1), "error: run 3 is allowed, not held\n")
        );
    }
    let ran = stage.command(&["run", "--once", "--output", "json"]).await;
    assert_eq!(ran.json()["done"], 2, "{ran:?}");
    assert!(!stage.cloud().is_shared("other-1", "globex"));
    stage.finish().await;
}

#[tokio::test]
async fn a_run_that_is_rejected_removes_nothing_and_keeps_the_reason() {
    let stage = stage().await;
    let reject = [
        "runs",
        "reject",
        "3",
        "--reason",
        "the partner asked for another week",
    ];
    let text = shown(&stage, &reject).await;
    assert_eq!(text, "run 3 is rejected: nothing of it is removed\n");
    let tasks = told(&stage, &["tasks", "list", "--run", "3"]).await;
    assert_eq!(
        column(&tasks["tasks"], "state"),
        [json!("cancelled"), json!("cancelled")]
    );
    let records = told(&stage, &["audit", "list", "--run", "3"]).await;
    let by_hand = |record: &&Value| {
        record["actor"]
            .as_str()
            .is_some_and(|actor| actor.starts_with("tester (uid "))
    };
    let records = records["records"].as_array().expect("a list").clone();
    let reject = records.iter().find(by_hand).expect("a record of the operator");
    assert!(
        reject["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("another week")),
        "{reject}"
    );
    assert!(stage.cloud().is_shared("other-1", "acme"));
    stage.finish().await;
}

#[tokio::test]
async fn tasks_are_listed_and_can_be_filtered() {
    let stage = stage().await;
    let tasks = told(&stage, &["tasks", "list"]).await;
    assert_eq!(keys(&tasks), ["tasks"]);
    assert_eq!(column(&tasks["tasks"], "id"), [4, 3, 2, 1].map(|id| json!(id)));
    let of_task = [
        "attempts",
        "cloud",
        "decided_at",
        "due_since",
        "finished_at",
        "hold",
        "id",
        "kind",
        "not_before",
        "note",
        "policy",
        "priority",
        "reason",
        "resource",
        "resource_name",
        "run",
        "state",
        "subject",
        "subject_name",
    ];
    assert_eq!(keys(&tasks["tasks"][0]), of_task);
    let image = stage.cloud().image("golden-1").to_string();
    let acme = stage.cloud().project("acme").to_string();
    let of_acme: Vec<i64> = tasks["tasks"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|task| task["subject"] == acme.as_str())
        .filter_map(|task| task["id"].as_i64())
        .collect();
    assert_eq!(of_acme.len(), 3);
    let filters: [(&str, &str, &[i64]); 8] = [
        ("--state", "dead", &[2]),
        ("--policy", "partners", &[1]),
        ("--run", "3", &[4, 3]),
        ("--resource", &image, &[2]),
        ("--resource", &format!("{}*", &image[..image.len() - 1]), &[2]),
        ("--subject", &acme, &of_acme),
        ("--subject", "nobody-*", &[]),
        ("--cloud", "elsewhere", &[]),
    ];
    for (filter, value, expected) in filters {
        let tasks = told(&stage, &["tasks", "list", filter, value]).await;
        let expected: Vec<Value> = expected.iter().map(|id| json!(id)).collect();
        assert_eq!(column(&tasks["tasks"], "id"), expected, "{filter} {value}");
    }
    let table = shown(&stage, &["tasks", "list"]).await;
    for told in ["(brake)", "removed, and seen gone", "golden-1", image.as_str()] {
        assert!(table.contains(told), "{told} in:\n{table}");
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_task_is_shown_with_its_evidence_and_every_try() {
    let stage = stage().await;
    let task = told(&stage, &["tasks", "show", "2"]).await;
    assert_eq!((&task["state"], &task["attempts"]), (&json!("dead"), &json!(1)));
    assert_eq!(task["evidence"][0]["key"], "granted_before");
    assert_eq!(task["tries"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        keys(&task["tries"][0]),
        ["began_at", "ended_at", "note", "number", "outcome"]
    );
    assert_eq!(task["tries"][0]["outcome"], "refused");
    let text = shown(&stage, &["tasks", "show", "2"]).await;
    assert!(
        text.starts_with("task 2 of run 2, policy goldens: dead\n"),
        "{text}"
    );
    for told in ["granted_before", "30d", "golden-*", "refused", "403"] {
        assert!(text.contains(told), "{told} in:\n{text}");
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_dead_task_can_be_retried_once_the_cause_is_mended() {
    let stage = stage().await;
    stage.cloud().mend();
    let text = shown(&stage, &["tasks", "retry", "2"]).await;
    assert!(text.starts_with("task 2 is in the queue again: "), "{text}");
    let again = stage.command(&["tasks", "retry", "2"]).await;
    assert_eq!(
        (again.code, again.stderr.as_str()),
        (
            Some(1),
            "error: task 2 is queued; only dead tasks can be retried\n"
        )
    );
    let ran = stage.command(&["run", "--once", "--output", "json"]).await;
    assert_eq!(ran.code, Some(4), "only the held run is left: {ran:?}");
    assert!(!stage.cloud().is_shared("golden-1", "acme"));
    assert_eq!(stage.count(TaskState::Dead).await, 0);
    stage.finish().await;
}

#[tokio::test]
async fn a_task_can_be_cancelled_until_it_is_over() {
    let stage = stage().await;
    let cancel = ["tasks", "cancel", "3", "--reason", "not this one"];
    assert_eq!(shown(&stage, &cancel).await, "task 3 is cancelled\n");
    shown(&stage, &["tasks", "cancel", "2"]).await;
    let table = shown(&stage, &["tasks", "show", "3"]).await;
    assert!(table.contains("not this one"), "{table}");
    for (task, told) in [
        ("1", "error: task 1 is already done\n"),
        ("3", "error: task 3 is already cancelled\n"),
    ] {
        let ran = stage.command(&["tasks", "cancel", task]).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), told));
    }
    shown(&stage, &["runs", "allow", "3"]).await;
    let ran = stage
        .command(&["run", "--once", "partners", "--output", "json"])
        .await;
    assert_eq!((ran.code, &ran.json()["done"]), (Some(0), &json!(1)), "{ran:?}");
    stage.finish().await;
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let stage = stage().await;
    for (command, told) in [
        (["runs", "show", "99"], "error: there is no run 99\n"),
        (["runs", "allow", "99"], "error: there is no run 99\n"),
        (["runs", "reject", "99"], "error: there is no run 99\n"),
        (["tasks", "show", "99"], "error: there is no task 99\n"),
        (["tasks", "retry", "99"], "error: there is no task 99\n"),
        (["tasks", "cancel", "99"], "error: there is no task 99\n"),
    ] {
        let ran = stage.command(&command).await;
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (Some(1), "", told)
        );
    }
    stage.finish().await;
}

#[tokio::test]
async fn the_status_shows_what_is_stuck_and_what_needs_somebody() {
    let stage = stage().await;
    let status = told(&stage, &["status"]).await;
    assert_eq!(
        keys(&status),
        [
            "clouds_down",
            "configuration_valid",
            "daemon_answers",
            "daemon_pid",
            "daemon_problems",
            "dead_reasons",
            "dead_tasks",
            "held",
            "held_runs",
            "not_proven",
            "overdue_tasks",
            "policies",
            "reasons",
            "reload_refused",
            "verdict",
        ]
    );
    assert_eq!(status["daemon_pid"], Value::Null);
    assert_eq!(
        (&status["dead_tasks"], &status["held_runs"]),
        (&json!(1), &json!([3]))
    );
    let of_policy = [
        "enabled",
        "last_run",
        "last_state",
        "last_success",
        "late",
        "mode",
        "name",
        "next_run",
        "tasks",
        "trouble",
    ];
    assert_eq!(keys(&status["policies"][0]), of_policy);
    assert_eq!(status["verdict"], json!("not-working"), "no daemon runs");
    assert_eq!(status["held"][0]["targets"], json!(2));
    assert_eq!(
        column(&status["policies"], "tasks"),
        [json!({}), json!({"dead": 1}), json!({"held": 2})]
    );
    let table = shown(&stage, &["status"]).await;
    for told in [
        "run 3 of others is held by the brake (2 targets): `revokd runs show 3`,",
        "`revokd runs allow 3` or `revokd runs reject 3`\n",
        "\n  1 dead task: ",
        "`revokd tasks list --state dead`",
    ] {
        assert!(table.contains(told), "{told} in:\n{table}");
    }
    stage.finish().await;
}

#[tokio::test]
async fn the_audit_tells_the_story_of_a_task() {
    let stage = stage().await;
    let audit = told(&stage, &["audit", "list", "--task", "1"]).await;
    assert_eq!(keys(&audit), ["records"]);
    let events = column(&audit["records"], "event");
    assert_eq!(events, [json!("decided"), json!("claimed"), json!("settled")]);
    assert_eq!(audit["records"][2]["to"], "done");
    let of_policy = told(&stage, &["audit", "list", "--policy", "others"]).await;
    assert!(
        column(&of_policy["records"], "policy")
            .iter()
            .all(|policy| policy == "others")
    );
    let newest = told(&stage, &["audit", "list", "--limit", "2"]).await;
    let all = told(&stage, &["audit", "list"]).await;
    let all = all["records"].as_array().expect("a list");
    assert_eq!(
        newest["records"].as_array().expect("a list"),
        &all[all.len() - 2..]
    );
    let table = shown(&stage, &["audit", "list", "--task", "1"]).await;
    assert!(table.contains("claimed → done"), "{table}");
    stage.finish().await;
}

#[tokio::test]
async fn a_sound_audit_is_sound_also_against_a_head_that_was_kept() {
    let stage = stage().await;
    let report = told(&stage, &["audit", "verify"]).await;
    assert_eq!(
        keys(&report),
        ["head", "more_problems", "problems", "records", "sound"]
    );
    assert_eq!(report["sound"], true);
    let head = report["head"].as_str().expect("a head").to_owned();
    let text = shown(&stage, &["audit", "verify"]).await;
    assert!(
        text.ends_with(&format!("records: the audit is sound\nhead {head}\n")),
        "{text}"
    );
    shown(&stage, &["runs", "allow", "3"]).await;
    let later = told(&stage, &["audit", "verify", "--head", &head]).await;
    assert_eq!(later["sound"], true);
    assert_ne!(later["head"], head.as_str());
    stage.finish().await;
}

#[tokio::test]
async fn a_head_that_does_not_fit_is_told() {
    let stage = stage().await;
    let report = told(&stage, &["audit", "verify"]).await;
    let head = report["head"].as_str().expect("a head");
    let (number, hash) = head.split_once(':').expect("a number and a hash");
    let of_another = format!("{number}:{}", hash.chars().rev().collect::<String>());
    let cut = format!("{}:{hash}", number.parse::<u64>().unwrap() + 100);
    for bad in [of_another, cut] {
        let ran = stage.command(&["audit", "verify", "--head", &bad]).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let number = bad.split(':').next().unwrap();
        let told = format!("problem: record {number} is not the one whose hash was kept");
        assert!(ran.stdout.contains(&told), "{ran:?}");
        assert!(ran.stdout.contains("the audit is NOT sound"), "{ran:?}");
    }
    let ran = stage.command(&["audit", "verify", "--head", "garbage"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.stderr.contains("a number, a colon and a hash"), "{ran:?}");
    stage.finish().await;
}

/// Changes a copy of the store behind its back, and verifies that.
async fn verify_after(stage: &Stage, tampering: &str) -> Answer {
    let copy = stage.path("copy.db");
    drop(fs::remove_file(&copy));
    let original = Connection::open(stage.path("revokd.db")).expect("the store");
    original
        .execute("VACUUM INTO ?1", [copy.display().to_string()])
        .expect("a copy");
    tamper(&copy, tampering);
    let config = fs::read_to_string(stage.path("revokd.toml")).expect("the configuration");
    let config = config.replace("sqlite:revokd.db", "sqlite:copy.db");
    fs::write(stage.path("copy.toml"), config).expect("a configuration of the copy");
    let config = stage.path("copy.toml").display().to_string();
    answer(revokd(&["--config", &config, "audit", "verify"]))
}

/// As somebody would who knows the store: its guards are taken away first.
fn tamper(store: &Path, statements: &str) {
    let connection = Connection::open(store).expect("a copy");
    let mut triggers = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap();
    let triggers: Vec<String> = triggers
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for trigger in triggers {
        connection
            .execute_batch(&format!("DROP TRIGGER {trigger}"))
            .expect("a trigger");
    }
    connection.execute_batch(statements).expect("good statements");
}

#[tokio::test]
async fn an_edit_of_the_store_is_found_and_named() {
    let stage = stage().await;
    let unchanged = verify_after(&stage, "").await;
    assert_eq!(unchanged.code, Some(0), "{}", unchanged.stdout);
    let edits = [
        (
            "UPDATE audit SET payload = replace(payload, 'revokd', 'nobody') WHERE seq = 2",
            "record 2 is not what was written",
        ),
        ("DELETE FROM audit WHERE seq = 3", "records 3 to 3 are missing"),
        (
            "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
            "missing from the end of the audit",
        ),
        ("UPDATE tasks SET state = 'dead' WHERE id = 1", "task 1"),
        ("UPDATE runs SET state = 'allowed' WHERE id = 3", "run 3"),
        (
            "DELETE FROM attempts WHERE task = 1; DELETE FROM tasks WHERE id = 1",
            "task 1",
        ),
    ];
    for (tampering, told) in edits {
        let answer = verify_after(&stage, tampering).await.expect(1);
        assert!(
            answer.stdout.contains(told),
            "{tampering}: {told} in:\n{}",
            answer.stdout
        );
        assert!(
            answer.stdout.contains("the audit is NOT sound"),
            "{}",
            answer.stdout
        );
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused() {
    let stage = stage().await;
    let config = fs::read_to_string(stage.path("revokd.toml")).expect("the configuration");
    let config = config.replace("sqlite:revokd.db", "sqlite:other.db");
    fs::write(stage.path("other.toml"), config).expect("another configuration");
    fs::write(stage.path("other.db"), "no database").expect("a file");
    let config = stage.path("other.toml").display().to_string();
    for command in [&["status"][..], &["run", "--once"], &["run"]] {
        let answer = answer(revokd(&[&["--config", &config], command].concat())).expect(1);
        let told = "other.db is not a store of revokd: the file is no SQLite database\n";
        assert!(answer.stderr.ends_with(told), "{}", answer.stderr);
    }
    assert_eq!(fs::read_to_string(stage.path("other.db")).unwrap(), "no database");
    stage.finish().await;
}
