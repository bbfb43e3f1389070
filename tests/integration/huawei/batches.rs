//! A batch is exactly what was decided and still holds, and one bad image in it
//! does not keep the others.

use revokd::{
    model::{Level, TaskState},
    simulator::{CallKind, Effect, Fault},
};

use super::{all_in, decide_and_allow, shared_images, told, work_off_and_meanwhile};
use crate::harness::{FLAVOURS, Scene, lapse, leavers};

/// One for everything, two for each halving until two images are left, and the
/// six pairs of those one by one, of which three are good and may go by fewer.
const CALLS_AT_MOST: usize = 1 + 2 * 4 + 2 * 6;

/// Calls that name the image are refused with this code; alone, its shares are
/// tried so often.
async fn a_bad_image_of_32(code: &str, told_of_the_image: &str, tries: usize) {
    let effect = Effect::Code {
        status: 400,
        code: code.to_owned(),
    };
    for flavour in FLAVOURS {
        let mut scene = Scene::of_huawei(flavour);
        shared_images(&mut scene, 32, &["acme", "initech", "hooli"]);
        scene.policy(&lapse("lapse"));
        let stage = scene.raise().await;
        let cloud = stage.cloud();
        let bad = cloud.image("partner-21");
        for kind in [CallKind::RemoveMembers, CallKind::RemoveMember] {
            cloud.fault(Fault::on(kind, effect.clone()).resource(&bad));
        }

        stage.pass().await;

        let tasks = stage.tasks().await;
        assert_eq!(stage.count(TaskState::Done).await, 31 * 3, "{}", told(&tasks));
        let dead = all_in(&stage, TaskState::Dead).await;
        assert_eq!(dead.len(), 3, "{}", told(&tasks));
        assert!(dead.iter().all(|task| task.revocation.target.resource == bad));
        assert!(dead[0].note.contains(told_of_the_image), "{}", dead[0].note);
        let calls = cloud.simulated.requests().all().into_iter().filter(|request| {
            matches!(
                request.call.kind,
                CallKind::RemoveMembers | CallKind::RemoveMember
            )
        });
        assert!(calls.count() <= CALLS_AT_MOST + 3 * (tries - 1));
        assert_eq!(cloud.vanished().len(), 31 * 3);
        stage.finish().await;
    }
}

#[tokio::test]
async fn an_image_id_that_the_cloud_calls_wrong_keeps_no_other_of_its_batch() {
    a_bad_image_of_32("IMG.0066", "says that it is not there, yet lists it", 6).await;
}

#[tokio::test]
async fn an_image_that_may_not_be_unshared_keeps_no_other_of_its_batch() {
    a_bad_image_of_32("IMG.0047", "IMG.0047", 1).await;
}

#[tokio::test]
async fn an_image_deleted_between_decision_and_call_is_in_no_batch() {
    let mut scene = Scene::of_huawei(FLAVOURS[0]);
    shared_images(&mut scene, 32, &["acme"]);
    scene.policy(&lapse("lapse").mode("approve"));
    let stage = scene.raise().await;
    decide_and_allow(&stage).await;
    stage.end_by_hand("partner-7", None);

    stage.work_off().await;

    assert_eq!(
        stage.count(TaskState::Done).await,
        32,
        "{}",
        told(&stage.tasks().await)
    );
    let vanished = stage.cloud().image("partner-7");
    for request in stage.cloud().simulated.requests().all() {
        let removes = request.call.kind == CallKind::RemoveMembers;
        assert!(!removes || !request.call.resources.contains(&vanished));
    }
    stage.finish().await;
}

#[tokio::test]
async fn an_image_deleted_between_look_and_call_keeps_no_other_of_its_batch() {
    for flavour in FLAVOURS {
        let mut scene = Scene::of_huawei(flavour);
        shared_images(&mut scene, 32, &["acme"]);
        scene.policy(&lapse("lapse").mode("approve"));
        let stage = scene.raise().await;
        decide_and_allow(&stage).await;

        work_off_and_meanwhile(&stage, CallKind::RemoveMembers, || {
            stage.end_by_hand("partner-21", None);
        })
        .await;

        let tasks = stage.tasks().await;
        assert_eq!(stage.count(TaskState::Done).await, 32, "{}", told(&tasks));
        assert!((0..32).all(|n| n == 21 || stage.cloud().is_shared(&format!("partner-{n}"), "globex")));
        let requests = stage.cloud().simulated.requests().all();
        let refused = requests
            .iter()
            .filter(|request| request.call.kind == CallKind::RemoveMembers && request.status == Some(400));
        assert!(refused.count() >= 1, "the cloud refused the whole for the one");
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_share_granted_again_between_decision_and_call_stays_and_the_rest_goes() {
    for flavour in FLAVOURS {
        let mut scene = Scene::of_huawei(flavour);
        shared_images(&mut scene, 4, &["acme", "initech", "hooli"]);
        scene.policy(&lapse("lapse").mode("approve"));
        let stage = scene.raise().await;
        decide_and_allow(&stage).await;
        stage.clock.advance(crate::harness::minutes(1));
        stage.grant_again("partner-2", "initech");

        stage.work_off().await;

        let cloud = stage.cloud();
        assert!(cloud.is_shared("partner-2", "initech"));
        let kept = all_in(&stage, TaskState::Cancelled).await;
        assert_eq!(kept.len(), 1, "{}", told(&stage.tasks().await));
        assert!(kept[0].note.contains("granted again"), "{}", kept[0].note);
        assert_eq!(stage.count(TaskState::Done).await, 11);
        // What is left is no rectangle any more: an L takes two calls.
        let calls = cloud.count(CallKind::RemoveMembers) + cloud.count(CallKind::RemoveMember);
        assert!(calls <= 3, "{calls}");
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_repository_with_slashes_in_its_name_is_reached_by_every_call() {
    for flavour in FLAVOURS {
        let mut scene = Scene::of_huawei(flavour);
        scene.place("acme", &[]);
        scene.place(
            "acme/team/sub/api",
            &[("ann", Level::Write), ("bob", Level::Read)],
        );
        scene.place("acme/team/sub", &[("bob", Level::Read)]);
        scene.account_share("acme/team/sub/api", "partner", Some(-5));
        scene.disable("ann");
        scene.policy(&leavers("leavers"));
        scene.policy(&crate::harness::expired_account_shares("expired"));
        let stage = scene.raise().await;

        let pass = stage.pass().await;

        assert!(pass.once.reports.iter().all(|report| report.gaps.is_empty()));
        assert_eq!(
            stage.count(TaskState::Done).await,
            2,
            "{}",
            told(&stage.tasks().await)
        );
        let cloud = stage.cloud();
        assert!(!cloud.holds(&cloud.permission("acme/team/sub/api", "ann")));
        assert!(!cloud.holds(&cloud.account_share("acme/team/sub/api", "partner")));
        assert_eq!(cloud.vanished().len(), 2);
        stage.finish().await;
    }
}
