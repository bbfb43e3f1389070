//! Entries of which it is not clear whom they are about, or what they say.

use revokd::model::{Level, RunState};

use super::{LIST, company, leavers, policy, removal_calls, rows, these_are_gone};
use crate::harness::{Scene, SourceText, Stage};

/// The notes of the one run of a pass, which finishes.
async fn notes(stage: &Stage) -> String {
    let pass = stage.pass().await;
    let report = &pass.once.reports[0];
    assert_eq!(report.state, RunState::Finished, "{:?}", report.notes);
    let runs = stage.store().runs(revokd::store::RunFilter::default(), 1).await;
    runs.expect("reading the runs")[0].notes.join("; ")
}

#[tokio::test]
async fn a_leaver_named_like_the_user_of_the_daemon_is_kept_and_told() {
    let mut scene = company();
    scene.place("team-a/app", &[("revokd", Level::Manage)]);
    scene.source(&SourceText::csv(LIST).by_login()).policy(&leavers());
    let stage = scene.raise().await;
    stage.write_list(LIST, "login\nREVOKD\nann\n");

    let notes = notes(&stage).await;

    let cloud = stage.cloud();
    assert!(cloud.holds(&cloud.permission("team-a/app", "revokd")));
    assert!(notes.contains("kept: ") && notes.contains("daemon"), "{notes}");
    these_are_gone(&stage, &["ann"]);
    stage.finish().await;
}

/// Two users with one address between them.
fn with_a_shared_address() -> Scene {
    let mut scene = company();
    scene.person_at("bob", "ann@example.org");
    scene
}

#[tokio::test]
async fn an_entry_that_matches_two_users_decides_on_neither() {
    let mut scene = with_a_shared_address();
    scene.source(&SourceText::csv(LIST)).policy(&leavers());
    let stage = scene.raise().await;
    stage.write_list(LIST, rows(&["ann", "eve"]));
    let told = notes(&stage).await;
    assert!(told.contains("line 2 matches several users"), "{told}");
    these_are_gone(&stage, &["eve"]);

    let ann = stage.cloud().user("bob");
    if let Some(user) = stage.cloud().simulated.world().user_mut(ann.as_str()) {
        "bob@example.org".clone_into(&mut user.email);
    }
    stage.pass().await;
    these_are_gone(&stage, &["ann", "eve"]);
    stage.finish().await;
}

#[tokio::test]
async fn two_users_who_share_an_address_that_is_not_on_the_roster_are_both_missing() {
    let mut scene = with_a_shared_address();
    scene
        .source(&SourceText::csv(LIST).vouched())
        .policy(&super::roster());
    let stage = scene.raise().await;
    stage.write_list(LIST, rows(&["ann", "cai", "dee"]));
    let told = notes(&stage).await;
    assert!(told.contains("matches several users"), "{told}");
    these_are_gone(&stage, &["eve"]);
    stage.write_list(LIST, rows(&["cai", "dee", "o1"]));
    stage.pass().await;
    these_are_gone(&stage, &["ann", "bob", "eve"]);
    stage.finish().await;
}

#[tokio::test]
async fn a_user_whose_address_nobody_tells_is_not_missing_from_a_roster() {
    let mut scene = company();
    scene.person_at("ann", "");
    scene
        .source(&SourceText::csv(LIST).vouched())
        .policy(&super::roster());
    let stage = scene.raise().await;
    stage.write_list(LIST, rows(&["bob", "cai", "dee"]));
    let told = notes(&stage).await;
    assert!(told.contains("does not tell user.email"), "{told}");
    these_are_gone(&stage, &["eve"]);
    stage.finish().await;
}

#[tokio::test]
async fn two_entries_that_disagree_decide_on_nobody() {
    let source = SourceText::csv(LIST).key("leaves", "\"leaves\"");
    let mut scene = company();
    scene.source(&source).policy(&leavers());
    let stage = scene.raise().await;
    let eve = "eve@example.org,2026-02-01";
    stage.write_list(
        LIST,
        format!("email,leaves\nann@example.org,2026-02-01\n{eve}\nAnn@Example.org,\n"),
    );
    let told = notes(&stage).await;
    assert!(told.contains("line 2 and line 4 say different things"), "{told}");
    these_are_gone(&stage, &["eve"]);
    stage.write_list(LIST, format!("email,leaves\nann@example.org,2026-02-01\n{eve}\n"));
    stage.pass().await;
    these_are_gone(&stage, &["ann", "eve"]);
    stage.finish().await;
}

#[tokio::test]
async fn two_entries_that_disagree_are_no_absence_from_a_roster() {
    let source = SourceText::csv(LIST)
        .vouched()
        .key("gone", "{ column = \"status\", is = \"left\" }");
    let mut scene = company();
    scene.source(&source).policy(&policy().subject_not_in(&[LIST]));
    let stage = scene.raise().await;
    stage.write_list(
        LIST,
        "email,status\nann@example.org,left\nann@example.org,active\nbob@example.org,active\n\
         cai@example.org,active\ndee@example.org,active\neve@example.org,active\n",
    );
    let told = notes(&stage).await;
    assert!(told.contains("say different things"), "{told}");
    assert_eq!(removal_calls(&stage), 0);
    these_are_gone(&stage, &[]);
    stage.finish().await;
}
