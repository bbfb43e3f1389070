//! What one call removes is exactly what was decided, and a bad target stands
//! alone in the end.

use jiff::SignedDuration;

use super::{
    super::{Group, carry_out},
    *,
};
use crate::model::{Batch, Failure, FailureClass, Id, Outcome, TaskState};

/// The cloud refuses every call that names one of these images.
fn poisoned_by(scene: &Scene, bad: &'static [&'static str]) {
    scene.on_call(move |world, batch| {
        let is_bad = |image: &Id| bad.contains(&image.as_str());
        if batch.resources.iter().any(is_bad) {
            return Outcome::Poisoned(Failure::new(FailureClass::Refused, "IMG.0066"));
        }
        world.remove(batch);
        Outcome::Accepted
    });
}

#[tokio::test]
async fn one_bad_image_of_64_is_found_by_halving_and_keeps_no_other() {
    let scene = Scene::new(64, 1).await;
    poisoned_by(&scene, &["image041"]);

    scene.carry_out_as(vec![rectangle(0..64, 0..1)]).await;

    assert_eq!(scene.in_state(TaskState::Done).await.len(), 63);
    let dead = scene.in_state(TaskState::Dead).await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].revocation.target.resource.as_str(), "image041");
    assert!(dead[0].note.contains("IMG.0066"), "{}", dead[0].note);
    assert_eq!(scene.calls().len(), 1 + 2 * 6, "two for each halving of 64");
    let looks = scene.double.world().looks.len();
    assert_eq!(looks, 128, "one before and one after for each image");
    scene.finish().await;
}

#[tokio::test]
async fn two_bad_images_are_both_found() {
    let scene = Scene::new(16, 4).await;
    poisoned_by(&scene, &["image002", "image013"]);
    scene.carry_out_as(vec![rectangle(0..16, 0..4)]).await;
    assert_eq!(scene.in_state(TaskState::Done).await.len(), 14 * 4);
    assert_eq!(scene.in_state(TaskState::Dead).await.len(), 2 * 4);
    let calls = scene.calls().len();
    assert!(calls < 2 * 64 / 2, "{calls}");
    scene.finish().await;
}

#[tokio::test]
async fn where_all_is_bad_there_are_fewer_than_two_calls_for_each_target() {
    let scene = Scene::new(4, 4).await;
    scene.on_call(|_, _| Outcome::Poisoned(Failure::new(FailureClass::Refused, "no")));
    scene.carry_out_as(vec![rectangle(0..4, 0..4)]).await;
    assert_eq!(scene.in_state(TaskState::Dead).await.len(), 16);
    assert_eq!(scene.calls().len(), 2 * 16 - 1);
    scene.finish().await;
}

#[tokio::test]
async fn a_pair_granted_again_since_the_decision_stays_and_is_in_no_call() {
    let scene = Scene::new(3, 3).await;
    scene.double.world().grant_again("image001", "project001");

    scene.carry_out_as(vec![rectangle(0..3, 0..3)]).await;

    assert_eq!(scene.in_state(TaskState::Done).await.len(), 8);
    let kept = scene.in_state(TaskState::Cancelled).await.remove(0);
    assert!(kept.note.contains("granted again"), "{}", kept.note);
    let target = &kept.revocation.target;
    assert!(scene.double.world().holds(target));
    assert!(
        scene
            .calls()
            .iter()
            .all(|batch| batch.targets().all(|called| called != *target))
    );
    scene.finish().await;
}

#[tokio::test]
async fn what_is_granted_again_while_a_batch_is_halved_stays() {
    let scene = Scene::new(4, 1).await;
    let clock = scene.clock.clone();
    let mut first = true;
    scene.on_call(move |world, batch| {
        if std::mem::take(&mut first) {
            // The refusal takes its time.
            clock.leap(SignedDuration::from_mins(2));
            world.grant_again("image003", "project000");
            return Outcome::Poisoned(Failure::new(FailureClass::Refused, "no"));
        }
        world.remove(batch);
        Outcome::Accepted
    });

    scene.carry_out_as(vec![rectangle(0..4, 0..1)]).await;

    assert_eq!(scene.in_state(TaskState::Done).await.len(), 3);
    let kept = scene.in_state(TaskState::Cancelled).await.remove(0);
    assert!(scene.double.world().holds(&kept.revocation.target));
    scene.finish().await;
}

#[tokio::test]
async fn a_batch_of_more_than_was_decided_is_never_called() {
    let scene = Scene::new(2, 2).await;
    let one_more = rectangle(0..2, 0..3);
    for project in ["project002"] {
        for image in ["image000", "image001"] {
            scene.double.world().grant_again(image, project);
        }
    }
    scene.carry_out_as(vec![one_more]).await;
    let dead = scene.in_state(TaskState::Dead).await;
    assert_eq!(dead.len(), 4);
    assert!(dead[0].note.contains("a mistake in revokd"), "{}", dead[0].note);
    assert!(scene.calls().is_empty());
    scene.finish().await;
}

#[tokio::test]
async fn batches_that_share_a_target_or_leave_one_out_are_never_called() {
    let plans = [
        vec![rectangle(0..2, 0..2), rectangle(1..2, 0..2)],
        vec![rectangle(0..2, 0..1)],
    ];
    for plan in plans {
        let scene = Scene::new(2, 2).await;
        scene.carry_out_as(plan).await;
        assert_eq!(scene.in_state(TaskState::Dead).await.len(), 4);
        assert!(scene.calls().is_empty());
        scene.finish().await;
    }
}

#[tokio::test]
async fn a_connection_cut_after_the_effect_leads_to_no_other_call() {
    let scene = Scene::new(3, 3).await;
    scene.on_call(|world, batch| {
        world.remove(batch);
        Outcome::Failed(Failure::new(FailureClass::Interrupted, "cut"))
    });
    scene.carry_out_as(vec![rectangle(0..3, 0..3)]).await;
    let done = scene.in_state(TaskState::Done).await;
    assert_eq!(done.len(), 9);
    assert_eq!(done[0].note, "seen gone after a call whose answer was lost");
    assert_eq!(scene.calls().len(), 1);
    scene.finish().await;
}

#[tokio::test]
async fn what_an_accepted_batch_left_is_called_alone() {
    let scene = Scene::new(1, 8).await;
    scene.on_call(|world, batch| {
        let count = if batch.len() > 1 { 3 } else { 1 };
        for target in batch.targets().take(count) {
            world.remove_one(&target);
        }
        Outcome::Accepted
    });
    scene.carry_out_as(vec![rectangle(0..1, 0..8)]).await;
    assert_eq!(scene.in_state(TaskState::Done).await.len(), 3);
    let left = scene.in_state(TaskState::Verifying).await;
    assert_eq!(left[0].note, "the cloud accepted the call, but it is still there");

    scene.clock.leap(SignedDuration::from_mins(1));
    scene.carry_out().await;
    assert_eq!(scene.in_state(TaskState::Done).await.len(), 8);
    let sizes: Vec<usize> = scene.calls().iter().map(Batch::len).collect();
    assert_eq!(sizes, [8, 1, 1, 1, 1, 1]);
    assert_eq!(
        scene.double.world().looks.len(),
        4,
        "the last five share their looks"
    );
    scene.finish().await;
}

#[tokio::test]
async fn a_throttled_batch_goes_back_whole_and_costs_no_try() {
    let scene = Scene::new(2, 2).await;
    scene.on_call(|_, _| Outcome::Failed(Failure::new(FailureClass::Throttled, "slow down")));
    scene.carry_out_as(vec![rectangle(0..2, 0..2)]).await;
    let left = scene.in_state(TaskState::Queued).await;
    assert_eq!(left.len(), 4);
    assert!(left.iter().all(|task| task.attempts == 0));
    scene.finish().await;
}

#[tokio::test]
async fn a_stop_in_the_middle_of_halving_hands_the_rest_back() {
    let scene = Scene::new(4, 1).await;
    let stop = scene.context.stop.clone();
    scene.on_call(move |_, _| {
        stop.cancel();
        Outcome::Poisoned(Failure::new(FailureClass::Refused, "no"))
    });
    scene.carry_out_as(vec![rectangle(0..4, 0..1)]).await;
    let left = scene.in_state(TaskState::Queued).await;
    assert_eq!(left.len(), 4);
    assert!(
        left.iter()
            .all(|task| task.attempts == 0 && task.note == "left for later")
    );
    assert_eq!(scene.calls().len(), 1);
    scene.finish().await;
}

#[tokio::test]
async fn what_waited_for_half_its_lease_is_handed_back_and_not_called() {
    let scene = Scene::new(2, 1).await;
    let late = Group {
        tasks: scene.claim().await,
        begin_before: scene.context.now(),
        lease: SignedDuration::from_hours(1),
    };
    carry_out(scene.context.clone(), scene.cloud.clone(), late)
        .await
        .unwrap();
    let left = scene.in_state(TaskState::Queued).await;
    assert_eq!((left.len(), left[0].attempts, scene.calls().len()), (2, 0, 0));
    scene.finish().await;
}

#[tokio::test]
async fn a_call_rests_on_no_look_that_the_calls_before_it_made_old() {
    let scene = Scene::new(1, 4).await;
    let (clock, mut calls) = (scene.clock.clone(), 0);
    scene.on_call(move |world, batch| {
        calls += 1;
        if calls == 1 {
            clock.leap(SignedDuration::from_secs(31));
            world.grant_again("image000", "project003");
        }
        world.remove(batch);
        Outcome::Accepted
    });
    let alone = rectangle(0..1, 0..4);
    scene
        .carry_out_as(alone.targets().map(|target| Batch::of_one(&target)).collect())
        .await;
    assert_eq!(scene.in_state(TaskState::Done).await.len(), 3);
    let stays = scene.in_state(TaskState::Cancelled).await;
    assert_eq!(stays.len(), 1);
    assert!(scene.double.world().holds(&stays[0].revocation.target));
    scene.finish().await;
}
