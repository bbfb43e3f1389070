//! When policies run.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use revokd::{
    daemon,
    model::{Run, RunState, Trigger},
    simulator::{CallKind, Effect, Fault},
    store::RunFilter,
};

use crate::harness::{PolicyText, Scene, Serving, Stage, hours, lapse, minutes, seconds};

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn raised(now: &str, policies: &[PolicyText]) -> Stage {
    let mut scene = Scene::at(moment(now));
    scene.image("partner-1", &[("acme", 3)]);
    for policy in policies {
        scene.policy(policy);
    }
    scene.raise().await
}

/// Oldest first.
async fn runs(stage: &Stage) -> Vec<Run> {
    let mut runs = stage.store().runs(RunFilter::default(), 10_000).await.unwrap();
    runs.reverse();
    runs
}

/// Goes from fire to fire until `end`.
async fn follow(stage: &Stage, serving: &Serving, end: &str) {
    let end = moment(end);
    while let Some(next) = stage.next_fire().filter(|next| *next <= end) {
        stage.clock.advance_to(next);
        stage.quiet(serving).await;
    }
    stage.clock.advance_to(end);
    stage.quiet(serving).await;
}

/// How long after each of the expected fires a run began.
fn offsets(runs: &[Run], fires: &[&str]) -> Vec<SignedDuration> {
    assert_eq!(runs.len(), fires.len(), "{runs:?}");
    let offset = |(run, fire): (&Run, &&str)| run.started_at.duration_since(moment(fire));
    runs.iter().zip(fires).map(offset).collect()
}

#[tokio::test]
async fn a_policy_runs_at_its_times_always_a_little_late_by_the_same() {
    let stage = raised("2026-03-02T10:01:00Z", &[lapse("quarterly")]).await;
    let serving = stage.serve().await;

    follow(&stage, &serving, "2026-03-02T11:10:00Z").await;

    let fires = [
        "2026-03-02T10:15:00Z",
        "2026-03-02T10:30:00Z",
        "2026-03-02T10:45:00Z",
        "2026-03-02T11:00:00Z",
    ];
    let offsets = offsets(&runs(&stage).await, &fires);
    assert!(
        offsets[0] >= SignedDuration::ZERO && offsets[0] < seconds(30),
        "{offsets:?}"
    );
    assert!(offsets.iter().all(|offset| *offset == offsets[0]), "{offsets:?}");
    serving.stop().await.unwrap();
    stage.finish().await;
}

#[tokio::test]
async fn a_day_without_the_hour_and_a_day_with_it_twice_have_one_run_each() {
    let nightly = lapse("nightly")
        .schedule("30 2 * * *")
        .key("timezone", "\"Europe/Berlin\"");
    let stage = raised("2026-03-28T12:00:00Z", std::slice::from_ref(&nightly)).await;
    let serving = stage.serve().await;
    follow(&stage, &serving, "2026-03-30T12:00:00Z").await;
    // The hour from two to three is skipped on the 29th.
    let fires = ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"];
    assert!(
        offsets(&runs(&stage).await, &fires)
            .iter()
            .all(|offset| *offset < seconds(30))
    );
    serving.stop().await.unwrap();
    stage.finish().await;

    let stage = raised("2026-10-24T12:00:00Z", &[nightly]).await;
    let serving = stage.serve().await;
    follow(&stage, &serving, "2026-10-26T12:00:00Z").await;
    let fires = ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"];
    assert!(
        offsets(&runs(&stage).await, &fires)
            .iter()
            .all(|offset| *offset < seconds(30))
    );
    serving.stop().await.unwrap();
    stage.finish().await;
}

#[tokio::test]
async fn a_policy_never_overlaps_itself() {
    let stage = raised("2026-03-02T10:00:30Z", &[lapse("busy").schedule("* * * * *")]).await;
    let serving = stage.serve().await;
    let slow = Fault::on(CallKind::ListImages, Effect::Latency(Duration::from_secs(2)));
    stage.cloud().fault(slow.once());

    stage.clock.advance(seconds(40));
    stage
        .until_standing("the slow run is under way", async || {
            stage.cloud().simulated.requests().in_flight() > 0
        })
        .await;
    stage.clock.advance(minutes(1));
    stage
        .until_standing("a fire was left out", async || {
            stage.logs.text().contains("this fire is left out")
        })
        .await;
    stage.quiet(&serving).await;

    assert_eq!(runs(&stage).await.len(), 1);
    stage.pass_time(&serving, minutes(1), seconds(10)).await;
    assert_eq!(runs(&stage).await.len(), 2);
    serving.stop().await.unwrap();
    stage.finish().await;
}

#[tokio::test]
async fn what_was_missed_is_made_up_for_once_or_skipped() {
    let policies = [
        lapse("made-up").schedule("0 * * * *"),
        lapse("skipped").schedule("0 * * * *").key("missed", "\"skip\""),
    ];
    let stage = raised("2026-03-02T10:30:00Z", &policies).await;
    let serving = stage.serve().await;
    stage.quiet(&serving).await;
    serving.stop().await.unwrap();
    stage.clock.advance(hours(5));

    let serving = stage.serve().await;
    follow(&stage, &serving, "2026-03-02T15:45:00Z").await;

    let made_up = runs(&stage).await;
    assert_eq!(made_up.len(), 1, "{made_up:?}");
    assert_eq!(
        (made_up[0].policy.as_str(), made_up[0].trigger),
        ("made-up", Trigger::Missed)
    );
    follow(&stage, &serving, "2026-03-02T16:45:00Z").await;
    let later = runs(&stage).await;
    assert_eq!(later.len(), 3);
    assert!(later[1..].iter().all(|run| run.trigger == Trigger::Schedule));
    serving.stop().await.unwrap();
    stage.finish().await;
}

#[tokio::test]
async fn a_policy_that_never_ran_has_missed_nothing() {
    let stage = raised("2026-03-02T10:30:00Z", &[lapse("new").schedule("0 * * * *")]).await;
    let serving = stage.serve().await;
    follow(&stage, &serving, "2026-03-02T10:59:00Z").await;
    assert!(runs(&stage).await.is_empty());
    serving.stop().await.unwrap();
    stage.finish().await;
}

#[tokio::test]
async fn a_reload_changes_the_schedule_and_leaves_other_policies_theirs() {
    let kept = lapse("kept").schedule("0 12 * * *");
    let stage = raised(
        "2026-03-02T10:01:00Z",
        &[kept.clone(), lapse("changed").schedule("0 23 * * *")],
    )
    .await;
    let serving = stage.serve().await;
    stage.write_policies(&[kept, lapse("changed").schedule("*/30 * * * *")]);
    daemon::reload(&serving.context, &stage.config()).await.unwrap();
    stage.quiet(&serving).await;

    follow(&stage, &serving, "2026-03-02T12:01:00Z").await;

    let count = async |name: &str| {
        runs(&stage)
            .await
            .iter()
            .filter(|run| run.policy.as_str() == name)
            .count()
    };
    assert_eq!((count("changed").await, count("kept").await), (4, 1));
    serving.stop().await.unwrap();
    stage.finish().await;
}

#[tokio::test]
async fn a_run_that_a_stop_or_a_crash_cut_short_is_made_up_for() {
    for crash in [false, true] {
        let stage = raised("2026-03-02T01:00:00Z", &[lapse("nightly").schedule("30 2 * * *")]).await;
        let serving = stage.serve().await;
        let hang = Fault::on(CallKind::ListImages, Effect::Latency(Duration::from_secs(60)));
        stage.cloud().fault(hang.once());
        stage.clock.advance(minutes(91));
        stage
            .until_standing("the run is under way", async || {
                stage.cloud().simulated.requests().in_flight() > 0
            })
            .await;
        match crash {
            true => serving.crash().await,
            false => serving.stop().await.unwrap(),
        }

        let serving = stage.serve().await;
        follow(&stage, &serving, "2026-03-02T04:00:00Z").await;

        let states: Vec<RunState> = runs(&stage).await.iter().map(|run| run.state).collect();
        assert_eq!(states, [RunState::Failed, RunState::Finished], "crash: {crash}");
        serving.stop().await.unwrap();
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_policy_that_is_taken_away_during_its_run_leaves_no_series_to_alert_on() {
    let kept = lapse("kept").schedule("0 12 * * *");
    let busy = lapse("busy").schedule("* * * * *");
    let stage = raised("2026-03-02T10:00:30Z", &[kept.clone(), busy]).await;
    let serving = stage.serve().await;
    let slow = Fault::on(CallKind::ListImages, Effect::Latency(Duration::from_secs(2)));
    stage.cloud().fault(slow.once());
    stage.clock.advance(seconds(60));
    stage
        .until_standing("the run is under way", async || {
            stage.cloud().simulated.requests().in_flight() > 0
        })
        .await;

    stage.write_policies(&[kept]);
    daemon::reload(&serving.context, &stage.config()).await.unwrap();
    stage.quiet(&serving).await;

    assert!(runs(&stage).await.iter().all(|run| run.finished_at.is_some()));
    let page = serving.context.metrics.render();
    let alerting = |line: &&str| line.contains("policy=\"busy\"") && line.starts_with("revokd_policy_");
    assert_eq!(page.lines().filter(alerting).collect::<Vec<_>>(), [""; 0]);
    assert!(
        page.contains("revokd_policy_degraded{policy=\"kept\"} 0"),
        "{page}"
    );
    serving.stop().await.unwrap();
    stage.finish().await;
}

#[tokio::test]
async fn a_restart_forgets_neither_that_the_last_run_was_blind_nor_what_is_owed() {
    let monthly = lapse("monthly").schedule("0 0 1 * *").key("missed", "\"skip\"");
    let stage = raised("2026-02-28T23:59:30Z", &[monthly]).await;
    let serving = stage.serve().await;
    stage
        .cloud()
        .fault(Fault::on(CallKind::ListImages, Effect::Status(403)));
    follow(&stage, &serving, "2026-03-01T04:00:00Z").await;
    let (degraded, deadline) = (
        "revokd_policy_degraded{policy=\"monthly\"} ",
        "revokd_policy_success_deadline_timestamp_seconds{policy=\"monthly\"} ",
    );
    let owed = moment("2026-03-02T00:00:00Z").as_second() as f64;
    let told = |serving: &Serving| {
        let page = serving.context.metrics.render();
        let figure = |name| page.lines().find_map(|line| line.strip_prefix(name));
        [degraded, deadline].map(|name| figure(name).map(str::parse::<f64>))
    };
    let still = [Some(Ok(1.0)), Some(Ok(owed))];
    assert_eq!(told(&serving), still);
    serving.stop().await.unwrap();

    let serving = stage.serve().await;
    stage.quiet(&serving).await;
    assert_eq!(runs(&stage).await.len(), 1);
    assert_eq!(told(&serving), still);
    serving.stop().await.unwrap();
    stage.finish().await;
}
