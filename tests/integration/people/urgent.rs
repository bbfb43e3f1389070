//! A leaver does not wait behind what another policy has in the queue.

use revokd::{
    daemon::run,
    model::{Priority, RunState, TaskState, Trigger},
};

use super::{LIST, company, leavers, policy_named, rows, told};
use crate::harness::{PolicyText, SourceText, Stage};

/// Another policy has ann's and bob's permissions on the repository in the
/// queue; ann is on the list.
async fn behind_another_policy(priority: &str) -> Stage {
    let mut scene = company();
    let slow = PolicyText::new("slow", "repository-permission").matching("user.name = [\"ann\", \"bob\"]");
    scene
        .source(&SourceText::csv(LIST))
        .policy(&slow)
        .policy(&leavers().key("priority", &format!("{priority:?}")));
    let stage = scene.raise().await;
    stage.write_list(LIST, rows(&["ann"]));
    let context = stage.context();
    for (policy, queued) in [("slow", 2), ("gone", if priority == "urgent" { 2 } else { 1 })] {
        let policies = [policy_named(&stage, policy)];
        let reports = run::run(&context, &policies, Trigger::Operator).await;
        let report = &reports.expect("a store that takes writes")[0];
        assert_eq!(
            (report.state, report.totals.queued),
            (RunState::Finished, queued),
            "{policy}: {:?}",
            report.notes
        );
    }
    stage
}

#[tokio::test]
async fn what_a_policy_that_is_not_urgent_has_queued_is_taken_over() {
    let stage = behind_another_policy("urgent").await;
    let tasks = stage.tasks().await;
    let of = |policy: &str, state: TaskState| {
        let all = tasks.iter().filter(|task| task.state == state);
        let of = all.filter(|task| task.revocation.evidence.policy.as_str() == policy);
        of.map(|task| (task.revocation.target.clone(), task.priority))
            .collect::<Vec<_>>()
    };
    let cloud = stage.cloud();
    let (ann, bob) = (
        cloud.permission("team-a/app", "ann"),
        cloud.permission("team-a/app", "bob"),
    );
    assert_eq!(
        of("slow", TaskState::Cancelled),
        [(ann.clone(), Priority::Normal)]
    );
    assert_eq!(of("slow", TaskState::Queued), [(bob, Priority::Normal)]);
    let urgent = of("gone", TaskState::Queued);
    assert!(
        urgent.contains(&(ann.clone(), Priority::Urgent)),
        "{}",
        told(&tasks)
    );
    let cancelled = tasks.iter().find(|task| task.state == TaskState::Cancelled);
    let note = cancelled.map(|task| task.note.as_str());
    assert_eq!(note, Some("decided sooner by policy gone"));

    stage.work_off().await;

    assert_eq!(stage.count(TaskState::Done).await, 3);
    assert!(!stage.cloud().holds(&ann));
    stage.finish().await;
}

#[tokio::test]
async fn a_list_that_takes_over_and_then_lets_off_leaves_the_other_policy_its_say() {
    let stage = behind_another_policy("urgent").await;
    stage.write_list(LIST, rows(&[]));
    stage.work_off().await;
    let ann = stage.cloud().permission("team-a/app", "ann");
    assert!(stage.cloud().holds(&ann), "its reason went away");

    stage.pass().await;

    let task = stage.task(&ann).await;
    assert_eq!(
        (task.state, task.revocation.evidence.policy.as_str()),
        (TaskState::Done, "slow")
    );
    assert!(stage.cloud().holds(&stage.cloud().permission("team-a", "ann")));
    stage.finish().await;
}

#[tokio::test]
async fn a_policy_that_is_not_urgent_leaves_what_is_queued_where_it_is() {
    let stage = behind_another_policy("normal").await;
    assert_eq!(stage.count(TaskState::Cancelled).await, 0);
    stage.work_off().await;
    assert_eq!(stage.count(TaskState::Done).await, 3);
    let ann = stage.cloud().permission("team-a/app", "ann");
    let decided_by = stage.task(&ann).await.revocation.evidence.policy;
    assert_eq!(decided_by.as_str(), "slow");
    these_lost_nothing_else(&stage);
    stage.finish().await;
}

fn these_lost_nothing_else(stage: &Stage) {
    let cloud = stage.cloud();
    assert!(cloud.holds(&cloud.permission("team-a", "bob")));
    for name in ["cai", "dee", "eve"] {
        assert!(cloud.holds(&cloud.permission("team-a/app", name)));
    }
}
