//! Between the decision and the call the world and the policies go on.

use revokd::{
    daemon,
    model::{TaskState, Visibility},
    simulator::ImageChange,
};

use crate::harness::{PolicyText, Scene, Stage, days, hours, lapse, minutes};

const SHARE: (&str, &str) = ("partner-1", "acme");

fn policy() -> PolicyText {
    lapse("lapse").mode("approve")
}

/// A share whose removal was decided on and allowed, and not carried out yet.
async fn decided_and_allowed(policy: PolicyText) -> Stage {
    let mut scene = Scene::new();
    scene.image_with(SHARE.0, 90, &[(SHARE.1, 31), ("globex", 3)], |image| {
        image.tags = vec!["expires=2026-03-01".to_owned()];
    });
    scene.policy(&policy);
    let stage = scene.raise().await;
    stage.pass().await;
    let now = stage.now();
    stage
        .store()
        .allow_run(1, "tester".to_owned(), now)
        .await
        .unwrap();
    stage
}

async fn ends(stage: &Stage, state: TaskState, word: &str) {
    let task = stage.task(&stage.cloud().share(SHARE.0, SHARE.1)).await;
    assert_eq!(task.state, state, "{}", task.note);
    assert!(task.note.contains(word), "{}", task.note);
}

fn change(stage: &Stage, changes: Vec<ImageChange>) {
    let (cloud, now) = (stage.cloud(), stage.now());
    let image = cloud.image(SHARE.0);
    let changed = cloud
        .simulated
        .world()
        .change_image(&cloud.owner(), image.as_str(), changes, now)
        .is_ok();
    assert!(changed);
}

#[tokio::test]
async fn a_share_granted_again_stays() {
    let stage = decided_and_allowed(policy()).await;
    stage.clock.advance(minutes(1));
    stage.grant_again(SHARE.0, SHARE.1);

    stage.work_off().await;

    ends(&stage, TaskState::Cancelled, "granted again").await;
    assert!(stage.cloud().is_shared(SHARE.0, SHARE.1));
    stage.finish().await;
}

#[tokio::test]
async fn a_share_that_its_owner_ended_is_done_without_a_call() {
    let stage = decided_and_allowed(policy()).await;
    stage.end_by_hand(SHARE.0, Some(SHARE.1));
    stage.work_off().await;
    ends(&stage, TaskState::Done, "was gone already").await;
    stage.finish().await;
}

#[tokio::test]
async fn a_share_whose_image_was_deleted_is_done() {
    let stage = decided_and_allowed(policy()).await;
    stage.end_by_hand(SHARE.0, None);
    stage.work_off().await;
    ends(&stage, TaskState::Done, "was gone already").await;
    stage.finish().await;
}

#[tokio::test]
async fn a_share_of_an_image_turned_private_is_dead_and_not_done() {
    let stage = decided_and_allowed(policy()).await;
    change(&stage, vec![ImageChange::Visibility(Visibility::Private)]);

    stage.work_off().await;
    ends(&stage, TaskState::Dead, "private").await;

    change(&stage, vec![ImageChange::Visibility(Visibility::Shared)]);
    let (id, now) = (stage.tasks().await[0].id, stage.now());
    stage
        .store()
        .retry_task(id, "tester".to_owned(), now)
        .await
        .unwrap();
    stage.work_off().await;
    ends(&stage, TaskState::Done, "removed").await;
    stage.finish().await;
}

#[tokio::test]
async fn an_end_that_was_put_off_is_kept() {
    let expires = policy().only("expires = { tag = \"expires\" }");
    let stage = decided_and_allowed(expires).await;
    change(
        &stage,
        vec![ImageChange::Tags(vec!["expires=2027-03-01".to_owned()])],
    );

    stage.work_off().await;

    // Both shares of the image were decided on.
    assert_eq!(stage.count(TaskState::Cancelled).await, 2);
    assert_eq!(stage.cloud().removals(), 0);
    stage.finish().await;
}

#[tokio::test]
async fn a_policy_that_changed_decides_afresh() {
    let stage = decided_and_allowed(policy()).await;
    stage.write_policies(&[lapse("lapse").only("granted_before = \"29d\"")]);

    stage.work_off().await;
    ends(&stage, TaskState::Cancelled, "policy changed").await;
    assert_eq!(stage.cloud().removals(), 0);

    stage.pass().await;
    ends(&stage, TaskState::Done, "removed").await;
    stage.finish().await;
}

#[tokio::test]
async fn a_reload_reaches_what_is_in_the_queue() {
    let stage = decided_and_allowed(policy().limit("grace", "\"1h\"")).await;
    let serving = stage.serve().await;
    stage.write_policies(&[policy().only("granted_before = \"300d\"")]);
    daemon::reload(&serving.context, &stage.config()).await.unwrap();

    stage.pass_time(&serving, hours(2), minutes(5)).await;

    ends(&stage, TaskState::Cancelled, "policy changed").await;
    assert_eq!(stage.cloud().removals(), 0);
    serving.stop().await.unwrap();
    stage.finish().await;
}

#[tokio::test]
async fn nothing_is_removed_for_a_policy_that_is_no_more() {
    let stage = decided_and_allowed(policy()).await;
    stage.write_policies(&[lapse("another").only("granted_before = \"300d\"")]);
    stage.work_off().await;
    ends(&stage, TaskState::Cancelled, "no longer there").await;
    assert_eq!(stage.cloud().removals(), 0);
    stage.finish().await;
}

#[tokio::test]
async fn nothing_is_removed_for_a_policy_that_was_disabled() {
    let stage = decided_and_allowed(policy()).await;
    stage.write_policies(&[policy().key("enabled", "false")]);
    stage.work_off().await;
    assert_eq!(stage.count(TaskState::Cancelled).await, 1);
    assert_eq!(stage.cloud().removals(), 0);
    stage.finish().await;
}

#[tokio::test]
async fn a_stale_decision_is_made_afresh() {
    let stage = decided_and_allowed(policy()).await;
    stage.clock.advance(days(2));
    stage.work_off().await;
    ends(&stage, TaskState::Cancelled, "not carried out within").await;
    assert_eq!(stage.cloud().removals(), 0);
    stage.finish().await;
}

#[tokio::test]
async fn a_run_that_waited_long_for_its_operator_is_fresh_when_allowed() {
    let mut scene = Scene::new();
    scene.image(SHARE.0, &[(SHARE.1, 31)]);
    scene.policy(&policy());
    let stage = scene.raise().await;
    stage.pass().await;
    stage.clock.advance(days(5));
    let now = stage.now();
    stage
        .store()
        .allow_run(1, "tester".to_owned(), now)
        .await
        .unwrap();
    stage.work_off().await;
    ends(&stage, TaskState::Done, "removed").await;
    stage.finish().await;
}
