//! Killed at any point, the next process finishes the job and does no other.

use std::time::Duration;

use revokd::{
    model::TaskState,
    simulator::{CallKind, Effect, Fault},
};

use crate::harness::{Scene, Stage, lapse, minutes, seconds};

async fn twelve_shares() -> Stage {
    let mut scene = Scene::new();
    for n in 0..12 {
        scene.image(&format!("partner-{n}"), &[("acme", 31), ("globex", 3)]);
    }
    scene.policy(&lapse("lapse").schedule("* * * * *"));
    scene.setting("concurrency = 2");
    scene.raise().await
}

/// Hangs the call of this kind that comes after `skip` others.
fn hang(kind: CallKind, skip: u64) -> Fault {
    Fault::on(kind, Effect::Latency(Duration::from_secs(60)))
        .skip(skip)
        .once()
}

async fn crashes_at(fault: Fault, what: &str) {
    let stage = twelve_shares().await;
    stage.cloud().fault(fault);
    let serving = stage.serve().await;
    stage.clock.advance(seconds(70));
    // Everything else goes on until only the hanging call is left.
    let mut asked = usize::MAX;
    stage
        .until_standing(what, async || {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let before = std::mem::replace(&mut asked, stage.cloud().simulated.requests().all().len());
            before == asked && stage.cloud().simulated.requests().in_flight() == 1
        })
        .await;
    serving.crash().await;
    stage.cloud().mend();

    stage.pass().await;

    assert_eq!(stage.count(TaskState::Done).await, 12, "{what}");
    assert_eq!(stage.cloud().removals(), 12, "{what}");
    let answered = stage.cloud().simulated.requests().all().into_iter();
    let answered =
        answered.filter(|request| request.call.kind == CallKind::RemoveMember && request.status.is_some());
    assert_eq!(answered.count(), 12, "{what}");
    stage.finish().await;
}

#[tokio::test]
async fn in_the_middle_of_a_collection() {
    crashes_at(hang(CallKind::ListMembers, 5), "a member list hangs").await;
}

#[tokio::test]
async fn before_the_first_look() {
    crashes_at(hang(CallKind::ShowImage, 0), "the first look hangs").await;
}

#[tokio::test]
async fn in_the_middle_of_a_removal() {
    crashes_at(hang(CallKind::RemoveMember, 3), "a removal hangs").await;
}

#[tokio::test]
async fn between_a_removal_and_the_look_that_shows_it() {
    let stage = twelve_shares().await;
    let image = stage.cloud().image("partner-5");
    stage.cloud().fault(hang(CallKind::ShowImage, 1).resource(&image));
    let serving = stage.serve().await;
    stage.clock.advance(seconds(70));
    stage
        .until_standing("all are removed and all but one are done", async || {
            stage.cloud().removals() == 12 && stage.count(TaskState::Done).await == 11
        })
        .await;
    serving.crash().await;

    stage.work_off().await;

    let task = stage.task(&stage.cloud().share("partner-5", "acme")).await;
    assert_eq!(
        (task.state, task.note.as_str()),
        (TaskState::Done, "seen gone after an earlier try")
    );
    assert_eq!(stage.cloud().count(CallKind::RemoveMember), 12, "no second call");
    stage.finish().await;
}

#[tokio::test]
async fn a_stop_lets_calls_finish_and_hands_the_rest_back_unburned() {
    let mut scene = Scene::new();
    for n in 0..40 {
        scene.image(&format!("partner-{n}"), &[("acme", 31)]);
    }
    scene.policy(&lapse("lapse"));
    scene.setting("concurrency = 2");
    let stage = scene.raise().await;
    stage.cloud().fault(Fault::on(
        CallKind::RemoveMember,
        Effect::Latency(Duration::from_millis(100)),
    ));
    let serving = stage.serve().await;
    stage.clock.advance(minutes(16));
    stage
        .until_standing("some are removed", async || stage.cloud().removals() >= 3)
        .await;

    serving.stop().await.unwrap();

    let done = stage.count(TaskState::Done).await;
    assert!((3..20).contains(&done), "{done}");
    assert_eq!(done, stage.cloud().removals(), "what was called was seen gone");
    let tasks = stage.tasks().await;
    let left: Vec<_> = tasks
        .iter()
        .filter(|task| task.state != TaskState::Done)
        .collect();
    assert!(
        left.iter()
            .all(|task| task.state == TaskState::Queued && task.attempts == 0)
    );
    stage.cloud().mend();
    stage.work_off().await;
    assert_eq!(stage.count(TaskState::Done).await, 40);
    stage.finish().await;
}

#[tokio::test]
async fn a_stop_that_a_hanging_call_outlasts_ends_all_the_same() {
    let stage = twelve_shares().await;
    stage.cloud().fault(hang(CallKind::RemoveMember, 3));
    let serving = stage.serve_for(Duration::from_millis(200)).await;
    stage.clock.advance(seconds(70));
    stage
        .until_standing("only the hanging call is left", async || {
            stage.count(TaskState::Done).await == 11
        })
        .await;

    assert!(serving.stop().await.is_err());

    stage.cloud().mend();
    stage.work_off().await;
    assert_eq!(stage.count(TaskState::Done).await, 12);
    stage.finish().await;
}
