//! The same status means different things there: what waits, what is given up,
//! and that none of it is "gone".

use revokd::{
    model::{Level, TaskState},
    simulator::{CallKind, Effect, Fault, registry::UngrantedUsers},
};

use super::{all_in, decide_and_allow, told, work_off_and_meanwhile};
use crate::harness::{FLAVOURS, Scene, Stage, leavers, minutes, seconds};

fn code(status: u16, code: &str) -> Effect {
    Effect::Code {
        status,
        code: code.to_owned(),
    }
}

/// Users of one repository, of whom the first `gone` are disabled.
fn repository(users: &[&str], gone: usize) -> Scene {
    let mut scene = Scene::of_huawei(FLAVOURS[1]);
    let levels: Vec<(&str, Level)> = users.iter().map(|user| (*user, Level::Read)).collect();
    scene.place("team-a/app", &levels);
    for user in users.iter().take(gone) {
        scene.disable(user);
    }
    scene
}

async fn ann_is_still_there(stage: &Stage) {
    let cloud = stage.cloud();
    assert!(cloud.holds(&cloud.permission("team-a/app", "ann")));
    assert_eq!(
        stage.count(TaskState::Done).await,
        0,
        "{}",
        told(&stage.tasks().await)
    );
}

#[tokio::test]
async fn a_403_that_is_throttling_is_tried_again() {
    for kind in [CallKind::RemovePermissions, CallKind::ListPermissions] {
        let mut scene = repository(&["ann", "bob"], 1);
        scene.policy(&leavers("leavers"));
        let stage = scene.raise().await;
        stage
            .cloud()
            .fault(Fault::on(kind, code(403, "SVCSTG.SWR.4031032")).times(2));

        let pass = stage.pass().await;

        assert_eq!(pass.once.reports[0].gaps, []);
        let done = all_in(&stage, TaskState::Done).await;
        assert_eq!(done.len(), 1, "{}", told(&stage.tasks().await));
        assert_eq!(done[0].attempts, 1, "what the cloud throttles costs no try");
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_403_that_is_no_throttling_is_given_up_and_told() {
    let mut scene = repository(&["ann", "bob"], 1);
    scene.policy(&leavers("leavers"));
    let stage = scene.raise().await;
    stage.cloud().fault(Fault::on(
        CallKind::RemovePermissions,
        code(403, "SVCSTG.SWR.4030170"),
    ));

    stage.pass().await;

    let dead = all_in(&stage, TaskState::Dead).await;
    assert_eq!(dead.len(), 1, "{}", told(&stage.tasks().await));
    assert!(dead[0].note.contains("4030170"), "{}", dead[0].note);
    ann_is_still_there(&stage).await;
    stage.finish().await;
}

#[tokio::test]
async fn the_404_of_a_wrong_url_is_never_gone() {
    let mut scene = repository(&["ann", "bob"], 1);
    scene.policy(&leavers("leavers"));
    let stage = scene.raise().await;
    stage.cloud().fault(Fault::on(
        CallKind::RemovePermissions,
        code(404, "SVCSTG.SWR.4040083"),
    ));

    stage.pass().await;

    let dead = all_in(&stage, TaskState::Dead).await;
    assert_eq!(dead.len(), 1, "{}", told(&stage.tasks().await));
    assert!(dead[0].note.contains("no such URL"), "{}", dead[0].note);
    ann_is_still_there(&stage).await;
    stage.finish().await;
}

/// Before the call nothing is made of it, and after the call neither.
#[tokio::test]
async fn a_look_that_is_answered_with_the_404_of_a_wrong_url_sees_nothing_gone() {
    for looks_that_pass in [0, 1] {
        let mut scene = repository(&["ann", "bob"], 1);
        scene.policy(&leavers("leavers").mode("approve"));
        let stage = scene.raise().await;
        decide_and_allow(&stage).await;
        let wrong_url = Fault::on(CallKind::ListPermissions, code(404, "SVCSTG.SWR.4040083"));
        stage.cloud().fault(wrong_url.skip(looks_that_pass));
        let serving = stage.serve().await;

        stage.pass_time(&serving, minutes(3), seconds(10)).await;

        assert_eq!(
            stage.count(TaskState::Done).await,
            0,
            "{}",
            told(&stage.tasks().await)
        );
        serving.stop().await.expect("the daemon stops");
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_404_of_a_missing_permission_is_done_when_the_list_says_so() {
    let mut scene = repository(&["ann", "bob"], 1);
    scene.policy(&leavers("leavers"));
    let stage = scene.raise().await;
    // It took effect, but the answer was lost; the second call finds nobody.
    stage
        .cloud()
        .fault(Fault::on(CallKind::RemovePermissions, Effect::CutAfter).once());

    stage.pass().await;

    assert_eq!(
        stage.count(TaskState::Done).await,
        1,
        "{}",
        told(&stage.tasks().await)
    );
    assert_eq!(stage.cloud().count(CallKind::RemovePermissions), 1);
    stage.finish().await;
}

#[tokio::test]
async fn a_403_on_a_look_after_the_call_is_not_gone() {
    let mut scene = repository(&["ann", "bob"], 1);
    scene.policy(&leavers("leavers").mode("approve"));
    let stage = scene.raise().await;
    decide_and_allow(&stage).await;
    let forbidden = Fault::on(CallKind::ListPermissions, code(403, "SVCSTG.SWR.4030170"));
    stage.cloud().fault(forbidden.skip(1));
    let serving = stage.serve().await;
    stage.pass_time(&serving, minutes(3), seconds(10)).await;
    assert_eq!(
        stage.count(TaskState::Done).await,
        0,
        "{}",
        told(&stage.tasks().await)
    );
    serving.stop().await.expect("the daemon stops");
    stage.finish().await;
}

/// Whatever the cloud makes of a call that names somebody without a permission.
#[tokio::test]
async fn a_user_who_lost_the_permission_between_look_and_call_keeps_no_other() {
    let habits = [
        UngrantedUsers::Ignored,
        UngrantedUsers::EndIt,
        UngrantedUsers::PreventIt,
    ];
    for habit in habits {
        let users = ["ann", "bob", "carol", "dave", "eve", "frank"];
        let mut scene = repository(&users, 5);
        scene.world().registry_habits.ungranted_users = habit;
        scene.policy(&leavers("leavers").mode("approve"));
        let stage = scene.raise().await;
        decide_and_allow(&stage).await;
        let cloud = stage.cloud();

        work_off_and_meanwhile(&stage, CallKind::RemovePermissions, || {
            stage.end_permission_by_hand(&cloud.permission("team-a/app", "bob"));
        })
        .await;

        let tasks = stage.tasks().await;
        assert_eq!(
            stage.count(TaskState::Done).await,
            5,
            "{habit:?}\n{}",
            told(&tasks)
        );
        assert!(cloud.holds(&cloud.permission("team-a/app", "frank")));
        assert_eq!(cloud.vanished().len(), 5);
        stage.finish().await;
    }
}

/// By a call that the cloud refuses whenever it names one of them.
#[tokio::test]
async fn a_user_whom_the_cloud_does_not_let_go_keeps_no_other() {
    let mut scene = repository(&["ann", "bob", "carol", "dave", "eve", "frank"], 5);
    scene.policy(&leavers("leavers"));
    let stage = scene.raise().await;
    let cloud = stage.cloud();
    let missing = code(404, "SVCSTG.SWR.4040091");
    let fault = Fault::on(CallKind::RemovePermissions, missing);
    cloud.fault(fault.subject(&cloud.user("bob")));

    stage.pass().await;

    assert_eq!(
        stage.count(TaskState::Done).await,
        4,
        "{}",
        told(&stage.tasks().await)
    );
    assert!(cloud.holds(&cloud.permission("team-a/app", "bob")));
    assert!(cloud.holds(&cloud.permission("team-a/app", "frank")));
    assert_eq!(stage.count(TaskState::Dead).await, 1);
    stage.finish().await;
}
