//! What the cloud says of its jobs is never believed: the member lists decide.

use std::collections::HashSet;

use jiff::SignedDuration;
use revokd::{
    model::{Id, TaskState},
    simulator::{CallKind, Effect, Fault, JobEnd, JobScript, Left},
};

use super::{all_in, shared_images, told};
use crate::harness::{FLAVOURS, Scene, Stage, lapse, minutes, seconds};

const PARTNERS: [&str; 3] = ["acme", "initech", "hooli"];

/// Three images, each shared with three partners for too long.
fn nine_pairs() -> Scene {
    let mut scene = Scene::of_huawei(FLAVOURS[0]);
    shared_images(&mut scene, 3, &PARTNERS);
    scene.policy(&lapse("lapse"));
    scene
}

fn pair(scene: &mut Scene, image: &str, project: &str) -> (Id, Id) {
    (scene.image_id(image), scene.project(project))
}

/// All nine are gone in the end, no other pair is, and there was one batch.
async fn all_nine_end(stage: Stage, single_calls: usize) {
    let cloud = stage.cloud();
    assert_eq!(
        stage.count(TaskState::Done).await,
        9,
        "{}",
        told(&stage.tasks().await)
    );
    assert_eq!(cloud.vanished().len(), 9);
    assert_eq!(cloud.count(CallKind::RemoveMembers), 1);
    assert_eq!(cloud.count(CallKind::RemoveMember), single_calls);
    stage.finish().await;
}

#[tokio::test]
async fn a_job_that_fails_for_two_of_nine_pairs_leaves_two_that_go_back_and_end() {
    for tells_pairs in [None, Some(true)] {
        let mut scene = nine_pairs();
        let left = HashSet::from([
            pair(&mut scene, "partner-0", "hooli"),
            pair(&mut scene, "partner-2", "acme"),
        ]);
        scene.job(JobScript {
            left: Left::These(left),
            tells_pairs,
            ..JobScript::default()
        });
        let stage = scene.raise().await;
        stage.pass().await;
        all_nine_end(stage, 2).await;
    }
}

#[tokio::test]
async fn a_job_that_claims_success_and_did_nothing_is_not_believed() {
    let mut scene = nine_pairs();
    scene.job(JobScript {
        left: Left::Everything,
        end: JobEnd::Success,
        ..JobScript::default()
    });
    let stage = scene.raise().await;
    stage.pass().await;
    all_nine_end(stage, 9).await;
}

/// The cloud accepted the call: its own word shows nothing of the failure.
#[tokio::test]
async fn what_a_failed_job_left_there_is_counted_by_what_was_seen_and_not_by_the_answer() {
    let mut scene = nine_pairs();
    scene.job(JobScript {
        left: Left::Everything,
        ..JobScript::default()
    });
    let stage = scene.raise().await;
    let cloud = stage.cloud().name.clone();
    let pass = stage.pass().await;
    let looks = |outcome: &str, seen: &str| {
        let labels = format!("{{cloud=\"{cloud}\",outcome=\"{outcome}\",seen=\"{seen}\"}}");
        pass.metric(&format!("revokd_removal_looks_total{labels}"))
    };
    assert_eq!(looks("submitted", "there"), 9.0);
    assert_eq!(looks("submitted", "gone"), 0.0);
    assert_eq!(looks("accepted", "gone"), 9.0, "each was called for alone");
    all_nine_end(stage, 9).await;
}

#[tokio::test]
async fn a_job_that_claims_success_without_results_is_done_by_the_lists() {
    let mut scene = nine_pairs();
    scene.job(JobScript {
        polls: 2,
        end: JobEnd::Success,
        tells_pairs: Some(false),
        ..JobScript::default()
    });
    let stage = scene.raise().await;
    stage.pass().await;
    assert_eq!(stage.cloud().count(CallKind::ShowJob), 3);
    all_nine_end(stage, 0).await;
}

#[tokio::test]
async fn a_job_that_claims_failure_and_did_everything_is_not_believed_either() {
    let mut scene = nine_pairs();
    scene.job(JobScript {
        end: JobEnd::Failure {
            code: "IMG.0113".to_owned(),
            reason: "delete member failed".to_owned(),
        },
        ..JobScript::default()
    });
    let stage = scene.raise().await;
    stage.pass().await;
    all_nine_end(stage, 0).await;
}

/// Whatever such a job did, nobody waits for it for ever.
async fn lists_decide_after_the_deadline(end: JobEnd) {
    let mut scene = nine_pairs();
    let left = HashSet::from([pair(&mut scene, "partner-1", "acme")]);
    scene.job(JobScript {
        left: Left::These(left),
        end,
        ..JobScript::default()
    });
    let stage = scene.raise().await;
    let began = stage.now();
    stage.pass().await;
    assert!(stage.now().duration_since(began) >= minutes(5));
    all_nine_end(stage, 1).await;
}

#[tokio::test]
async fn a_job_that_never_ends_has_a_deadline_and_then_the_lists_decide() {
    lists_decide_after_the_deadline(JobEnd::Never).await;
}

#[tokio::test]
async fn a_job_in_a_state_that_no_document_knows_is_waited_for_like_one_that_runs() {
    lists_decide_after_the_deadline(JobEnd::Word("HALF_DONE".to_owned())).await;
}

#[tokio::test]
async fn a_job_that_nobody_knows_any_more_is_settled_by_the_lists() {
    let mut scene = nine_pairs();
    let left = HashSet::from([pair(&mut scene, "partner-1", "acme")]);
    scene.job(JobScript {
        left: Left::These(left),
        end: JobEnd::Forgotten,
        ..JobScript::default()
    });
    let stage = scene.raise().await;
    stage.pass().await;
    all_nine_end(stage, 1).await;
}

#[tokio::test]
async fn questions_about_a_job_that_fail_are_asked_again() {
    let stage = nine_pairs().raise().await;
    stage
        .cloud()
        .fault(Fault::on(CallKind::ShowJob, Effect::Status(503)).times(2));
    stage.pass().await;
    assert_eq!(stage.cloud().count(CallKind::ShowJob), 3);
    all_nine_end(stage, 0).await;
}

#[tokio::test]
async fn a_restart_while_a_job_goes_on_asks_for_it_and_sends_nothing_again() {
    let mut scene = nine_pairs();
    scene.job(JobScript {
        delay: minutes(2),
        ..JobScript::default()
    });
    let stage = scene.raise().await;
    let serving = stage.serve().await;
    stage.clock.advance(minutes(16));
    stage
        .until("the cloud's job is on record and was asked for", async || {
            stage.cloud().count(CallKind::ShowJob) > 0 && on_record(&stage).await == 9
        })
        .await;
    serving.crash().await;
    assert_eq!(stage.cloud().removals(), 0, "the job is still at it");
    let asked = stage.cloud().count(CallKind::ShowJob);

    stage.work_off().await;

    assert!(
        stage.cloud().count(CallKind::ShowJob) > asked,
        "the new process went on asking"
    );
    all_nine_end(stage, 0).await;
}

async fn on_record(stage: &Stage) -> usize {
    let tasks = stage.tasks().await;
    tasks.iter().filter(|task| task.job.is_some()).count()
}

#[tokio::test]
async fn a_stop_while_a_job_goes_on_leaves_it_submitted() {
    let mut scene = nine_pairs();
    scene.job(JobScript {
        delay: SignedDuration::from_hours(3),
        ..JobScript::default()
    });
    let stage = scene.raise().await;
    let serving = stage.serve().await;
    stage.clock.advance(minutes(16));
    stage
        .until("the cloud's job was asked for", async || {
            stage.cloud().count(CallKind::ShowJob) > 0
        })
        .await;
    serving.stop().await.expect("the daemon stops");

    let waiting = all_in(&stage, TaskState::Submitted).await;
    assert_eq!(waiting.len(), 9);
    assert!(
        waiting
            .iter()
            .all(|task| task.job == waiting[0].job && task.job.is_some())
    );
    stage.finish().await;
}

#[tokio::test]
async fn a_connection_cut_after_the_batch_took_effect_is_done_without_a_second_removal() {
    for effect in [Effect::CutAfter, Effect::CutWithin(30)] {
        let stage = nine_pairs().raise().await;
        stage
            .cloud()
            .fault(Fault::on(CallKind::RemoveMembers, effect).once());
        stage.pass().await;
        all_nine_end(stage, 0).await;
    }
}

#[tokio::test]
async fn a_connection_cut_while_the_job_goes_on_removes_no_pair_twice() {
    let mut scene = nine_pairs();
    scene.job(JobScript {
        delay: seconds(20),
        ..JobScript::default()
    });
    let stage = scene.raise().await;
    stage
        .cloud()
        .fault(Fault::on(CallKind::RemoveMembers, Effect::CutAfter).once());
    stage.pass().await;
    let tasks = stage.tasks().await;
    assert_eq!(stage.count(TaskState::Done).await, 9, "{}", told(&tasks));
    assert_eq!(stage.cloud().vanished().len(), 9);
    stage.finish().await;
}
