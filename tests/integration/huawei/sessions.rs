//! Tokens that die and clocks that are wrong: one more try at most, and never
//! one that could lock the account.

use std::collections::BTreeSet;

use revokd::{
    model::{Level, RunState, TaskState},
    simulator::{CallKind, Effect, Fault},
};

use super::{decide_and_allow, shared_images, told};
use crate::harness::{FLAVOURS, Scene, lapse, leavers, minutes};

#[tokio::test]
async fn a_token_that_dies_in_the_middle_costs_one_login() {
    for flavour in FLAVOURS {
        let mut scene = Scene::of_huawei(flavour);
        shared_images(&mut scene, 10, &["acme"]);
        scene.policy(&lapse("lapse"));
        let stage = scene.raise().await;
        stage
            .cloud()
            .fault(Fault::on(CallKind::ListMembers, Effect::TokenDies).skip(4).once());

        let pass = stage.pass().await;

        assert_eq!(pass.once.reports[0].gaps, []);
        assert_eq!(
            stage.count(TaskState::Done).await,
            10,
            "{}",
            told(&stage.tasks().await)
        );
        assert_eq!(stage.cloud().count(CallKind::Login), 2);
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_token_that_dies_at_the_batch_call_removes_no_pair_twice() {
    let mut scene = Scene::of_huawei(FLAVOURS[0]);
    shared_images(&mut scene, 5, &["acme", "initech"]);
    scene.policy(&lapse("lapse"));
    let stage = scene.raise().await;
    stage
        .cloud()
        .fault(Fault::on(CallKind::RemoveMembers, Effect::TokenDies).once());

    stage.pass().await;

    assert_eq!(
        stage.count(TaskState::Done).await,
        10,
        "{}",
        told(&stage.tasks().await)
    );
    assert_eq!(stage.cloud().count(CallKind::Login), 2);
    assert_eq!(stage.cloud().simulated.world().jobs().len(), 1);
    stage.finish().await;
}

#[tokio::test]
async fn tokens_that_all_die_between_decision_and_call_cost_one_login_each() {
    let mut scene = Scene::of_huawei(FLAVOURS[1]);
    for n in 0..5 {
        scene.place(
            &format!("team-a/app-{n}"),
            &[("ann", Level::Write), ("bob", Level::Read)],
        );
    }
    scene.disable("ann");
    scene.policy(&leavers("leavers").mode("approve"));
    let stage = scene.raise().await;
    let serving = stage.serve().await;
    stage.pass_time(&serving, minutes(16), minutes(1)).await;
    assert_eq!(
        stage.cloud().count(CallKind::Login),
        2,
        "for the project and for the account"
    );
    stage.cloud().simulated.kill_all_tokens();
    let now = stage.now();
    stage
        .store()
        .allow_run(1, "tester".to_owned(), now)
        .await
        .expect("the run can be allowed");

    stage
        .until("all is done", async || stage.count(TaskState::Done).await == 5)
        .await;

    assert_eq!(stage.cloud().count(CallKind::Login), 4);
    serving.stop().await.expect("the daemon stops");
    stage.finish().await;
}

#[tokio::test]
async fn requests_that_are_signed_work_like_those_with_a_token() {
    for flavour in FLAVOURS {
        let mut scene = Scene::of_huawei(flavour);
        scene.signing();
        shared_images(&mut scene, 3, &["acme", "initech"]);
        scene.place("team-a/app", &[("ann", Level::Write), ("bob", Level::Read)]);
        scene.disable("ann");
        scene.policy(&lapse("lapse"));
        scene.policy(&leavers("leavers"));
        let stage = scene.raise().await;

        let pass = stage.pass().await;

        let gaps: Vec<_> = pass.once.reports.iter().flat_map(|report| &report.gaps).collect();
        assert_eq!(gaps, Vec::<&revokd::model::Gap>::new());
        assert_eq!(
            stage.count(TaskState::Done).await,
            7,
            "{}",
            told(&stage.tasks().await)
        );
        assert_eq!(stage.cloud().count(CallKind::Login), 0);
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_signature_clock_16_minutes_off_is_told_and_not_tried_again() {
    let mut scene = Scene::of_huawei(FLAVOURS[1]);
    scene.signing().cloud_clock_ahead(minutes(16));
    shared_images(&mut scene, 3, &["acme"]);
    scene.policy(&lapse("lapse"));
    let stage = scene.raise().await;

    let pass = stage.pass().await;

    let report = &pass.once.reports[0];
    assert_eq!(report.state, RunState::Failed);
    let told = report.notes.join("\n");
    assert!(told.contains("clock"), "{told}");
    assert_eq!(stage.tasks().await.len(), 0);
    assert_eq!(stage.cloud().vanished().len(), 0);
    let asked = stage.cloud().simulated.requests().all();
    assert_eq!(asked.len(), 1, "no second signed try: {asked:?}");
    stage.finish().await;
}

#[tokio::test]
async fn a_clock_that_goes_wrong_between_decision_and_call_removes_nothing() {
    let mut scene = Scene::of_huawei(FLAVOURS[1]);
    scene.signing();
    shared_images(&mut scene, 3, &["acme", "initech"]);
    scene.policy(&lapse("lapse").mode("approve"));
    let stage = scene.raise().await;
    decide_and_allow(&stage).await;
    stage.cloud().simulated.requests().clear();
    let skewed = Effect::Code {
        status: 401,
        code: "APIGW.0301".to_owned(),
    };
    stage.cloud().fault(Fault::on_any_data(skewed));
    let serving = stage.serve().await;
    stage.pass_time(&serving, minutes(2), minutes(1)).await;

    assert_eq!(
        stage.count(TaskState::Queued).await,
        6,
        "{}",
        told(&stage.tasks().await)
    );
    let mut asked = stage.cloud().simulated.requests().all();
    asked.retain(|request| request.status == Some(401));
    let looks: BTreeSet<&str> = asked.iter().map(|request| request.path.as_str()).collect();
    // The looks at the three images may be under way at once.
    assert!((1..=3).contains(&asked.len()), "{asked:?}");
    assert_eq!(looks.len(), asked.len(), "no second signed try: {asked:?}");
    assert_eq!(stage.cloud().vanished().len(), 0);
    serving.stop().await.expect("the daemon stops");
    stage.finish().await;
}
