//! Who is on the list loses everything, everywhere, once it is time.

use jiff::Timestamp;
use revokd::model::{RunState, TaskState};

use super::{LIST, PEOPLE, company, leavers, people_of, removal_calls, rows, these_are_gone, told};
use crate::harness::{FLAVOURS, Scene, SourceText, Stage, lapse, minutes, seconds};

fn at(moment: &str) -> Timestamp {
    moment.parse().expect("a moment")
}

#[tokio::test]
async fn a_leaver_loses_all_permissions_on_all_clouds_and_nobody_else_loses_any() {
    let mut scene = Scene::of_huawei(FLAVOURS[0]);
    people_of(&mut scene);
    scene.huawei("second", FLAVOURS[1]);
    people_of(&mut scene);
    scene.cloud("images");
    scene.image("partner-1", &[("acme", 90)]);
    scene
        .source(&SourceText::csv(LIST))
        .policy(&leavers().key("clouds", "[\"*\"]"));
    let stage = scene.raise().await;
    stage.write_list(LIST, rows(&["nobody"]));
    stage.pass().await;
    assert_eq!(stage.tasks().await, []);

    stage.write_list(LIST, rows(&["nobody", "ann", "dee"]));
    stage.pass().await;

    assert_eq!(
        stage.count(TaskState::Done).await,
        8,
        "{}",
        told(&stage.tasks().await)
    );
    for cloud in ["sim", "second"].map(|name| stage.cloud_named(name)) {
        for name in PEOPLE {
            for place in ["team-a", "team-a/app"] {
                let holds = cloud.holds(&cloud.permission(place, name));
                let stays = !["ann", "dee"].contains(&name);
                assert_eq!(holds, stays, "{name} on {place} of {}", cloud.name);
            }
        }
    }
    let images = stage.cloud_named("images");
    assert!(images.is_shared("partner-1", "acme"));
    assert_eq!(images.simulated.requests().all(), [], "it is asked nothing");
    stage.finish().await;
}

#[tokio::test]
async fn the_other_policy_of_a_cloud_beside_goes_on_while_the_list_is_broken() {
    let mut scene = company();
    scene.cloud("images");
    scene.image("partner-1", &[("acme", 90)]);
    let beside = lapse("beside").key("clouds", "\"images\"");
    scene
        .source(&SourceText::csv(LIST))
        .policy(&leavers())
        .policy(&beside);
    let stage = scene.raise().await;
    stage.write_list(LIST, "");
    let pass = stage.pass().await;
    let states = pass.once.reports.iter().map(|report| report.state);
    assert_eq!(states.collect::<Vec<_>>(), [RunState::Failed, RunState::Finished]);
    assert!(!stage.cloud_named("images").is_shared("partner-1", "acme"));
    these_are_gone(&stage, &[]);
    stage.finish().await;
}

/// Ann's last day is the third of March, in a zone where it ends an hour before
/// it does in UTC.
async fn with_a_leaving_date(date: &str) -> Stage {
    let mut scene = company();
    scene
        .source(&SourceText::csv(LIST).key("leaves", "\"leaves\""))
        .policy(
            &leavers()
                .key("timezone", "\"Europe/Berlin\"")
                .schedule("* * * * *"),
        );
    let stage = scene.raise().await;
    let text = format!("email,leaves\nann@example.org,{date}\nbob@example.org,\n");
    stage.write_list(LIST, text);
    stage
}

#[tokio::test]
async fn who_leaves_on_a_day_to_come_goes_when_that_day_is_over_in_the_zone_of_the_policy() {
    let stage = with_a_leaving_date("2026-03-03").await;
    stage.pass().await;
    these_are_gone(&stage, &[]);
    stage.clock.advance_to(at("2026-03-03T22:50:00Z"));
    let serving = stage.serve().await;
    stage.pass_time(&serving, minutes(9), seconds(20)).await;
    let runs = stage.run_states().await.len();
    assert!(runs > 8, "{runs} runs");
    assert_eq!(stage.tasks().await, []);

    stage.pass_time(&serving, minutes(4), seconds(20)).await;

    these_are_gone(&stage, &["ann"]);
    for removal in stage.cloud().simulated.world().removals() {
        assert!(removal.at >= at("2026-03-03T23:00:00Z"), "{removal:?}");
    }
    let task = stage.task(&stage.cloud().permission("team-a", "ann")).await;
    let listed = &task.revocation.evidence.listed_in[0];
    assert_eq!(listed.since, at("2026-03-03T23:00:00Z"));
    assert_eq!(listed.place.as_deref(), Some("line 2"));
    serving.stop().await.expect("the daemon stops");
    stage.finish().await;
}

#[tokio::test]
async fn who_leaves_at_a_moment_goes_at_that_moment() {
    let stage = with_a_leaving_date("2026-03-02T17:00:00+02:00").await;
    stage.clock.advance_to(at("2026-03-02T14:50:00Z"));
    stage.pass().await;
    these_are_gone(&stage, &[]);
    stage.clock.advance_to(at("2026-03-02T15:00:00Z"));
    stage.pass().await;
    these_are_gone(&stage, &["ann"]);
    stage.finish().await;
}

#[tokio::test]
async fn a_date_that_cannot_be_read_lets_nobody_go() {
    for date in ["03/04/2026", "1970-01-01", "2026-02-30", "soon"] {
        let stage = with_a_leaving_date(date).await;
        stage.pass().await;
        assert_eq!(removal_calls(&stage), 0, "{date}");
        assert_eq!(stage.tasks().await, []);
        stage.finish().await;
    }
}
