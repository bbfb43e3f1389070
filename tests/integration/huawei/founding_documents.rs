//! The five documents that the project was founded on, end to end on both
//! flavours.

use revokd::{
    config::types::Flavour,
    model::{Kind, Level, TaskState},
    simulator::CallKind,
};

use super::{all_in, shared_images, told};
use crate::harness::{
    FLAVOURS, Scene, days, expired_account_shares, lapse, leavers, minutes, seconds, stale_images,
};

/// Documents 000 and 001.
async fn a_leaver_loses_all_permissions(flavour: Flavour) {
    let mut scene = Scene::of_huawei(flavour);
    scene.place("team-a", &[("ann", Level::Write), ("bob", Level::Read)]);
    scene.place(
        "team-a/web/api",
        &[
            ("ann", Level::Manage),
            ("bob", Level::Read),
            ("carol", Level::Read),
        ],
    );
    scene.place("team-b/db", &[("dave", Level::Write)]);
    scene.disable("ann").disable("carol");
    scene.policy(&leavers("leavers"));
    let stage = scene.raise().await;

    let pass = stage.pass().await;

    let cloud = stage.cloud();
    assert_eq!(pass.once.reports[0].gaps, []);
    assert_eq!(pass.once.reports[0].totals.seen, 6);
    assert_eq!(
        stage.count(TaskState::Done).await,
        3,
        "{}",
        told(&stage.tasks().await)
    );
    for (place, user) in [
        ("team-a", "ann"),
        ("team-a/web/api", "ann"),
        ("team-a/web/api", "carol"),
    ] {
        assert!(!cloud.holds(&cloud.permission(place, user)), "{user} in {place}");
    }
    assert_eq!(cloud.vanished().len(), 3);
    assert_eq!(
        cloud.count(CallKind::RemovePermissions),
        2,
        "two users of one repository go by one call"
    );
    assert_eq!(
        cloud.count(CallKind::Login),
        2,
        "one for the project, one for the account"
    );
    stage.finish().await;
}

/// Document 002.
async fn one_share_goes_by_the_single_call(flavour: Flavour) {
    let mut scene = Scene::of_huawei(flavour);
    scene.image("partner-1", &[("acme", 31), ("globex", 3)]);
    scene.policy(&lapse("lapse"));
    let stage = scene.raise().await;

    stage.pass().await;

    let cloud = stage.cloud();
    assert_eq!(stage.count(TaskState::Done).await, 1);
    assert!(!cloud.is_shared("partner-1", "acme"));
    assert!(cloud.is_shared("partner-1", "globex"));
    assert_eq!(cloud.count(CallKind::RemoveMember), 1);
    assert_eq!(cloud.count(CallKind::RemoveMembers), 0);
    stage.finish().await;
}

/// Document 003.
async fn an_image_is_deleted_and_polled_until_it_is_gone(flavour: Flavour) {
    let mut scene = Scene::of_huawei(flavour);
    scene.image_with("old", 400, &[], |_| {});
    scene.image_with("young", 30, &[], |_| {});
    scene.world().deletion_delay = minutes(10);
    scene.policy(&stale_images("stale"));
    let stage = scene.raise().await;
    let serving = stage.serve().await;

    stage.pass_time(&serving, minutes(16), seconds(30)).await;
    let cloud = stage.cloud();
    assert_eq!(cloud.count(CallKind::DeleteImage), 1);
    assert_eq!(
        all_in(&stage, TaskState::Verifying).await.len(),
        1,
        "it is still on its way out"
    );
    stage.pass_time(&serving, minutes(30), seconds(30)).await;

    let done = all_in(&stage, TaskState::Done).await;
    assert_eq!(done.len(), 1);
    let deleted_at = cloud.simulated.world().removals()[0].at;
    assert!(done[0].finished_at >= Some(deleted_at + minutes(10)));
    assert_eq!(cloud.count(CallKind::DeleteImage), 1, "asked for once");
    assert!(!cloud.has_image("old") && cloud.has_image("young"));
    serving.stop().await.expect("the daemon stops");
    stage.finish().await;
}

/// Document 004.
async fn many_shares_of_many_images_go_by_one_call(flavour: Flavour) {
    let mut scene = Scene::of_huawei(flavour);
    shared_images(&mut scene, 30, &["acme", "initech", "hooli", "wayne"]);
    scene.policy(&lapse("lapse"));
    let stage = scene.raise().await;

    stage.pass().await;

    let cloud = stage.cloud();
    assert_eq!(stage.count(TaskState::Done).await, 120);
    assert_eq!(cloud.count(CallKind::RemoveMembers), 1);
    assert_eq!(cloud.count(CallKind::RemoveMember), 0);
    assert_eq!(cloud.vanished().len(), 120);
    assert!((0..30).all(|n| cloud.is_shared(&format!("partner-{n}"), "globex")));
    stage.finish().await;
}

/// The third way into a repository.
async fn an_account_share_goes_once_its_deadline_is_over(flavour: Flavour) {
    let mut scene = Scene::of_huawei(flavour);
    scene.place("team-a/web/api", &[]);
    scene.account_share("team-a/web/api", "over", Some(-3));
    scene.account_share("team-a/web/api", "today", Some(0));
    scene.account_share("team-a/web/api", "later", Some(30));
    scene.account_share("team-a/web/api", "for-ever", None);
    scene.policy(&expired_account_shares("expired"));
    let stage = scene.raise().await;
    let share = |account: &str| stage.cloud().account_share("team-a/web/api", account);

    stage.pass().await;

    assert_eq!(stage.count(TaskState::Done).await, 1);
    assert!(!stage.cloud().holds(&share("over")));
    assert!(
        stage.cloud().holds(&share("today")),
        "the day itself is still good"
    );

    stage.clock.advance(days(2));
    stage.pass().await;
    assert!(!stage.cloud().holds(&share("today")));
    assert!(stage.cloud().holds(&share("later")) && stage.cloud().holds(&share("for-ever")));
    assert_eq!(stage.cloud().count(CallKind::RemoveAccountShare), 2);
    let kinds = stage.tasks().await;
    assert!(
        kinds
            .iter()
            .all(|task| task.revocation.target.kind == Kind::RepositoryShare)
    );
    stage.finish().await;
}

macro_rules! on_both_flavours {
    ($($test:ident => $scenario:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $test() {
            for flavour in FLAVOURS {
                $scenario(flavour).await;
            }
        })*
    };
}

on_both_flavours! {
    a_disabled_user_loses_repository_and_namespace_permissions => a_leaver_loses_all_permissions,
    a_single_share_goes_by_the_single_call => one_share_goes_by_the_single_call,
    an_image_is_deleted_and_seen_gone => an_image_is_deleted_and_polled_until_it_is_gone,
    expired_shares_of_many_images_go_by_one_batch => many_shares_of_many_images_go_by_one_call,
    an_expired_account_share_goes_and_one_with_a_day_of_slack_stays =>
        an_account_share_goes_once_its_deadline_is_over,
}
