//! What happens to one cloud is no matter of the other.

use std::time::Duration;

use revokd::{
    model::{RunState, TaskState},
    simulator::{CallKind, Effect, Fault},
};

use crate::harness::{Scene, lapse, minutes, seconds};

fn two_clouds() -> Scene {
    let mut scene = Scene::new();
    for n in 0..5 {
        scene.image(&format!("partner-{n}"), &[("acme", 31)]);
    }
    scene.cloud("other");
    for n in 0..5 {
        scene.image(&format!("partner-{n}"), &[("acme", 31)]);
    }
    scene
}

#[tokio::test]
async fn a_cloud_that_hangs_does_not_delay_the_other() {
    let mut scene = two_clouds();
    scene.policy(&lapse("one").key("clouds", "\"sim\""));
    scene.policy(&lapse("two").key("clouds", "\"other\""));
    let stage = scene.raise().await;
    let hang = Fault::on_any_data(Effect::Latency(Duration::from_secs(60)));
    stage.cloud().fault(hang);
    let serving = stage.serve().await;
    stage.clock.advance(minutes(16));
    let other = stage.cloud_named("other");

    stage
        .until_standing("the other cloud is done with", async || other.removals() == 5)
        .await;

    assert_eq!(stage.cloud().removals(), 0);
    assert!(stage.cloud().simulated.requests().in_flight() > 0);
    serving.crash().await;
    stage.cloud().mend();
    stage.pass().await;
    assert_eq!(stage.count(TaskState::Done).await, 10);
    stage.finish().await;
}

#[tokio::test]
async fn removals_that_hang_in_one_cloud_do_not_delay_those_in_the_other() {
    let mut scene = two_clouds();
    scene.policy(&lapse("both"));
    let stage = scene.raise().await;
    let hang = Fault::on(CallKind::RemoveMember, Effect::Latency(Duration::from_secs(60)));
    stage.cloud().fault(hang);
    let serving = stage.serve().await;
    stage.clock.advance(minutes(16));
    let other = stage.cloud_named("other");

    stage
        .until_standing("the other cloud is done with", async || {
            other.removals() == 5 && stage.count(TaskState::Done).await == 5
        })
        .await;

    serving.crash().await;
    stage.cloud().mend();
    stage.work_off().await;
    assert_eq!(stage.count(TaskState::Done).await, 10);
    stage.finish().await;
}

#[tokio::test]
async fn a_policy_over_both_goes_on_with_the_one_that_answers() {
    let mut scene = two_clouds();
    scene.policy(&lapse("both"));
    let stage = scene.raise().await;
    stage.cloud().fault(Fault::on_anything(Effect::Status(403)));

    let pass = stage.pass().await;

    let report = &pass.once.reports[0];
    assert_eq!((report.state, report.gaps.len()), (RunState::Finished, 1));
    assert_eq!(stage.cloud_named("other").removals(), 5);
    stage.cloud().mend();
    stage.clock.advance(minutes(20) + seconds(1));
    stage.pass().await;
    assert_eq!(stage.count(TaskState::Done).await, 10);
    stage.finish().await;
}
