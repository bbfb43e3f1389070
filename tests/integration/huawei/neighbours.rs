//! Clouds of all makes beside each other, under one policy.

use revokd::{
    config::types::Flavour,
    model::{RunState, TaskState},
    simulator::{CallKind, Effect, Fault},
};

use super::told;
use crate::harness::{Scene, Stage, lapse};

async fn three_clouds() -> Stage {
    let mut scene = Scene::new();
    let shares = [("acme", 31), ("initech", 31), ("hooli", 31), ("globex", 1)];
    scene.image("partner-1", &shares);
    scene.huawei("otc", Flavour::OpenTelekomCloud);
    scene.image("partner-1", &shares);
    scene.huawei("hwc", Flavour::HuaweiCloud);
    scene.image("partner-1", &shares);
    scene.policy(&lapse("lapse"));
    scene.raise().await
}

#[tokio::test]
async fn one_policy_works_on_clouds_of_all_makes() {
    let stage = three_clouds().await;

    stage.pass().await;

    assert_eq!(
        stage.count(TaskState::Done).await,
        9,
        "{}",
        told(&stage.tasks().await)
    );
    let calls = |cloud: &str, kind| stage.cloud_named(cloud).count(kind);
    assert_eq!(
        calls("sim", CallKind::RemoveMember),
        3,
        "OpenStack has no other call"
    );
    for cloud in ["otc", "hwc"] {
        assert_eq!(calls(cloud, CallKind::RemoveMembers), 1, "{cloud}");
        assert_eq!(calls(cloud, CallKind::RemoveMember), 0, "{cloud}");
    }
    stage.finish().await;
}

#[tokio::test]
async fn a_cloud_that_is_down_keeps_no_other() {
    let stage = three_clouds().await;
    let down = stage.cloud_named("otc");
    down.fault(Fault::on_anything(Effect::Status(403)));

    let pass = stage.pass().await;

    assert_eq!(pass.once.reports[0].state, RunState::Finished);
    assert!(!pass.once.reports[0].gaps.is_empty());
    assert_eq!(
        stage.count(TaskState::Done).await,
        6,
        "{}",
        told(&stage.tasks().await)
    );
    assert_eq!(down.vanished().len(), 0);
    stage.finish().await;
}
