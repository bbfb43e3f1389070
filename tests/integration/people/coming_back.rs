//! Who is back, or has a day to come back on, keeps what was not removed yet.

use revokd::model::{Task, TaskState};

use super::{LIST, leavers, removal_calls, roster, rows, these_are_gone, told, with_ann_in_grace};
use crate::harness::{PolicyText, SourceText, Stage, days, hours};

const STAFF: [&str; 4] = ["bob", "cai", "dee", "eve"];
const ALL: [&str; 5] = ["ann", "bob", "cai", "dee", "eve"];
const LEFT: &str = "email,leaves,returns\nann@example.org,2026-02-01,\n";
const RETURNS: &str = "email,leaves,returns\nann@example.org,2026-02-01,2026-06-01\n";

fn dated() -> SourceText {
    SourceText::csv(LIST)
        .key("leaves", "\"leaves\"")
        .key("returns", "\"returns\"")
}

/// How ann comes to be decided on, and what the list says once she is back.
fn ways() -> [(SourceText, PolicyText, String, String); 4] {
    let (leavers, roster) = (leavers(), roster());
    let vouched = SourceText::csv(LIST).vouched();
    [
        (SourceText::csv(LIST), leavers.clone(), rows(&["ann"]), rows(&[])),
        (dated(), leavers.clone(), LEFT.to_owned(), RETURNS.to_owned()),
        (
            dated(),
            leavers,
            LEFT.to_owned(),
            LEFT.replace("2026-02-01", "2026-12-31"),
        ),
        (vouched, roster, rows(&STAFF), rows(&ALL)),
    ]
}

async fn all_are_cancelled(stage: Stage) {
    let tasks = stage.tasks().await;
    let is_cancelled = |task: &Task| task.state == TaskState::Cancelled && task.attempts <= 1;
    assert!(
        tasks.len() == 2 && tasks.iter().all(is_cancelled),
        "{}",
        told(&tasks)
    );
    assert_eq!(removal_calls(&stage), 0);
    these_are_gone(&stage, &[]);
    stage.finish().await;
}

#[tokio::test]
async fn who_is_back_before_grace_ends_is_let_off_by_the_next_run() {
    for (source, policy, before, after) in ways() {
        let stage = with_ann_in_grace(&source, policy, before).await;
        stage.write_list(LIST, after);
        stage.pass().await;
        all_are_cancelled(stage).await;
    }
}

#[tokio::test]
async fn who_is_back_when_grace_ends_is_kept_by_the_look_before_the_call() {
    for (source, policy, before, after) in ways() {
        let stage = with_ann_in_grace(&source, policy, before).await;
        stage.clock.advance(days(1) + hours(1));
        stage.write_list(LIST, after);
        // No run: what was decided is all that is there to be done.
        stage.work_off().await;
        all_are_cancelled(stage).await;
    }
}

#[tokio::test]
async fn who_is_on_neither_list_of_two_rosters_goes_and_who_is_on_one_stays() {
    let mut scene = super::company();
    let contractors = SourceText::csv("contractors").vouched();
    scene
        .source(&SourceText::csv(LIST).vouched())
        .source(&contractors.key("min_entries", "1"))
        .policy(&super::policy().subject_not_in(&[LIST, "contractors"]));
    let stage = scene.raise().await;
    stage.write_list(LIST, rows(&["bob", "cai", "dee"]));
    stage.write_list("contractors", rows(&["eve"]));
    stage.pass().await;
    these_are_gone(&stage, &["ann"]);
    stage.write_list("contractors", "");
    let pass = stage.pass().await;
    assert!(pass.once.reports[0].unproven);
    these_are_gone(&stage, &["ann"]);
    stage.finish().await;
}
