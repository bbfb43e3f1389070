//! A cloud that is down costs its tasks nothing and its account nothing.

use revokd::{
    model::{RunState, TaskState},
    simulator::{CallKind, Effect, Fault},
};

use crate::harness::{Scene, Stage, get, lapse, minutes, seconds};

async fn ten_allowed_shares() -> Stage {
    let mut scene = Scene::new();
    for n in 0..10 {
        scene.image(&format!("partner-{n}"), &[("acme", 31)]);
    }
    scene.policy(&lapse("lapse").mode("approve").schedule("0 * * * *"));
    scene.setting("concurrency = 2");
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

#[tokio::test]
async fn a_cloud_that_is_down_is_probed_and_its_tasks_keep_their_tries() {
    for effect in [Effect::Status(503), Effect::CutBefore] {
        let stage = ten_allowed_shares().await;
        stage.cloud().fault(Fault::on_any_data(effect));
        stage.cloud().simulated.requests().clear();

        let serving = stage.serve().await;
        stage.pass_time(&serving, minutes(20), seconds(10)).await;

        let tasks = stage.tasks().await;
        assert!(tasks.iter().all(|task| task.state != TaskState::Dead));
        assert!(
            tasks.iter().all(|task| task.attempts <= 2),
            "only before the circuit opened"
        );
        let burned: u32 = tasks.iter().map(|task| task.attempts).sum();
        assert!(burned <= 6, "{burned}");
        let asked = stage.cloud().simulated.requests().all().len();
        assert!((6..30).contains(&asked), "{asked}");
        let (status, page) = get(format!("{}/readyz", serving.address)).await;
        assert_eq!(status, 503, "{page}");
        assert!(page.contains("cloud sim is down"), "{page}");
        let (_, page) = get(format!("{}/metrics", serving.address)).await;
        assert!(
            page.contains("revokd_cloud_circuit_open{cloud=\"sim\"} 1"),
            "{page}"
        );

        stage.cloud().mend();
        stage.pass_time(&serving, minutes(6), seconds(10)).await;
        assert_eq!(stage.count(TaskState::Done).await, 10);
        assert_eq!(get(format!("{}/readyz", serving.address)).await.0, 200);
        serving.stop().await.unwrap();
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_however_many_policies_run() {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31)]);
    for n in 0..6 {
        scene.policy(&lapse(&format!("lapse-{n}")).schedule("* * * * *"));
    }
    let stage = scene.raise().await;
    stage.write_password("sim", "not-the-password");

    let serving = stage.serve().await;
    stage.pass_time(&serving, minutes(10), seconds(10)).await;

    assert!(stage.run_states().await.len() > 30);
    assert!(
        stage
            .run_states()
            .await
            .iter()
            .all(|state| *state == RunState::Failed)
    );
    assert_eq!(stage.cloud().count(CallKind::Login), 1);
    serving.stop().await.unwrap();

    stage.write_password("sim", &stage.password("sim"));
    stage.pass().await;
    assert_eq!(stage.count(TaskState::Done).await, 1);
    stage.finish().await;
}

/// A policy that runs once a day, and that has run: nothing is to be done.
fn a_quiet_day() -> Scene {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 1)]);
    scene.policy(&lapse("lapse").schedule("0 3 * * *"));
    scene
}

#[tokio::test]
async fn a_secret_that_is_wrong_since_the_start_shows_long_before_the_next_run() {
    let stage = a_quiet_day().raise().await;
    stage.pass().await;
    stage.write_password("sim", "not-the-password");
    stage.cloud().simulated.requests().clear();

    let serving = stage.serve().await;
    stage.pass_time(&serving, minutes(14), seconds(10)).await;
    assert_eq!(
        stage.cloud().simulated.requests().all().len(),
        0,
        "who is started again and again must not come to log in"
    );
    stage.pass_time(&serving, minutes(2), seconds(10)).await;
    assert_eq!(stage.cloud().count(CallKind::Login), 1);
    let (status, page) = get(format!("{}/readyz", serving.address)).await;
    assert_eq!(status, 503, "{page}");
    stage.pass_time(&serving, minutes(12), seconds(10)).await;
    assert_eq!(stage.cloud().count(CallKind::Login), 1);
    serving.stop().await.unwrap();
    stage.write_password("sim", &stage.password("sim"));
    stage.finish().await;
}

#[tokio::test]
async fn a_cloud_of_which_nothing_is_wanted_is_logged_in_to_and_left_alone() {
    let stage = a_quiet_day().raise().await;
    stage.pass().await;
    stage.cloud().simulated.requests().clear();

    let serving = stage.serve().await;
    stage.pass_time(&serving, minutes(62), seconds(10)).await;
    assert_eq!(stage.cloud().count(CallKind::Login), 1);
    assert_eq!(stage.cloud().simulated.requests().all().len(), 1);
    assert_eq!(get(format!("{}/readyz", serving.address)).await.0, 200);
    serving.stop().await.unwrap();
    stage.finish().await;
}

#[tokio::test]
async fn an_account_that_is_refused_in_the_middle_burns_no_tries() {
    let stage = ten_allowed_shares().await;
    let user = stage
        .cloud()
        .simulated
        .world()
        .user_named("revokd")
        .unwrap()
        .id
        .clone();
    stage
        .cloud()
        .simulated
        .world()
        .user_mut(user.as_str())
        .unwrap()
        .enabled = false;
    stage.cloud().simulated.requests().clear();

    let serving = stage.serve().await;
    stage.pass_time(&serving, minutes(14), seconds(10)).await;

    assert_eq!(stage.cloud().count(CallKind::Login), 1);
    assert!(
        stage
            .tasks()
            .await
            .iter()
            .all(|task| task.attempts <= 1 && task.state != TaskState::Dead)
    );
    stage
        .cloud()
        .simulated
        .world()
        .user_mut(user.as_str())
        .unwrap()
        .enabled = true;
    stage.pass_time(&serving, minutes(10), seconds(10)).await;
    assert_eq!(stage.count(TaskState::Done).await, 10);
    serving.stop().await.unwrap();
    stage.finish().await;
}
