//! How hard a cloud is worked.

use std::time::{Duration, Instant};

use revokd::{
    model::TaskState,
    simulator::{Effect, Fault},
};

use crate::harness::{Scene, lapse};

fn thirty_shares() -> Scene {
    let mut scene = Scene::new();
    for n in 0..30 {
        scene.image(&format!("partner-{n}"), &[("acme", 31)]);
    }
    scene.policy(&lapse("lapse"));
    scene
}

#[tokio::test]
async fn no_more_calls_are_in_flight_than_allowed() {
    let mut scene = thirty_shares();
    scene.setting("concurrency = 3");
    let stage = scene.raise().await;
    stage
        .cloud()
        .fault(Fault::on_any_data(Effect::Latency(Duration::from_millis(5))));

    stage.pass().await;

    assert_eq!(stage.count(TaskState::Done).await, 30);
    assert_eq!(stage.cloud().simulated.requests().most_in_flight(), 3);
    stage.finish().await;
}

#[tokio::test]
async fn no_more_calls_a_second_are_made_than_allowed() {
    let mut scene = thirty_shares();
    scene.setting("requests_per_second = 100");
    let stage = scene.raise().await;
    let began = Instant::now();

    stage.pass().await;

    let asked = stage.cloud().simulated.requests().all().len();
    assert!(asked > 100);
    let least = Duration::from_millis(10) * (u32::try_from(asked).unwrap() - 1);
    assert!(
        began.elapsed() >= least,
        "{asked} calls within {:?}",
        began.elapsed()
    );
    stage.finish().await;
}
