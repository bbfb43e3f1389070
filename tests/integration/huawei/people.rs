//! Who is gone, who only seems to be, and by what ways one still gets in.

use revokd::{
    model::{Level, Scope, TaskState},
    simulator::{CallKind, Effect, Fault},
};

use super::told;
use crate::harness::{FLAVOURS, Scene, leavers};

fn with_a_deleted_user(flavour: revokd::config::types::Flavour) -> Scene {
    let mut scene = Scene::of_huawei(flavour);
    scene.place("team-a", &[("ann", Level::Write)]);
    scene.place("team-a/app", &[("ann", Level::Read), ("bob", Level::Read)]);
    scene.delete_user("ann");
    scene.policy(&leavers("leavers"));
    scene
}

#[tokio::test]
async fn a_user_who_is_gone_from_the_account_goes_from_the_permission_lists() {
    for flavour in FLAVOURS {
        let stage = with_a_deleted_user(flavour).raise().await;

        stage.pass().await;

        assert_eq!(
            stage.count(TaskState::Done).await,
            2,
            "{}",
            told(&stage.tasks().await)
        );
        let cloud = stage.cloud();
        assert!(!cloud.holds(&cloud.permission("team-a", "ann")));
        assert!(!cloud.holds(&cloud.permission("team-a/app", "ann")));
        assert!(cloud.holds(&cloud.permission("team-a/app", "bob")));
        stage.finish().await;
    }
}

#[tokio::test]
async fn nobody_is_called_deleted_while_the_list_of_users_fails() {
    for flavour in FLAVOURS {
        let stage = with_a_deleted_user(flavour).raise().await;
        stage
            .cloud()
            .fault(Fault::on(CallKind::ListUsers, Effect::Status(403)));

        let pass = stage.pass().await;

        let gaps = &pass.once.reports[0].gaps;
        assert!(gaps.iter().any(|gap| gap.scope == Scope::Users), "{gaps:?}");
        assert_eq!(stage.tasks().await, []);
        assert_eq!(stage.cloud().vanished().len(), 0);

        stage.cloud().mend();
        stage.pass().await;
        assert_eq!(stage.count(TaskState::Done).await, 2);
        stage.finish().await;
    }
}

#[tokio::test]
async fn nobody_is_called_deleted_while_questions_for_users_fail() {
    let stage = with_a_deleted_user(FLAVOURS[0]).raise().await;
    stage
        .cloud()
        .fault(Fault::on(CallKind::ShowUser, Effect::Status(403)));
    stage.pass().await;
    assert_eq!(stage.tasks().await, []);
    stage.cloud().mend();
    stage.finish().await;
}

#[tokio::test]
async fn a_list_of_users_that_fails_just_before_the_call_keeps_who_was_called_deleted() {
    let mut scene = Scene::of_huawei(FLAVOURS[1]);
    scene.place("team-a/app", &[("ann", Level::Read), ("bob", Level::Read)]);
    scene.delete_user("ann");
    scene.policy(&leavers("leavers").mode("approve"));
    let stage = scene.raise().await;
    super::decide_and_allow(&stage).await;
    stage
        .cloud()
        .fault(Fault::on(CallKind::ListUsers, Effect::Status(403)));
    let serving = stage.serve().await;

    stage
        .pass_time(&serving, crate::harness::minutes(5), crate::harness::seconds(30))
        .await;

    assert_eq!(stage.cloud().count(CallKind::RemovePermissions), 0);
    assert_eq!(
        stage.count(TaskState::Done).await,
        0,
        "{}",
        told(&stage.tasks().await)
    );
    serving.stop().await.expect("the daemon stops");
    stage.finish().await;
}

#[tokio::test]
async fn a_user_who_is_back_before_the_call_keeps_the_permission() {
    let mut scene = Scene::of_huawei(FLAVOURS[1]);
    scene.place("team-a/app", &[("ann", Level::Read), ("bob", Level::Read)]);
    scene.disable("ann");
    scene.policy(&leavers("leavers").mode("approve"));
    let stage = scene.raise().await;
    super::decide_and_allow(&stage).await;
    let ann = stage.cloud().user("ann");
    if let Some(user) = stage.cloud().simulated.world().user_mut(ann.as_str()) {
        user.enabled = true;
    }

    stage.work_off().await;

    assert_eq!(
        stage.count(TaskState::Cancelled).await,
        1,
        "{}",
        told(&stage.tasks().await)
    );
    assert_eq!(stage.cloud().count(CallKind::RemovePermissions), 0);
    stage.finish().await;
}

#[tokio::test]
async fn the_evidence_says_by_what_a_repository_is_still_reachable() {
    for flavour in FLAVOURS {
        let mut scene = Scene::of_huawei(flavour);
        scene.place("team-a", &[("ann", Level::Write)]);
        scene.place("team-a/app", &[("ann", Level::Manage), ("bob", Level::Read)]);
        scene.place("team-a/open", &[("ann", Level::Read)]);
        let open = scene.world().repository_mut("team-a", "open");
        open.expect("it was just made").public = true;
        scene.place("team-b/db", &[("ann", Level::Read)]);
        scene.disable("ann");
        let kind = ["repository-permission"];
        let policy = crate::harness::PolicyText::of_kinds("only-repositories", &kind);
        scene.policy(&policy.matching("user.state = \"disabled\""));
        let stage = scene.raise().await;

        stage.pass().await;

        assert_eq!(
            stage.count(TaskState::Done).await,
            3,
            "{}",
            told(&stage.tasks().await)
        );
        let cloud = stage.cloud();
        assert!(cloud.holds(&cloud.permission("team-a", "ann")));
        let still = async |place: &str| {
            let task = stage.task(&cloud.permission(place, "ann")).await;
            task.revocation.evidence.still_reachable
        };
        let app = still("team-a/app").await;
        assert!(app.iter().any(|way| way.contains("namespace team-a")), "{app:?}");
        let open = still("team-a/open").await;
        assert!(open.iter().any(|way| way.contains("public")), "{open:?}");
        assert_eq!(still("team-b/db").await, Vec::<String>::new());
        stage.finish().await;
    }
}
