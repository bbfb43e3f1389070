//! The real binary against a simulated cloud: that the harness fits it.

use revokd::model::TaskState;

use crate::harness::{Scene, get, lapse};

#[tokio::test]
async fn a_pass_of_the_binary_removes_and_says_so() {
    let mut scene = Scene::in_real_time();
    scene.image("partner-1", &[("acme", 31), ("globex", 3)]);
    scene.policy(&lapse("partner-shares-lapse"));
    let stage = scene.raise().await;

    let ran = stage.command(&["run", "--once", "--output", "json"]).await;

    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.json()["done"], 1);
    assert!(!stage.cloud().is_shared("partner-1", "acme"));
    stage.finish().await;
}

#[tokio::test]
async fn a_daemon_that_was_killed_leaves_a_store_that_the_next_one_goes_on_with() {
    let mut scene = Scene::in_real_time();
    scene.image("partner-1", &[("acme", 31), ("globex", 3)]);
    scene.policy(&lapse("partner-shares-lapse").schedule("* * * * * *"));
    let stage = scene.raise().await;
    let mut daemon = stage.spawn(&["run"]);
    daemon.logged("done: removed").await;
    let address = daemon.address().await;
    let (status, page) = get(format!("{address}/metrics")).await;
    assert_eq!(status, 200);
    assert!(page.contains("revokd_tasks_finished_total"), "{page}");
    let ran = daemon.kill().await;
    assert_eq!(ran.code, None, "{ran:?}");

    let mut daemon = stage.spawn(&["run"]);
    daemon.address().await;
    daemon.signal("TERM");
    let ran = daemon.ended().await;

    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(stage.count(TaskState::Done).await, 1);
    stage.finish().await;
}
