//! Who can never become a task, whatever a policy matches.

use revokd::model::{Id, Level, TaskState};

use super::told;
use crate::harness::{FLAVOURS, PolicyText, Scene};

const EVERYTHING: &str = "when = \"true\"";

#[tokio::test]
async fn the_caller_the_owner_and_the_protected_never_become_tasks_and_are_told() {
    for flavour in FLAVOURS {
        let mut scene = Scene::of_huawei(flavour);
        let places = ["team-a", "team-a/app"];
        for place in places {
            let users = [
                ("revokd", Level::Manage),
                ("root", Level::Manage),
                ("backup", Level::Read),
                ("keeper", Level::Read),
                ("bob", Level::Read),
            ];
            scene.place(place, &users);
        }
        scene.place("safe", &[("bob", Level::Write)]);
        scene.place("safe/vault", &[("bob", Level::Write)]);
        scene.make_account_owner("root");
        let backup = scene.user("backup");
        scene.daemon(&format!(
            "protect = [\"user:{backup}\", \"user:keeper\", \"namespace:safe\"]"
        ));
        let kinds = ["repository-permission", "namespace-permission"];
        scene.policy(&PolicyText::of_kinds("everybody", &kinds).only(EVERYTHING));
        let stage = scene.raise().await;

        let pass = stage.pass().await;

        let cloud = stage.cloud();
        let bob = Some(cloud.user("bob"));
        let tasks = stage.tasks().await;
        assert_eq!(tasks.len(), 2, "{}", told(&tasks));
        assert!(tasks.iter().all(|task| task.revocation.target.subject == bob));
        assert_eq!(stage.count(TaskState::Done).await, 2, "{}", told(&tasks));
        let reason_of = |place: &str, user: &str| {
            let target = cloud.permission(place, user);
            let spared = pass.once.reports[0].spared.iter();
            let mut reasons = spared.filter(|spared| spared.target == target);
            reasons.next().map(|spared| spared.reason.as_str())
        };
        for place in places {
            assert!(cloud.holds(&cloud.permission(place, "revokd")), "{place}");
            assert_eq!(
                reason_of(place, "revokd"),
                Some("the daemon's own user"),
                "{place}"
            );
            assert_eq!(
                reason_of(place, "root"),
                Some("the owner of the account"),
                "{place}"
            );
            for user in ["backup", "keeper"] {
                assert_eq!(reason_of(place, user), Some("protected by the configuration"));
            }
        }
        for place in ["safe", "safe/vault"] {
            assert_eq!(reason_of(place, "bob"), Some("protected by the configuration"));
        }
        stage.finish().await;
    }
}

#[tokio::test]
async fn the_own_project_keeps_its_shares_in_the_middle_of_a_batch() {
    for flavour in FLAVOURS {
        let mut scene = Scene::of_huawei(flavour);
        for n in 0..4 {
            let shares = [("images", 31), ("acme", 31), ("backups", 31)];
            scene.image(&format!("partner-{n}"), &shares);
        }
        let backups = scene.project("backups");
        scene.daemon(&format!("protect = [\"project:{backups}\"]"));
        scene.policy(&PolicyText::new("everything", "image-share").only(EVERYTHING));
        let stage = scene.raise().await;

        let pass = stage.pass().await;

        let acme = Some(stage.cloud().project("acme"));
        let tasks = stage.tasks().await;
        assert_eq!(tasks.len(), 4, "{}", told(&tasks));
        assert!(tasks.iter().all(|task| task.revocation.target.subject == acme));
        assert_eq!(stage.count(TaskState::Done).await, 4);
        let spared = &pass.once.reports[0].spared;
        let of = |reason: &str| spared.iter().filter(|spared| spared.reason == reason).count();
        assert!((0..4).all(|n| stage.cloud().is_shared(&format!("partner-{n}"), "images")));
        assert_eq!(of("protected by the configuration"), 4);
        stage.finish().await;
    }
}

#[tokio::test]
async fn the_own_account_and_protected_ones_keep_their_shares_of_repositories() {
    let mut scene = Scene::of_huawei(FLAVOURS[0]);
    scene.place("team-a/app", &[]);
    for account in ["account-of-sim", "sister", "stranger"] {
        scene.account_share("team-a/app", account, Some(-10));
    }
    scene.daemon("protect = [\"account:sister\"]");
    scene.policy(&PolicyText::new("everything", "repository-share").only(EVERYTHING));
    let stage = scene.raise().await;

    let pass = stage.pass().await;

    let tasks = stage.tasks().await;
    assert_eq!(tasks.len(), 1, "{}", told(&tasks));
    assert_eq!(tasks[0].revocation.target.subject, Some(Id::from("stranger")));
    assert_eq!(tasks[0].state, TaskState::Done);
    assert_eq!(pass.once.reports[0].spared.len(), 2);
    stage.finish().await;
}
