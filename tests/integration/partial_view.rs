//! What could not be seen proves nothing.

use revokd::{
    model::{RunState, TaskState},
    simulator::{CallKind, Effect, Fault},
};

use crate::harness::{Scene, days, lapse};

/// Fifteen images in pages of ten, the newest first, so that the last five are
/// on the second page. Each is shared with two projects, one of them too long.
fn fifteen_in_two_pages() -> Scene {
    let mut scene = Scene::new();
    for n in 0..15 {
        scene.image_with(
            &format!("partner-{n}"),
            60 + n,
            &[("acme", 31), ("globex", 3)],
            |_| {},
        );
    }
    scene.page_max(10);
    scene
}

fn second_page_fails() -> Fault {
    Fault::on(CallKind::ListImages, Effect::Status(403)).skip(1)
}

#[tokio::test]
async fn a_page_that_fails_is_a_gap_and_the_rest_is_judged() {
    let mut scene = fifteen_in_two_pages();
    scene.policy(&lapse("lapse"));
    let stage = scene.raise().await;
    stage.cloud().fault(second_page_fails().once());

    let pass = stage.pass().await;

    let report = &pass.once.reports[0];
    assert_eq!((report.state, report.gaps.len()), (RunState::Finished, 1));
    assert_eq!(report.totals.seen, 20);
    assert_eq!(pass.metric("revokd_policy_degraded{policy=\"lapse\"}"), 1.0);
    assert_eq!(stage.count(TaskState::Done).await, 10);
    assert!(stage.cloud().is_shared("partner-14", "acme"));

    let pass = stage.pass().await;
    assert_eq!(pass.metric("revokd_policy_degraded{policy=\"lapse\"}"), 0.0);
    assert_eq!(stage.count(TaskState::Done).await, 15);
    stage.finish().await;
}

#[tokio::test]
async fn nothing_is_cancelled_or_decided_because_it_was_not_seen() {
    let mut scene = fifteen_in_two_pages();
    scene.policy(&lapse("lapse").limit("grace", "\"2d\""));
    let stage = scene.raise().await;
    stage.pass().await;
    assert_eq!(stage.count(TaskState::Held).await, 15);

    stage.cloud().fault(second_page_fails().once());
    stage.pass().await;

    assert_eq!(stage.count(TaskState::Held).await, 15);
    stage.clock.advance(days(2));
    stage.pass().await;
    stage.work_off().await;
    assert_eq!(stage.count(TaskState::Done).await, 15);
    stage.finish().await;
}

#[tokio::test]
async fn a_member_list_that_fails_keeps_the_shares_of_its_image_alone() {
    let mut scene = fifteen_in_two_pages();
    scene.policy(&lapse("lapse"));
    let stage = scene.raise().await;
    let bad = stage.cloud().image("partner-3");
    stage
        .cloud()
        .fault(Fault::on(CallKind::ListMembers, Effect::Status(500)).resource(&bad));

    let pass = stage.pass().await;

    let report = &pass.once.reports[0];
    assert_eq!((report.state, report.gaps.len()), (RunState::Finished, 1));
    assert_eq!(stage.count(TaskState::Done).await, 14);
    assert!(stage.cloud().is_shared("partner-3", "acme"));
    stage.finish().await;
}

#[tokio::test]
async fn a_percentage_is_of_what_was_seen() {
    let mut scene = Scene::new();
    for n in 0..15 {
        // On the first page every share is due, on the second none.
        let age = if n < 10 { 31 } else { 3 };
        scene.image_with(&format!("partner-{n}"), 60 + n, &[("acme", age)], |_| {});
    }
    scene.page_max(10);
    scene.policy(&lapse("lapse").limit("max_percent", "70"));
    let stage = scene.raise().await;
    stage.cloud().fault(second_page_fails().once());

    stage.pass().await;
    assert_eq!(
        (stage.count(TaskState::Held).await, stage.cloud().removals()),
        (10, 0)
    );

    let now = stage.now();
    stage
        .store()
        .reject_run(1, "tester".to_owned(), "half of it".to_owned(), now)
        .await
        .unwrap();
    stage.pass().await;
    assert_eq!(stage.count(TaskState::Done).await, 10);
    stage.finish().await;
}

#[tokio::test]
async fn a_cloud_of_which_nothing_is_seen_fails_the_run() {
    let mut scene = fifteen_in_two_pages();
    scene.policy(&lapse("lapse"));
    let stage = scene.raise().await;
    stage
        .cloud()
        .fault(Fault::on(CallKind::ListImages, Effect::Status(403)));

    let pass = stage.pass().await;

    assert_eq!(pass.once.reports[0].state, RunState::Failed);
    assert!(stage.tasks().await.is_empty());
    stage.finish().await;
}
