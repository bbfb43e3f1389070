//! Modes, the brake, and what an operator says.

use revokd::model::{Hold, RunState, TaskState};

use crate::harness::{PolicyText, Scene, Stage, days, lapse};

const OPERATOR: &str = "tester";

async fn with_shares(due: usize, young: usize, policy: PolicyText) -> Stage {
    let mut scene = Scene::new();
    for n in 0..due {
        scene.image(&format!("due-{n}"), &[("acme", 31)]);
    }
    for n in 0..young {
        scene.image(&format!("young-{n}"), &[("acme", 29)]);
    }
    scene.policy(&policy);
    scene.raise().await
}

async fn allow(stage: &Stage, run: i64) {
    let now = stage.now();
    stage
        .store()
        .allow_run(run, OPERATOR.to_owned(), now)
        .await
        .unwrap();
}

#[tokio::test]
async fn observe_shows_and_queues_nothing() {
    let stage = with_shares(3, 2, lapse("lapse").mode("observe")).await;

    let pass = stage.pass().await;

    assert_eq!(pass.once.reports[0].totals.decided, 3);
    assert_eq!(stage.store().run_decisions(1, 10).await.unwrap().1, 3);
    assert!(stage.tasks().await.is_empty());
    assert_eq!(stage.cloud().removals(), 0);
    stage.finish().await;
}

#[tokio::test]
async fn approve_waits_for_a_person_who_allows() {
    let stage = with_shares(3, 2, lapse("lapse").mode("approve")).await;
    stage.pass().await;
    let tasks = stage.tasks().await;
    assert!(tasks.iter().all(|task| task.hold == Some(Hold::Approval)));
    assert_eq!(stage.cloud().removals(), 0);

    allow(&stage, 1).await;
    stage.work_off().await;

    assert_eq!(stage.count(TaskState::Done).await, 3);
    assert_eq!(stage.run_states().await, [RunState::Allowed]);
    assert!(
        stage
            .store()
            .allow_run(1, OPERATOR.to_owned(), stage.now())
            .await
            .is_err()
    );
    stage.finish().await;
}

#[tokio::test]
async fn approve_cancels_when_a_person_rejects() {
    let stage = with_shares(3, 2, lapse("lapse").mode("approve")).await;
    stage.pass().await;

    let now = stage.now();
    stage
        .store()
        .reject_run(1, OPERATOR.to_owned(), "not today".to_owned(), now)
        .await
        .unwrap();
    stage.work_off().await;

    assert_eq!(stage.count(TaskState::Cancelled).await, 3);
    assert_eq!(stage.cloud().removals(), 0);
    stage.finish().await;
}

#[tokio::test]
async fn each_limit_holds_the_whole_run_and_is_counted() {
    for (key, limit) in [("max_revocations", "2"), ("max_percent", "59")] {
        let stage = with_shares(3, 2, lapse("lapse").limit(key, limit)).await;

        let pass = stage.pass().await;

        assert_eq!(pass.once.reports[0].state, RunState::Held, "{key}");
        assert!(
            stage
                .tasks()
                .await
                .iter()
                .all(|task| task.hold == Some(Hold::Brake))
        );
        assert_eq!(stage.cloud().removals(), 0, "{key}");
        assert_eq!(pass.metric("revokd_brake_trips_total{policy=\"lapse\"}"), 1.0);
        allow(&stage, 1).await;
        stage.work_off().await;
        assert_eq!(stage.count(TaskState::Done).await, 3, "{key}");
        stage.finish().await;
    }
}

#[tokio::test]
async fn at_its_limits_a_run_goes_on() {
    let policy = lapse("lapse")
        .limit("max_revocations", "3")
        .limit("max_percent", "60");
    let stage = with_shares(3, 2, policy.limit("max_per_resource", "1")).await;
    stage.pass().await;
    assert_eq!(stage.count(TaskState::Done).await, 3);
    stage.finish().await;
}

#[tokio::test]
async fn too_many_of_one_resource_hold_the_run() {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31), ("globex", 31), ("hooli", 31)]);
    scene.image("partner-2", &[("acme", 31)]);
    scene.policy(&lapse("lapse").limit("max_per_resource", "2"));
    let stage = scene.raise().await;
    stage.pass().await;
    assert_eq!(
        (stage.count(TaskState::Held).await, stage.cloud().removals()),
        (4, 0)
    );
    stage.finish().await;
}

#[tokio::test]
async fn a_policy_without_limits_has_some() {
    let mut scene = Scene::new();
    for n in 0..4 {
        let age = if n == 0 { 31 } else { 3 };
        scene.image(&format!("partner-{n}"), &[("acme", age)]);
    }
    let text = lapse("lapse").to_string();
    let text = text.split("[policy.limits]").next().unwrap().to_owned();
    let stage = scene.raise().await;
    stage.write_policies(&[text]);

    stage.pass().await;

    // One of four is more than a fifth.
    assert_eq!(
        (stage.count(TaskState::Held).await, stage.cloud().removals()),
        (1, 0)
    );
    stage.finish().await;
}

#[tokio::test]
async fn a_held_run_is_left_alone_by_the_same_and_replaced_by_more() {
    let stage = with_shares(3, 2, lapse("lapse").mode("approve")).await;
    stage.pass().await;
    stage.pass().await;
    assert_eq!(stage.run_states().await, [RunState::Held, RunState::Finished]);
    assert_eq!(stage.tasks().await.len(), 3);

    stage.clock.advance(days(2));
    stage.pass().await;

    let states = stage.run_states().await;
    assert_eq!(states, [RunState::Superseded, RunState::Finished, RunState::Held]);
    assert_eq!(
        (
            stage.count(TaskState::Cancelled).await,
            stage.count(TaskState::Held).await
        ),
        (3, 5)
    );
    allow(&stage, 3).await;
    stage.work_off().await;
    assert_eq!(stage.count(TaskState::Done).await, 5);
    stage.finish().await;
}

#[tokio::test]
async fn what_an_operator_cancels_is_not_called() {
    let stage = with_shares(2, 0, lapse("lapse").mode("approve")).await;
    stage.pass().await;
    let target = stage.cloud().share("due-0", "acme");
    let (id, now) = (stage.task(&target).await.id, stage.now());
    stage
        .store()
        .cancel_task(id, OPERATOR.to_owned(), "wrong one".to_owned(), now)
        .await
        .unwrap();
    allow(&stage, 1).await;

    stage.work_off().await;

    assert!(stage.cloud().is_shared("due-0", "acme"));
    assert!(!stage.cloud().is_shared("due-1", "acme"));
    stage.finish().await;
}

#[tokio::test]
async fn a_disabled_policy_does_nothing() {
    let stage = with_shares(3, 0, lapse("lapse").key("enabled", "false")).await;
    let pass = stage.pass().await;
    assert!(pass.once.reports.is_empty());
    assert_eq!(stage.cloud().removals(), 0);
    stage.finish().await;
}
