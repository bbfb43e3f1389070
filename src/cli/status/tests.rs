//! The screen as people see it.

use super::{
    facts::{CloudDown, DeadReason, HeldRun, PolicyRow, SourceRow, Status, Verdict},
    screen,
};
use crate::{engine::sample::at, store::Waiting};

fn policy(name: &str, next: &str) -> PolicyRow {
    PolicyRow {
        name: name.into(),
        mode: "enforce".into(),
        enabled: true,
        last_run: None,
        last_run_id: Some(7),
        last_state: None,
        last_success: None,
        next_run: Some(at(next)),
        tasks: Default::default(),
        late: false,
        trouble: None,
    }
}

/// A daemon that does its job, with two policies.
fn healthy() -> Status {
    Status {
        verdict: Verdict::NotWorking,
        reasons: vec![],
        daemon_pid: Some(4711),
        daemon_answers: Some(true),
        clouds_down: vec![],
        daemon_problems: vec![],
        reload_refused: Some(false),
        configuration_valid: true,
        policies: vec![
            policy("images-rot", "2026-06-02T01:00:00Z"),
            policy("partner-shares-lapse", "2026-06-01T12:15:00Z"),
        ],
        held_runs: vec![],
        held: vec![],
        dead_tasks: 0,
        dead_reasons: vec![],
        overdue_tasks: vec![],
        not_proven: vec![],
        has_store: true,
        now: at("2026-06-01T12:11:00Z"),
    }
}

fn shown(status: Status) -> String {
    let lines = screen::lines(&status.judged());
    let text: Vec<String> = lines.into_iter().map(|line| line.text).collect();
    assert!(text.len() <= 24, "{} lines:\n{}", text.len(), text.join("\n"));
    for line in &text {
        assert!(line.chars().count() <= 80, "{line}");
    }
    text.join("\n")
}

#[test]
fn all_is_well() {
    let expected = "\
working (pid 4711): nothing is stuck
next
  in 4min       2026-06-01 12:15:00Z  partner-shares-lapse (enforce)
  in 12h 49min  2026-06-02 01:00:00Z  images-rot (enforce)
stuck: nothing
needs you: nothing";
    assert_eq!(shown(healthy()), expected);
}

#[test]
fn what_is_stuck_comes_with_its_reason_and_what_to_type() {
    let mut status = healthy();
    status.clouds_down = vec![CloudDown {
        cloud: "prod".into(),
        why: "logging in: 401 Unauthorized".into(),
    }];
    status.reload_refused = Some(true);
    status.not_proven = vec![SourceRow {
        source: "staff".into(),
        why: "12 entries, but min_entries is 100".into(),
        policies: vec!["leavers".into()],
        tried: true,
    }];
    status.policies[1].trouble = Some("failed: cloud prod: logging in: 401 Unauthorized".into());
    status.policies[1].late = true;
    status.policies[1].last_success = Some(at("2026-06-01T11:00:02Z"));
    status.policies[1].tasks.insert("queued".into(), 12);
    status.overdue_tasks = vec![Waiting {
        policy: "partner-shares-lapse".into(),
        cloud: "prod".into(),
        count: 12,
        since: at("2026-06-01T10:00:00Z"),
    }];
    status.held = vec![HeldRun {
        run: 17,
        policy: "images-rot".into(),
        targets: 230,
        mode: "enforce".into(),
    }];
    status.dead_tasks = 5;
    status.dead_reasons = vec![DeadReason {
        reason: "the image is protected".into(),
        tasks: 5,
    }];
    let expected = "\
not working (pid 4711): cloud prod is down; 1 policy without success; the last
  reload was refused; 1 run held; 1 source not proven; and 3 more
next
  in 4min       2026-06-01 12:15:00Z  partner-shares-lapse (enforce, 12 queued)
  in 12h 49min  2026-06-02 01:00:00Z  images-rot (enforce)
stuck
  cloud prod is down: logging in: 401 Unauthorized
  the last reload was refused; the daemon goes on with what it had before
  source staff stops policy leavers: 12 entries, but min_entries is 100
  policy partner-shares-lapse: no success since 2026-06-01 11:00:02Z; it failed:
    cloud prod: logging in: 401 Unauthorized
  12 tasks of partner-shares-lapse on prod could go since 2026-06-01 10:00:00Z
  5 dead tasks: the image is protected
needs you
  `journalctl -u revokd --grep reload` says why; mend it, then
    `systemctl reload revokd`, or `restart` where a cloud or a secret is new
  mend the login of cloud prod: `revokd doctor --cloud prod`, then
    `systemctl restart revokd`
  run 17 of images-rot is held by the brake (230 targets):
    `revokd runs show 17`, `revokd runs allow 17` or `revokd runs reject 17`
  mend the list: `revokd sources test staff`
  see what policy partner-shares-lapse came to: `revokd runs show 7`
  see why they wait, 12 overdue tasks: `revokd tasks list --state queued`
  … and 1 more: `revokd tasks list --state dead`";
    assert_eq!(shown(status), expected);
}

#[test]
fn long_lists_are_cut_and_counted() {
    let mut status = healthy();
    status.policies = (10..27)
        .map(|hour| policy(&format!("policy-{hour}"), "2026-06-01T13:00:00Z"))
        .collect();
    for policy in &mut status.policies {
        policy.trouble = Some(format!("failed: {}", "a long word after another, ".repeat(9)));
    }
    status.held = (1..30)
        .map(|run| HeldRun {
            run,
            policy: "p".into(),
            targets: 1,
            mode: "approve".into(),
        })
        .collect();
    let text = shown(status);
    for told in [
        "… and 13 more: `revokd check`",
        "… and 14 more: `revokd runs list`",
        "run 1 of p waits for approval (1 target): `revokd runs show 1`",
        "… and 42 more: `revokd runs list --state held`",
    ] {
        assert!(text.contains(told), "{told} in:\n{text}");
    }
}

#[test]
fn nobody_works() {
    let mut status = healthy();
    status.daemon_pid = None;
    status.daemon_answers = None;
    status.reload_refused = None;
    let expected = "\
not working: no daemon runs
next, once a daemon runs
  in 4min       2026-06-01 12:15:00Z  partner-shares-lapse (enforce)
  in 12h 49min  2026-06-02 01:00:00Z  images-rot (enforce)
stuck: nothing
needs you
  start the daemon: `systemctl start revokd`, or `revokd run` by hand";
    assert_eq!(shown(status), expected);
}

#[test]
fn nothing_has_run_yet_and_the_only_policy_is_disabled() {
    let mut status = healthy();
    status.daemon_pid = None;
    status.daemon_answers = None;
    status.reload_refused = None;
    status.has_store = false;
    status.policies.truncate(1);
    status.policies[0].enabled = false;
    status.policies[0].next_run = None;
    let expected = "\
not working: nothing has run yet; no policy is enabled
next, once a daemon runs
  never (disabled): images-rot
stuck: nothing
needs you
  start the daemon: `systemctl start revokd`, or `revokd run` by hand
  write a policy, or set `enabled = true` in one; then `revokd check`";
    assert_eq!(shown(status), expected);
}

#[test]
fn there_is_no_policy() {
    let mut status = healthy();
    status.policies.clear();
    let text = shown(status);
    assert!(
        text.starts_with("not working (pid 4711): no policy is enabled\nnext\n  there is no policy: "),
        "{text}"
    );
}

#[test]
fn a_daemon_that_does_not_answer_is_not_working() {
    let mut status = healthy();
    status.daemon_answers = Some(false);
    status.reload_refused = None;
    status.daemon_problems = vec!["no answer at 127.0.0.1:9469: nothing came within 2s".into()];
    let text = shown(status);
    for told in [
        "not working (pid 4711): the daemon does not answer\n",
        "  no answer at 127.0.0.1:9469: nothing came within 2s\n",
    ] {
        assert!(text.contains(told), "{told} in:\n{text}");
    }
}

#[test]
fn a_configuration_that_cannot_be_read_leaves_what_the_daemon_tells() {
    let mut status = healthy();
    status.configuration_valid = false;
    status.policies.clear();
    let expected = "\
needs you (pid 4711): the configuration has problems
next
  not known until the configuration can be read: `revokd check`
stuck: nothing
needs you
  mend the configuration: `revokd check`, then `systemctl reload revokd`";
    assert_eq!(shown(status), expected);
}

#[test]
fn a_source_that_nobody_had_to_read_yet_is_not_stuck() {
    let mut status = healthy();
    status.not_proven = vec![source("spare", &["leavers"], false)];
    let text = shown(status);
    assert!(
        text.starts_with("working (pid 4711): nothing is stuck\n"),
        "{text}"
    );
    assert!(text.contains("\nstuck: nothing\n"), "{text}");
}

#[test]
fn the_end_of_a_long_reason_is_told_where_there_is_room() {
    let mut status = healthy();
    let columns = "its columns are employee_id, given_name, family_name, department, mail, started";
    status.not_proven = vec![SourceRow {
        why: format!("/etc/revokd/people/leavers-of-all-companies.csv: it has no column `email`; {columns}"),
        ..source("leavers", &["images-rot"], true)
    }];
    let text = shown(status);
    assert!(text.replace("\n    ", " ").contains(columns), "{text}");
}

#[test]
fn a_cloud_that_refuses_the_login_is_not_waited_for() {
    let needs = |why: &str| {
        let mut status = healthy();
        status.clouds_down = vec![CloudDown {
            cloud: "registry".into(),
            why: why.into(),
        }];
        shown(status)
            .split_once("needs you\n")
            .unwrap()
            .1
            .replace("\n    ", " ")
    };
    let refused = "  mend the login of cloud registry: `revokd doctor --cloud registry`, then `systemctl restart revokd`";
    assert_eq!(needs("logging in: the cloud answered 401 Unauthorized"), refused);
    assert_eq!(
        needs("logging in: the image service is in several regions, set one of \"a\", \"b\""),
        refused
    );
    let waits = "  wait for cloud registry, or see what it lacks: `revokd doctor --cloud registry`";
    assert_eq!(
        needs("logging in: the cloud answered 503 Service Unavailable"),
        waits
    );
}

/// All combinations of what may be wrong.
#[test]
fn every_verdict_but_working_names_what_to_do_and_free_is_said_only_where_nothing_is_stuck() {
    let faults: [fn(&mut Status); 12] = [
        |status| status.daemon_pid = None,
        |status| {
            status.daemon_answers = Some(false);
            status.daemon_problems = vec!["no answer".into()];
        },
        |status| status.daemon_problems = vec!["store: disk full".into()],
        |status| {
            status.clouds_down = vec![CloudDown {
                cloud: "prod".into(),
                why: "timed out".into(),
            }];
        },
        |status| status.reload_refused = Some(true),
        |status| status.configuration_valid = false,
        |status| status.policies[0].trouble = Some("failed: x".into()),
        |status| status.policies[0].late = true,
        |status| {
            let waiting = Waiting {
                policy: "p".into(),
                cloud: "prod".into(),
                count: 1,
                since: at("2026-06-01T10:00:00Z"),
            };
            status.overdue_tasks = vec![waiting];
        },
        |status| status.dead_tasks = 1,
        |status| {
            status
                .policies
                .iter_mut()
                .for_each(|policy| policy.enabled = false)
        },
        |status| {
            status.not_proven = vec![
                source("unread", &["images-rot"], false),
                source("unused", &[], true),
            ];
        },
    ];
    for combination in 0..1_u32 << faults.len() {
        let mut status = healthy();
        for (position, fault) in faults.iter().enumerate() {
            if combination >> position & 1 == 1 {
                fault(&mut status);
            }
        }
        let text = shown(status);
        let is_working = text.starts_with("working");
        assert_eq!(text.contains("needs you: nothing"), is_working, "{text}");
        if text.contains("nothing is stuck") {
            assert!(text.contains("\nstuck: nothing\n"), "{text}");
        }
    }
}

fn source(name: &str, policies: &[&str], tried: bool) -> SourceRow {
    SourceRow {
        source: name.into(),
        why: "not read yet".into(),
        policies: policies.iter().map(|&policy| policy.into()).collect(),
        tried,
    }
}

#[test]
fn a_source_names_the_policies_that_it_stops_and_these_are_not_told_again() {
    let mut status = healthy();
    for policy in &mut status.policies {
        policy.trouble = Some("failed: source staff: too old".into());
    }
    status.not_proven = vec![SourceRow {
        source: "staff".into(),
        why: "too old".into(),
        policies: vec!["images-rot".into(), "partner-shares-lapse".into()],
        tried: true,
    }];
    let text = shown(status);
    assert!(
        text.contains(
            "\n  source staff stops policies images-rot, partner-shares-lapse: too old\nneeds you\n"
        ),
        "{text}"
    );
}
