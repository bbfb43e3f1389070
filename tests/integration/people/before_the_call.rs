//! What a list may do between a decision and its call.

use revokd::model::{Task, TaskState};

use super::{LIST, company, decide_and_allow, leavers, removal_calls, roster, rows, these_are_gone, told};
use crate::harness::{PolicyText, SourceText, Stage, minutes, seconds};

const STAFF: [&str; 4] = ["bob", "cai", "dee", "eve"];

/// Ann's permissions are in the queue; no call was made yet.
async fn with_ann_in_the_queue(source: &SourceText, by: PolicyText, list: &str) -> Stage {
    let mut scene = company();
    scene.source(source).policy(&by.mode("approve"));
    let stage = scene.raise().await;
    stage.write_list(LIST, list);
    decide_and_allow(&stage).await;
    let tasks = stage.tasks().await;
    let is_queued = |task: &Task| task.state == TaskState::Queued;
    assert!(
        tasks.len() == 2 && tasks.iter().all(is_queued),
        "{}",
        told(&tasks)
    );
    stage
}

#[tokio::test]
async fn who_leaves_the_list_between_decision_and_call_keeps_everything() {
    for (source, by, before, after) in [
        (
            SourceText::csv(LIST),
            leavers(),
            rows(&["ann", "o1"]),
            rows(&["o1"]),
        ),
        (
            SourceText::csv(LIST).vouched(),
            roster(),
            rows(&STAFF),
            rows(&[&["ann"], STAFF.as_slice()].concat()),
        ),
    ] {
        let stage = with_ann_in_the_queue(&source, by, &before).await;
        stage.write_list(LIST, after);

        stage.work_off().await;

        assert_eq!(stage.count(TaskState::Cancelled).await, 2);
        assert_eq!(removal_calls(&stage), 0);
        these_are_gone(&stage, &[]);
        stage.finish().await;
    }
}

/// For longer than all tries of a task would last.
async fn waits_and_goes_on(stage: Stage, broken: &str, reason: &str, mended: &str) {
    stage.write_list(LIST, broken);
    let serving = stage.serve().await;
    stage.pass_time(&serving, minutes(90), seconds(20)).await;
    for task in stage.tasks().await {
        assert_eq!(
            (task.state, task.attempts),
            (TaskState::Queued, 0),
            "{}",
            task.note
        );
        assert!(task.note.contains(reason), "{}", task.note);
    }
    assert_eq!(removal_calls(&stage), 0);

    stage.write_list(LIST, mended);
    stage.pass_time(&serving, minutes(3), seconds(20)).await;

    assert_eq!(
        stage.count(TaskState::Done).await,
        2,
        "{}",
        told(&stage.tasks().await)
    );
    these_are_gone(&stage, &["ann"]);
    serving.stop().await.expect("the daemon stops");
    stage.finish().await;
}

#[tokio::test]
async fn a_list_that_cannot_be_read_before_the_call_is_waited_for_without_burning_tries() {
    let list = rows(&["ann"]);
    let stage = with_ann_in_the_queue(&SourceText::csv(LIST), leavers(), &list).await;
    waits_and_goes_on(stage, "", "it is empty", &list).await;
}

#[tokio::test]
async fn a_roster_that_is_not_proven_before_the_call_is_waited_for_without_burning_tries() {
    let list = rows(&STAFF);
    let source = SourceText::csv(LIST).vouched();
    let stage = with_ann_in_the_queue(&source, roster(), &list).await;
    waits_and_goes_on(stage, &rows(&["bob"]), "min_entries is 3", &list).await;
}

#[tokio::test]
async fn a_list_that_is_gone_before_the_call_removes_nobody_and_who_is_back_on_it_is_kept() {
    let list = rows(&STAFF);
    let source = SourceText::csv(LIST).vouched();
    let stage = with_ann_in_the_queue(&source, roster(), &list).await;
    stage.remove_list(LIST);
    let serving = stage.serve().await;
    stage.pass_time(&serving, minutes(5), seconds(20)).await;
    assert_eq!(
        stage.count(TaskState::Queued).await,
        2,
        "{}",
        told(&stage.tasks().await)
    );

    stage.write_list(LIST, rows(&[&["ann"], STAFF.as_slice()].concat()));
    stage.pass_time(&serving, minutes(3), seconds(20)).await;

    assert_eq!(
        stage.count(TaskState::Cancelled).await,
        2,
        "{}",
        told(&stage.tasks().await)
    );
    assert_eq!(removal_calls(&stage), 0);
    serving.stop().await.expect("the daemon stops");
    stage.finish().await;
}

#[tokio::test]
async fn a_section_of_a_source_that_was_edited_makes_what_is_queued_stale() {
    let table = "email,boss\nann@example.org,bob@example.org\n";
    let by_boss = SourceText::csv(LIST).key("match", "{ column = \"boss\", to = \"user.email\" }");
    let by = leavers().mode("approve");
    let stage = with_ann_in_the_queue(&SourceText::csv(LIST), by.clone(), table).await;
    stage.write_policies(&[by_boss.to_string(), by.to_string()]);

    stage.work_off().await;

    for task in stage.tasks().await {
        assert_eq!(task.state, TaskState::Cancelled, "{}", task.note);
        assert!(task.note.contains("policy changed"), "{}", task.note);
    }
    assert_eq!(removal_calls(&stage), 0);
    these_are_gone(&stage, &[]);
    stage.finish().await;
}
