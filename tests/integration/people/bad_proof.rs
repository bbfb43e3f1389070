//! A list that shrank, held against what it was, and against the word of an
//! operator.

use revokd::{
    daemon::run,
    model::{Baseline, RunState, TaskState, Trigger},
};

use super::{
    LIST, POLICY, leavers, nothing_comes_of_it, policy_named, roster, rows, told, with_ann_in_grace,
};
use crate::harness::{SourceText, Stage, days, hours};

const STAFF: [&str; 4] = ["bob", "cai", "dee", "eve"];
/// Known to no cloud.
const OTHERS: [&str; 6] = ["o1", "o2", "o3", "o4", "o5", "o6"];

fn ten() -> Vec<&'static str> {
    STAFF.into_iter().chain(OTHERS).collect()
}

/// A roster of ten was read and found good.
async fn after_ten() -> Stage {
    with_ann_in_grace(&SourceText::csv(LIST).vouched(), roster(), rows(&ten())).await
}

#[tokio::test]
async fn nothing_comes_of_a_list_that_lost_four_of_ten_until_it_is_whole_again() {
    let stage = after_ten().await;
    // Each pass is a process of its own.
    stage.write_list(LIST, rows(&ten()[4..]));
    let fewer = ["6 entries after 10", "40.0 % fewer", "max_shrink_percent is 30"];
    nothing_comes_of_it(&stage, &fewer).await;
    nothing_comes_of_it(&stage, &fewer).await;
    super::it_goes_on(stage, rows(&ten()), &["ann"]).await;
}

#[tokio::test]
async fn a_list_of_leavers_that_demands_it_may_not_shrink_either() {
    let source = SourceText::csv(LIST).key("max_shrink_percent", "30");
    let list = [&["ann"], OTHERS.as_slice()].concat();
    let stage = with_ann_in_grace(&source, leavers(), rows(&list)).await;
    stage.write_list(LIST, rows(&list[..4]));
    nothing_comes_of_it(&stage, &["42.9 % fewer"]).await;
    super::it_goes_on(stage, rows(&list), &["ann"]).await;
}

#[tokio::test]
async fn nothing_comes_of_a_list_that_shrank_between_two_runs_of_one_process() {
    let stage = after_ten().await;
    let (context, policies) = (stage.context(), [policy_named(&stage, POLICY)]);
    let states = async || {
        let reports = run::run(&context, &policies, Trigger::Operator).await;
        let reports = reports.expect("a store that takes writes");
        (reports[0].state, reports[0].unproven)
    };
    assert_eq!(states().await, (RunState::Finished, false));
    stage.write_list(LIST, rows(&ten()[4..]));
    assert_eq!(states().await, (RunState::Failed, true));
    assert_eq!(stage.tasks().await.len(), 2);
    stage.write_list(LIST, rows(&ten()[3..]));
    assert_eq!(states().await, (RunState::Finished, false), "a third may go");
    stage.finish().await;
}

#[tokio::test]
async fn a_list_that_loses_a_little_at_each_read_is_held_against_the_first() {
    let stage = after_ten().await;
    for left in [9, 8, 7] {
        stage.write_list(LIST, rows(&ten()[..left]));
        assert_eq!(stage.pass().await.once.reports[0].state, RunState::Finished);
    }
    stage.write_list(LIST, rows(&ten()[..6]));
    nothing_comes_of_it(&stage, &["6 entries after 10"]).await;
    stage.finish().await;
}

#[tokio::test]
async fn what_an_operator_accepts_is_the_new_measure() {
    let stage = after_ten().await;
    let six = rows(&["eve", "o1", "o2", "o3", "o4", "o5"]);
    stage.write_list(LIST, &six);
    nothing_comes_of_it(&stage, &["40.0 % fewer"]).await;
    let baseline = Baseline {
        entries: 6,
        at: stage.now(),
    };
    let accepted = stage
        .store()
        .accept_source(LIST.into(), baseline, "tester".to_owned(), stage.now());
    assert!(accepted.await.expect("a store that takes writes"));

    assert_eq!(stage.pass().await.once.reports[0].state, RunState::Finished);
    assert_eq!(
        stage.count(TaskState::Held).await,
        8,
        "{}",
        told(&stage.tasks().await)
    );
    stage.write_list(LIST, rows(&["eve", "o1", "o2", "o3"]));
    nothing_comes_of_it(&stage, &["4 entries after 6"]).await;

    stage.write_list(LIST, &six);
    stage.clock.advance(days(1) + hours(1));
    stage.write_list(LIST, &six);
    stage.pass().await;
    super::these_are_gone(&stage, &["ann", "bob", "cai", "dee"]);
    stage.finish().await;
}

#[tokio::test]
async fn a_roster_of_other_people_altogether_decides_nothing() {
    let stage = after_ten().await;
    let others = ["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10"];
    stage.write_list(LIST, rows(&others));
    nothing_comes_of_it(
        &stage,
        &["not one user of the policy's clouds is on it", "sources test"],
    )
    .await;
    super::it_goes_on(stage, rows(&ten()), &["ann"]).await;
}
