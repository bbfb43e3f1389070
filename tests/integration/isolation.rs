//! One bad thing stays one.

use revokd::{
    model::{RunState, TaskState},
    simulator::{CallKind, Effect, Fault},
};

use crate::harness::{Scene, lapse, stale_images};

#[tokio::test]
async fn one_image_that_always_fails_stops_no_other() {
    let mut scene = Scene::new();
    for n in 0..40 {
        scene.image(&format!("partner-{n}"), &[("acme", 31), ("globex", 40)]);
    }
    scene.policy(&lapse("lapse"));
    scene.daemon("[daemon.retry]\nattempts = 3");
    let stage = scene.raise().await;
    stage
        .cloud()
        .fault(stage.cloud().fault_on_removal("partner-7", Effect::Status(500)));

    stage.pass().await;

    assert_eq!(
        (
            stage.count(TaskState::Done).await,
            stage.count(TaskState::Dead).await
        ),
        (78, 2)
    );
    let dead = stage.task(&stage.cloud().share("partner-7", "acme")).await;
    assert!(dead.note.contains("given up after 3 tries"), "{}", dead.note);

    stage.pass().await;
    assert_eq!(stage.tasks().await.len(), 80, "dead is not queued again");
    stage.cloud().mend();
    for task in stage
        .tasks()
        .await
        .iter()
        .filter(|task| task.state == TaskState::Dead)
    {
        let now = stage.now();
        stage
            .store()
            .retry_task(task.id, "tester".to_owned(), now)
            .await
            .unwrap();
    }
    stage.work_off().await;
    assert_eq!(stage.count(TaskState::Done).await, 80);
    stage.finish().await;
}

#[tokio::test]
async fn one_share_that_fails_stops_no_other_of_its_image() {
    let mut scene = Scene::new();
    let many: Vec<(String, i64)> = (0..40).map(|n| (format!("team-{n}"), 31)).collect();
    let many: Vec<(&str, i64)> = many.iter().map(|(name, age)| (name.as_str(), *age)).collect();
    scene.image("partner-1", &many);
    scene.policy(&lapse("lapse"));
    let stage = scene.raise().await;
    let bad = stage.cloud().project("team-11");
    stage
        .cloud()
        .fault(Fault::on(CallKind::RemoveMember, Effect::Status(403)).subject(&bad));

    stage.pass().await;

    assert_eq!(
        (
            stage.count(TaskState::Done).await,
            stage.count(TaskState::Dead).await
        ),
        (39, 1)
    );
    stage.finish().await;
}

#[tokio::test]
async fn a_target_that_is_gone_stops_no_other() {
    let mut scene = Scene::new();
    for n in 0..5 {
        scene.image_with(&format!("old-{n}"), 400 + n, &[], |_| {});
    }
    scene.policy(&stale_images("stale").mode("approve"));
    let stage = scene.raise().await;
    stage.pass().await;
    stage.end_by_hand("old-0", None);
    let now = stage.now();
    stage
        .store()
        .allow_run(1, "tester".to_owned(), now)
        .await
        .unwrap();

    stage.work_off().await;

    assert_eq!(stage.count(TaskState::Done).await, 5);
    stage.finish().await;
}

#[tokio::test]
async fn policies_that_want_the_same_share_remove_it_once() {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31)]);
    scene.policy(&lapse("one")).policy(&lapse("two"));
    let stage = scene.raise().await;

    let pass = stage.pass().await;

    assert_eq!(
        pass.once
            .reports
            .iter()
            .map(|report| report.totals.queued)
            .sum::<u64>(),
        1
    );
    assert_eq!(stage.count(TaskState::Done).await, 1);
    assert_eq!(stage.cloud().count(CallKind::RemoveMember), 1);
    stage.finish().await;
}

#[tokio::test]
async fn a_share_and_its_image_can_both_be_decided_on() {
    let mut scene = Scene::new();
    scene.image_with("old-1", 400, &[("acme", 31)], |_| {});
    scene.policy(&lapse("shares")).policy(&stale_images("images"));
    let stage = scene.raise().await;

    stage.pass().await;

    assert_eq!(stage.count(TaskState::Done).await, 2);
    assert!(!stage.cloud().has_image("old-1"));
    stage.finish().await;
}

#[tokio::test]
async fn a_policy_that_waits_does_not_hold_a_row_of_runs_for_what_another_has_in_the_queue() {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31)]);
    scene
        .policy(&lapse("one").mode("approve"))
        .policy(&lapse("two").mode("approve"));
    let stage = scene.raise().await;

    stage.pass().await;
    stage.pass().await;
    stage.pass().await;

    let held = stage
        .run_states()
        .await
        .iter()
        .filter(|state| **state == RunState::Held)
        .count();
    assert_eq!(held, 1, "only one run has something to allow");
    stage.finish().await;
}

#[tokio::test]
async fn a_held_run_is_not_replaced_again_and_again_for_what_another_policy_gave_up() {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31), ("globex", 31)]);
    scene.image("golden-1", &[("acme", 31)]);
    scene.policy(&lapse("partners").matching("image.name = \"partner-*\""));
    let stage = scene.raise().await;
    stage
        .cloud()
        .fault(stage.cloud().fault_on_removal("partner-1", Effect::Status(403)));
    stage.pass().await;
    assert_eq!(stage.count(TaskState::Dead).await, 2);

    stage.write_policies(&[lapse("all").mode("approve")]);
    stage.pass().await;
    stage.pass().await;

    let states = stage.run_states().await;
    assert_eq!(states, [RunState::Finished, RunState::Held, RunState::Finished]);
    stage.finish().await;
}

#[tokio::test]
async fn what_a_policy_gave_up_goes_to_another_once_that_policy_is_no_more() {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31)]);
    scene.policy(&lapse("old-name"));
    let stage = scene.raise().await;
    stage.cloud().fault(
        stage
            .cloud()
            .fault_on_removal("partner-1", Effect::Status(403))
            .once(),
    );
    stage.pass().await;
    assert_eq!(stage.count(TaskState::Dead).await, 1);

    stage.write_policies(&[lapse("new-name")]);
    stage.pass().await;

    assert_eq!(
        (
            stage.count(TaskState::Cancelled).await,
            stage.count(TaskState::Done).await
        ),
        (1, 1)
    );
    stage.finish().await;
}
