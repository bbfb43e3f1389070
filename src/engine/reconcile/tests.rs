//! What a run changes in the queue.

mod registry;

use super::*;
use crate::{
    engine::{evaluate::Spared, policy::Match, sample},
    model::{Kind, Sharing},
};

fn live(id: TaskId, run: RunId, revocation: &Revocation, state: TaskState, hold: Option<Hold>) -> LiveTask {
    LiveTask {
        id,
        run,
        target: revocation.target.clone(),
        state,
        hold,
        policy_digest: revocation.evidence.policy_digest.clone(),
        grant_version: revocation.evidence.grant_version.clone(),
        decided_at: revocation.evidence.observed_at,
    }
}

fn policy(digest: &str, priority: Priority) -> Policy {
    Policy {
        digest: digest.to_owned(),
        priority,
        ..sample::policy(Kind::ImageShare, Match::default())
    }
}

fn other(state: TaskState, priority: Priority) -> OtherTask {
    OtherTask { state, priority }
}

fn decided(revocations: &[Revocation]) -> Evaluation {
    Evaluation {
        seen: 10,
        revocations: revocations.to_vec(),
        ..Evaluation::default()
    }
}

fn seen(image: &str, projects: &[&str]) -> BTreeMap<CloudName, Inventory> {
    let mut image = sample::image(image);
    let member = |project: &&str| sample::member(project, "2026-01-01T00:00:00Z");
    image.sharing = Sharing::Members(projects.iter().map(member).collect());
    BTreeMap::from([("c".into(), sample::inventory(vec![image]))])
}

/// An hour after the decisions of the samples.
fn held_against<'a>(
    digest: &str,
    evaluation: &'a Evaluation,
    inventories: &BTreeMap<CloudName, Inventory>,
    live: &[LiveTask],
) -> Reconciled<'a> {
    let now = sample::at("2026-06-01T01:00:00Z");
    reconcile(
        &policy(digest, Priority::Normal),
        evaluation,
        inventories,
        live,
        &HashMap::new(),
        SignedDuration::from_hours(24),
        now,
    )
}

#[test]
fn what_is_in_the_queue_already_is_not_new() {
    let (a, b) = (sample::revocation("i", "a"), sample::revocation("i", "b"));
    let evaluation = decided(&[a.clone(), b.clone()]);
    let result = held_against(
        "d",
        &evaluation,
        &seen("i", &["a", "b"]),
        &[live(1, 1, &a, TaskState::Queued, None)],
    );
    assert_eq!(result.fresh, [&b]);
    assert_eq!(result.release, []);
}

#[test]
fn a_task_that_was_seen_and_no_longer_matches_is_released_with_the_reason() {
    let a = sample::revocation("i", "a");
    let mut evaluation = decided(&[]);
    evaluation.spared.push(Spared {
        target: a.target.clone(),
        reason: "exempt".into(),
    });
    let result = held_against(
        "d",
        &evaluation,
        &seen("i", &["a"]),
        &[live(1, 1, &a, TaskState::Queued, None)],
    );
    assert_eq!(result.release, [(1, "must stay: exempt".to_owned())]);
}

#[test]
fn a_task_that_was_not_seen_stays_for_its_second_look() {
    let a = sample::revocation("i", "a");
    let evaluation = decided(&[]);
    for inventories in [seen("i", &[]), seen("other", &["a"]), BTreeMap::new()] {
        let result = held_against(
            "d",
            &evaluation,
            &inventories,
            &[live(1, 1, &a, TaskState::Queued, None)],
        );
        assert_eq!(result.release, []);
    }
}

#[test]
fn a_grant_made_anew_is_another_decision() {
    let old = sample::revocation("i", "a");
    let mut again = old.clone();
    again.evidence.grant_version = "2026-03-01T00:00:00Z".to_owned();
    let evaluation = decided(std::slice::from_ref(&again));
    let result = held_against(
        "d",
        &evaluation,
        &seen("i", &["a"]),
        &[live(1, 1, &old, TaskState::Queued, None)],
    );
    assert_eq!(result.release.len(), 1);
    assert_eq!(result.fresh, [&again]);
}

#[test]
fn a_changed_policy_releases_everything_but_what_a_worker_has() {
    let (a, b) = (sample::revocation("i", "a"), sample::revocation("i", "b"));
    let tasks = [
        live(1, 1, &a, TaskState::Dead, None),
        live(2, 1, &b, TaskState::Claimed, None),
    ];
    let evaluation = decided(&[a.clone(), b.clone()]);
    let result = held_against("new digest", &evaluation, &seen("i", &["a", "b"]), &tasks);
    assert_eq!(result.release.len(), 1);
    assert_eq!(result.fresh, [&a]);
}

#[test]
fn a_held_run_stays_while_nothing_is_new_and_is_replaced_whole_otherwise() {
    let (a, b) = (sample::revocation("i", "a"), sample::revocation("i", "b"));
    let held = [live(1, 7, &a, TaskState::Held, Some(Hold::Brake))];
    let inventories = seen("i", &["a", "b"]);
    let same = decided(std::slice::from_ref(&a));
    let result = held_against("d", &same, &inventories, &held);
    assert_eq!(
        (result.still_held, result.replaces, result.fresh.len()),
        (Some(7), None, 0)
    );
    let more = decided(&[a.clone(), b.clone()]);
    let result = held_against("d", &more, &inventories, &held);
    assert_eq!((result.still_held, result.replaces), (None, Some(7)));
    assert_eq!(result.fresh, [&b, &a]);
    assert!(result.replaces_braked);
}

#[test]
fn what_was_given_up_a_day_ago_is_decided_afresh() {
    let a = sample::revocation("i", "a");
    let evaluation = decided(std::slice::from_ref(&a));
    let dead = [live(1, 1, &a, TaskState::Dead, None)];
    let later = sample::at("2026-06-02T00:00:01Z");
    let valid = SignedDuration::from_hours(24);
    let nowhere = HashMap::new();
    let result = reconcile(
        &policy("d", Priority::Normal),
        &evaluation,
        &seen("i", &["a"]),
        &dead,
        &nowhere,
        valid,
        later,
    );
    assert_eq!((result.dead, result.fresh.len(), result.release.len()), (0, 1, 1));
}

#[test]
fn a_call_that_was_made_is_settled_by_a_look_and_not_by_a_run() {
    let a = sample::revocation("i", "a");
    let evaluation = decided(&[]);
    for state in [TaskState::Submitted, TaskState::Verifying] {
        let called = [live(1, 1, &a, state, None)];
        let result = held_against("other digest", &evaluation, &seen("i", &["a"]), &called);
        assert_eq!(result.release, [], "{state}");
    }
}

#[test]
fn what_was_given_up_is_counted_and_not_tried_again_by_itself() {
    let a = sample::revocation("i", "a");
    let evaluation = decided(std::slice::from_ref(&a));
    let result = held_against(
        "d",
        &evaluation,
        &seen("i", &["a"]),
        &[live(1, 1, &a, TaskState::Dead, None)],
    );
    assert_eq!((result.dead, result.fresh.len(), result.release.len()), (1, 0, 0));
}

#[test]
fn what_another_policy_has_does_not_replace_a_run_that_waits() {
    let (a, b) = (sample::revocation("i", "a"), sample::revocation("i", "b"));
    let evaluation = decided(&[a.clone(), b.clone()]);
    let held = [live(1, 7, &a, TaskState::Held, Some(Hold::Approval))];
    for state in [TaskState::Queued, TaskState::Held, TaskState::Dead] {
        let elsewhere = HashMap::from([(b.target.clone(), other(state, Priority::Normal))]);
        let (valid, now) = (SignedDuration::from_hours(24), sample::at("2026-06-01T01:00:00Z"));
        let inventories = seen("i", &["a", "b"]);
        let result = reconcile(
            &policy("d", Priority::Normal),
            &evaluation,
            &inventories,
            &held,
            &elsewhere,
            valid,
            now,
        );
        assert_eq!(
            (result.still_held, result.replaces, result.left),
            (Some(7), None, 1),
            "{state}"
        );
    }
}
