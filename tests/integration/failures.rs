//! What a removal can meet, and what becomes of it.

use std::time::Duration;

use revokd::{
    model::TaskState,
    simulator::{CallKind, Effect, Fault, RetryAfter},
};

use crate::harness::{Scene, Stage, hours, lapse, minutes, stale_images};

async fn one_due_share() -> Stage {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31), ("globex", 3)]);
    scene.policy(&lapse("lapse"));
    scene.raise().await
}

/// One pass over a due share whose removal meets the fault ends with the share
/// gone, after so many calls that remove.
async fn is_done_in_spite_of(fault: Effect, times: u64, calls: usize) -> Stage {
    let stage = one_due_share().await;
    let fault = stage.cloud().fault_on_removal("partner-1", fault);
    stage.cloud().fault(fault.times(times));
    stage.pass().await;
    let task = stage.task(&stage.cloud().share("partner-1", "acme")).await;
    assert_eq!(task.state, TaskState::Done, "{}", task.note);
    assert!(!stage.cloud().is_shared("partner-1", "acme"));
    assert_eq!(stage.cloud().count(CallKind::RemoveMember), calls);
    assert_eq!(stage.cloud().removals(), 1);
    stage
}

#[tokio::test]
async fn a_refused_removal_is_given_up_at_once_and_repaired_by_an_operator() {
    let stage = one_due_share().await;
    let refusal = stage.cloud().fault_on_removal("partner-1", Effect::Status(403));
    stage.cloud().fault(refusal);

    stage.pass().await;
    stage.pass().await;

    let tasks = stage.tasks().await;
    assert_eq!(tasks.len(), 1, "what is dead is not queued again by itself");
    assert_eq!((tasks[0].state, tasks[0].attempts), (TaskState::Dead, 1));
    assert!(tasks[0].note.contains("403"), "{}", tasks[0].note);
    assert_eq!(stage.cloud().count(CallKind::RemoveMember), 1);

    stage.cloud().mend();
    let now = stage.now();
    stage
        .store()
        .retry_task(tasks[0].id, "tester".to_owned(), now)
        .await
        .unwrap();
    stage.work_off().await;
    assert_eq!(stage.count(TaskState::Done).await, 1);
    stage.finish().await;
}

#[tokio::test]
async fn a_404_of_something_that_is_still_listed_is_never_done() {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31)]);
    scene.policy(&lapse("lapse"));
    scene.daemon("[daemon.retry]\nattempts = 3");
    let stage = scene.raise().await;
    let not_found = stage.cloud().fault_on_removal("partner-1", Effect::Status(404));
    stage.cloud().fault(not_found);

    stage.pass().await;

    let task = stage.task(&stage.cloud().share("partner-1", "acme")).await;
    assert_eq!((task.state, task.attempts), (TaskState::Dead, 3));
    assert!(task.note.contains("yet lists it"), "{}", task.note);
    assert!(stage.cloud().is_shared("partner-1", "acme"));
    stage.finish().await;
}

#[tokio::test]
async fn a_404_of_something_that_went_by_other_hands_is_done() {
    let stage = one_due_share().await;
    // As long as a busy machine may take to notice it.
    let wait = Effect::Latency(Duration::from_secs(2));
    stage
        .cloud()
        .fault(stage.cloud().fault_on_removal("partner-1", wait));
    let meanwhile = async {
        let cloud = stage.cloud();
        // The lists of the collection and of the look; then comes the removal.
        stage
            .until_standing("the removal is under way", async || {
                cloud.count(CallKind::ListMembers) == 2 && cloud.simulated.requests().in_flight() == 1
            })
            .await;
        stage.end_by_hand("partner-1", Some("acme"));
    };

    tokio::join!(stage.pass(), meanwhile);

    let task = stage.task(&stage.cloud().share("partner-1", "acme")).await;
    assert_eq!(
        (task.state, task.note.as_str()),
        (TaskState::Done, "was gone already")
    );
    stage.finish().await;
}

#[tokio::test]
async fn an_image_in_use_is_deleted_once_it_is_free() {
    let mut scene = Scene::new();
    scene.image_with("old-1", 400, &[], |image| image.in_use = true);
    scene.policy(&stale_images("stale"));
    let stage = scene.raise().await;
    let image = stage.cloud().image("old-1");
    let freed = async {
        stage
            .until_standing("a deletion met a conflict", async || {
                stage.cloud().count(CallKind::DeleteImage) >= 2
            })
            .await;
        let mut world = stage.cloud().simulated.world();
        world.image_mut(image.as_str()).unwrap().in_use = false;
    };

    tokio::join!(stage.pass(), freed);

    assert_eq!(stage.count(TaskState::Done).await, 1);
    assert!(!stage.cloud().has_image("old-1"));
    stage.finish().await;
}

#[tokio::test]
async fn an_image_that_stays_in_use_is_given_up_and_stays() {
    let mut scene = Scene::new();
    scene.image_with("old-1", 400, &[("acme", 40)], |image| image.in_use = true);
    scene.policy(&stale_images("stale"));
    scene.daemon("[daemon.retry]\nattempts = 2");
    let stage = scene.raise().await;

    stage.pass().await;

    let task = &stage.tasks().await[0];
    assert_eq!(task.state, TaskState::Dead);
    assert!(task.note.contains("409"), "{}", task.note);
    assert!(stage.cloud().has_image("old-1") && stage.cloud().is_shared("old-1", "acme"));
    stage.finish().await;
}

#[tokio::test]
async fn a_throttled_cloud_is_left_alone_for_as_long_as_it_asks() {
    let stage = one_due_share().await;
    let throttle = Effect::StatusRetryAfter(429, RetryAfter::Seconds(3000));
    stage
        .cloud()
        .fault(stage.cloud().fault_on_removal("partner-1", throttle).once());
    let serving = stage.serve().await;
    stage.pass_time(&serving, minutes(16), minutes(1)).await;
    assert_eq!(stage.cloud().count(CallKind::RemoveMember), 1);
    let asked = stage.cloud().simulated.requests().all().len();

    // Later runs of the policy may not ask either.
    stage.pass_time(&serving, minutes(30), minutes(1)).await;
    assert_eq!(stage.cloud().simulated.requests().all().len(), asked);
    serving.stop().await.unwrap();

    stage.clock.advance(minutes(60));
    stage.work_off().await;
    let task = stage.task(&stage.cloud().share("partner-1", "acme")).await;
    assert_eq!(
        (task.state, task.attempts),
        (TaskState::Done, 1),
        "no try was burned"
    );
    stage.finish().await;
}

#[tokio::test]
async fn a_short_wish_to_wait_is_kept_and_then_the_removal_goes_on() {
    let throttle = Effect::StatusRetryAfter(429, RetryAfter::Seconds(1));
    is_done_in_spite_of(throttle, 1, 2).await.finish().await;
}

#[tokio::test]
async fn an_unwell_cloud_is_tried_again() {
    for status in [500, 503] {
        is_done_in_spite_of(Effect::Status(status), 3, 4)
            .await
            .finish()
            .await;
    }
}

#[tokio::test]
async fn a_connection_cut_before_the_effect_leads_to_another_call() {
    is_done_in_spite_of(Effect::CutBefore, 1, 2).await.finish().await;
}

#[tokio::test]
async fn a_connection_cut_after_the_effect_leads_to_no_other_call() {
    let stage = is_done_in_spite_of(Effect::CutAfter, 1, 1).await;
    let note = &stage.tasks().await[0].note;
    assert_eq!(note, "seen gone after a call whose answer was lost");
    stage.finish().await;
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_leads_to_no_other_call() {
    is_done_in_spite_of(Effect::CutWithin(20), 1, 1)
        .await
        .finish()
        .await;
}

#[tokio::test]
async fn a_token_that_dies_in_the_middle_costs_one_login_and_no_try() {
    let stage = is_done_in_spite_of(Effect::TokenDies, 1, 2).await;
    assert_eq!(stage.cloud().count(CallKind::Login), 2);
    assert_eq!(stage.tasks().await[0].attempts, 1);
    stage.finish().await;
}

#[tokio::test]
async fn an_answer_that_is_none_is_not_believed() {
    for status in [200, 300] {
        let body = Effect::Body {
            status,
            content_type: "text/html".to_owned(),
            text: "<html>Welcome to the hotel network</html>".to_owned(),
        };
        is_done_in_spite_of(body, 1, 2).await.finish().await;
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Effect::RedirectTo("http://127.0.0.1:1/elsewhere".to_owned());
    is_done_in_spite_of(elsewhere, 1, 2).await.finish().await;
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_given_up_and_made_again() {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31)]);
    scene.policy(&lapse("lapse"));
    scene.setting("request_timeout = \"1s\"");
    let stage = scene.raise().await;
    let slow = stage
        .cloud()
        .fault_on_removal("partner-1", Effect::Latency(Duration::from_secs(30)));
    stage.cloud().fault(slow.once());

    stage.pass().await;

    assert_eq!(stage.count(TaskState::Done).await, 1);
    assert_eq!(stage.cloud().count(CallKind::RemoveMember), 2);
    stage.finish().await;
}

#[tokio::test]
async fn tokens_that_all_die_cost_one_login() {
    let mut scene = Scene::new();
    for n in 0..20 {
        scene.image(&format!("partner-{n}"), &[("acme", 31)]);
    }
    scene.policy(&lapse("lapse").mode("approve"));
    let stage = scene.raise().await;
    let serving = stage.serve().await;
    stage.pass_time(&serving, minutes(16), minutes(1)).await;
    stage.cloud().simulated.kill_all_tokens();
    let now = stage.now();
    stage
        .store()
        .allow_run(1, "tester".to_owned(), now)
        .await
        .unwrap();

    stage.pass_time(&serving, minutes(1), minutes(1)).await;
    stage
        .until("all is done", async || stage.count(TaskState::Done).await == 20)
        .await;

    assert_eq!(stage.cloud().count(CallKind::Login), 2);
    serving.stop().await.unwrap();
    stage.finish().await;
}

#[tokio::test]
async fn a_deletion_that_takes_its_time_is_done_when_the_image_is_gone() {
    let mut scene = Scene::new();
    scene.image_with("old-1", 400, &[], |_| {});
    scene.world().deletion_delay = hours(2);
    scene.policy(&stale_images("stale"));
    let stage = scene.raise().await;
    let serving = stage.serve().await;

    stage.pass_time(&serving, minutes(30), minutes(1)).await;
    assert_eq!(stage.count(TaskState::Done).await, 0);
    stage.pass_time(&serving, minutes(150), minutes(10)).await;

    assert_eq!(stage.count(TaskState::Done).await, 1);
    assert_eq!(stage.cloud().count(CallKind::DeleteImage), 1);
    serving.stop().await.unwrap();
    stage.finish().await;
}

#[tokio::test]
async fn a_fault_on_the_login_alone_is_tried_again_by_the_next_run() {
    let stage = one_due_share().await;
    stage
        .cloud()
        .fault(Fault::on(CallKind::Login, Effect::Status(503)).times(3));

    stage.pass().await;
    assert_eq!(stage.cloud().removals(), 0);
    stage.pass().await;

    assert_eq!(stage.count(TaskState::Done).await, 1);
    stage.finish().await;
}
