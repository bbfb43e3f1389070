//! A harness that would not notice proves nothing.

use revokd::model::MemberStatus;

use crate::harness::{Scene, Stage, lapse};

async fn raised() -> Stage {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31), ("globex", 3)]);
    scene.policy(&lapse("lapse"));
    scene.raise().await
}

#[tokio::test]
#[should_panic(expected = "removed though nobody decided on it")]
async fn a_removal_that_nobody_decided_on_is_noticed() {
    let stage = raised().await;
    let (cloud, now) = (stage.cloud(), stage.now());
    let (image, project) = (cloud.image("partner-1"), cloud.project("globex"));
    let removed =
        cloud
            .simulated
            .world()
            .remove_member(&cloud.owner(), image.as_str(), project.as_str(), now);
    assert_eq!(removed, Ok(()));
    stage.finish().await;
}

#[tokio::test]
#[should_panic(expected = "is done, but")]
async fn what_is_done_and_still_there_is_noticed() {
    let stage = raised().await;
    stage.pass().await;
    let (cloud, now) = (stage.cloud(), stage.now());
    let (image, project) = (cloud.image("partner-1"), cloud.project("acme"));
    cloud
        .simulated
        .world()
        .share(&image, &project, MemberStatus::Accepted, now);
    stage.finish().await;
}

#[tokio::test]
#[should_panic(expected = "a secret stands in the log")]
async fn a_secret_in_the_log_is_noticed() {
    let stage = raised().await;
    tracing::debug!("logging in with {}", stage.password("sim"));
    stage.finish().await;
}

#[tokio::test]
#[should_panic(expected = "did not call finish()")]
async fn a_test_that_does_not_finish_is_noticed() {
    drop(raised().await);
}
