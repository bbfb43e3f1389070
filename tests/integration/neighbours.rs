//! Several processes on one store.

use revokd::{
    daemon::DaemonError,
    model::{RunState, TaskState},
};

use crate::harness::{Scene, lapse, minutes};

#[tokio::test]
async fn a_pass_beside_a_daemon_leaves_the_removing_to_it_and_waits() {
    let mut scene = Scene::new();
    for n in 0..10 {
        scene.image(&format!("partner-{n}"), &[("acme", 31)]);
    }
    scene.policy(&lapse("lapse").schedule("0 0 1 1 *"));
    let stage = scene.raise().await;
    let serving = stage.serve().await;

    let pass = stage.pass().await;

    assert!(pass.once.drained);
    assert_eq!(stage.count(TaskState::Done).await, 10);
    assert!(pass.context.metrics.render().contains("revokd_runs_total"));
    // The store knows of an end before the daemon has counted it.
    let daemon = serving.context.clone();
    serving.stop().await.unwrap();
    let removed_by_daemon = daemon.metrics.render();
    assert!(
        removed_by_daemon
            .contains("revokd_tasks_finished_total{cloud=\"sim\",policy=\"lapse\",state=\"done\"} 10")
    );
    stage.finish().await;
}

#[tokio::test]
async fn a_second_daemon_does_not_start() {
    let stage = {
        let mut scene = Scene::new();
        scene.image("partner-1", &[("acme", 3)]).policy(&lapse("lapse"));
        scene.raise().await
    };
    let serving = stage.serve().await;

    let second = stage.serve().await.stop().await;

    assert!(matches!(second, Err(DaemonError::AnotherDaemon(pid)) if pid == std::process::id()));
    stage.pass_time(&serving, minutes(16), minutes(1)).await;
    assert_eq!(stage.run_states().await, [RunState::Finished]);
    serving.stop().await.unwrap();
    stage.finish().await;
}
