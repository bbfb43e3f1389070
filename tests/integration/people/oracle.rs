//! An oracle that would not notice proves nothing.

use super::{LIST, company, leavers, roster, rows};
use crate::harness::{SourceText, Stage};

/// One of the two has lost everything by a list.
async fn after_a_removal(by_absence: bool) -> Stage {
    let source = SourceText::csv(LIST);
    let mut scene = company();
    let (list, policy) = match by_absence {
        true => (rows(&["ann", "bob", "cai", "dee"]), roster()),
        false => (rows(&["eve"]), leavers()),
    };
    scene.source(&source.vouched().key("min_entries", "1"));
    scene.policy(&policy);
    let stage = scene.raise().await;
    stage.write_list(LIST, list);
    stage
}

/// What is on disk stays as it was: the oracle is told another tale.
fn tell_the_oracle(stage: &Stage, text: Option<&str>) {
    stage.list_is_now(LIST, text.map(str::as_bytes));
}

#[tokio::test]
#[should_panic(expected = "was on no list of those who left")]
async fn a_leaver_who_was_on_no_list_is_noticed() {
    let stage = after_a_removal(false).await;
    tell_the_oracle(&stage, Some(&rows(&["ann"])));
    stage.pass().await;
    stage.finish().await;
}

#[tokio::test]
#[should_panic(expected = "was on the roster list")]
async fn somebody_on_the_roster_who_went_is_noticed() {
    let stage = after_a_removal(true).await;
    tell_the_oracle(&stage, Some("EVE@example.org"));
    stage.pass().await;
    stage.finish().await;
}

#[tokio::test]
#[should_panic(expected = "went while there was no list")]
async fn a_removal_without_any_list_is_noticed() {
    let stage = after_a_removal(false).await;
    tell_the_oracle(&stage, None);
    stage.pass().await;
    stage.finish().await;
}

#[tokio::test]
async fn what_a_list_says_after_the_call_is_nothing_to_the_oracle() {
    for by_absence in [false, true] {
        let stage = after_a_removal(by_absence).await;
        stage.pass().await;
        super::these_are_gone(&stage, &["eve"]);
        let text = if by_absence { "eve@example.org" } else { "" };
        tell_the_oracle(&stage, Some(text));
        stage.finish().await;
    }
}
