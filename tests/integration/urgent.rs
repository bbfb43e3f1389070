//! What is urgent does not wait for what is not.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use revokd::{
    daemon::{self, run},
    engine::policy::Policy,
    model::{Priority, RunState, TaskState, Trigger},
    simulator::{Effect, Fault},
    store::TaskFilter,
};

use crate::harness::{Scene, Stage, lapse};

const IMAGES: usize = 10;
const SHARES_OF_EACH: usize = 2_000;
const CALLS_AT_ONCE: usize = 4;

/// Shares by the thousand that have lapsed, and one more on an image of its own.
fn backlog_and_a_leaver() -> Scene {
    let mut scene = Scene::new();
    let projects: Vec<String> = (0..SHARES_OF_EACH).map(|n| format!("team-{n}")).collect();
    let shares: Vec<(&str, i64)> = projects.iter().map(|name| (name.as_str(), 31)).collect();
    for n in 0..IMAGES {
        scene.image(&format!("old-{n}"), &shares);
    }
    scene.image("leaver", &[("acme", 31)]);
    scene.setting(&format!("concurrency = {CALLS_AT_ONCE}"));
    scene
        .policy(&lapse("backlog").matching("image.name = \"old-*\""))
        .policy(&lapse("leavers").matching("image.name = \"leaver\""));
    scene
}

/// The policy of that name.
fn policy(stage: &Stage, name: &str, priority: Priority) -> Arc<Policy> {
    let mut policies = stage.config().policies.into_iter();
    let found = policies.find(|policy| policy.name.as_str() == name);
    let policy = found.expect("the scene has the policy");
    Arc::new(Policy { priority, ..policy })
}

/// How many calls were over before the first one for the leaver was, of those
/// that ended since; `None` while it is not over. All take the same time, so
/// they end in the order in which they were begun.
fn calls_before_the_leaver(stage: &Stage, since: usize) -> Option<usize> {
    let image = stage.cloud().image("leaver");
    let requests = stage.cloud().simulated.requests().all();
    let mut since = requests.iter().skip(since);
    since.position(|request| request.call.resources.contains(&image))
}

#[tokio::test]
async fn a_backlog_delays_what_is_urgent_by_no_more_than_the_calls_in_flight() {
    let stage = backlog_and_a_leaver().raise().await;
    let context = stage.context();
    let backlog = policy(&stage, "backlog", Priority::Normal);
    let leavers = policy(&stage, "leavers", Priority::Urgent);
    let reports = run::run(&context, &[backlog], Trigger::Operator).await.unwrap();
    assert_eq!(reports[0].totals.queued, (IMAGES * SHARES_OF_EACH) as u64);
    let slow = Fault::on_any_data(Effect::Latency(Duration::from_secs(1)));
    stage.cloud().fault(slow);

    let within = SignedDuration::from_hours(12);
    let working = daemon::once(context.clone(), &[], within, Duration::from_secs(60));
    let working = tokio::spawn(working);
    stage
        .until_standing("all calls that may be are in flight", async || {
            stage.cloud().simulated.requests().in_flight() == CALLS_AT_ONCE
        })
        .await;
    let reports = run::run(&context, &[leavers], Trigger::Operator).await.unwrap();
    assert_eq!(
        (reports[0].state, reports[0].totals.queued),
        (RunState::Finished, 1)
    );
    let requests = stage.cloud().simulated.requests();
    let over = requests.all().len();
    let before = async || calls_before_the_leaver(&stage, over);
    stage
        .until_standing("the first call for the leaver is over", async || {
            before().await.is_some()
        })
        .await;
    // Each of the calls in flight ended, and may have made place for one more.
    let before = before().await.unwrap_or_default();
    assert!(before <= 2 * CALLS_AT_ONCE, "{before} calls came before");

    stage.cloud().mend();
    stage
        .until_standing("the leaver's share is gone", async || {
            let of_leavers = TaskFilter {
                policy: Some("leavers".into()),
                ..TaskFilter::default()
            };
            let tasks = stage.store().tasks(of_leavers, 1).await.unwrap();
            tasks[0].state == TaskState::Done
        })
        .await;
    context.stop.cancel();
    let once = working.await.expect("the daemon does not panic").unwrap();
    assert!(!once.drained);
    let queued = TaskFilter {
        state: Some(TaskState::Queued),
        ..TaskFilter::default()
    };
    let left = stage.store().tasks(queued, 1).await.unwrap();
    assert!(!left.is_empty(), "the backlog is still there");
    stage.finish().await;
}
