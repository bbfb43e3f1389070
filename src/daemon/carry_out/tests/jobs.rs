//! In every case of a job the member lists decide what is done and what goes
//! back to the queue.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::Notify;

use super::*;
use crate::{
    daemon::{carry_out::JOB_AT_MOST, dispatch::dispatch, service::Beats},
    model::{Batch, Failure, FailureClass, JobStatus, TaskState},
};

fn succeeded() -> Result<JobStatus, Failure> {
    Ok(JobStatus::Ended {
        succeeded: true,
        detail: String::new(),
    })
}

fn failed(detail: &str) -> Result<JobStatus, Failure> {
    Ok(JobStatus::Ended {
        succeeded: false,
        detail: detail.to_owned(),
    })
}

/// Three images, three projects, one call, and a job that says nothing of what
/// it removed.
async fn nine_in_one_job() -> (Scene, Batch) {
    let scene = Scene::new(3, 3).await;
    scene.submits();
    (scene, rectangle(0..3, 0..3))
}

#[tokio::test]
async fn a_job_that_did_all_of_it_is_one_call_and_two_looks_at_each_image() {
    let (scene, batch) = nine_in_one_job().await;
    let whole = batch.clone();
    scene.on_question(move |world| {
        world.remove(&whole);
        succeeded()
    });

    scene.carry_out_as(vec![batch.clone()]).await;

    let done = scene.in_state(TaskState::Done).await;
    assert_eq!(done.len(), 9);
    assert!(
        done.iter()
            .all(|task| task.note == "removed, and seen gone" && task.job.is_none())
    );
    assert_eq!(scene.calls(), [batch]);
    let mut looks = scene.double.world().looks.clone();
    looks.sort();
    let names: Vec<&str> = looks.iter().map(|image| image.as_str()).collect();
    assert_eq!(
        names,
        [
            "image000", "image000", "image001", "image001", "image002", "image002"
        ]
    );
    let call = r#"{cloud="c",kind="image-share",outcome="submitted"}"#;
    assert_eq!(scene.metric(&format!("revokd_removal_calls_total{call}")), "1");
    let targets = r#"revokd_removal_call_targets_sum{cloud="c",kind="image-share"}"#;
    assert_eq!(scene.metric(targets), "9");
    scene.finish().await;
}

#[tokio::test]
async fn two_of_nine_that_a_failed_job_left_go_back_and_are_called_alone() {
    let (scene, batch) = nine_in_one_job().await;
    let whole = batch.clone();
    scene.on_question(move |world| {
        for target in whole.targets().skip(2) {
            world.remove_one(&target);
        }
        failed("IMG.0113")
    });

    scene.carry_out_as(vec![batch]).await;

    assert_eq!(scene.in_state(TaskState::Done).await.len(), 7);
    let left = scene.in_state(TaskState::Verifying).await;
    assert_eq!(left.len(), 2);
    for task in &left {
        assert!(task.note.contains("job j failed (IMG.0113)"), "{}", task.note);
        assert_eq!((task.attempts, &task.job), (1, &None));
    }

    scene.on_call(|world, batch| {
        world.remove(batch);
        crate::model::Outcome::Accepted
    });
    scene.clock.leap(SignedDuration::from_mins(1));
    assert_eq!(scene.carry_out().await, 2);
    assert_eq!(scene.in_state(TaskState::Done).await.len(), 9);
    let sizes: Vec<usize> = scene.calls().iter().map(Batch::len).collect();
    assert_eq!(sizes, [9, 1, 1]);
    scene.finish().await;
}

#[tokio::test]
async fn a_success_that_removed_nothing_is_not_believed() {
    let (scene, batch) = nine_in_one_job().await;
    scene.on_question(|_| succeeded());
    scene.carry_out_as(vec![batch]).await;
    let left = scene.in_state(TaskState::Verifying).await;
    assert_eq!(left.len(), 9);
    assert_eq!(left[0].note, "the cloud's job j succeeded, but it is still there");
    scene.finish().await;
}

#[tokio::test]
async fn of_a_job_that_the_cloud_forgot_the_lists_tell() {
    let (scene, batch) = nine_in_one_job().await;
    let first = rectangle(0..1, 0..3);
    scene.on_question(move |world| {
        world.remove(&first);
        Ok(JobStatus::Unknown("IMG.0023".to_owned()))
    });
    scene.carry_out_as(vec![batch]).await;
    assert_eq!(scene.in_state(TaskState::Done).await.len(), 3);
    let left = scene.in_state(TaskState::Verifying).await;
    assert_eq!(left.len(), 6);
    assert!(
        left[0]
            .note
            .contains("does not know its job j any more: IMG.0023")
    );
    assert_eq!(scene.double.world().questions, 1);
    scene.finish().await;
}

#[tokio::test]
async fn a_job_that_never_ends_is_given_up_and_looked_past() {
    let (scene, batch) = nine_in_one_job().await;
    let began = scene.context.now();
    let (whole, mut asked) = (batch.clone(), 0);
    scene.on_question(move |world| {
        asked += 1;
        if asked == 5 {
            for target in whole.targets().take(4) {
                world.remove_one(&target);
            }
        }
        Ok(JobStatus::Running)
    });

    scene.carry_out_as(vec![batch]).await;

    assert_eq!(scene.context.now().duration_since(began), JOB_AT_MOST);
    let questions = scene.double.world().questions;
    assert!(
        (30..40).contains(&questions),
        "{questions}: every second at first, then every ten"
    );
    assert_eq!(scene.in_state(TaskState::Done).await.len(), 4);
    let left = scene.in_state(TaskState::Verifying).await;
    assert_eq!(left.len(), 5);
    assert!(left[0].note.contains("never ended"), "{}", left[0].note);
    scene.finish().await;
}

#[tokio::test]
async fn questions_that_fail_are_asked_again() {
    let (scene, batch) = nine_in_one_job().await;
    let (whole, mut asked) = (batch.clone(), 0);
    scene.on_question(move |world| {
        asked += 1;
        if asked < 4 {
            return Err(Failure::new(FailureClass::Unavailable, "503"));
        }
        world.remove(&whole);
        succeeded()
    });
    scene.carry_out_as(vec![batch]).await;
    assert_eq!(scene.in_state(TaskState::Done).await.len(), 9);
    assert_eq!((scene.calls().len(), scene.double.world().questions), (1, 4));
    scene.finish().await;
}

#[tokio::test]
async fn a_cloud_that_goes_down_meanwhile_keeps_its_job() {
    let (scene, batch) = nine_in_one_job().await;
    scene.on_question(|_| Err(Failure::new(FailureClass::Unauthenticated, "401")));
    scene.carry_out_as(vec![batch.clone()]).await;
    let kept = scene.in_state(TaskState::Submitted).await;
    assert_eq!(kept.len(), 9);
    assert!(kept.iter().all(|task| task.job.is_some() && task.attempts == 1));
    assert_eq!(scene.double.world().looks.len(), 3, "none after the call");

    scene
        .cloud
        .answered(crate::engine::circuit::Call::Read, scene.context.now());
    scene.on_question(move |world| {
        world.remove(&batch);
        succeeded()
    });
    assert_eq!(scene.carry_out().await, 9);
    assert_eq!(scene.in_state(TaskState::Done).await.len(), 9);
    assert_eq!(scene.calls().len(), 1, "no second call");
    scene.finish().await;
}

#[tokio::test]
async fn what_a_job_was_to_remove_is_not_gone_because_another_cloud_has_its_name_now() {
    let (scene, batch) = nine_in_one_job().await;
    scene.on_question(|_| Err(Failure::new(FailureClass::Unauthenticated, "401")));
    scene.carry_out_as(vec![batch]).await;
    assert_eq!(scene.in_state(TaskState::Submitted).await.len(), 9);

    scene
        .cloud
        .answered(crate::engine::circuit::Call::Read, scene.context.now());
    {
        let mut world = scene.double.world();
        world.moved_to = Some("http://elsewhere.test/v2".to_owned());
        world.members.clear();
    }
    scene.on_question(|_| Ok(JobStatus::Unknown("no such job".to_owned())));
    scene.carry_out().await;
    let dead = scene.in_state(TaskState::Dead).await;
    assert_eq!(dead.len(), 9);
    assert!(
        dead[0].note.contains("is now at http://elsewhere.test"),
        "{}",
        dead[0].note
    );
    scene.finish().await;
}

#[tokio::test]
async fn a_job_that_can_never_be_asked_for_does_not_keep_its_tasks_for_ever() {
    let (scene, batch) = nine_in_one_job().await;
    scene.on_question(|_| Err(Failure::new(FailureClass::Unavailable, "503")));
    scene.carry_out_as(vec![batch]).await;
    for _ in 0..3 {
        assert_eq!(scene.in_state(TaskState::Submitted).await.len(), 9);
        // All else works: the probe closes the circuit each time.
        scene
            .cloud
            .answered(crate::engine::circuit::Call::Read, scene.context.now());
        scene.carry_out().await;
    }
    for state in [TaskState::Verifying, TaskState::Cancelled] {
        scene.clock.leap(SignedDuration::from_hours(25));
        scene
            .cloud
            .answered(crate::engine::circuit::Call::Read, scene.context.now());
        scene.carry_out().await;
        assert_eq!(scene.in_state(state).await.len(), 9, "{state}");
    }
    assert_eq!(scene.calls().len(), 1, "no second call");
    scene.finish().await;
}

#[tokio::test]
async fn a_stop_leaves_the_job_to_the_next_process() {
    let (scene, batch) = nine_in_one_job().await;
    let stop = scene.context.stop.clone();
    scene.on_question(move |_| {
        stop.cancel();
        Ok(JobStatus::Running)
    });
    scene.carry_out_as(vec![batch]).await;
    assert_eq!(scene.in_state(TaskState::Submitted).await.len(), 9);
    scene.finish().await;
}

#[tokio::test]
async fn a_restart_goes_on_asking_and_does_not_call_again() {
    let (scene, batch) = nine_in_one_job().await;
    let asked = Arc::new(Notify::new());
    let tell = asked.clone();
    scene.on_question(move |_| {
        tell.notify_one();
        Ok(JobStatus::Running)
    });
    tokio::select! {
        biased;
        () = asked.notified() => {}
        () = scene.carry_out_as(vec![batch.clone()]) => panic!("the job is not over"),
    }
    assert_eq!(scene.in_state(TaskState::Submitted).await.len(), 9);
    scene.restart().await;
    assert!(
        scene
            .in_state(TaskState::Submitted)
            .await
            .iter()
            .all(|task| task.job.is_some())
    );

    let (before, mut asked) = (scene.double.world().looks.len(), 0);
    scene.on_question(move |world| {
        asked += 1;
        if asked < 3 {
            return Ok(JobStatus::Running);
        }
        world.remove(&batch);
        succeeded()
    });
    dispatch_until_done(&scene, 9).await;

    assert_eq!(scene.calls().len(), 1, "no second call");
    assert_eq!(
        scene.double.world().looks.len(),
        before + 3,
        "one look at each image, after the job"
    );
    assert!(scene.tasks().await.iter().all(|task| task.attempts == 1));
    scene.finish().await;
}

#[tokio::test]
async fn the_dispatcher_carries_out_all_that_is_due() {
    let scene = Scene::new(40, 3).await;
    dispatch_until_done(&scene, 120).await;
    assert_eq!(scene.calls().len(), 1, "one rectangle within reach is one call");
    assert_eq!(scene.calls()[0].len(), 120, "each target once");
    scene.finish().await;
}

async fn dispatch_until_done(scene: &Scene, count: u64) {
    let (context, cloud) = (scene.context.clone(), scene.cloud.clone());
    let beat = Beats::every(None).start("dispatcher");
    let dispatching = tokio::spawn(dispatch(context, cloud, beat));
    let progress = &scene.context.progress;
    loop {
        let changed = progress.changed.notified();
        if progress.ended().done >= count {
            break;
        }
        changed.await;
    }
    scene.context.stop.cancel();
    dispatching.await.unwrap().unwrap();
}
