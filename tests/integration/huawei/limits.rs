//! Several kinds in one policy, and the brake over all of them.

use std::collections::BTreeSet;

use revokd::{
    model::{Kind, Level, RunState, TaskState},
    simulator::CallKind,
};

use super::told;
use crate::harness::{FLAVOURS, PolicyText, Scene, leavers};

fn ten_leavers(scene: &mut Scene) {
    for n in 0..10 {
        let user = format!("user-{n}");
        scene.place("team-a", &[(&user, Level::Read)]);
        scene.place("team-a/app", &[(&user, Level::Read)]);
        scene.disable(&user);
    }
    scene.place("team-a/app", &[("bob", Level::Read)]);
}

#[tokio::test]
async fn a_policy_of_several_kinds_removes_all_of_them() {
    for flavour in FLAVOURS {
        let mut scene = Scene::of_huawei(flavour);
        scene.place("team-a", &[("ann", Level::Write)]);
        scene.place("team-a/app", &[("ann", Level::Read)]);
        scene.account_share("team-a/app", "partner", Some(-10));
        scene.place("team-b/app", &[("ann", Level::Read)]);
        scene.account_share("team-b/app", "partner", Some(-10));
        let kinds = [
            "repository-permission",
            "namespace-permission",
            "repository-share",
        ];
        scene.policy(&PolicyText::of_kinds("team-a-closes", &kinds).matching("namespace = \"team-a\""));
        let stage = scene.raise().await;

        stage.pass().await;

        let tasks = stage.tasks().await;
        assert_eq!(stage.count(TaskState::Done).await, 3, "{}", told(&tasks));
        let gone: BTreeSet<Kind> = tasks.iter().map(|task| task.revocation.target.kind).collect();
        assert_eq!(gone.len(), 3);
        assert_eq!(stage.cloud().vanished().len(), 3);
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_run_that_wants_too_many_of_several_kinds_is_held_and_goes_on_when_allowed() {
    let mut scene = Scene::of_huawei(FLAVOURS[1]);
    ten_leavers(&mut scene);
    scene.policy(&leavers("leavers").limit("max_revocations", "19"));
    let stage = scene.raise().await;

    let pass = stage.pass().await;

    let report = &pass.once.reports[0];
    assert_eq!(report.state, RunState::Held);
    assert!(
        report.notes.iter().any(|note| note.starts_with("brake")),
        "{:?}",
        report.notes
    );
    assert_eq!(stage.count(TaskState::Held).await, 20);
    assert_eq!(stage.cloud().count(CallKind::RemovePermissions), 0);

    let now = stage.now();
    let run = report.waits.expect("the run waits for an operator");
    stage
        .store()
        .allow_run(run, "tester".to_owned(), now)
        .await
        .expect("the run can be allowed");
    stage.work_off().await;

    assert_eq!(
        stage.count(TaskState::Done).await,
        20,
        "{}",
        told(&stage.tasks().await)
    );
    assert_eq!(
        stage.cloud().count(CallKind::RemovePermissions),
        2,
        "ten users go by one call"
    );
    stage.finish().await;
}

#[tokio::test]
async fn a_run_that_wants_too_many_of_one_repository_is_held() {
    let mut scene = Scene::of_huawei(FLAVOURS[0]);
    ten_leavers(&mut scene);
    scene.policy(&leavers("leavers").limit("max_per_resource", "9"));
    let stage = scene.raise().await;
    let pass = stage.pass().await;
    assert_eq!(pass.once.reports[0].state, RunState::Held);
    assert_eq!(stage.cloud().vanished().len(), 0);
    stage.finish().await;
}
