//! What could not be seen of images and registry proves nothing.

use revokd::{
    model::{Level, RunState, Scope, TaskState},
    simulator::{CallKind, Effect, Fault},
};

use super::told;
use crate::harness::{FLAVOURS, Scene, days, lapse, leavers};

fn second_page_fails(kind: CallKind) -> Fault {
    Fault::on(kind, Effect::Status(403)).skip(1).once()
}

#[tokio::test]
async fn a_page_of_the_image_list_that_fails_is_a_gap_and_nothing_is_cancelled() {
    for flavour in FLAVOURS {
        let mut scene = Scene::of_huawei(flavour);
        for n in 0..15 {
            scene.image_with(&format!("partner-{n}"), 60 + n, &[("acme", 31)], |_| {});
        }
        scene.page_max(10);
        scene.policy(&lapse("lapse").limit("grace", "\"2d\""));
        let stage = scene.raise().await;
        stage.pass().await;
        assert_eq!(stage.count(TaskState::Held).await, 15);

        stage.cloud().fault(second_page_fails(CallKind::ListImages));
        let pass = stage.pass().await;

        let report = &pass.once.reports[0];
        assert_eq!(report.state, RunState::Finished);
        assert!(
            report.gaps.iter().any(|gap| gap.scope == Scope::Images),
            "{:?}",
            report.gaps
        );
        assert!(
            report
                .notes
                .iter()
                .any(|note| note.starts_with("not seen: images"))
        );
        assert_eq!(report.totals.seen, 10);
        assert_eq!(
            stage.count(TaskState::Held).await,
            15,
            "what was not seen is not gone"
        );

        stage.clock.advance(days(2));
        stage.pass().await;
        assert_eq!(
            stage.count(TaskState::Done).await,
            15,
            "{}",
            told(&stage.tasks().await)
        );
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_page_of_the_repository_list_that_fails_is_a_gap_and_nothing_is_cancelled() {
    for flavour in FLAVOURS {
        let mut scene = Scene::of_huawei(flavour);
        for n in 0..5 {
            scene.place(
                &format!("team-a/app-{n}"),
                &[("ann", Level::Write), ("bob", Level::Read)],
            );
        }
        scene.disable("ann");
        scene.setting("page_size = 2");
        scene.policy(&leavers("leavers").limit("grace", "\"2d\""));
        let stage = scene.raise().await;
        stage.pass().await;
        assert_eq!(stage.count(TaskState::Held).await, 5);

        stage.cloud().fault(second_page_fails(CallKind::ListRepositories));
        let pass = stage.pass().await;

        let gaps = &pass.once.reports[0].gaps;
        assert!(
            gaps.iter().any(|gap| gap.scope == Scope::Repositories),
            "{gaps:?}"
        );
        assert!(pass.once.reports[0].totals.seen < 10);
        assert_eq!(
            stage.count(TaskState::Held).await,
            5,
            "what was not seen is not gone"
        );

        stage.clock.advance(days(2));
        stage.pass().await;
        assert_eq!(
            stage.count(TaskState::Done).await,
            5,
            "{}",
            told(&stage.tasks().await)
        );
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_member_list_that_fails_for_one_image_keeps_no_other() {
    for flavour in FLAVOURS {
        let mut scene = Scene::of_huawei(flavour);
        super::shared_images(&mut scene, 6, &["acme"]);
        scene.policy(&lapse("lapse"));
        let stage = scene.raise().await;
        let image = stage.cloud().image("partner-3");
        let fault = Fault::on(CallKind::ListMembers, Effect::Status(403));
        stage.cloud().fault(fault.resource(&image));

        let pass = stage.pass().await;

        let gaps = &pass.once.reports[0].gaps;
        assert!(
            gaps.iter().any(|gap| gap.scope == Scope::Members(image.clone())),
            "{gaps:?}"
        );
        assert_eq!(
            stage.count(TaskState::Done).await,
            5,
            "{}",
            told(&stage.tasks().await)
        );
        assert!(stage.cloud().is_shared("partner-3", "acme"));

        stage.cloud().mend();
        stage.pass().await;
        assert_eq!(stage.count(TaskState::Done).await, 6);
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_permission_list_that_fails_keeps_no_other_repository() {
    let mut scene = Scene::of_huawei(FLAVOURS[1]);
    for n in 0..4 {
        scene.place(
            &format!("team-a/app-{n}"),
            &[("ann", Level::Write), ("bob", Level::Read)],
        );
    }
    scene.disable("ann");
    scene.policy(&leavers("leavers"));
    let stage = scene.raise().await;
    let unread = "team-a/app-2".into();
    let fault = Fault::on(CallKind::ListPermissions, Effect::Status(403));
    stage.cloud().fault(fault.resource(&unread));

    let pass = stage.pass().await;

    let gaps = &pass.once.reports[0].gaps;
    let scope = Scope::RepositoryPermissions(unread);
    assert!(gaps.iter().any(|gap| gap.scope == scope), "{gaps:?}");
    assert_eq!(
        stage.count(TaskState::Done).await,
        3,
        "{}",
        told(&stage.tasks().await)
    );
    let cloud = stage.cloud();
    assert!(cloud.holds(&cloud.permission("team-a/app-2", "ann")));
    stage.finish().await;
}
