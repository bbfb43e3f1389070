//! A changed list, or a word over HTTP, starts a run before the schedule does.

use revokd::{
    model::{RunState, TaskState, Trigger},
    store::RunFilter,
};

use super::{LIST, POLICY, company, leavers, rows, these_are_gone};
use crate::harness::{Scene, Serving, SourceText, Stage, hours, minutes, post, seconds};

const TOKEN: &str = "open-sesame-of-the-tests";

/// The schedule of the policy is months away.
fn scene() -> Scene {
    let mut scene = company();
    scene.source(&SourceText::csv(LIST)).policy(&leavers());
    scene
}

async fn serving(stage: &Stage) -> Serving {
    stage.write_list(LIST, rows(&[]));
    let serving = stage.serve().await;
    stage.pass_time(&serving, hours(1), minutes(5)).await;
    assert_eq!(triggers(stage).await, [], "nothing happened, so nothing runs");
    serving
}

async fn triggers(stage: &Stage) -> Vec<(Trigger, RunState)> {
    let runs = stage.store().runs(RunFilter::default(), 1_000).await;
    let runs = runs.expect("reading the runs").into_iter().rev();
    runs.map(|run| (run.trigger, run.state)).collect()
}

async fn finish(stage: Stage, serving: Serving) {
    serving.stop().await.expect("the daemon stops");
    stage.finish().await;
}

#[tokio::test]
async fn a_leaver_added_to_the_file_is_gone_within_seconds_without_the_schedule() {
    let stage = scene().raise().await;
    let serving = serving(&stage).await;
    stage.write_list(LIST, rows(&["ann"]));

    stage.pass_time(&serving, seconds(6), seconds(1)).await;

    these_are_gone(&stage, &["ann"]);
    assert_eq!(triggers(&stage).await, [(Trigger::Wake, RunState::Finished)]);
    stage.pass_time(&serving, hours(1), minutes(5)).await;
    assert_eq!(triggers(&stage).await.len(), 1, "it changed once");
    finish(stage, serving).await;
}

#[tokio::test]
async fn a_list_that_breaks_rings_the_bell_at_once_and_goes_on_when_it_is_mended() {
    let stage = scene().raise().await;
    let serving = serving(&stage).await;
    stage.write_list(LIST, "");
    stage.pass_time(&serving, seconds(6), seconds(1)).await;
    stage.remove_list(LIST);
    stage.pass_time(&serving, seconds(6), seconds(1)).await;
    assert_eq!(triggers(&stage).await, [(Trigger::Wake, RunState::Failed); 2]);
    let unproven = "revokd_policy_unproven_runs_total{policy=\"gone\"} 2";
    let metrics = serving.context.metrics.render();
    assert!(metrics.contains(unproven), "{metrics}");
    these_are_gone(&stage, &[]);

    stage.write_list(LIST, rows(&["ann"]));
    stage.pass_time(&serving, seconds(6), seconds(1)).await;
    these_are_gone(&stage, &["ann"]);
    finish(stage, serving).await;
}

#[tokio::test]
async fn a_word_over_http_with_the_token_starts_the_run() {
    let mut scene = scene();
    scene.daemon("wake_token_file = \"wake-token\"");
    let stage = scene.raise().await;
    stage.write_secret("wake-token", TOKEN);
    let serving = serving(&stage).await;
    let wake = async |policy: &str, token: Option<&str>| {
        let url = format!("{}/v1/wake/{policy}", serving.address);
        let status = post(url, token.map(str::to_owned)).await.0;
        stage.quiet(&serving).await;
        status
    };

    for wrong in [
        None,
        Some(""),
        Some("open-sesame"),
        Some("open-sesame-of-the-testz"),
    ] {
        assert_eq!(wake(POLICY, wrong).await, 401, "{wrong:?}");
        assert_eq!(wake("another", wrong).await, 401, "no name is told");
    }
    assert_eq!(wake("another", Some(TOKEN)).await, 404);
    assert_eq!(triggers(&stage).await, []);
    assert_eq!(wake(POLICY, Some(TOKEN)).await, 202);

    stage
        .until_standing("the run is over", async || !triggers(&stage).await.is_empty())
        .await;
    stage.quiet(&serving).await;
    assert_eq!(triggers(&stage).await, [(Trigger::Wake, RunState::Finished)]);
    assert_eq!(stage.count(TaskState::Done).await, 0);
    finish(stage, serving).await;
}

#[tokio::test]
async fn without_a_token_in_the_configuration_nobody_wakes_anything_over_http() {
    let stage = scene().raise().await;
    let serving = serving(&stage).await;
    let url = format!("{}/v1/wake/{POLICY}", serving.address);
    assert_eq!(post(url.clone(), None).await.0, 404);
    assert_eq!(post(url, Some(TOKEN.to_owned())).await.0, 404);
    stage.pass_time(&serving, minutes(1), seconds(10)).await;
    assert_eq!(triggers(&stage).await, []);
    finish(stage, serving).await;
}
