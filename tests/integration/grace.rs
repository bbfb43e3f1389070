//! Grace: found, announced, waited for, looked at again, then removed.

use jiff::Timestamp;
use revokd::model::{Hold, TaskState};

use crate::harness::{Scene, Stage, days, hours, lapse, minutes};

async fn in_grace() -> Stage {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31), ("globex", 3)]);
    scene.policy(&lapse("lapse").limit("grace", "\"24h\""));
    let stage = scene.raise().await;
    stage.pass().await;
    let task = stage.task(&stage.cloud().share("partner-1", "acme")).await;
    assert_eq!((task.state, task.hold), (TaskState::Held, Some(Hold::Grace)));
    stage
}

async fn state(stage: &Stage) -> (TaskState, String) {
    let task = stage.task(&stage.cloud().share("partner-1", "acme")).await;
    (task.state, task.note)
}

#[tokio::test]
async fn nothing_goes_before_its_time_and_it_goes_then() {
    let stage = in_grace().await;
    let serving = stage.serve().await;

    stage
        .pass_time(&serving, hours(23) + minutes(55), minutes(15))
        .await;
    assert_eq!(state(&stage).await.0, TaskState::Held);
    assert_eq!(stage.cloud().removals(), 0);
    stage.pass_time(&serving, minutes(6), minutes(1)).await;

    assert_eq!(state(&stage).await.0, TaskState::Done);
    let removed_at: Timestamp = stage.cloud().simulated.world().removals()[0].at;
    let task = stage.task(&stage.cloud().share("partner-1", "acme")).await;
    assert!(removed_at >= task.decided_at + hours(24));
    serving.stop().await.unwrap();
    stage.finish().await;
}

#[tokio::test]
async fn a_pass_by_hand_removes_what_had_its_grace() {
    let stage = in_grace().await;
    stage.clock.advance(hours(25));

    stage.pass().await;

    assert_eq!(state(&stage).await.0, TaskState::Done);
    stage.finish().await;
}

#[tokio::test]
async fn what_was_granted_again_meanwhile_stays() {
    let stage = in_grace().await;
    stage.clock.advance(hours(20));
    stage.grant_again("partner-1", "acme");

    stage.clock.advance(hours(5));
    stage.work_off().await;
    assert_eq!(state(&stage).await.0, TaskState::Cancelled);

    // Glance gave it the date of the first grant, so it is decided afresh, and
    // has its whole grace again.
    stage.pass().await;
    assert_eq!(state(&stage).await.0, TaskState::Held);
    assert!(stage.cloud().is_shared("partner-1", "acme"));
    stage.finish().await;
}

#[tokio::test]
async fn what_was_exempted_meanwhile_stays() {
    let stage = in_grace().await;
    let acme = stage.cloud().project("acme");
    let policy = lapse("lapse").limit("grace", "\"24h\"");
    stage.write_policies(&[policy.exempt(&format!("subject = {:?}", acme.as_str()))]);

    stage.pass().await;
    stage.clock.advance(days(2));
    stage.pass().await;

    assert_eq!(state(&stage).await.0, TaskState::Cancelled);
    assert!(stage.cloud().is_shared("partner-1", "acme"));
    stage.finish().await;
}

#[tokio::test]
async fn approval_does_not_shorten_the_grace() {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31)]);
    scene.policy(&lapse("lapse").mode("approve").limit("grace", "\"24h\""));
    let stage = scene.raise().await;
    stage.pass().await;
    let now = stage.now();
    stage
        .store()
        .allow_run(1, "tester".to_owned(), now)
        .await
        .unwrap();
    let serving = stage.serve().await;

    stage.pass_time(&serving, hours(23), hours(1)).await;
    assert_eq!(stage.cloud().removals(), 0);
    stage.pass_time(&serving, hours(2), minutes(10)).await;

    assert_eq!(state(&stage).await.0, TaskState::Done);
    serving.stop().await.unwrap();
    stage.finish().await;
}
