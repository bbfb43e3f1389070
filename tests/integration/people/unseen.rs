//! Lists that are whole, held against a cloud that is not, and what else keeps
//! people who are decided on by a list.

use revokd::{
    model::{Hold, Level, RunState, TaskState},
    simulator::{CallKind, Effect, Fault},
};

use super::{
    LIST, POLICY, company, decide_and_allow, leavers, removal_calls, roster, rows, these_are_gone, told,
};
use crate::harness::{PolicyText, SourceText, Stage, minutes, seconds};

const STAFF: [&str; 4] = ["bob", "cai", "dee", "eve"];

/// Ann is on a list of leavers, or missing from a roster.
fn ways() -> [(SourceText, PolicyText, String); 2] {
    [
        (SourceText::csv(LIST), leavers(), rows(&["ann"])),
        (SourceText::csv(LIST).vouched(), roster(), rows(&STAFF)),
    ]
}

async fn raised(source: &SourceText, policy: &PolicyText, list: &str) -> Stage {
    let mut scene = company();
    scene.source(source).policy(policy);
    let stage = scene.raise().await;
    stage.write_list(LIST, list);
    stage
}

fn users_are_hidden(stage: &Stage) {
    for kind in [CallKind::ListUsers, CallKind::ShowUser] {
        stage.cloud().fault(Fault::on(kind, Effect::Status(403)));
    }
}

#[tokio::test]
async fn nobody_is_on_or_off_a_list_while_the_cloud_does_not_tell_its_users() {
    for (source, policy, list) in ways() {
        let stage = raised(&source, &policy, &list).await;
        users_are_hidden(&stage);
        stage.pass().await;
        assert_eq!(stage.tasks().await, []);
        assert_eq!(removal_calls(&stage), 0);

        stage.cloud().mend();
        stage.pass().await;
        these_are_gone(&stage, &["ann"]);
        stage.finish().await;
    }
}

#[tokio::test]
async fn users_that_are_not_told_just_before_the_call_keep_what_was_decided_on() {
    for (source, policy, list) in ways() {
        let stage = raised(&source, &policy.mode("approve"), &list).await;
        decide_and_allow(&stage).await;
        users_are_hidden(&stage);
        let serving = stage.serve().await;
        stage.pass_time(&serving, minutes(5), seconds(20)).await;
        assert_eq!(removal_calls(&stage), 0);
        assert_eq!(stage.count(TaskState::Done).await, 0);
        assert_eq!(
            stage.count(TaskState::Cancelled).await,
            0,
            "{}",
            told(&stage.tasks().await)
        );
        serving.stop().await.expect("the daemon stops");
        stage.finish().await;
    }
}

#[tokio::test]
async fn what_waits_for_its_grace_to_end_outlives_a_run_that_is_told_no_users() {
    for (source, policy, list) in ways() {
        let stage = super::with_ann_in_grace(&source, policy, &list).await;
        users_are_hidden(&stage);
        stage.pass().await;
        super::ann_is_held(&stage).await;
        stage.cloud().mend();
        super::it_goes_on(stage, list, &["ann"]).await;
    }
}

#[tokio::test]
async fn a_user_without_an_address_is_on_no_list_and_no_trouble() {
    let mut scene = company();
    scene.person_at("bob", "");
    scene.source(&SourceText::csv(LIST)).policy(&leavers());
    let stage = scene.raise().await;
    stage.write_list(LIST, rows(&["ann"]));
    let pass = stage.pass().await;
    assert_eq!(pass.once.reports[0].totals.unreadable, 0);
    these_are_gone(&stage, &["ann"]);
    stage.finish().await;
}

#[tokio::test]
async fn who_has_another_address_by_the_time_of_the_call_keeps_everything() {
    let stage = raised(
        &SourceText::csv(LIST),
        &leavers().mode("approve"),
        &rows(&["ann"]),
    )
    .await;
    decide_and_allow(&stage).await;
    let ann = stage.cloud().user("ann");
    if let Some(user) = stage.cloud().simulated.world().user_mut(ann.as_str()) {
        "ann.lee@example.org".clone_into(&mut user.email);
    }

    stage.work_off().await;

    assert_eq!(
        stage.count(TaskState::Cancelled).await,
        2,
        "{}",
        told(&stage.tasks().await)
    );
    assert_eq!(removal_calls(&stage), 0);
    stage.finish().await;
}

#[tokio::test]
async fn a_list_is_still_subject_to_the_brake() {
    let braked = |policy: PolicyText| policy.limit("max_percent", "20");
    for (source, policy, list) in [
        (SourceText::csv(LIST), braked(leavers()), rows(&["ann", "bob"])),
        (
            SourceText::csv(LIST).vouched(),
            braked(roster()),
            rows(&STAFF[1..]),
        ),
    ] {
        let stage = raised(&source, &policy, &list).await;
        let pass = stage.pass().await;
        let report = &pass.once.reports[0];
        assert_eq!((report.state, report.unproven), (RunState::Held, false));
        for task in stage.tasks().await {
            assert_eq!((task.state, task.hold), (TaskState::Held, Some(Hold::Brake)));
        }
        assert_eq!(removal_calls(&stage), 0);

        // What waits for an operator neither goes nor is let off by a list that
        // says nothing.
        stage.write_list(LIST, "");
        super::nothing_comes_of_it(&stage, &["it is empty"]).await;
        assert_eq!(stage.count(TaskState::Held).await, 4);
        stage.finish().await;
    }
}

#[tokio::test]
async fn who_is_exempt_or_protected_stays_whatever_the_list_says() {
    for (source, policy, list) in [
        (SourceText::csv(LIST), leavers(), rows(&["ann", "bob", "cai"])),
        (
            SourceText::csv(LIST).vouched(),
            roster(),
            rows(&["dee", "eve", "o1"]),
        ),
    ] {
        let mut scene = company();
        scene.daemon("protect = [\"user:bob\"]");
        scene.source(&source).policy(&policy.exempt("subject = \"ann\""));
        let stage = scene.raise().await;
        stage.write_list(LIST, list);
        stage.pass().await;
        these_are_gone(&stage, &["cai"]);
        stage.finish().await;
    }
}

#[tokio::test]
async fn who_has_to_be_on_one_list_and_off_another_goes_only_by_both() {
    let mut scene = company();
    scene
        .source(&SourceText::csv(LIST))
        .source(&SourceText::csv("staff").vouched())
        .policy(&leavers().subject_not_in(&["staff"]));
    let stage = scene.raise().await;
    stage.write_list(LIST, rows(&["ann", "bob"]));
    stage.write_list("staff", rows(&STAFF));
    stage.pass().await;
    these_are_gone(&stage, &["ann"]);
    stage.write_list("staff", "");
    assert!(stage.pass().await.once.reports[0].unproven);
    stage.write_list("staff", rows(&STAFF[1..]));
    stage.pass().await;
    these_are_gone(&stage, &["ann", "bob"]);
    stage.finish().await;
}

#[tokio::test]
async fn spellings_of_one_address_are_one_person() {
    for (source, policy, name) in [
        (SourceText::csv(LIST), leavers(), "eve"),
        (SourceText::csv(LIST).vouched(), roster(), "ann"),
    ] {
        let stage = raised(&source, &policy, "email\n BOB@example.ORG\n").await;
        let spelled = match name {
            "eve" => "email\n EVE@Example.ORG \n",
            _ => {
                "email\nBob@EXAMPLE.org\n\u{a0}cai@example.org\u{200b}\n\"DEE@example.org\"\n\teve@example.org.\n"
            }
        };
        stage.write_list(LIST, spelled);
        stage.pass().await;
        these_are_gone(&stage, &[name]);
        stage.finish().await;
    }
}

#[tokio::test]
async fn a_policy_that_only_observes_removes_nobody_on_any_list() {
    for (source, policy, list) in ways() {
        let stage = raised(&source, &policy.mode("observe"), &list).await;
        let pass = stage.pass().await;
        assert_eq!(pass.once.reports[0].totals.decided, 2);
        assert_eq!(stage.tasks().await, []);
        these_are_gone(&stage, &[]);
        stage.finish().await;
    }
}

#[tokio::test]
async fn who_is_granted_something_after_leaving_loses_it_with_the_next_run() {
    let stage = raised(&SourceText::csv(LIST), &leavers(), &rows(&["ann"])).await;
    stage.pass().await;
    these_are_gone(&stage, &["ann"]);
    let cloud = stage.cloud();
    let ann = cloud.user("ann");
    cloud
        .simulated
        .world()
        .grant_repository("team-a", "app", &ann, Level::Manage);
    let again = cloud.permission("team-a/app", "ann");
    stage.granted_by_hand(&again);
    assert!(cloud.holds(&again));
    stage.pass().await;
    these_are_gone(&stage, &["ann"]);
    let decided_by = stage.task(&again).await.revocation.evidence.policy;
    assert_eq!(decided_by.as_str(), POLICY);
    stage.finish().await;
}
