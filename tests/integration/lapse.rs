//! A share lapses: the whole way, once.

use revokd::model::{Event, RunState, TaskState};
use revokd::store::AuditFilter;

use crate::harness::{PolicyText, Scene, Stage, days, hours, lapse};

#[tokio::test]
async fn a_share_lapses_and_is_done_once_it_is_seen_gone() {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31), ("globex", 3)]);
    scene.policy(&lapse("partner-shares-lapse"));
    let stage = scene.raise().await;

    let pass = stage.pass().await;

    assert!(pass.once.drained);
    assert!(!stage.cloud().is_shared("partner-1", "acme"));
    assert!(stage.cloud().is_shared("partner-1", "globex"));
    let task = stage.task(&stage.cloud().share("partner-1", "acme")).await;
    assert_eq!(
        (task.state, task.note.as_str()),
        (TaskState::Done, "removed, and seen gone")
    );
    let evidence = &task.revocation.evidence;
    assert_eq!(evidence.policy.as_str(), "partner-shares-lapse");
    assert_eq!(evidence.resource_name, "partner-1");
    assert_eq!(task.revocation.due_since, evidence.granted_at.unwrap() + days(30));
    let story = AuditFilter {
        task: Some(task.id),
        after: Some(0),
        ..AuditFilter::default()
    };
    let story = stage.store().audit(story, 100).await.unwrap();
    let events: Vec<Event> = story.iter().map(|record| record.event).collect();
    assert_eq!(events, [Event::Decided, Event::Claimed, Event::Settled]);
    assert_eq!(
        pass.metric("revokd_revocation_lag_seconds_count{policy=\"partner-shares-lapse\"}"),
        1.0
    );
    stage.finish().await;
}

#[tokio::test]
async fn a_share_granted_anew_after_its_removal_lives_its_own_thirty_days() {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31), ("globex", 3)]);
    scene.policy(&lapse("partner-shares-lapse"));
    let stage = scene.raise().await;
    stage.pass().await;
    assert!(!stage.cloud().is_shared("partner-1", "acme"));

    // Glance gives the new share the date of the old one.
    stage.grant_again("partner-1", "acme");
    stage.clock.advance(days(26));
    stage.pass().await;
    assert!(stage.cloud().is_shared("partner-1", "acme"), "it is 26 days old");

    stage.clock.advance(days(5));
    stage.pass().await;
    assert!(!stage.cloud().is_shared("partner-1", "acme"), "it is 31 days old");
    stage.finish().await;
}

#[tokio::test]
async fn what_is_given_back_within_a_day_is_removed_again_and_counted() {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31), ("globex", 3)]);
    let acme = scene.project("acme");
    let never = PolicyText::new("never-acme", "image-share").matching(&format!("subject = \"{acme}\""));
    scene.policy(&never);
    let stage = scene.raise().await;
    let returned = "revokd_targets_returned_total{policy=\"never-acme\"}";
    assert_eq!(stage.pass().await.metric(returned), 0.0);
    assert!(!stage.cloud().is_shared("partner-1", "acme"));

    stage.clock.advance(hours(2));
    stage.grant_again("partner-1", "acme");
    assert_eq!(stage.pass().await.metric(returned), 1.0);
    assert!(!stage.cloud().is_shared("partner-1", "acme"));

    stage.clock.advance(days(2));
    stage.grant_again("partner-1", "acme");
    let later = stage.pass().await;
    assert_eq!(later.metric(returned), 0.0, "two days later it is no fight");
    stage.finish().await;
}

fn never() -> PolicyText {
    PolicyText::new("never", "image-share").matching("subject = \"*\"")
}

/// Two shares were removed an hour ago. From now on the policy asks before it
/// removes anything.
async fn removed_and_to_be_approved_from_now_on() -> Stage {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31), ("globex", 31)]);
    scene.policy(&never());
    let stage = scene.raise().await;
    stage.pass().await;
    assert!(!stage.cloud().is_shared("partner-1", "globex"));
    stage.write_policies(&[never().mode("approve")]);
    stage.clock.advance(hours(1));
    stage
}

#[tokio::test]
async fn what_is_given_back_is_counted_once_though_a_later_run_replaces_the_held_one() {
    let stage = removed_and_to_be_approved_from_now_on().await;
    let returned = "revokd_targets_returned_total{policy=\"never\"}";
    stage.grant_again("partner-1", "acme");
    assert_eq!(stage.pass().await.metric(returned), 1.0);

    stage.clock.advance(hours(1));
    stage.grant_again("partner-1", "globex");
    assert_eq!(stage.pass().await.metric(returned), 1.0, "the second one alone");
    assert_eq!(
        stage.run_states().await,
        [RunState::Finished, RunState::Superseded, RunState::Held],
        "the later run holds both"
    );
    stage.clock.advance(hours(1));
    assert_eq!(stage.pass().await.metric(returned), 0.0, "they wait");
    stage.finish().await;
}

#[tokio::test]
async fn what_is_given_back_is_counted_once_though_the_policy_is_written_anew() {
    let stage = removed_and_to_be_approved_from_now_on().await;
    let returned = "revokd_targets_returned_total{policy=\"never\"}";
    stage.grant_again("partner-1", "acme");
    assert_eq!(stage.pass().await.metric(returned), 1.0);

    stage.write_policies(&[never().mode("approve").limit("max_revocations", "7")]);
    stage.clock.advance(hours(1));
    assert_eq!(stage.pass().await.metric(returned), 0.0);
    stage.finish().await;
}
