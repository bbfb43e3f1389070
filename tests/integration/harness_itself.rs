//! A harness that would not notice proves nothing.

use revokd::{
    model::{Level, MemberStatus},
    simulator::{Call, CallKind, registry::Place},
};

use crate::harness::{FLAVOURS, Scene, Stage, lapse, leavers};

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

/// A repository that one user has left and another has not.
async fn raised_with_a_registry() -> Stage {
    let mut scene = Scene::of_huawei(FLAVOURS[1]);
    scene.place("team-a", &[("bob", Level::Read)]);
    scene.place("team-a/web/api", &[("ann", Level::Read), ("bob", Level::Read)]);
    scene.account_share("team-a/web/api", "partner", None);
    scene.disable("ann");
    scene.policy(&leavers("leavers"));
    scene.raise().await
}

async fn removed_by_somebody_else(remove: impl FnOnce(&Stage)) {
    let stage = raised_with_a_registry().await;
    stage.pass().await;
    remove(&stage);
    stage.finish().await;
}

fn remove_permission(stage: &Stage, place: Place<'_>) {
    let (cloud, now) = (stage.cloud(), stage.now());
    let mut world = cloud.simulated.world();
    let actor = world.registry_actor(cloud.user("revokd").as_str());
    let actor = actor.expect("the daemon's user is there");
    let removed = world.remove_permissions(&actor, place, &[cloud.user("bob")], now);
    assert_eq!(removed, Ok(()));
}

#[tokio::test]
#[should_panic(expected = "removed though nobody decided on it")]
async fn a_repository_permission_that_nobody_decided_on_is_noticed() {
    removed_by_somebody_else(|stage| remove_permission(stage, Place::Repository("team-a", "web/api"))).await;
}

#[tokio::test]
#[should_panic(expected = "removed though nobody decided on it")]
async fn a_namespace_permission_that_nobody_decided_on_is_noticed() {
    removed_by_somebody_else(|stage| remove_permission(stage, Place::Namespace("team-a"))).await;
}

#[tokio::test]
#[should_panic(expected = "removed though nobody decided on it")]
async fn an_account_share_that_nobody_decided_on_is_noticed() {
    removed_by_somebody_else(|stage| {
        let (cloud, now) = (stage.cloud(), stage.now());
        let mut world = cloud.simulated.world();
        let actor = world.registry_actor(cloud.user("revokd").as_str());
        let actor = actor.expect("the daemon's user is there");
        let removed = world.end_share(&actor, ("team-a", "web/api"), "partner", now);
        assert_eq!(removed, Ok(()));
    })
    .await;
}

#[tokio::test]
#[should_panic(expected = "is done, but")]
async fn a_permission_that_is_done_and_still_there_is_noticed() {
    removed_by_somebody_else(|stage| {
        let ann = stage.cloud().user("ann");
        let mut world = stage.cloud().simulated.world();
        world.grant_repository("team-a", "web/api", &ann, Level::Read);
    })
    .await;
}

#[tokio::test]
#[should_panic(expected = "on which nobody decided")]
async fn a_call_that_nobody_decided_on_is_noticed_even_if_it_removes_nothing() {
    let stage = raised_with_a_registry().await;
    let call = Call {
        kind: CallKind::RemovePermissions,
        method: "DELETE".to_owned(),
        resources: vec!["team-a/web/api".into()],
        subjects: vec![stage.cloud().user("ann"), stage.cloud().user("bob")],
    };
    stage.pass().await;
    let requests = stage.cloud().simulated.requests();
    requests.begin(call, "/v2/manage".to_owned()).answered(403);
    stage.finish().await;
}

#[tokio::test]
#[should_panic(expected = "a secret stands in the log")]
async fn a_token_of_either_make_in_the_log_is_noticed() {
    let stage = raised_with_a_registry().await;
    tracing::debug!("with MIISimulatedToken-1");
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
