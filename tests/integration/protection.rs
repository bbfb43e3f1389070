//! What no policy can reach.

use revokd::{
    model::TaskState,
    simulator::{CallKind, NewImage, World},
};

use crate::harness::{Scene, days, lapse, stale_images};

#[tokio::test]
async fn its_own_project_keeps_its_access_whatever_a_policy_says() {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("images", 400), ("acme", 31)]);
    scene.policy(&lapse("everything").only("when = \"true\""));
    let stage = scene.raise().await;

    let pass = stage.pass().await;

    assert!(stage.cloud().is_shared("partner-1", "images"));
    assert!(!stage.cloud().is_shared("partner-1", "acme"));
    assert_eq!(pass.once.reports[0].spared[0].reason, "the daemon's own project");
    stage.finish().await;
}

#[tokio::test]
async fn what_is_protected_stays() {
    let mut scene = Scene::new();
    scene.image_with("rescue", 400, &[("acme", 400)], |_| {});
    scene.image_with("old", 400, &[("acme", 400), ("backups", 400)], |_| {});
    let (rescue, backups) = (scene.image_id("rescue"), scene.project("backups"));
    scene.daemon(&format!("protect = [\"image:{rescue}\", \"project:{backups}\"]"));
    scene.policy(&lapse("shares").only("when = \"true\""));
    let stage = scene.raise().await;
    stage.pass().await;
    assert!(stage.cloud().is_shared("rescue", "acme"));
    assert!(stage.cloud().is_shared("old", "backups"));
    assert!(!stage.cloud().is_shared("old", "acme"));

    stage.write_policies(&[stale_images("images")]);
    stage.pass().await;
    assert!(stage.cloud().has_image("rescue"));
    assert!(!stage.cloud().has_image("old"));
    stage.finish().await;
}

#[tokio::test]
async fn images_of_others_are_never_touched_even_by_an_administrator() {
    let mut scene = Scene::new();
    scene.image_with("old", 400, &[("acme", 400)], |_| {});
    let (own, acme, created_at) = (
        scene.project("images"),
        scene.project("acme"),
        scene.now() - days(500),
    );
    let other = scene.project("other");
    for project in [&own, &acme] {
        let image = scene
            .world()
            .add_image(NewImage::shared("theirs", &other, created_at));
        scene
            .world()
            .share(&image, project, revokd::model::MemberStatus::Accepted, created_at);
    }
    scene.as_admin();
    scene.policy(&lapse("shares").only("when = \"true\""));
    scene.policy(&stale_images("images").only("when = \"true\""));
    let stage = scene.raise().await;

    stage.pass().await;

    assert_eq!(stage.tasks().await.len(), 2);
    assert_eq!(stage.count(TaskState::Done).await, 2);
    let theirs = |world: &World| world.images().filter(|image| image.name == "theirs").count();
    assert_eq!(theirs(&stage.cloud().simulated.world()), 2);
    stage.finish().await;
}

#[tokio::test]
async fn an_image_that_the_cloud_protects_is_given_up_and_stays() {
    let mut scene = Scene::new();
    scene.image_with("old", 400, &[], |image| image.protected = true);
    scene.policy(&stale_images("images"));
    let stage = scene.raise().await;
    stage.pass().await;
    assert_eq!(stage.count(TaskState::Dead).await, 1);
    assert_eq!(stage.cloud().count(CallKind::DeleteImage), 1);
    stage.finish().await;
}

#[tokio::test]
async fn what_cannot_be_judged_is_kept_and_counted() {
    let mut scene = Scene::new();
    for (name, tag) in [
        ("odd", "expires=end of spring"),
        ("over", "expires=2026-03-01"),
        ("good", "expires=2026-03-02"),
    ] {
        scene.image_with(name, 90, &[("acme", 40)], |image| {
            image.tags = vec![tag.to_owned()]
        });
    }
    scene.policy(&lapse("ends").only("expires = { tag = \"expires\" }"));
    let stage = scene.raise().await;

    let pass = stage.pass().await;

    assert_eq!(
        pass.metric("revokd_policy_targets_unreadable{policy=\"ends\"}"),
        1.0
    );
    let left: Vec<bool> = ["odd", "over", "good"]
        .iter()
        .map(|image| stage.cloud().is_shared(image, "acme"))
        .collect();
    assert_eq!(left, [true, false, true]);
    stage.finish().await;
}
