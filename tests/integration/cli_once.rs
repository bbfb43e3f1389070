//! `revokd run --once`: what it tells the shell, and that it can be repeated.

use std::time::Duration;

use revokd::{
    model::TaskState,
    simulator::{CallKind, Effect, Fault},
};
use serde_json::json;

use crate::{
    cli_folder::keys,
    harness::{PolicyText, Scene, Stage, lapse},
};

/// Two shares that are due and one that is not, and these policies.
async fn stage(policies: &[PolicyText]) -> Stage {
    let mut scene = Scene::in_real_time();
    scene.daemon("[daemon.retry]\nfirst_delay = \"1ms\"\nlongest_delay = \"5ms\"\nattempts = 3");
    scene.image("partner-1", &[("acme", 31), ("globex", 3)]);
    scene.image("golden-1", &[("acme", 31)]);
    for policy in policies {
        scene.policy(policy);
    }
    scene.raise().await
}

fn of_image(name: &str, pattern: &str) -> PolicyText {
    lapse(name).matching(&format!("image.name = {pattern:?}"))
}

const ONCE: &[&str] = &["run", "--once", "--output", "json"];

#[tokio::test]
async fn a_pass_removes_what_is_due_and_sums_it_up() {
    let stage = stage(&[lapse("shares-lapse")]).await;
    let ran = stage.command(ONCE).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let summary = ran.json();
    assert_eq!(
        keys(&summary),
        ["cancelled", "dead", "done", "held", "in_grace", "left", "runs"]
    );
    assert_eq!(
        summary,
        json!({
            "done": 2, "cancelled": 0, "dead": 0, "held": 0, "in_grace": 0, "left": 0,
            "runs": [{
                "policy": "shares-lapse", "mode": "enforce", "run": 1, "state": "finished", "seen": 3,
                "decided": 2, "kept": 0, "queued": 2, "gaps": 0, "waits": null, "notes": [],
            }],
        })
    );
    assert!(!stage.cloud().is_shared("partner-1", "acme"));
    stage.finish().await;
}

#[tokio::test]
async fn a_second_pass_has_nothing_to_do() {
    let stage = stage(&[lapse("shares-lapse")]).await;
    assert_eq!(stage.command(ONCE).await.code, Some(0));
    let calls = stage.cloud().count(CallKind::RemoveMember);
    let ran = stage.command(ONCE).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let summary = ran.json();
    assert_eq!((&summary["done"], &summary["left"]), (&json!(0), &json!(0)));
    assert_eq!(summary["runs"][0]["decided"], 0);
    assert_eq!(stage.cloud().count(CallKind::RemoveMember), calls);
    assert_eq!(stage.count(TaskState::Done).await, 2);
    stage.finish().await;
}

#[tokio::test]
async fn named_policies_are_run_and_no_other() {
    let stage = stage(&[of_image("partners", "partner-*"), of_image("goldens", "golden-*")]).await;
    let ran = stage
        .command(&["run", "--once", "goldens", "--output", "json"])
        .await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.json()["runs"].as_array().map(Vec::len), Some(1));
    assert!(stage.cloud().is_shared("partner-1", "acme"));
    assert!(!stage.cloud().is_shared("golden-1", "acme"));
    stage.finish().await;
}

#[tokio::test]
async fn a_disabled_policy_does_not_run_even_if_named() {
    let stage = stage(&[
        lapse("shares-lapse").key("enabled", "false"),
        of_image("none", "none"),
    ])
    .await;
    assert_eq!(stage.command(ONCE).await.code, Some(0));
    let ran = stage.command(&["run", "--once", "shares-lapse"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let told = "error: the policy \"shares-lapse\" is disabled: set `enabled = true` to run it\n";
    assert!(ran.stderr.ends_with(told), "{}", ran.stderr);
    let plan = stage.command(&["plan", "shares-lapse", "--output", "json"]).await;
    assert_eq!(plan.json()["revocations"].as_array().map(Vec::len), Some(2));
    assert_eq!(stage.cloud().removals(), 0);
    stage.finish().await;
}

#[tokio::test]
async fn a_cloud_that_is_down_is_a_failure() {
    let stage = stage(&[lapse("shares-lapse")]).await;
    stage.cloud().fault(Fault::on_anything(Effect::CutBefore));
    let ran = stage.command(ONCE).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let run = &ran.json()["runs"][0];
    assert_eq!((&run["state"], &run["gaps"]), (&json!("failed"), &json!(1)));
    let note = run["notes"][0].as_str().expect("a note");
    assert!(note.starts_with("cloud sim: logging in: "), "{note}");
    let table = stage.command(&["run", "--once"]).await;
    assert_eq!(table.code, Some(1));
    assert!(
        table
            .stderr
            .contains("policy shares-lapse failed: cloud sim: logging in: "),
        "{table:?}"
    );
    stage.finish().await;
}

#[tokio::test]
async fn a_part_that_was_not_seen_is_a_failure_though_the_rest_is_done() {
    let stage = stage(&[lapse("shares-lapse")]).await;
    let image = stage.cloud().image("golden-1");
    stage
        .cloud()
        .fault(Fault::on(CallKind::ListMembers, Effect::Status(500)).resource(&image));
    let ran = stage.command(ONCE).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.json()["done"], 1);
    assert!(stage.cloud().is_shared("golden-1", "acme"));
    stage.finish().await;
}

#[tokio::test]
async fn a_run_behind_the_brake_is_told_with_what_to_do() {
    let stage = stage(&[lapse("shares-lapse").limit("max_revocations", "1")]).await;
    let ran = stage.command(&["run", "--once"]).await;
    assert_eq!(ran.code, Some(4), "{ran:?}");
    for told in [
        "shares-lapse: brake: wants 2 revocations, max_revocations is 1",
        "`revokd runs show 1`, then `runs allow 1` or `runs reject 1`",
        "0 seen gone, 0 cancelled, 0 given up, 2 wait for you, 0 in grace, 0 left in the queue",
    ] {
        assert!(ran.stdout.contains(told), "{told} in:\n{}", ran.stdout);
    }
    let again = stage.command(ONCE).await;
    assert_eq!(again.code, Some(4), "it still waits");
    assert_eq!(again.json()["runs"][0]["waits"], 1);
    assert_eq!(stage.cloud().removals(), 0);
    stage.finish().await;
}

#[tokio::test]
async fn a_run_that_asks_for_approval_waits() {
    let stage = stage(&[lapse("shares-lapse").mode("approve")]).await;
    let ran = stage.command(ONCE).await;
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert_eq!(ran.json()["held"], 2);
    assert_eq!(stage.cloud().removals(), 0);
    stage.finish().await;
}

#[tokio::test]
async fn what_waits_for_its_grace_needs_nobody() {
    let stage = stage(&[lapse("shares-lapse").limit("grace", "\"1h\"")]).await;
    let ran = stage.command(ONCE).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.json()["runs"][0]["queued"], 2);
    assert_eq!(stage.count(TaskState::Held).await, 2);
    assert_eq!(stage.cloud().removals(), 0);
    stage.finish().await;
}

#[tokio::test]
async fn what_is_only_observed_stays() {
    let stage = stage(&[lapse("shares-lapse").mode("observe")]).await;
    let ran = stage.command(ONCE).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.json()["runs"][0]["decided"], 2);
    assert_eq!((stage.cloud().removals(), stage.tasks().await.len()), (0, 0));
    stage.finish().await;
}

#[tokio::test]
async fn what_the_cloud_refuses_is_dead_and_told() {
    let stage = stage(&[lapse("shares-lapse")]).await;
    let fault = stage.cloud().fault_on_removal("golden-1", Effect::Status(403));
    stage.cloud().fault(fault);
    let ran = stage.command(&["run", "--once"]).await;
    assert_eq!(ran.code, Some(5), "{ran:?}");
    assert!(ran.stdout.contains("given up: task "), "{}", ran.stdout);
    assert!(ran.stdout.contains("403"), "{}", ran.stdout);
    assert_eq!(stage.count(TaskState::Dead).await, 1);
    assert_eq!(stage.count(TaskState::Done).await, 1);
    stage.finish().await;
}

#[tokio::test]
async fn failures_are_told_before_dead_tasks_and_those_before_held_ones() {
    let stage = stage(&[
        of_image("goldens", "golden-*"),
        of_image("partners", "partner-*").mode("approve"),
    ])
    .await;
    let fault = stage.cloud().fault_on_removal("golden-1", Effect::Status(403));
    stage.cloud().fault(fault);
    let ran = stage.command(ONCE).await;
    assert_eq!(ran.code, Some(5), "dead and held: {ran:?}");
    assert_eq!((&ran.json()["dead"], &ran.json()["held"]), (&json!(1), &json!(1)));
    stage
        .cloud()
        .fault(Fault::on(CallKind::ListImages, Effect::Status(500)));
    let ran = stage.command(ONCE).await;
    assert_eq!(ran.code, Some(1), "failed and held: {ran:?}");
    stage.finish().await;
}

#[tokio::test]
async fn what_time_leaves_undone_stays_in_the_queue() {
    let stage = stage(&[lapse("shares-lapse")]).await;
    stage
        .cloud()
        .fault(Fault::on(CallKind::RemoveMember, Effect::Status(503)));
    // The tries come slowly from now on.
    let config = std::fs::read_to_string(stage.path("revokd.toml")).unwrap();
    let config = config.replace("\"1ms\"", "\"1h\"").replace("\"5ms\"", "\"1h\"");
    std::fs::write(stage.path("revokd.toml"), config).unwrap();
    let ran = stage
        .command(&["run", "--once", "--within", "1s", "--output", "json"])
        .await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.json()["left"], 2);
    assert_eq!(stage.cloud().removals(), 0);
    stage.finish().await;
}

#[tokio::test]
async fn a_pass_that_is_told_to_stop_leaves_the_rest_for_the_next() {
    let stage = many_shares(40).await;
    let latency = Effect::Latency(Duration::from_millis(100));
    stage.cloud().fault(Fault::on(CallKind::RemoveMember, latency));
    let mut pass = stage.spawn(ONCE);
    pass.until("a few are removed", || stage.cloud().removals() >= 3)
        .await;
    pass.signal("INT");
    let ran = pass.ended().await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let summary = ran.json();
    let (done, left) = (summary["done"].as_u64(), summary["left"].as_u64());
    assert_eq!(
        done.zip(left).map(|(done, left)| done + left),
        Some(40),
        "{summary}"
    );
    assert!(left > Some(0), "{summary}");
    assert_eq!(stage.cloud().removals() as u64, done.unwrap());
    stage.cloud().mend();
    let ran = stage.command(ONCE).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(stage.count(TaskState::Done).await, 40);
    stage.finish().await;
}

/// The kernel ends it in the middle of a call, more than once.
#[tokio::test]
async fn a_pass_that_is_killed_is_finished_by_the_next() {
    let stage = many_shares(60).await;
    let latency = Effect::Latency(Duration::from_millis(80));
    stage.cloud().fault(Fault::on(CallKind::RemoveMember, latency));
    for removed in [5, 15, 25] {
        let mut pass = stage.spawn(ONCE);
        pass.until("more are removed", || stage.cloud().removals() >= removed)
            .await;
        assert_eq!(pass.kill().await.code, None);
    }
    stage.cloud().mend();
    let ran = stage.command(ONCE).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(stage.count(TaskState::Done).await, 60);
    assert_eq!(stage.cloud().removals(), 60);
    assert!(stage.cloud().is_shared("kept", "globex"));
    stage.finish().await;
}

/// So many shares that are due, each of an image of its own, and one that is not.
async fn many_shares(number: usize) -> Stage {
    let mut scene = Scene::in_real_time();
    for n in 0..number {
        scene.image(&format!("partner-{n}"), &[("acme", 31), ("globex", 3)]);
    }
    scene.image("kept", &[("globex", 3)]);
    scene.setting("concurrency = 4");
    scene.policy(&lapse("shares-lapse"));
    scene.raise().await
}
